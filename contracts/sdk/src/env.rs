//! Asks the host about the call, the block and the chain, for hashes, signatures and payments.

use alloc::vec::Vec;

use crate::{Address, CallError, call, event::Event, host};

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

/// The hash of the block at a height: one of the last 256, and not this one.
#[must_use]
pub fn block_hash(height: u64) -> Option<[u8; 32]> {
    host::block_hash(height)
}

/// Who proposed the block.
#[must_use]
pub fn proposer() -> Address {
    Address(host::proposer())
}

/// The hash of the transaction.
#[must_use]
pub fn tx_hash() -> [u8; 32] {
    host::tx_hash()
}

/// What the caller moved to this contract with the call. An entry sees it if it is `#[payable]`.
#[must_use]
pub fn value() -> u128 {
    host::value()
}

/// What an address owns; this contract's own balance holds the value of the call already.
#[must_use]
pub fn balance(address: &Address) -> u128 {
    host::balance(&address.0)
}

/// Moves value from this contract to an address. No code runs there, a contract's neither.
///
/// # Errors
/// [`CallError::Balance`] if this contract has less.
pub fn transfer(to: &Address, value: u128) -> Result<(), CallError> {
    call::ended(host::transfer(&to.0, value))
}

/// The bytes with which the last call of this frame returned or reverted.
#[must_use]
pub fn returned() -> Vec<u8> {
    host::returned()
}

/// Changes this contract's code, for later calls: the one that runs ends under the old code.
///
/// # Errors
/// [`CallError::NoCode`] if no uploaded code has that hash.
pub fn set_code(code_hash: &[u8; 32]) -> Result<(), CallError> {
    call::ended(host::set_code(code_hash))
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

/// The compressed key that made `signature` (r and s, low s) over a digest; `id` is 0 or 1.
///
/// Nothing if the signature is malformed or belongs to no key.
#[must_use]
pub fn secp256k1_recover(digest: &[u8; 32], signature: &[u8; 64], id: u8) -> Option<[u8; 33]> {
    host::secp256k1_recover(digest, signature, id)
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
