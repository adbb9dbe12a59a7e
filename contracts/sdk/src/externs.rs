//! Imports the host's functions and wraps each in a safe one.
//!
//! [`raw`] has the names and types of the import module `lockstep`, version 1, one for one; a
//! pointer or a length is 32 bits wide on this target. The functions below take slices, so a
//! range can only be one that lives in this module's memory.
//!
//! # Safety
//! The host reads and writes only the ranges it is given, and only before it returns.
//!
//! Spec: host interface. The C twin of this file is `c/lockstep.h`; the mock is `mock.rs`.
#![expect(
    unsafe_code,
    reason = "an import is foreign code; each call is argued where it stands"
)]

use alloc::{vec, vec::Vec};

/// The imports. An i64 of the host is never negative here, so it is read as u64.
mod raw {
    #[link(wasm_import_module = "lockstep")]
    unsafe extern "C" {
        pub(super) fn input(dst: *mut u8, cap: usize) -> i32;
        #[link_name = "return"]
        pub(super) fn finish(data: *const u8, len: usize) -> !;
        pub(super) fn revert(data: *const u8, len: usize) -> !;

        pub(super) fn storage_read(key: *const u8, key_len: usize, dst: *mut u8, cap: usize)
        -> i32;
        pub(super) fn storage_write(
            key: *const u8,
            key_len: usize,
            value: *const u8,
            value_len: usize,
        );
        pub(super) fn storage_remove(key: *const u8, key_len: usize) -> i32;
        pub(super) fn storage_has(key: *const u8, key_len: usize) -> i32;

        pub(super) fn emit_event(topics: *const u8, count: usize, data: *const u8, len: usize);

        pub(super) fn sha256(data: *const u8, len: usize, dst: *mut u8);
        pub(super) fn secp256k1_verify(
            digest: *const u8,
            signature: *const u8,
            key: *const u8,
        ) -> i32;
        pub(super) fn ed25519_verify(
            message: *const u8,
            len: usize,
            signature: *const u8,
            key: *const u8,
        ) -> i32;

        pub(crate) safe fn block_height() -> u64;
        pub(crate) safe fn block_time() -> u64;
        pub(super) fn chain_id(dst: *mut u8);
        pub(super) fn caller(dst: *mut u8);
        #[link_name = "self"]
        pub(super) fn self_address(dst: *mut u8);

        pub(crate) safe fn gas_left() -> u64;
        pub(super) fn debug_log(text: *const u8, len: usize);
    }
}

/// The first guess at an output's length: one host call is enough for what is shorter.
const GUESS_BYTES: usize = 256;

pub(crate) fn input() -> Vec<u8> {
    // SAFETY: `sized` hands over a pointer that is writable for `cap` bytes.
    sized(|dst, cap| unsafe { raw::input(dst, cap) }).unwrap_or_default()
}

pub(crate) fn finish(data: &[u8]) -> ! {
    // SAFETY: the range is that of a live slice; the frame ends here.
    unsafe { raw::finish(data.as_ptr(), data.len()) }
}

pub(crate) fn revert(data: &[u8]) -> ! {
    // SAFETY: the range is that of a live slice; the frame ends here.
    unsafe { raw::revert(data.as_ptr(), data.len()) }
}

pub(crate) fn storage_read(key: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: the key is a live slice; `sized` gives a pointer writable for `cap` bytes.
    sized(|dst, cap| unsafe { raw::storage_read(key.as_ptr(), key.len(), dst, cap) })
}

pub(crate) fn storage_write(key: &[u8], value: &[u8]) {
    // SAFETY: both ranges are those of live slices.
    unsafe { raw::storage_write(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

pub(crate) fn storage_remove(key: &[u8]) -> bool {
    // SAFETY: the range is that of a live slice.
    let existed = unsafe { raw::storage_remove(key.as_ptr(), key.len()) };
    existed != 0
}

pub(crate) fn storage_has(key: &[u8]) -> bool {
    // SAFETY: the range is that of a live slice.
    let exists = unsafe { raw::storage_has(key.as_ptr(), key.len()) };
    exists != 0
}

pub(crate) fn emit_event(topics: &[[u8; 32]], data: &[u8]) {
    // SAFETY: both ranges are those of live slices; a topic is 32 bytes without padding.
    unsafe {
        raw::emit_event(
            topics.as_ptr().cast(),
            topics.len(),
            data.as_ptr(),
            data.len(),
        )
    }
}

pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    // SAFETY: the input is a live slice, the output 32 writable bytes.
    filled(|dst| unsafe { raw::sha256(data.as_ptr(), data.len(), dst) })
}

pub(crate) fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8; 33]) -> bool {
    // SAFETY: three live arrays of exactly the lengths that the host reads.
    let valid = unsafe { raw::secp256k1_verify(digest.as_ptr(), signature.as_ptr(), key.as_ptr()) };
    valid != 0
}

pub(crate) fn ed25519_verify(message: &[u8], signature: &[u8; 64], key: &[u8; 32]) -> bool {
    let (start, len) = (message.as_ptr(), message.len());
    // SAFETY: a live slice and two live arrays of exactly the lengths that the host reads.
    let valid = unsafe { raw::ed25519_verify(start, len, signature.as_ptr(), key.as_ptr()) };
    valid != 0
}

pub(crate) use raw::{block_height, block_time, gas_left};

pub(crate) fn chain_id() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::chain_id(dst) })
}

pub(crate) fn caller() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::caller(dst) })
}

pub(crate) fn self_address() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::self_address(dst) })
}

pub(crate) fn debug_log(text: &str) {
    // SAFETY: the range is that of a live string.
    unsafe { raw::debug_log(text.as_ptr(), text.len()) }
}

/// Lets `write` fill 32 bytes.
fn filled(write: impl FnOnce(*mut u8)) -> [u8; 32] {
    let mut bytes = [0; 32];
    write(bytes.as_mut_ptr());
    bytes
}

/// Calls `read` with a buffer, and once more with one that fits if it was too small.
///
/// `read` answers the full length, or a negative number for "absent".
fn sized(read: impl Fn(*mut u8, usize) -> i32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; GUESS_BYTES];
    let mut len = usize::try_from(read(bytes.as_mut_ptr(), bytes.len())).ok()?;
    if len > bytes.len() {
        bytes.resize(len, 0);
        len = usize::try_from(read(bytes.as_mut_ptr(), bytes.len())).ok()?;
    }
    bytes.truncate(len);
    Some(bytes)
}
