//! Builds the inputs of the multisig wallet.

use crate::{Address, Invocation};

/// Sets the owners and the threshold of confirmations; returns nothing. Works once.
#[must_use]
pub fn init(owners: &[Address], threshold: u32) -> Invocation {
    Invocation::new("init", &(owners, threshold))
}

/// Accepts value; returns nothing.
#[must_use]
pub fn deposit() -> Invocation {
    Invocation::new("deposit", &())
}

/// Proposes a payment, or a call if `entry` is not empty; returns its number (u64).
#[must_use]
pub fn propose(to: Address, value: u128, entry: &str, input: &[u8]) -> Invocation {
    Invocation::new("propose", &(to, value, entry, input))
}

/// Confirms a proposal; returns nothing.
#[must_use]
pub fn confirm(id: u64) -> Invocation {
    Invocation::new("confirm", &id)
}

/// Withdraws a confirmation; returns nothing.
#[must_use]
pub fn revoke(id: u64) -> Invocation {
    Invocation::new("revoke", &id)
}

/// Executes a proposal; returns the output of its call (byte list).
#[must_use]
pub fn execute(id: u64) -> Invocation {
    Invocation::new("execute", &id)
}

/// Replaces the owners; returns nothing. Only the wallet itself may call it.
#[must_use]
pub fn set_owners(owners: &[Address], threshold: u32) -> Invocation {
    Invocation::new("set_owners", &(owners, threshold))
}

/// Returns the owners and the threshold (list of addresses, u32).
#[must_use]
pub fn owners() -> Invocation {
    Invocation::new("owners", &())
}

/// Returns a pending proposal (option of to, value, entry, input).
#[must_use]
pub fn proposal(id: u64) -> Invocation {
    Invocation::new("proposal", &id)
}

/// Returns the number of present owners that have confirmed (u32).
#[must_use]
pub fn confirmations(id: u64) -> Invocation {
    Invocation::new("confirmations", &id)
}
