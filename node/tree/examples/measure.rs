//! Measures the tree: memory per key, and the time of a rebuild and of an update on one and two
//! threads.
//!
//! `cargo run --release -p lockstep-tree --example measure -- [keys [updates]]`, by default
//! 1,000,000 and 5,000. Each time is the minimum of several rounds; times on one thread are CPU
//! time where Linux reports it, so that other load on the machine matters little. Memory is the
//! growth of the process.
//! by.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::disallowed_types,
    reason = "it measures; no result depends on it"
)]

extern crate lockstep_tree as tree;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use tree::{Batch, Path, Tree, ValueHash};

/// Timed updates, each of other keys.
const ROUNDS: u64 = 15;
/// Timed rebuilds.
const REBUILDS: u64 = 3;
/// Length of the state key of a token balance: kind, address, prefix, address.
const KEY_BYTES: usize = 1 + 32 + 1 + 32;
const VALUE_BYTES: usize = 32;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse());
    let mut number = |default: u64| match arguments.next() {
        Some(Ok(number)) => number,
        _ => default,
    };
    let (keys, updates) = (number(1_000_000), number(5_000));
    let store: BTreeMap<Vec<u8>, Vec<u8>> =
        (0..keys).map(|key| (state_key(key), value(key))).collect();

    let before = resident();
    let leaves = leaves(&store);
    let mut tree = Tree::from_leaves(leaves);
    let grown = resident().saturating_sub(before);
    let per_key = grown.checked_div(keys).unwrap_or_default();
    println!("keys                      {keys}");
    println!("memory                    {grown} bytes, {per_key} a key");

    let rebuilt = least(REBUILDS, |_| {
        let tree = Tree::from_leaves(self::leaves(&store));
        assert_eq!(tree.len(), keys, "every key is in the tree");
    });
    println!("rebuild from a flat store {} ms", milliseconds(rebuilt.cpu));

    let batches: Vec<Batch> = (0..ROUNDS)
        .map(|round| batch(round, keys, updates))
        .collect();
    let mut twin = tree.clone();
    let serial = least(ROUNDS, |round| {
        if let Some(batch) = at(&batches, round) {
            tree.update(batch);
        }
    });
    let parallel = least(ROUNDS, |round| {
        if let Some(batch) = at(&batches, round) {
            twin.update_on(batch, 2);
        }
    });
    assert_eq!(tree.root(), twin.root(), "threads change no root");
    println!("updates                   {updates}");
    println!(
        "one thread                {} ms, {} ms of CPU",
        milliseconds(serial.wall),
        milliseconds(serial.cpu)
    );
    println!(
        "two threads               {} ms",
        milliseconds(parallel.wall)
    );
}

fn at(batches: &[Batch], round: u64) -> Option<&Batch> {
    batches.get(usize::try_from(round).ok()?)
}

/// The hashed leaves of a flat store.
fn leaves(store: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<(Path, ValueHash)> {
    let hashed = |(key, value): (&Vec<u8>, &Vec<u8>)| (Path::of_key(key), ValueHash::of(value));
    store.iter().map(hashed).collect()
}

fn state_key(number: u64) -> Vec<u8> {
    let mut key = vec![2; KEY_BYTES];
    let end = KEY_BYTES.saturating_sub(8);
    if let Some(bytes) = key.get_mut(end..) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    key
}

fn value(number: u64) -> Vec<u8> {
    let mut value = vec![0; VALUE_BYTES];
    if let Some(bytes) = value.get_mut(..8) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    value
}

/// Changes of keys that are spread over the state; nine in ten overwrite, one in ten is new.
fn batch(round: u64, keys: u64, updates: u64) -> Batch {
    (0..updates)
        .map(|number| {
            let drawn = ValueHash::of(&[round.to_le_bytes(), number.to_le_bytes()].concat());
            let [a, b, c, d, e, f, g, h, ..] = drawn.0;
            let drawn = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let spread = keys.saturating_add(keys / 9).max(1);
            let key = drawn.checked_rem(spread).unwrap_or_default();
            let value = value(drawn.rotate_left(32));
            (Path::of_key(&state_key(key)), Some(ValueHash::of(&value)))
        })
        .collect()
}

/// Minimum times of several rounds.
struct Least {
    wall: Duration,
    cpu: Duration,
}

fn least(rounds: u64, mut round: impl FnMut(u64)) -> Least {
    let mut least = Least {
        wall: Duration::MAX,
        cpu: Duration::MAX,
    };
    for number in 0..rounds {
        let (began, cpu) = (Instant::now(), cpu_time());
        round(number);
        let wall = began.elapsed();
        let cpu = match (cpu, cpu_time()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => wall,
        };
        least.wall = least.wall.min(wall);
        least.cpu = least.cpu.min(cpu);
    }
    least
}

/// CPU time of this thread; `None` without Linux.
fn cpu_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Resident memory of this process in bytes; 0 without Linux.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default().saturating_mul(1_024)
}

fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}
