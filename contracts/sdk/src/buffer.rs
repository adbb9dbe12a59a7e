//! Collects encoded bytes.
//!
//! A `Vec` would work, but growing one adds half a kilobyte of reallocation code to a contract that
//! otherwise needs none of it.
#![expect(
    unsafe_code,
    reason = "bytes are written after the end of a Vec before its length includes them"
)]

use alloc::vec::Vec;

use borsh::io::{Result, Write};

/// Initial capacity: enough for most keys, events and results, so that nothing is copied.
const CAPACITY_BYTES: usize = 128;

/// A write-only list of bytes.
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(CAPACITY_BYTES))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.0.len().saturating_add(bytes.len());
        if end > self.0.capacity() {
            let mut larger = Vec::with_capacity(end.saturating_mul(2));
            write_after(&mut larger, &self.0);
            self.0 = larger;
        }
        write_after(&mut self.0, bytes);
    }
}

/// Appends within the capacity; does nothing if the bytes do not fit.
fn write_after(list: &mut Vec<u8>, bytes: &[u8]) {
    let end = list.len().saturating_add(bytes.len());
    if let Some(free) = list.spare_capacity_mut().get_mut(..bytes.len()) {
        free.write_copy_of_slice(bytes);
        // SAFETY: the bytes up to `end` are within the capacity, and were all just written.
        unsafe { list.set_len(end) };
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.append(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
