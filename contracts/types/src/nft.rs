//! Builds the inputs of the non-fungible tokens.

use crate::{Address, Invocation};

/// Makes the caller the minter; returns nothing. Works once.
#[must_use]
pub fn init() -> Invocation {
    Invocation::new("init", &())
}

/// Mints a token; returns its number (u64).
#[must_use]
pub fn mint(to: Address, digest: [u8; 32]) -> Invocation {
    Invocation::new("mint", &(to, digest))
}

/// Moves a token; returns nothing.
#[must_use]
pub fn transfer(id: u64, to: Address) -> Invocation {
    Invocation::new("transfer", &(id, to))
}

/// Sets or removes the account that may move a token beside its owner; returns nothing.
#[must_use]
pub fn approve(id: u64, spender: Option<Address>) -> Invocation {
    Invocation::new("approve", &(id, spender))
}

/// Returns a token (option of owner and digest).
#[must_use]
pub fn token(id: u64) -> Invocation {
    Invocation::new("token", &id)
}

/// Returns the account that may move a token beside its owner (option of an address).
#[must_use]
pub fn approved(id: u64) -> Invocation {
    Invocation::new("approved", &id)
}

/// Returns the number of tokens of an owner (u64).
#[must_use]
pub fn balance_of(owner: Address) -> Invocation {
    Invocation::new("balance_of", &owner)
}

/// Returns the tokens of an owner above a number, in their order (list of u64).
#[must_use]
pub fn tokens_of(owner: Address, above: u64, limit: u32) -> Invocation {
    Invocation::new("tokens_of", &(owner, above, limit))
}
