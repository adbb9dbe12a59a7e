//! Builds the inputs of the pool of two tokens.

use crate::{Address, Invocation};

/// Opens the pool; returns nothing. Works once.
#[must_use]
pub fn init(first: Address, second: Address) -> Invocation {
    Invocation::new("init", &(first, second))
}

/// Deposits at most these amounts, which the caller has approved; returns the shares (u128).
#[must_use]
pub fn add_liquidity(amount_first: u128, amount_second: u128, shares_min: u128) -> Invocation {
    Invocation::new("add_liquidity", &(amount_first, amount_second, shares_min))
}

/// Redeems shares; returns the amounts (u128, u128).
#[must_use]
pub fn remove_liquidity(shares: u128, first_min: u128, second_min: u128) -> Invocation {
    Invocation::new("remove_liquidity", &(shares, first_min, second_min))
}

/// Trades the first token for the second, or the other way; returns the output amount (u128).
#[must_use]
pub fn swap(first_in: bool, amount_in: u128, out_min: u128, height_max: u64) -> Invocation {
    Invocation::new("swap", &(first_in, amount_in, out_min, height_max))
}

/// Returns the output of a trade at the present reserves (option of u128).
#[must_use]
pub fn quote(first_in: bool, amount_in: u128) -> Invocation {
    Invocation::new("quote", &(first_in, amount_in))
}

/// Returns the reserves (u128, u128).
#[must_use]
pub fn reserves() -> Invocation {
    Invocation::new("reserves", &())
}

/// Returns the shares of an owner (u128).
#[must_use]
pub fn shares_of(owner: Address) -> Invocation {
    Invocation::new("shares_of", &owner)
}

/// Returns the number of all shares (u128).
#[must_use]
pub fn total_shares() -> Invocation {
    Invocation::new("total_shares", &())
}
