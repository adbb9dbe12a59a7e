//! Builds the inputs of the wallet.

use crate::{Address, Invocation};

/// Sets the owners and how many have to confirm; answers nothing. Works once.
#[must_use]
pub fn init(owners: &[Address], threshold: u32) -> Invocation {
    Invocation::new("init", &(owners, threshold))
}

/// Takes value in; answers nothing.
#[must_use]
pub fn deposit() -> Invocation {
    Invocation::new("deposit", &())
}

/// Proposes a payment, or a call if `entry` is not empty; answers its number (u64).
#[must_use]
pub fn propose(to: Address, value: u128, entry: &str, input: &[u8]) -> Invocation {
    Invocation::new("propose", &(to, value, entry, input))
}

/// Confirms a proposal; answers nothing.
#[must_use]
pub fn confirm(id: u64) -> Invocation {
    Invocation::new("confirm", &id)
}

/// Takes a confirmation back; answers nothing.
#[must_use]
pub fn revoke(id: u64) -> Invocation {
    Invocation::new("revoke", &id)
}

/// Executes a proposal; answers what the call returned (byte list).
#[must_use]
pub fn execute(id: u64) -> Invocation {
    Invocation::new("execute", &id)
}

/// Replaces the owners; answers nothing. The wallet alone may call it.
#[must_use]
pub fn set_owners(owners: &[Address], threshold: u32) -> Invocation {
    Invocation::new("set_owners", &(owners, threshold))
}

/// Answers the owners and how many have to confirm (list of addresses, u32).
#[must_use]
pub fn owners() -> Invocation {
    Invocation::new("owners", &())
}

/// Answers a proposal that waits (option of to, value, entry, input).
#[must_use]
pub fn proposal(id: u64) -> Invocation {
    Invocation::new("proposal", &id)
}

/// Answers how many of the present owners have confirmed (u32).
#[must_use]
pub fn confirmations(id: u64) -> Invocation {
    Invocation::new("confirmations", &id)
}
