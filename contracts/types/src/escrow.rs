//! Builds the inputs of the escrow.

use crate::{Address, Invocation};

/// Keeps the value of the call until a deadline in block time; returns the deal's number (u64).
#[must_use]
pub fn open(seller: Address, arbiter: Address, deadline: u64) -> Invocation {
    Invocation::new("open", &(seller, arbiter, deadline))
}

/// Pays the seller; returns nothing.
#[must_use]
pub fn release(id: u64) -> Invocation {
    Invocation::new("release", &id)
}

/// Pays the buyer back; returns nothing.
#[must_use]
pub fn refund(id: u64) -> Invocation {
    Invocation::new("refund", &id)
}

/// Returns an open deal (option of buyer, seller, arbiter, deadline, amount).
#[must_use]
pub fn deal(id: u64) -> Invocation {
    Invocation::new("deal", &id)
}
