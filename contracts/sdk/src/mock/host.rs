//! Implements the host's functions with the mock's state.
#![expect(clippy::panic, reason = "a test host panics where the real one traps")]

use borsh::BorshDeserialize;
use sha2::Digest;

use super::EmittedEvent;
use super::state::{Host, with};
use crate::{Revert, TOPICS_MAX};

const KEY_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 65_536;
const EVENTS_MAX: usize = 64;

pub(crate) use super::calls::{call, deploy, set_code, transfer};
pub(crate) use super::curves::{
    bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm, bls12_381_map_fp_to_g1,
    bls12_381_map_fp2_to_g2, bls12_381_pairing_check, bn254_add, bn254_mul, bn254_pairing_check,
};
pub(crate) use crate::verify::{
    ed25519 as ed25519_verify, p256 as p256_verify, secp256k1 as secp256k1_verify,
    secp256k1_recover,
};

pub(crate) fn input() -> Vec<u8> {
    with(|host| host.frame().input.clone())
}

fn check_key(key: &[u8]) {
    let len = key.len();
    assert!(
        (1..=KEY_BYTES_MAX).contains(&len),
        "trap KeyLength: a key of {len} bytes"
    );
}

fn check_may_change(host: &Host, what: &str) {
    assert!(!host.frame().is_static, "trap StaticViolation: {what}");
}

/// The contract's own key.
fn own(host: &Host, key: &[u8]) -> ([u8; 32], Vec<u8>) {
    (host.frame().address, key.to_vec())
}

pub(crate) fn storage_read(key: &[u8]) -> Option<Vec<u8>> {
    check_key(key);
    with(|host| host.ledger.storage.get(&own(host, key)).cloned())
}

pub(crate) fn storage_write(key: &[u8], value: &[u8]) {
    let len = value.len();
    with(|host| check_may_change(host, "storage_write"));
    check_key(key);
    assert!(
        len <= VALUE_BYTES_MAX,
        "trap ValueLength: a value of {len} bytes"
    );
    with(|host| {
        let key = own(host, key);
        host.ledger.storage.insert(key, value.to_vec())
    });
}

pub(crate) fn storage_remove(key: &[u8]) -> bool {
    with(|host| check_may_change(host, "storage_remove"));
    check_key(key);
    with(|host| {
        let key = own(host, key);
        host.ledger.storage.remove(&key).is_some()
    })
}

pub(crate) fn storage_has(key: &[u8]) -> bool {
    check_key(key);
    with(|host| host.ledger.storage.contains_key(&own(host, key)))
}

/// Writes one page in the encoding of the host.
pub(crate) fn storage_scan(start: &[u8], end: &[u8], limit: u32, dst: &mut [u8]) -> i32 {
    for bound in [start, end] {
        let len = bound.len();
        assert!(
            len <= KEY_BYTES_MAX,
            "trap KeyLength: a bound of {len} bytes"
        );
    }
    let mut page = vec![0; 4];
    let mut count = 0_u32;
    let entries = with(|host| {
        let entries = host.ledger.storage.range(own(host, start)..);
        let address = host.frame().address;
        let entries = entries.take_while(|((owner, key), _)| {
            *owner == address && (end.is_empty() || key.as_slice() < end)
        });
        let entries = entries.map(|((_, key), value)| (key.clone(), value.clone()));
        entries.collect::<Vec<_>>()
    });
    for (key, value) in entries {
        let before = page.len();
        for bytes in [key, value] {
            page.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            page.extend(bytes);
        }
        let is_first = count == 0;
        if page.len() > dst.len() && is_first {
            return i32::try_from(page.len())
                .unwrap_or(i32::MAX)
                .saturating_neg();
        }
        if page.len() > dst.len() || count == limit {
            page.truncate(before);
            break;
        }
        count = count.saturating_add(1);
    }
    for (slot, byte) in page.iter_mut().zip(count.to_le_bytes()) {
        *slot = byte;
    }
    for (slot, byte) in dst.iter_mut().zip(&page) {
        *slot = *byte;
    }
    i32::try_from(page.len()).unwrap_or(i32::MAX)
}

pub(crate) fn emit_event(topics: &[[u8; 32]], data: &[u8]) {
    with(|host| check_may_change(host, "emit_event"));
    assert!(
        topics.len() <= TOPICS_MAX,
        "trap EventLimit: {} topics",
        topics.len()
    );
    with(|host| {
        let emitted = host.ledger.events.len().saturating_sub(host.events_before);
        assert!(
            emitted < EVENTS_MAX,
            "trap EventLimit: more than {EVENTS_MAX} events"
        );
        let event = EmittedEvent {
            address: host.frame().address.into(),
            topics: topics.to_vec(),
            data: data.to_vec(),
        };
        host.ledger.events.push(event);
    });
}

pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(data).into()
}

pub(crate) fn keccak256(data: &[u8]) -> [u8; 32] {
    sha3::Keccak256::digest(data).into()
}

pub(crate) fn sha512(data: &[u8]) -> [u8; 64] {
    sha2::Sha512::digest(data).into()
}

pub(crate) fn blake3(data: &[u8]) -> [u8; 32] {
    ::blake3::hash(data).into()
}

pub(crate) fn ripemd160(data: &[u8]) -> [u8; 20] {
    ripemd::Ripemd160::digest(data).into()
}

pub(crate) fn block_height() -> u64 {
    with(|host| host.height)
}

pub(crate) fn block_time() -> u64 {
    with(|host| host.time)
}

pub(crate) fn chain_id() -> [u8; 32] {
    with(|host| host.chain_id)
}

pub(crate) fn block_hash(height: u64) -> Option<[u8; 32]> {
    with(|host| host.block_hashes.get(&height).copied())
}

pub(crate) fn proposer() -> [u8; 32] {
    with(|host| host.proposer)
}

pub(crate) fn tx_hash() -> [u8; 32] {
    with(|host| host.tx_hash)
}

pub(crate) fn caller() -> [u8; 32] {
    with(|host| host.frame().caller)
}

pub(crate) fn self_address() -> [u8; 32] {
    with(|host| host.frame().address)
}

pub(crate) fn value() -> u128 {
    with(|host| host.frame().value)
}

pub(crate) fn balance(address: &[u8; 32]) -> u128 {
    with(|host| host.balance(*address))
}

pub(crate) fn returned() -> Vec<u8> {
    with(|host| host.frame().returned.clone())
}

#[expect(
    clippy::print_stdout,
    reason = "a test's captured output is where debug text belongs"
)]
pub(crate) fn debug_log(text: &str) {
    println!("debug_log: {text}");
}

/// Ends the frame: the test fails, or the caller of the callee sees a revert.
pub(crate) fn revert(data: &[u8]) -> ! {
    with(|host| host.reverting = Some(data.to_vec()));
    match Revert::try_from_slice(data) {
        Ok(revert) => panic!("the contract reverted: {revert:?}"),
        Err(_) => panic!("the contract reverted: {data:?}"),
    }
}

pub(crate) fn gas_left() -> u64 {
    panic!("gas exists only in wasm: run the deployed bytes to measure it")
}
