//! Encodes the keys of the state: a kind byte, then a body.
//!
//! `0 name` system; `1 address` account; `2 address rawkey` value; `3 code_hash` code.
//!
//! Specification: docs/spec/state.md, "State".

use crate::identity::{Address, CodeHash, Height};

/// Kind byte of system keys.
pub const SYSTEM: u8 = 0;
/// Kind byte of accounts.
pub const ACCOUNT: u8 = 1;
/// Kind byte of contract storage.
pub const VALUE: u8 = 2;
/// Kind byte of uploaded code.
pub const CODE: u8 = 3;

/// Key of an account.
#[must_use]
pub fn account(address: &Address) -> Vec<u8> {
    join(ACCOUNT, &address.0, &[])
}

/// Key of a storage value of a contract.
#[must_use]
pub fn value(address: &Address, raw: &[u8]) -> Vec<u8> {
    join(VALUE, &address.0, raw)
}

/// The least key above every storage key of a contract.
#[must_use]
pub fn values_end(address: &Address) -> Vec<u8> {
    let mut end = join(VALUE, &address.0, &[]);
    // The kind byte is not 255, so the loop ends by incrementing a byte.
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

/// Key of the hash of a block among the last 256: `0 "hash" height`, the height as u64,
/// little-endian.
#[must_use]
pub fn block_hash(height: Height) -> Vec<u8> {
    join(SYSTEM, b"hash", &height.0.to_le_bytes())
}

/// Key of uploaded code.
#[must_use]
pub fn code(code_hash: &CodeHash) -> Vec<u8> {
    join(CODE, &code_hash.0, &[])
}

/// Key of a system value.
#[must_use]
pub fn system(name: &str) -> Vec<u8> {
    join(SYSTEM, name.as_bytes(), &[])
}

fn join(kind: u8, first: &[u8], second: &[u8]) -> Vec<u8> {
    [&[kind], first, second].concat()
}
