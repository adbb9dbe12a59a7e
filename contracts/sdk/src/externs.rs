//! Imports the host's functions and wraps each in a safe one.
//!
//! [`raw`] has the names and types of the import module `lockstep`, version 1, one for one; a
//! pointer or a length is 32 bits wide on this target. The functions below take slices, so that
//! every range is inside this module's memory.
//!
//! # Safety
//! The host reads and writes only the ranges that it receives, and only before it returns.
//!
//! Specification: docs/spec/host.md, "Functions". The same interface in C is `c/lockstep.h`; the
//! mock is `mock/host.rs`.
#![expect(
    unsafe_code,
    reason = "an import is foreign code; each call has its argument beside it"
)]

use alloc::vec::Vec;

use crate::call::{Deployment, Request};

/// The imports. An i64 of the host is never negative here, so its type is u64.
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
        pub(super) fn storage_scan(
            start: *const u8,
            start_len: usize,
            end: *const u8,
            end_len: usize,
            limit: u32,
            dst: *mut u8,
            cap: usize,
        ) -> i32;

        pub(super) fn emit_event(topics: *const u8, count: usize, data: *const u8, len: usize);

        pub(super) fn sha256(data: *const u8, len: usize, dst: *mut u8);
        pub(super) fn keccak256(data: *const u8, len: usize, dst: *mut u8);
        pub(super) fn sha512(data: *const u8, len: usize, dst: *mut u8);
        pub(super) fn blake3(data: *const u8, len: usize, dst: *mut u8);
        pub(super) fn ripemd160(data: *const u8, len: usize, dst: *mut u8);
        pub(super) fn secp256k1_verify(
            digest: *const u8,
            signature: *const u8,
            key: *const u8,
        ) -> i32;
        pub(super) fn secp256k1_recover(
            digest: *const u8,
            signature: *const u8,
            id: i32,
            dst: *mut u8,
        ) -> i32;
        pub(super) fn ed25519_verify(
            message: *const u8,
            len: usize,
            signature: *const u8,
            key: *const u8,
        ) -> i32;

        pub(super) fn p256_verify(
            digest: *const u8,
            signature: *const u8,
            key: *const u8,
            key_len: usize,
        ) -> i32;

        pub(super) fn bls12_381_g1_add(first: *const u8, second: *const u8, dst: *mut u8) -> i32;
        pub(super) fn bls12_381_g1_msm(terms: *const u8, count: usize, dst: *mut u8) -> i32;
        pub(super) fn bls12_381_g2_add(first: *const u8, second: *const u8, dst: *mut u8) -> i32;
        pub(super) fn bls12_381_g2_msm(terms: *const u8, count: usize, dst: *mut u8) -> i32;
        pub(super) fn bls12_381_pairing_check(pairs: *const u8, count: usize) -> i32;
        pub(super) fn bls12_381_map_fp_to_g1(element: *const u8, dst: *mut u8) -> i32;
        pub(super) fn bls12_381_map_fp2_to_g2(element: *const u8, dst: *mut u8) -> i32;
        pub(super) fn bn254_add(first: *const u8, second: *const u8, dst: *mut u8) -> i32;
        pub(super) fn bn254_mul(point: *const u8, scalar: *const u8, dst: *mut u8) -> i32;
        pub(super) fn bn254_pairing_check(pairs: *const u8, count: usize) -> i32;

        pub(crate) safe fn block_height() -> u64;
        pub(crate) safe fn block_time() -> u64;
        pub(super) fn chain_id(dst: *mut u8);
        pub(super) fn block_hash(height: u64, dst: *mut u8) -> i32;
        pub(super) fn proposer(dst: *mut u8);
        pub(super) fn tx_hash(dst: *mut u8);
        pub(super) fn caller(dst: *mut u8);
        #[link_name = "self"]
        pub(super) fn self_address(dst: *mut u8);

        pub(super) fn value(dst: *mut u8);
        pub(super) fn balance(address: *const u8, dst: *mut u8);
        pub(super) fn transfer(address: *const u8, value: *const u8) -> i32;
        pub(super) fn call(
            flags: u32,
            address: *const u8,
            entry: *const u8,
            entry_len: usize,
            input: *const u8,
            input_len: usize,
            value: *const u8,
            gas: u64,
        ) -> i32;
        pub(super) fn returned(dst: *mut u8, cap: usize) -> i32;
        pub(super) fn deploy(
            code_hash: *const u8,
            salt: *const u8,
            entry: *const u8,
            entry_len: usize,
            input: *const u8,
            input_len: usize,
            value: *const u8,
            gas: u64,
            dst: *mut u8,
        ) -> i32;
        pub(super) fn set_code(code_hash: *const u8) -> i32;

        pub(crate) safe fn gas_left() -> u64;
        pub(super) fn debug_log(text: *const u8, len: usize);
    }
}

