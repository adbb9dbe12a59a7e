//! Walks a range of storage keys in pages.
//!
//! A page is what one call of the host answers: u32 count, then length, key, length and value of
//! each entry. No cursor outlives the call; the next page starts behind the last key seen.

use alloc::{vec, vec::Vec};
use core::marker::PhantomData;

use borsh::BorshDeserialize;

use crate::{Key, host, storage};

/// The longest storage key.
const KEY_BYTES_MAX: usize = 256;

/// Entries of a page: enough that the base price of a call is spread, few enough to waste little.
const PAGE_ENTRIES: u32 = 32;

/// The first guess at a page's length; the host says how much an entry needs that is longer.
const PAGE_BYTES: usize = 2_048;

/// Entries of a [`Map`](crate::Map) in the order of their keys.
///
/// Stored bytes that are not a `K` or a `V` end the frame by a revert.
#[derive(Debug)]
pub struct Entries<K, V> {
    prefix_len: usize,
    /// The first key that was not walked yet.
    start: Vec<u8>,
    end: Vec<u8>,
    /// How many entries may still be fetched.
    limit: u32,
    page: Vec<u8>,
    /// Where the next entry of the page begins, and how many are left in it.
    at: usize,
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
            at: 0,
            left: 0,
            entries: PhantomData,
        }
    }

    /// Fetches the next page; false if there is nothing left.
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
        self.at = 0;
        self.left = if written > 0 { self.number() } else { 0 };
        self.limit = self.limit.saturating_sub(self.left);
        self.left > 0
    }

    /// The next number of the page.
    fn number(&mut self) -> u32 {
        let bytes = self.page.get(self.at..).and_then(<[u8]>::first_chunk);
        self.at = self.at.saturating_add(4);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// The next byte list of the page, as a range of it.
    fn list(&mut self) -> core::ops::Range<usize> {
        let len = usize::try_from(self.number()).unwrap_or(usize::MAX);
        let start = self.at;
        self.at = start.saturating_add(len);
        start..self.at
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
            // Behind the last key that there can be is nothing.
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

/// The least key above this one.
pub(crate) fn after(mut key: Vec<u8>) -> Vec<u8> {
    if key.len() < KEY_BYTES_MAX {
        key.push(0);
        return key;
    }
    beyond(key)
}

/// The least key above everything that begins with this one; empty if there is none.
pub(crate) fn beyond(mut key: Vec<u8>) -> Vec<u8> {
    while let Some(last) = key.pop() {
        if let Some(next) = last.checked_add(1) {
            key.push(next);
            break;
        }
    }
    key
}
