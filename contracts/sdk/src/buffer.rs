//! Collects encoded bytes.
//!
//! A `Vec` would do; growing one brings code for every way an allocation can move, half a
//! kilobyte in a contract that otherwise needs none of it.
#![expect(
    unsafe_code,
    reason = "bytes are written behind a Vec's end before they are its own"
)]

use alloc::vec::Vec;

use borsh::io::{Result, Write};

/// Enough for most keys, events and results, so that nothing is copied.
const CAPACITY_BYTES: usize = 128;

/// A list of bytes that is only written to.
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
            write_behind(&mut larger, &self.0);
            self.0 = larger;
        }
        write_behind(&mut self.0, bytes);
    }
}

/// Appends within the capacity; does nothing if the bytes do not fit.
fn write_behind(list: &mut Vec<u8>, bytes: &[u8]) {
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