/// Capacity of the first buffer for an output: one host call is enough for a shorter output.
const GUESS_BYTES: usize = 256;

pub(crate) fn input() -> Vec<u8> {
    // SAFETY: `sized` passes a pointer that is writable for `cap` bytes.
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
    // SAFETY: the key is a live slice; `sized` passes a pointer writable for `cap` bytes.
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

/// Writes one page to `dst`; returns its length, or minus the length that the first entry needs.
pub(crate) fn storage_scan(start: &[u8], end: &[u8], limit: u32, dst: &mut [u8]) -> i32 {
    let (from, from_len, to, to_len) = (start.as_ptr(), start.len(), end.as_ptr(), end.len());
    // SAFETY: two live slices that are read, and one that is writable for its length.
    unsafe {
        raw::storage_scan(
            from,
            from_len,
            to,
            to_len,
            limit,
            dst.as_mut_ptr(),
            dst.len(),
        )
    }
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

pub(crate) fn keccak256(data: &[u8]) -> [u8; 32] {
    // SAFETY: the input is a live slice, the output 32 writable bytes.
    filled(|dst| unsafe { raw::keccak256(data.as_ptr(), data.len(), dst) })
}

pub(crate) fn sha512(data: &[u8]) -> [u8; 64] {
    let mut hash = [0; 64];
    // SAFETY: the input is a live slice, the output 64 writable bytes.
    unsafe { raw::sha512(data.as_ptr(), data.len(), hash.as_mut_ptr()) };
    hash
}

pub(crate) fn blake3(data: &[u8]) -> [u8; 32] {
    // SAFETY: the input is a live slice, the output 32 writable bytes.
    filled(|dst| unsafe { raw::blake3(data.as_ptr(), data.len(), dst) })
}

pub(crate) fn ripemd160(data: &[u8]) -> [u8; 20] {
    let mut hash = [0; 20];
    // SAFETY: the input is a live slice, the output 20 writable bytes.
    unsafe { raw::ripemd160(data.as_ptr(), data.len(), hash.as_mut_ptr()) };
    hash
}

pub(crate) fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8; 33]) -> bool {
    // SAFETY: three live arrays of exactly the lengths that the host reads.
    let valid = unsafe { raw::secp256k1_verify(digest.as_ptr(), signature.as_ptr(), key.as_ptr()) };
    valid != 0
}

pub(crate) fn secp256k1_recover(
    digest: &[u8; 32],
    signature: &[u8; 64],
    id: u8,
) -> Option<[u8; 33]> {
    let mut key = [0; 33];
    let (digest, signature) = (digest.as_ptr(), signature.as_ptr());
    // SAFETY: live arrays of exactly the lengths that the host reads and writes.
    let found =
        unsafe { raw::secp256k1_recover(digest, signature, i32::from(id), key.as_mut_ptr()) };
    (found != 0).then_some(key)
}

pub(crate) fn ed25519_verify(message: &[u8], signature: &[u8; 64], key: &[u8; 32]) -> bool {
    let (start, len) = (message.as_ptr(), message.len());
    // SAFETY: a live slice and two live arrays of exactly the lengths that the host reads.
    let valid = unsafe { raw::ed25519_verify(start, len, signature.as_ptr(), key.as_ptr()) };
    valid != 0
}

