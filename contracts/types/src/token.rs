//! Builds the inputs of the token.

use crate::{Address, Invocation};

/// Creates the whole supply in the caller's account; returns nothing. Works once.
#[must_use]
pub fn init(supply: u128) -> Invocation {
    Invocation::new("init", &supply)
}

/// Moves an amount from the caller; returns nothing.
#[must_use]
pub fn transfer(to: Address, amount: u128) -> Invocation {
    Invocation::new("transfer", &(to, amount))
}

/// Sets a spender's allowance from the caller; returns nothing.
#[must_use]
pub fn approve(spender: Address, amount: u128) -> Invocation {
    Invocation::new("approve", &(spender, amount))
}

/// Moves an amount that its owner has approved to the caller; returns nothing.
#[must_use]
pub fn transfer_from(from: Address, to: Address, amount: u128) -> Invocation {
    Invocation::new("transfer_from", &(from, to, amount))
}

/// Returns the balance of an account (u128).
#[must_use]
pub fn balance_of(owner: Address) -> Invocation {
    Invocation::new("balance_of", &owner)
}

/// Returns a spender's allowance from an owner (u128).
#[must_use]
pub fn allowance(owner: Address, spender: Address) -> Invocation {
    Invocation::new("allowance", &(owner, spender))
}

/// Returns the total supply (u128).
#[must_use]
pub fn total_supply() -> Invocation {
    Invocation::new("total_supply", &())
}
