//! Builds the inputs of the tokens that are one of a kind.

use crate::{Address, Invocation};

/// Makes the caller the one who makes tokens; answers nothing. Works once.
#[must_use]
pub fn init() -> Invocation {
    Invocation::new("init", &())
}

/// Makes a token; answers its number (u64).
#[must_use]
pub fn mint(to: Address, digest: [u8; 32]) -> Invocation {
    Invocation::new("mint", &(to, digest))
}

/// Moves a token; answers nothing.
#[must_use]
pub fn transfer(id: u64, to: Address) -> Invocation {
    Invocation::new("transfer", &(id, to))
}

/// Lets somebody move a token, or nobody; answers nothing.
#[must_use]
pub fn approve(id: u64, spender: Option<Address>) -> Invocation {
    Invocation::new("approve", &(id, spender))
}

/// Answers a token (option of owner and digest).
#[must_use]
pub fn token(id: u64) -> Invocation {
    Invocation::new("token", &id)
}

/// Answers who may move a token beside its owner (option of an address).
#[must_use]
pub fn approved(id: u64) -> Invocation {
    Invocation::new("approved", &id)
}

/// Answers how many tokens somebody has (u64).
#[must_use]
pub fn balance_of(owner: Address) -> Invocation {
    Invocation::new("balance_of", &owner)
}

/// Answers the tokens of an owner above a number, in their order (list of u64).
#[must_use]
pub fn tokens_of(owner: Address, above: u64, limit: u32) -> Invocation {
    Invocation::new("tokens_of", &(owner, above, limit))
}
