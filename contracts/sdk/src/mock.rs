//! Stands in for the host when a contract's logic is tested natively.
//!
//! Each thread has a host of its own, so tests do not see each other. It keeps storage and
//! events in memory, and panics where the host would trap. It has no gas:
//! [`env::gas_left`](crate::env::gas_left) panics, because a price of native code would be wrong.
//!
//! ```
//! use sdk::{Address, env, mock};
//!
//! mock::set_caller(Address([7; 32]));
//! assert_eq!(env::caller(), Address([7; 32]));
//! ```
#![expect(clippy::panic, reason = "a test host panics where the real one traps")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use borsh::BorshDeserialize;
use sha2::{Digest, Sha256};

use crate::{Address, Event, Revert, TOPICS_MAX, entry::Adapter, verify};

const KEY_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 65_536;
const EVENTS_MAX: usize = 64;

/// An event as the host records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedEvent {
    /// The topic of the name, then those of the marked fields.
    pub topics: Vec<[u8; 32]>,
    /// The borsh of the event.
    pub data: Vec<u8>,
}

impl EmittedEvent {
    /// The event as a typed one, if it is of that name and decodes.
    #[must_use]
    pub fn decode<E: Event + BorshDeserialize>(&self) -> Option<E> {
        if self.topics.first() != Some(&E::NAME_TOPIC) {
            return None;
        }
        E::try_from_slice(&self.data).ok()
    }
}

#[derive(Clone, Default)]
struct Host {
    storage: BTreeMap<Vec<u8>, Vec<u8>>,
    events: Vec<EmittedEvent>,
    /// How many events came from earlier calls: the limit is one transaction's.
    events_before: usize,
    input: Vec<u8>,
    height: u64,
    time: u64,
    chain_id: [u8; 32],
    caller: [u8; 32],
    self_address: [u8; 32],
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

fn with<T>(f: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(f)
}

/// Starts over: empty storage, no events, everything zero.
pub fn reset() {
    with(|host| *host = Host::default());
}

/// Sets who calls.
pub fn set_caller(caller: Address) {
    with(|host| host.caller = caller.0);
}

/// Sets the contract's own address.
pub fn set_self_address(address: Address) {
    with(|host| host.self_address = address.0);
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

/// Takes the events emitted so far, in their order.
#[must_use]
pub fn take_events() -> Vec<EmittedEvent> {
    with(|host| {
        host.events_before = 0;
        std::mem::take(&mut host.events)
    })
}

/// A copy of the storage: raw keys to raw values.
#[must_use]
pub fn storage() -> BTreeMap<Vec<u8>, Vec<u8>> {
    with(|host| host.storage.clone())
}

/// Runs an adapter as a call: its input is decoded, and a revert undoes what it did.
///
/// # Errors
/// The revert of the entry.
pub fn call(adapter: Adapter, input: &[u8]) -> Result<Vec<u8>, Revert> {
    let before = with(|host| {
        host.input = input.to_vec();
        host.events_before = host.events.len();
        host.clone()
    });
    let result = adapter(input);
    if result.is_err() {
        with(|host| *host = before);
    }
    result
}

pub(crate) fn input() -> Vec<u8> {
    with(|host| host.input.clone())
}

pub(crate) fn revert(data: &[u8]) -> ! {
    match Revert::try_from_slice(data) {
        Ok(revert) => panic!("the contract reverted: {revert:?}"),
        Err(_) => panic!("the contract reverted: {data:?}"),
    }
}

fn check_key(key: &[u8]) {
    let len = key.len();
    assert!(
        (1..=KEY_BYTES_MAX).contains(&len),
        "trap KeyLength: a key of {len} bytes"
    );
}

pub(crate) fn storage_read(key: &[u8]) -> Option<Vec<u8>> {
    check_key(key);
    with(|host| host.storage.get(key).cloned())
}

pub(crate) fn storage_write(key: &[u8], value: &[u8]) {
    check_key(key);
    let len = value.len();
    assert!(
        len <= VALUE_BYTES_MAX,
        "trap ValueLength: a value of {len} bytes"
    );
    with(|host| host.storage.insert(key.to_vec(), value.to_vec()));
}

pub(crate) fn storage_remove(key: &[u8]) -> bool {
    check_key(key);
    with(|host| host.storage.remove(key).is_some())
}

pub(crate) fn storage_has(key: &[u8]) -> bool {
    check_key(key);
    with(|host| host.storage.contains_key(key))
}

pub(crate) fn emit_event(topics: &[[u8; 32]], data: &[u8]) {
    let event = EmittedEvent {
        topics: topics.to_vec(),
        data: data.to_vec(),
    };
    assert!(
        topics.len() <= TOPICS_MAX,
        "trap EventLimit: {} topics",
        topics.len()
    );
    with(|host| {
        let emitted = host.events.len().saturating_sub(host.events_before);
        assert!(
            emitted < EVENTS_MAX,
            "trap EventLimit: more than {EVENTS_MAX} events"
        );
        host.events.push(event);
    });
}

pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

pub(crate) use verify::{ed25519 as ed25519_verify, secp256k1 as secp256k1_verify};

pub(crate) fn block_height() -> u64 {
    with(|host| host.height)
}

pub(crate) fn block_time() -> u64 {
    with(|host| host.time)
}

pub(crate) fn chain_id() -> [u8; 32] {
    with(|host| host.chain_id)
}

pub(crate) fn caller() -> [u8; 32] {
    with(|host| host.caller)
}

pub(crate) fn self_address() -> [u8; 32] {
    with(|host| host.self_address)
}

pub(crate) fn gas_left() -> u64 {
    panic!("gas exists only in wasm: run the deployed bytes to measure it")
}

#[expect(
    clippy::print_stdout,
    reason = "a test's captured output is where debug text belongs"
)]
pub(crate) fn debug_log(text: &str) {
    println!("debug_log: {text}");
}
