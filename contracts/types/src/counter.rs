//! Builds the inputs of the counter.

use crate::Invocation;

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
