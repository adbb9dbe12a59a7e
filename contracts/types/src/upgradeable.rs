//! Builds the inputs of the contract that can change its code.

use crate::Invocation;

/// Makes the caller the owner and sets the delay in blocks; returns nothing. Works once.
#[must_use]
pub fn init(delay: u64) -> Invocation {
    Invocation::new("init", &delay)
}

/// Announces a change of code; returns the first height at which it is possible (u64).
#[must_use]
pub fn announce(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("announce", &code_hash)
}

/// Withdraws the announcement; returns nothing.
#[must_use]
pub fn cancel() -> Invocation {
    Invocation::new("cancel", &())
}

/// Changes the code to the announced one; returns nothing.
#[must_use]
pub fn upgrade(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("upgrade", &code_hash)
}

/// Returns the announcement (option of code hash and height).
#[must_use]
pub fn pending() -> Invocation {
    Invocation::new("pending", &())
}

/// Adds to the count; returns the new count (u64).
#[must_use]
pub fn increment(by: u64) -> Invocation {
    Invocation::new("increment", &by)
}

/// Returns the count (u64).
#[must_use]
pub fn get() -> Invocation {
    Invocation::new("get", &())
}
