//! Builds the inputs of the contract that can change its code.

use crate::Invocation;

/// Makes the caller the owner and sets the delay in blocks; answers nothing. Works once.
#[must_use]
pub fn init(delay: u64) -> Invocation {
    Invocation::new("init", &delay)
}

/// Announces a change of code; answers the first height at which it can happen (u64).
#[must_use]
pub fn announce(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("announce", &code_hash)
}

/// Takes the announcement back; answers nothing.
#[must_use]
pub fn cancel() -> Invocation {
    Invocation::new("cancel", &())
}

/// Changes the code to what was announced; answers nothing.
#[must_use]
pub fn upgrade(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("upgrade", &code_hash)
}

/// Answers what is announced (option of code hash and height).
#[must_use]
pub fn pending() -> Invocation {
    Invocation::new("pending", &())
}

/// Adds to the count; answers the new count (u64).
#[must_use]
pub fn increment(by: u64) -> Invocation {
    Invocation::new("increment", &by)
}

/// Answers the count (u64).
#[must_use]
pub fn get() -> Invocation {
    Invocation::new("get", &())
}
