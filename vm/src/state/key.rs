//! Spells the keys of the state: a kind byte, then a body.
//!
//! Consensus: "State". `0` system; `1 address` account; `2 address rawkey` value; `3 code_hash`
//! bytes.

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
pub fn account(address: &[u8; 32]) -> Vec<u8> {
    join(ACCOUNT, address, &[])
}

/// Key of a contract's value.
#[must_use]
pub fn value(address: &[u8; 32], raw: &[u8]) -> Vec<u8> {
    join(VALUE, address, raw)
}

/// Key of uploaded code.
#[must_use]
pub fn code(code_hash: &[u8; 32]) -> Vec<u8> {
    join(CODE, code_hash, &[])
}

/// Key of a system value.
#[must_use]
pub fn system(name: &str) -> Vec<u8> {
    join(SYSTEM, name.as_bytes(), &[])
}

fn join(kind: u8, first: &[u8], second: &[u8]) -> Vec<u8> {
    [&[kind], first, second].concat()
}
