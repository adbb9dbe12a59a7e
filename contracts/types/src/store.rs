//! Builds the inputs of the store, which is written in C.

use crate::Invocation;

/// Sets the value of a key of 1 to 255 bytes; answers nothing.
#[must_use]
pub fn put(key: &[u8], value: &[u8]) -> Invocation {
    Invocation::new("put", &(key, value))
}

/// Answers the value of a key (option of a byte list).
#[must_use]
pub fn get(key: &[u8]) -> Invocation {
    Invocation::new("get", &key)
}

/// Removes a key; answers whether it was there (bool).
#[must_use]
pub fn remove(key: &[u8]) -> Invocation {
    Invocation::new("remove", &key)
}

/// Answers how many keys are set (u64).
#[must_use]
pub fn count() -> Invocation {
    Invocation::new("count", &())
}
