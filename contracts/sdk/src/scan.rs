//! Iterates over a range of storage keys in pages.
//!
//! One host call returns a page: u32 count, then length, key, length and value of each entry. No
//! cursor outlives the call; the next page starts after the last key seen.

use alloc::{vec, vec::Vec};
use core::marker::PhantomData;

use borsh::BorshDeserialize;

use crate::{Key, host, storage};

/// Maximum length of a storage key, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// Entries of a page: many enough to spread the base price of a call, few enough to waste little.
const PAGE_ENTRIES: u32 = 32;

/// Length of the first buffer for a page, in bytes; the host reports the length of a longer entry.
const PAGE_BYTES: usize = 2_048;

/// Entries of a [`Map`](crate::Map) in the order of their keys.
///
/// Stored bytes that do not decode as a `K` or a `V` end the frame by a revert.
#[derive(Debug)]
pub struct Entries<K, V> {
    prefix_len: usize,
    /// Start of the next page: the first key that was not yielded yet.
    start: Vec<u8>,
    end: Vec<u8>,
    /// Number of entries that may still be fetched.
    limit: u32,
    page: Vec<u8>,
    /// Offset of the next entry in the page.
    offset: usize,
    /// Number of entries left in the page.
    left: u32,
    entries: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Entries<K, V> {
    pub(crate) const fn new(prefix_len: usize, start: Vec<u8>, end: Vec<u8>, limit: u32) -> Self {
        Self {
            prefix_len,
            start,
            end,
            limit,
            page: Vec::new(),
            offset: 0,
            left: 0,
            entries: PhantomData,
        }
    }

    /// Fetches the next page; false if no entry is left.
    fn fetch(&mut self) -> bool {
        let limit = self.limit.min(PAGE_ENTRIES);
        // An empty end is the end of the contract's storage.
        if limit == 0 || (!self.end.is_empty() && self.start >= self.end) {
            return false;
        }
        if self.page.is_empty() {
            self.page = vec![0; PAGE_BYTES];
        }
        let mut written = host::storage_scan(&self.start, &self.end, limit, &mut self.page);
        if let Some(needed) = written.checked_neg().filter(|needed| *needed > 0) {
            self.page = vec![0; usize::try_from(needed).unwrap_or_default()];
            written = host::storage_scan(&self.start, &self.end, limit, &mut self.page);
        }
        self.offset = 0;
        self.left = if written > 0 { self.number() } else { 0 };
        self.limit = self.limit.saturating_sub(self.left);
        self.left > 0
    }

    /// The next number of the page.
    fn number(&mut self) -> u32 {
        let bytes = self.page.get(self.offset..).and_then(<[u8]>::first_chunk);
        self.offset = self.offset.saturating_add(4);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// The next byte list of the page, as a range of it.
    fn list(&mut self) -> core::ops::Range<usize> {
        let len = usize::try_from(self.number()).unwrap_or(usize::MAX);
        let start = self.offset;
        self.offset = start.saturating_add(len);
        start..self.offset
    }
}

impl<K: Key, V: BorshDeserialize> Entries<K, V> {
    /// The entry at the front of the page.
    fn take(&mut self) -> Option<(K, V)> {
        self.left = self.left.saturating_sub(1);
        let (key, value) = (self.list(), self.list());
        let raw = self.page.get(key)?;
        if self.left == 0 {
            self.start = after(raw.to_vec());
            // There is no key after the greatest possible one.
            if self.start.is_empty() {
                self.limit = 0;
            }
        }
        let mut rest = raw.get(self.prefix_len..)?;
        let key = K::decode_key(&mut rest).filter(|_| rest.is_empty())?;
        let value = V::try_from_slice(self.page.get(value)?).ok()?;
        Some((key, value))
    }
}

impl<K: Key, V: BorshDeserialize> Iterator for Entries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        if self.left == 0 && !self.fetch() {
            return None;
        }
        match self.take() {
            Some(entry) => Some(entry),
            None => storage::bad_state(),
        }
    }
}

/// The least key above `key`.
pub(crate) fn after(mut key: Vec<u8>) -> Vec<u8> {
    if key.len() < KEY_BYTES_MAX {
        key.push(0);
        return key;
    }
    beyond(key)
}

/// The least key above all keys that begin with `key`; empty if there is none.
pub(crate) fn beyond(mut key: Vec<u8>) -> Vec<u8> {
    while let Some(last) = key.pop() {
        if let Some(next) = last.checked_add(1) {
            key.push(next);
            break;
        }
    }
    key
}
