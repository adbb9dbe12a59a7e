//! Answers the host calls of the `token` kernel natively: a store and a digest of events.
//!
//! In wasm, `../guest.rs` has the same functions over the imports of module `lockstep`.

use rustc_hash::FxBuildHasher;
use std::cell::RefCell;
#[expect(clippy::disallowed_types, reason = "nobody walks over it")]
use std::collections::HashMap;
use std::ops::Range;

/// A light store: what it takes is in every engine's figure and hides what a call costs.
#[expect(clippy::disallowed_types, reason = "nobody walks over it")]
type Entries = HashMap<Vec<u8>, Vec<u8>, FxBuildHasher>;

thread_local! {
    static STORE: RefCell<Entries> = const { RefCell::new(Entries::with_hasher(FxBuildHasher)) };
    static EVENTS: RefCell<u64> = const { RefCell::new(0) };
}

/// Forgets everything: each run begins with an empty store.
pub fn reset() {
    STORE.with_borrow_mut(Entries::clear);
    EVENTS.with_borrow_mut(|digest| *digest = 0);
}

/// Copies the value of `key` to `out`, at most what fits; its full length, -1 if absent.
pub fn storage_read(key: &[u8], out: &mut [u8]) -> i32 {
    STORE.with_borrow(|store| store.get(key).map_or(-1, |value| copy_out(value, out)))
}

/// The same where key and output lie in one memory; `None` if one does not lie in it.
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

/// Writes `value` under `key`.
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

/// Folds bytes into a digest, eight at a time: cheap, so that it does not hide what a call costs.
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
