//! Keeps typed values under explicit byte prefixes.
//!
//! An [`Item`]'s key is its prefix, a [`Map`]'s entry is under prefix and borsh of its key. No
//! prefix of a contract may begin with another: `#[contract]` refuses that when it compiles. A
//! storage key has at most 256 bytes, so the keys of a map have to be short.

use alloc::vec::Vec;
use core::marker::PhantomData;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{CODE_BAD_STATE, Revert, entry, host};

/// One value of type `T`.
#[derive(Debug)]
pub struct Item<T> {
    key: &'static [u8],
    value: PhantomData<fn() -> T>,
}

impl<T: BorshSerialize + BorshDeserialize> Item<T> {
    /// The value under `key`, which has 1 to 256 bytes and is no other's beginning.
    #[must_use]
    pub const fn new(key: &'static [u8]) -> Self {
        Self {
            key,
            value: PhantomData,
        }
    }

    /// The value, if it was set. Bytes that are not a `T` end the frame by a revert.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        read(self.key)
    }

    /// Sets the value.
    pub fn set(&self, value: &T) {
        host::storage_write(self.key, &entry::encode(value));
    }

    /// Removes the value; answers whether it was set.
    pub fn remove(&self) -> bool {
        host::storage_remove(self.key)
    }

    /// Whether the value is set.
    #[must_use]
    pub fn exists(&self) -> bool {
        host::storage_has(self.key)
    }
}

/// Values of type `V` under keys of type `K`. It has no order and cannot be walked.
#[derive(Debug)]
pub struct Map<K, V> {
    prefix: &'static [u8],
    entries: PhantomData<fn(K) -> V>,
}

impl<K: BorshSerialize, V: BorshSerialize + BorshDeserialize> Map<K, V> {
    /// The entries under `prefix`, which is not empty and no other's beginning.
    #[must_use]
    pub const fn new(prefix: &'static [u8]) -> Self {
        Self {
            prefix,
            entries: PhantomData,
        }
    }

    /// The value of a key, if it was set. Bytes that are not a `V` end the frame by a revert.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        read(&self.storage_key(key))
    }

    /// Sets the value of a key.
    pub fn set(&self, key: &K, value: &V) {
        host::storage_write(&self.storage_key(key), &entry::encode(value));
    }

    /// Removes a key; answers whether it was set.
    pub fn remove(&self, key: &K) -> bool {
        host::storage_remove(&self.storage_key(key))
    }

    /// Whether a key is set.
    #[must_use]
    pub fn exists(&self, key: &K) -> bool {
        host::storage_has(&self.storage_key(key))
    }

    fn storage_key(&self, key: &K) -> Vec<u8> {
        entry::encode_after(self.prefix, key)
    }
}

/// Reads and decodes. What does not decode was written by other code under the same address.
fn read<T: BorshDeserialize>(key: &[u8]) -> Option<T> {
    let bytes = host::storage_read(key)?;
    match T::try_from_slice(&bytes) {
        Ok(value) => Some(value),
        Err(_) => entry::fail(&Revert::new(CODE_BAD_STATE)),
    }
}
