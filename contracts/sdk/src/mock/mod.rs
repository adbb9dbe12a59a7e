//! Mocks the host for native tests of a contract's logic.
//!
//! Each thread has a host of its own, so tests do not affect each other. It keeps storage, balances
//! and events in memory, and panics where the host would trap. It has no gas:
//! [`env::gas_left`](crate::env::gas_left) panics, because a price of native code would be wrong.
//!
//! ```
//! use sdk::{Address, env, mock};
//!
//! mock::set_caller(Address([7; 32]));
//! assert_eq!(env::caller(), Address([7; 32]));
//! ```
//!
//! A registered contract can be called as a chain would call it, by its typed client, from a test
//! or from another contract. The test itself is the outermost frame: a contract that it calls sees
//! the address of [`set_self_address`] as its caller.
//!
//! ```
//! #[sdk::contract]
//! pub mod greeter {
//!     pub fn greet() -> Option<sdk::Address> {
//!         Some(sdk::env::caller())
//!     }
//! }
//! use greeter::GreeterClient;
//! use sdk::{Address, mock};
//!
//! let (alice, greeter) = (Address([1; 32]), Address([2; 32]));
//! mock::register(greeter, greeter::entries::ALL);
//! mock::set_self_address(alice);
//! assert_eq!(GreeterClient::at(greeter).greet(), Ok(Some(alice)));
//! ```
use std::collections::BTreeMap;

use borsh::BorshDeserialize;

use crate::{Address, Event, Revert, entry::Adapter};

mod calls;
mod curves;
pub(crate) mod host;
mod state;

use state::with;

/// The entries of a contract by their names: the `entries::ALL` that `#[contract]` generates.
pub type EntryTable = &'static [(&'static str, Adapter)];

/// An event as the host records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedEvent {
    /// Contract that emitted it.
    pub address: Address,
    /// Topics: that of the name, then those of the marked fields.
    pub topics: Vec<[u8; 32]>,
    /// Borsh encoding of the event.
    pub data: Vec<u8>,
}

impl EmittedEvent {
    /// The event as an `E`, if it has that name and decodes.
    #[must_use]
    pub fn decode<E: Event + BorshDeserialize>(&self) -> Option<E> {
        if self.topics.first() != Some(&E::NAME_TOPIC) {
            return None;
        }
        E::try_from_slice(&self.data).ok()
    }
}

/// Resets the host: empty storage, no contracts, no events, everything zero.
pub fn reset() {
    with(|host| *host = state::Host::default());
}

/// Sets the caller of the test itself: [`env::caller`](crate::env::caller) returns it in an entry
/// that the test calls as a function.
pub fn set_caller(caller: Address) {
    with(|host| host.base.caller = caller.0);
}

/// Sets the address of the test: the contract whose storage it sees, and the caller of its calls.
pub fn set_self_address(address: Address) {
    with(|host| host.base.address = address.0);
}

/// Sets the value that [`env::value`](crate::env::value) returns in the test itself.
///
/// It changes no balance: use a client to move the value.
pub fn set_value(value: u128) {
    with(|host| host.base.value = value);
}

/// Sets the height of the block.
pub fn set_block_height(height: u64) {
    with(|host| host.height = height);
}

/// Sets the time of the block, in milliseconds.
pub fn set_block_time(time: u64) {
    with(|host| host.time = time);
}

/// Sets the chain's id.
pub fn set_chain_id(chain_id: [u8; 32]) {
    with(|host| host.chain_id = chain_id);
}

/// Sets the hash of the block at a height.
pub fn set_block_hash(height: u64, hash: [u8; 32]) {
    with(|host| host.block_hashes.insert(height, hash));
}

/// Sets the proposer of the block.
pub fn set_proposer(proposer: Address) {
    with(|host| host.proposer = proposer.0);
}

/// Sets the hash of the transaction.
pub fn set_tx_hash(hash: [u8; 32]) {
    with(|host| host.tx_hash = hash);
}

/// Sets the balance of an address.
pub fn set_balance(address: Address, balance: u128) {
    with(|host| host.ledger.balances.insert(address.0, balance));
}

/// Registers a contract at an address.
pub fn register(address: Address, entries: EntryTable) {
    with(|host| host.ledger.contracts.insert(address.0, entries));
}

/// Registers code under a hash, so that contracts can deploy it or change to it.
pub fn register_code(code_hash: [u8; 32], entries: EntryTable) {
    with(|host| host.code.insert(code_hash, entries));
}

/// Takes the events emitted so far, in their order.
#[must_use]
pub fn take_events() -> Vec<EmittedEvent> {
    with(|host| {
        host.events_before = 0;
        std::mem::take(&mut host.ledger.events)
    })
}

/// A copy of the storage at the address of the test: raw keys to raw values.
#[must_use]
pub fn storage() -> BTreeMap<Vec<u8>, Vec<u8>> {
    with(|host| host.storage_of(host.base.address))
}

/// A copy of a contract's storage: raw keys to raw values.
#[must_use]
pub fn storage_of(address: Address) -> BTreeMap<Vec<u8>, Vec<u8>> {
    with(|host| host.storage_of(address.0))
}

/// Runs an adapter as a call: decodes its input, and rolls back its effects if it reverts.
///
/// # Errors
/// The revert of the entry.
pub fn call(adapter: Adapter, input: &[u8]) -> Result<Vec<u8>, Revert> {
    let before = with(|host| {
        host.base.input = input.to_vec();
        host.events_before = host.ledger.events.len();
        host.ledger.clone()
    });
    let result = adapter(input);
    if result.is_err() {
        with(|host| host.ledger = before);
    }
    result
}
