//! Computes BLAKE3, RIPEMD-160 and SHA-512.
//!
//! Specification: docs/spec/host.md, "Functions".

use crate::host::call::AdmittedCall;
use crate::host::{Halt, Reply};
use crate::work::{self, WorkKind};
use ripemd::Ripemd160;
use sha2::{Digest, Sha512};

/// BLAKE3 of `data`: the hash mode, without a key, of the default length of 32 bytes.
#[must_use]
pub fn blake3(data: &[u8]) -> [u8; 32] {
    work::add(WorkKind::Hashed, data.len());
    ::blake3::hash(data).into()
}

/// RIPEMD-160 of `data`.
#[must_use]
pub fn ripemd160(data: &[u8]) -> [u8; 20] {
    work::add(WorkKind::Hashed, data.len());
    Ripemd160::digest(data).into()
}

/// SHA-512 of `data` (FIPS 180-4).
#[must_use]
pub fn sha512(data: &[u8]) -> [u8; 64] {
    work::add(WorkKind::Hashed, data.len());
    Sha512::digest(data).into()
}

pub(in crate::host) fn call_blake3(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let digest = blake3(call.bytes(0)?);
    call.write(1, &digest)?;
    Ok(Reply::Resume(None))
}

pub(in crate::host) fn call_ripemd160(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let digest = ripemd160(call.bytes(0)?);
    call.write(1, &digest)?;
    Ok(Reply::Resume(None))
}

pub(in crate::host) fn call_sha512(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let digest = sha512(call.bytes(0)?);
    call.write(1, &digest)?;
    Ok(Reply::Resume(None))
}
