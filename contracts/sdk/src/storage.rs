//! Keeps typed values under explicit byte prefixes.
//!
//! An [`Item`]'s key is its prefix, a [`Map`]'s entry is under prefix and [`Key`] encoding. No
//! prefix of a contract may begin with another: `#[contract]` refuses that when it compiles. A
//! storage key has at most 256 bytes, so the keys of a map have to be short.

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

/// Values of type `V` under keys of type `K`, in the order of the keys.
#[derive(Debug)]
pub struct Map<K, V> {
    prefix: &'static [u8],
    entries: PhantomData<fn(K) -> V>,
}

impl<K: Key, V: BorshSerialize + BorshDeserialize> Map<K, V> {
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

    /// The first entries, at most `limit`, in the order of their keys.
    ///
    /// They are fetched in pages as they are asked for. What is written meanwhile is seen if it
    /// lies behind the page; removing what was yielded is safe.
    #[must_use]
    pub fn iter(&self, limit: u32) -> Entries<K, V> {
        self.range(.., limit)
    }

    /// The first entries whose keys lie in `keys`, at most `limit`, in the order of their keys.
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

    /// The first entries whose keys begin with `first`, at most `limit`: for a map under pairs,
    /// those of one first part. `first` is the whole of the key's first part or parts.
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

/// Reads and decodes. What does not decode was written by other code under the same address.
fn read<T: BorshDeserialize>(key: &[u8]) -> Option<T> {
    let bytes = host::storage_read(key)?;
    match T::try_from_slice(&bytes) {
        Ok(value) => Some(value),
        Err(_) => bad_state(),
    }
}

/// Ends the frame: what is stored is not what this contract stores there.
pub(crate) fn bad_state() -> ! {
    entry::fail(&Revert::new(CODE_BAD_STATE))
}
