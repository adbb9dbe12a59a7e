//! Asks the host about the call, the block and the chain, and for hashes and signatures.

use alloc::vec::Vec;

use crate::{Address, event::Event, host};

/// The bytes that came with the call. Entries decode their arguments from them.
#[must_use]
pub fn input() -> Vec<u8> {
    host::input()
}

/// Who made the call: an account, or the contract that called this one.
#[must_use]
pub fn caller() -> Address {
    Address(host::caller())
}

/// The address of this contract.
#[must_use]
pub fn self_address() -> Address {
    Address(host::self_address())
}

/// The height of the block that holds the transaction.
#[must_use]
pub fn block_height() -> u64 {
    host::block_height()
}

/// The time of the block in milliseconds; above that of its parent, and no clock's time.
#[must_use]
pub fn block_time() -> u64 {
    host::block_time()
}

/// The sha256 of the chain's genesis document.
#[must_use]
pub fn chain_id() -> [u8; 32] {
    host::chain_id()
}

/// The sha256 of `data`, computed by the host.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    host::sha256(data)
}

/// Whether `key` (compressed) made `signature` (r and s, low s) over a sha256 digest.
///
/// A malformed key or signature answers false.
#[must_use]
pub fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8; 33]) -> bool {
    host::secp256k1_verify(digest, signature, key)
}

/// Whether `key` made `signature` over `message`, as RFC 8032 has it, strictly.
///
/// A malformed key or signature answers false.
#[must_use]
pub fn ed25519_verify(message: &[u8], signature: &[u8; 64], key: &[u8; 32]) -> bool {
    host::ed25519_verify(message, signature, key)
}

/// The gas that this frame has left.
///
/// # Panics
/// Outside wasm, where there is no gas: measure the deployed bytes instead.
#[must_use]
pub fn gas_left() -> u64 {
    host::gas_left()
}

/// Writes a line to the node's debug output. It costs gas and is in no receipt.
pub fn debug_log(text: &str) {
    host::debug_log(text);
}

/// Emits an event; it is dropped if the frame does not return.
pub fn emit<E: Event>(event: &E) {
    host::emit_event(event.topics().as_ref(), &crate::entry::encode(event));
}
