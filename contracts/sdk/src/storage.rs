//! Stores typed values under explicit byte prefixes.
//!
//! The key of an [`Item`] is its prefix, that of an entry of a [`Map`] the prefix and the [`Key`]
//! encoding. No prefix of a contract may begin with another: `#[contract]` makes that a
//! compile error. A storage key has at most 256 bytes, so the keys of a map must be short. A value
//! whose encoding is empty, such as `()`, has no ICS 23 proof: store a byte instead.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::{Bound, RangeBounds};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    CODE_BAD_STATE, Key, Revert, entry, host,
    scan::{self, Entries},
};

/// One value of type `T`.
#[derive(Debug)]
pub struct Item<T> {
    key: &'static [u8],
    value: PhantomData<fn() -> T>,
}

impl<T: BorshSerialize + BorshDeserialize> Item<T> {
    /// The value under `key`, which has 1 to 256 bytes and is not a prefix of another key.
    #[must_use]
    pub const fn new(key: &'static [u8]) -> Self {
        Self {
            key,
            value: PhantomData,
        }
    }

    /// The value, if it is set. Bytes that do not decode as a `T` end the frame by a revert.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        read(self.key)
    }

    /// Sets the value.
    pub fn set(&self, value: &T) {
        host::storage_write(self.key, &entry::encode(value));
    }

    /// Removes the value; returns whether it was set.
    pub fn remove(&self) -> bool {
        host::storage_remove(self.key)
    }

    /// Whether the value is set.
    #[must_use]
    pub fn exists(&self) -> bool {
        host::storage_has(self.key)
    }
}

/// Values of type `V` under keys of type `K`, in the order of the keys.
#[derive(Debug)]
pub struct Map<K, V> {
    prefix: &'static [u8],
    entries: PhantomData<fn(K) -> V>,
}

impl<K: Key, V: BorshSerialize + BorshDeserialize> Map<K, V> {
    /// The entries under `prefix`, which is not empty and not a prefix of another key.
    #[must_use]
    pub const fn new(prefix: &'static [u8]) -> Self {
        Self {
            prefix,
            entries: PhantomData,
        }
    }

    /// The value of a key, if it is set. Bytes that do not decode as a `V` end the frame by a
    /// revert.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        read(&self.storage_key(key))
    }

    /// Sets the value of a key.
    pub fn set(&self, key: &K, value: &V) {
        host::storage_write(&self.storage_key(key), &entry::encode(value));
    }

    /// Removes a key; returns whether it was set.
    pub fn remove(&self, key: &K) -> bool {
        host::storage_remove(&self.storage_key(key))
    }

    /// Whether a key is set.
    #[must_use]
    pub fn exists(&self, key: &K) -> bool {
        host::storage_has(&self.storage_key(key))
    }

    /// The first entries, at most `limit`, in the order of their keys.
    ///
    /// The iterator fetches them in pages. It sees a write during the iteration if the key is after
    /// the present page; removing yielded entries is safe.
    #[must_use]
    pub fn iter(&self, limit: u32) -> Entries<K, V> {
        self.range(.., limit)
    }

    /// The first entries whose keys are in `keys`, at most `limit`, in the order of their keys.
    #[must_use]
    pub fn range(&self, keys: impl RangeBounds<K>, limit: u32) -> Entries<K, V> {
        let start = match keys.start_bound() {
            Bound::Included(key) => self.storage_key(key),
            Bound::Excluded(key) => scan::after(self.storage_key(key)),
            Bound::Unbounded => self.prefix.to_vec(),
        };
        let end = match keys.end_bound() {
            Bound::Included(key) => scan::after(self.storage_key(key)),
            Bound::Excluded(key) => self.storage_key(key),
            Bound::Unbounded => scan::beyond(self.prefix.to_vec()),
        };
        Entries::new(self.prefix.len(), start, end, limit)
    }

    /// The first entries whose keys begin with `first`, at most `limit`: for a map with pairs as
    /// keys, those of one first part. `first` is one or several whole parts of the key.
    #[must_use]
    pub fn within(&self, first: &impl Key, limit: u32) -> Entries<K, V> {
        let start = self.prefixed(first);
        let end = scan::beyond(start.clone());
        Entries::new(self.prefix.len(), start, end, limit)
    }

    fn storage_key(&self, key: &K) -> Vec<u8> {
        self.prefixed(key)
    }

    fn prefixed(&self, key: &impl Key) -> Vec<u8> {
        let mut bytes = self.prefix.to_vec();
        key.encode_key(&mut bytes);
        bytes
    }
}

/// Reads and decodes. Bytes that do not decode were written by other code of the same contract.
fn read<T: BorshDeserialize>(key: &[u8]) -> Option<T> {
    let bytes = host::storage_read(key)?;
    match T::try_from_slice(&bytes) {
        Ok(value) => Some(value),
        Err(_) => bad_state(),
    }
}

/// Ends the frame by a revert: the stored bytes are not of the expected type.
pub(crate) fn bad_state() -> ! {
    entry::fail(&Revert::new(CODE_BAD_STATE))
}
