//! Implements the host functions of the `token` kernel natively: a store and a digest of events.
//!
//! In wasm, `../guest.rs` has the same functions, which call the imports of module `lockstep`.

use rustc_hash::FxBuildHasher;
use std::cell::RefCell;
#[expect(clippy::disallowed_types, reason = "it is never iterated")]
use std::collections::HashMap;
use std::ops::Range;

/// A fast store: its time is in every engine's figure, and should be small beside that of a call.
#[expect(clippy::disallowed_types, reason = "it is never iterated")]
type Entries = HashMap<Vec<u8>, Vec<u8>, FxBuildHasher>;

thread_local! {
    static STORE: RefCell<Entries> = const { RefCell::new(Entries::with_hasher(FxBuildHasher)) };
    static EVENTS: RefCell<u64> = const { RefCell::new(0) };
}

/// Clears the store and the digest: each run starts with an empty store.
pub fn reset() {
    STORE.with_borrow_mut(Entries::clear);
    EVENTS.with_borrow_mut(|digest| *digest = 0);
}

/// Copies the part of the value of `key` that fits to `out`; returns its length, -1 if absent.
pub fn storage_read(key: &[u8], out: &mut [u8]) -> i32 {
    STORE.with_borrow(|store| store.get(key).map_or(-1, |value| copy_out(value, out)))
}

/// The same with key and output as ranges of one memory; `None` if one is outside of it.
pub fn storage_read_within(memory: &mut [u8], key: Range<usize>, out: Range<usize>) -> Option<i32> {
    STORE.with_borrow(|store| {
        let value = store.get(memory.get(key)?);
        let out = memory.get_mut(out)?;
        Some(value.map_or(-1, |value| copy_out(value, out)))
    })
}

fn copy_out(value: &[u8], out: &mut [u8]) -> i32 {
    let length = value.len().min(out.len());
    out[..length].copy_from_slice(&value[..length]);
    value.len() as i32
}

/// Stores `value` for `key`.
pub fn storage_write(key: &[u8], value: &[u8]) {
    STORE.with_borrow_mut(|store| match store.get_mut(key) {
        Some(present) => {
            present.clear();
            present.extend_from_slice(value);
        }
        None => drop(store.insert(key.to_vec(), value.to_vec())),
    });
}

/// Emits an event with one topic.
pub fn emit_event(topic: &[u8; 32], data: &[u8]) {
    EVENTS.with_borrow_mut(|digest| *digest = mix(mix(*digest, topic), data));
}

/// Folds bytes into a digest, eight at a time: cheap beside the cost of a call.
#[must_use]
pub fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let fold = |digest: u64, word: u64| {
        (digest ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    };
    let digest = words
        .iter()
        .fold(seed, |digest, word| fold(digest, u64::from_le_bytes(*word)));
    rest.iter()
        .fold(digest, |digest, byte| fold(digest, u64::from(*byte)))
}