pub(crate) fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8]) -> bool {
    let (digest, signature) = (digest.as_ptr(), signature.as_ptr());
    // SAFETY: two live arrays of exactly the lengths that the host reads, and a live slice.
    let valid = unsafe { raw::p256_verify(digest, signature, key.as_ptr(), key.len()) };
    valid != 0
}

pub(crate) use raw::{block_height, block_time, gas_left};

pub(crate) fn bls12_381_g1_add(first: &[u8; 128], second: &[u8; 128]) -> Option<[u8; 128]> {
    // SAFETY: two live arrays that are read, and an output, of exactly the lengths of the host.
    point(|dst| unsafe { raw::bls12_381_g1_add(first.as_ptr(), second.as_ptr(), dst) })
}

pub(crate) fn bls12_381_g1_msm(terms: &[[u8; 160]]) -> Option<[u8; 128]> {
    // SAFETY: the range is that of a live slice of terms without padding; an output of 128 bytes.
    point(|dst| unsafe { raw::bls12_381_g1_msm(terms.as_ptr().cast(), terms.len(), dst) })
}

pub(crate) fn bls12_381_g2_add(first: &[u8; 256], second: &[u8; 256]) -> Option<[u8; 256]> {
    // SAFETY: two live arrays that are read, and an output, of exactly the lengths of the host.
    point(|dst| unsafe { raw::bls12_381_g2_add(first.as_ptr(), second.as_ptr(), dst) })
}

pub(crate) fn bls12_381_g2_msm(terms: &[[u8; 288]]) -> Option<[u8; 256]> {
    // SAFETY: the range is that of a live slice of terms without padding; an output of 256 bytes.
    point(|dst| unsafe { raw::bls12_381_g2_msm(terms.as_ptr().cast(), terms.len(), dst) })
}

pub(crate) fn bls12_381_pairing_check(pairs: &[[u8; 384]]) -> bool {
    // SAFETY: the range is that of a live slice of pairs without padding.
    let is_one = unsafe { raw::bls12_381_pairing_check(pairs.as_ptr().cast(), pairs.len()) };
    is_one != 0
}

pub(crate) fn bls12_381_map_fp_to_g1(element: &[u8; 64]) -> Option<[u8; 128]> {
    // SAFETY: a live array that is read, and an output, of exactly the lengths of the host.
    point(|dst| unsafe { raw::bls12_381_map_fp_to_g1(element.as_ptr(), dst) })
}

pub(crate) fn bls12_381_map_fp2_to_g2(element: &[u8; 128]) -> Option<[u8; 256]> {
    // SAFETY: a live array that is read, and an output, of exactly the lengths of the host.
    point(|dst| unsafe { raw::bls12_381_map_fp2_to_g2(element.as_ptr(), dst) })
}

pub(crate) fn bn254_add(first: &[u8; 64], second: &[u8; 64]) -> Option<[u8; 64]> {
    // SAFETY: two live arrays that are read, and an output, of exactly the lengths of the host.
    point(|dst| unsafe { raw::bn254_add(first.as_ptr(), second.as_ptr(), dst) })
}

pub(crate) fn bn254_mul(point: &[u8; 64], scalar: &[u8; 32]) -> Option<[u8; 64]> {
    // SAFETY: two live arrays that are read, and an output, of exactly the lengths of the host.
    self::point(|dst| unsafe { raw::bn254_mul(point.as_ptr(), scalar.as_ptr(), dst) })
}

pub(crate) fn bn254_pairing_check(pairs: &[[u8; 192]]) -> bool {
    // SAFETY: the range is that of a live slice of pairs without padding.
    let is_one = unsafe { raw::bn254_pairing_check(pairs.as_ptr().cast(), pairs.len()) };
    is_one != 0
}

pub(crate) fn chain_id() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::chain_id(dst) })
}

pub(crate) fn block_hash(height: u64) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    // SAFETY: 32 writable bytes, which is what the host writes.
    let known = unsafe { raw::block_hash(height, hash.as_mut_ptr()) };
    (known != 0).then_some(hash)
}

pub(crate) fn proposer() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::proposer(dst) })
}

pub(crate) fn tx_hash() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::tx_hash(dst) })
}

