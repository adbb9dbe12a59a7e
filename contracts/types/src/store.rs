//! Builds the inputs of the store, which is written in C.

use crate::Invocation;

/// Sets the value of a key of 1 to 255 bytes; returns nothing.
#[must_use]
pub fn put(key: &[u8], value: &[u8]) -> Invocation {
    Invocation::new("put", &(key, value))
}

/// Returns the value of a key (option of a byte list).
#[must_use]
pub fn get(key: &[u8]) -> Invocation {
    Invocation::new("get", &key)
}

/// Removes a key; returns whether it was set (bool).
#[must_use]
pub fn remove(key: &[u8]) -> Invocation {
    Invocation::new("remove", &key)
}

/// Returns the number of set keys (u64).
#[must_use]
pub fn count() -> Invocation {
    Invocation::new("count", &())
}
