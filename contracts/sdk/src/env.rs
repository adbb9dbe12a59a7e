//! Reads the call, the block and the chain; computes hashes, verifies signatures, moves value.

use alloc::vec::Vec;

use crate::{Address, CallError, call, event::Event, host};

/// The input of the call. Entries decode their arguments from it.
#[must_use]
pub fn input() -> Vec<u8> {
    host::input()
}

/// The caller: an account, or the contract that called this one.
#[must_use]
pub fn caller() -> Address {
    Address(host::caller())
}

/// The address of this contract.
#[must_use]
pub fn self_address() -> Address {
    Address(host::self_address())
}

/// The height of the block that contains the transaction.
#[must_use]
pub fn block_height() -> u64 {
    host::block_height()
}

/// The time of the block in milliseconds, above that of its parent; the proposer chooses it.
#[must_use]
pub fn block_time() -> u64 {
    host::block_time()
}

/// The sha256 of the chain's genesis document.
#[must_use]
pub fn chain_id() -> [u8; 32] {
    host::chain_id()
}

/// The hash of the block at a height: one of the 256 blocks before this one.
#[must_use]
pub fn block_hash(height: u64) -> Option<[u8; 32]> {
    host::block_hash(height)
}

/// The proposer of the block.
#[must_use]
pub fn proposer() -> Address {
    Address(host::proposer())
}

/// The hash of the transaction.
#[must_use]
pub fn tx_hash() -> [u8; 32] {
    host::tx_hash()
}

/// The value that came with the call. It is 0 in an entry that is not `#[payable]`.
#[must_use]
pub fn value() -> u128 {
    host::value()
}

/// The balance of an address; that of this contract includes the value of the call.
#[must_use]
pub fn balance(address: &Address) -> u128 {
    host::balance(&address.0)
}

/// Moves value from this contract to an address. No code runs there, even if it is a contract.
///
/// # Errors
/// [`CallError::Balance`] if the balance of this contract is below the value.
pub fn transfer(to: &Address, value: u128) -> Result<(), CallError> {
    call::check_status(host::transfer(&to.0, value))
}

/// The output of the last call that this frame made, which returned or reverted.
#[must_use]
pub fn returned() -> Vec<u8> {
    host::returned()
}

/// Changes this contract's code for later calls: the present call ends under the old code.
///
/// # Errors
/// [`CallError::NoCode`] if no uploaded code has that hash.
pub fn set_code(code_hash: &[u8; 32]) -> Result<(), CallError> {
    call::check_status(host::set_code(code_hash))
}

/// The sha256 of `data`, computed by the host.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    host::sha256(data)
}

/// The Keccak-256 of `data` (Ethereum's, not SHA3-256), computed by the host.
#[must_use]
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    host::keccak256(data)
}

/// The SHA-512 of `data`, computed by the host.
#[must_use]
pub fn sha512(data: &[u8]) -> [u8; 64] {
    host::sha512(data)
}

/// The BLAKE3 of `data` (32 bytes, no key), computed by the host.
#[must_use]
pub fn blake3(data: &[u8]) -> [u8; 32] {
    host::blake3(data)
}

/// The RIPEMD-160 of `data`, computed by the host.
#[must_use]
pub fn ripemd160(data: &[u8]) -> [u8; 20] {
    host::ripemd160(data)
}

/// Recovers the compressed key that made `signature` (r and s, low s) over a digest.
///
/// `id` is 0 or 1. Returns `None` if the signature is malformed or no key could have made it.
#[must_use]
pub fn secp256k1_recover(digest: &[u8; 32], signature: &[u8; 64], id: u8) -> Option<[u8; 33]> {
    host::secp256k1_recover(digest, signature, id)
}

/// Whether `key` (compressed) made `signature` (r and s, low s) over a sha256 digest.
///
/// False for a malformed key or signature.
#[must_use]
pub fn secp256k1_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8; 33]) -> bool {
    host::secp256k1_verify(digest, signature, key)
}

/// Whether `key` made `signature` (r and s, high s too) over a digest, on secp256r1 (P-256).
///
/// `key` is SEC1: 33 bytes (compressed) or 65. False for a malformed key or signature. Who has a
/// signature can make a second one, with n - s in place of s: do not use it as an identifier.
#[must_use]
pub fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], key: &[u8]) -> bool {
    host::p256_verify(digest, signature, key)
}

/// Whether `key` made `signature` over `message`, by the strict rules of RFC 8032.
///
/// False for a malformed key or signature.
#[must_use]
pub fn ed25519_verify(message: &[u8], signature: &[u8; 64], key: &[u8; 32]) -> bool {
    host::ed25519_verify(message, signature, key)
}

/// The remaining gas of this frame.
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

/// Emits an event; it is rolled back if the frame does not return.
pub fn emit<E: Event>(event: &E) {
    host::emit_event(event.topics().as_ref(), &crate::entry::encode(event));
}