pub(crate) fn caller() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::caller(dst) })
}

pub(crate) fn self_address() -> [u8; 32] {
    // SAFETY: 32 writable bytes, which is what the host writes.
    filled(|dst| unsafe { raw::self_address(dst) })
}

pub(crate) fn value() -> u128 {
    let mut bytes = [0; 16];
    // SAFETY: 16 writable bytes, which is what the host writes.
    unsafe { raw::value(bytes.as_mut_ptr()) };
    u128::from_le_bytes(bytes)
}

pub(crate) fn balance(address: &[u8; 32]) -> u128 {
    let mut bytes = [0; 16];
    // SAFETY: 32 bytes that are read and 16 that are written.
    unsafe { raw::balance(address.as_ptr(), bytes.as_mut_ptr()) };
    u128::from_le_bytes(bytes)
}

pub(crate) fn transfer(to: &[u8; 32], value: u128) -> i32 {
    let value = value.to_le_bytes();
    // SAFETY: live arrays of exactly the lengths that the host reads.
    unsafe { raw::transfer(to.as_ptr(), value.as_ptr()) }
}

pub(crate) fn call(request: &Request, entry: &str, input: &[u8]) -> i32 {
    let value = request.value.to_le_bytes();
    // SAFETY: two live slices and two live arrays of exactly the lengths that the host reads.
    unsafe {
        raw::call(
            request.flags,
            request.address.0.as_ptr(),
            entry.as_ptr(),
            entry.len(),
            input.as_ptr(),
            input.len(),
            value.as_ptr(),
            request.gas,
        )
    }
}

pub(crate) fn returned() -> Vec<u8> {
    // SAFETY: `sized` passes a pointer that is writable for `cap` bytes.
    sized(|dst, cap| unsafe { raw::returned(dst, cap) }).unwrap_or_default()
}

/// The status, and the address if it is 0.
pub(crate) fn deploy(request: &Deployment, entry: &str, input: &[u8]) -> (i32, [u8; 32]) {
    let value = request.value.to_le_bytes();
    let mut address = [0; 32];
    // SAFETY: two live slices, three live arrays that are read and one that is written, of
    // exactly the lengths that the host takes.
    let status = unsafe {
        raw::deploy(
            request.code_hash.as_ptr(),
            request.salt.as_ptr(),
            entry.as_ptr(),
            entry.len(),
            input.as_ptr(),
            input.len(),
            value.as_ptr(),
            request.gas,
            address.as_mut_ptr(),
        )
    };
    (status, address)
}

pub(crate) fn set_code(code_hash: &[u8; 32]) -> i32 {
    // SAFETY: a live array of exactly the length that the host reads.
    unsafe { raw::set_code(code_hash.as_ptr()) }
}

pub(crate) fn debug_log(text: &str) {
    // SAFETY: the range is that of a live string.
    unsafe { raw::debug_log(text.as_ptr(), text.len()) }
}

/// Returns 32 bytes that `write` fills.
fn filled(write: impl FnOnce(*mut u8)) -> [u8; 32] {
    let mut bytes = [0; 32];
    write(bytes.as_mut_ptr());
    bytes
}

/// Returns the point that `write` fills if it returns that its input is valid.
fn point<const BYTES: usize>(write: impl FnOnce(*mut u8) -> i32) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    (write(bytes.as_mut_ptr()) != 0).then_some(bytes)
}

/// Calls `read` with a buffer, and again with a larger one if the first was too small.
///
/// `read` fills a buffer of the given capacity and returns the full length, or a negative number
/// for "absent". The buffer is not cleared first, which would cost gas and code without need.
fn sized(read: impl Fn(*mut u8, usize) -> i32) -> Option<Vec<u8>> {
    let mut capacity = GUESS_BYTES;
    loop {
        let mut bytes = Vec::with_capacity(capacity);
        let len = usize::try_from(read(bytes.as_mut_ptr(), capacity)).ok()?;
        if len <= capacity {
            // SAFETY: the host has written all `len` bytes, and they are within the capacity.
            unsafe { bytes.set_len(len) };
            return Some(bytes);
        }
        capacity = len;
    }
}
