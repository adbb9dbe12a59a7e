//! Counts the deletions that scans pass, and compares scans over deletions with a store in memory.

use crate::folder;
use node::{MemoryStore, Store};
use node_sim::synthetic::{SplitMix, commit};
use rocksdb::perf::{PerfContext, PerfMetric, PerfStatsLevel, set_perf_stats};
use rocksdb_store::{RocksStore, Settings};
use vm::StateDiff;

const DELETED: u64 = 100_000;

/// Keys in the order of their numbers.
fn key(number: u64) -> Vec<u8> {
    let mut bytes = number.to_le_bytes();
    bytes.reverse();
    bytes.repeat(4)
}

fn changes(numbers: impl Iterator<Item = u64>, value: Option<&[u8]>) -> StateDiff {
    numbers
        .map(|number| (key(number), value.map(<[u8]>::to_vec)))
        .collect()
}

/// Entries of RocksDB that a scan passes.
fn passed(store: &RocksStore, start: u64, end: u64, limit: usize) -> (u64, usize) {
    set_perf_stats(PerfStatsLevel::EnableCount);
    let mut counters = PerfContext::default();
    counters.reset();
    let found = store.scan(&key(start), Some(&key(end)), limit).unwrap();
    let passed = counters.metric(PerfMetric::InternalDeleteSkippedCount)
        + counters.metric(PerfMetric::InternalKeySkippedCount);
    set_perf_stats(PerfStatsLevel::Disable);
    (passed, found.len())
}

/// Where the deletions are when the scan comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Memory,
    Files,
    Both,
}

#[test]
fn a_scan_over_100_000_deleted_keys_passes_them_once() {
    for place in [Place::Memory, Place::Files, Place::Both] {
        let path = folder(&format!("deleted-{place:?}"));
        let settings = Settings {
            buffer_bytes: if place == Place::Files {
                64 * 1024
            } else {
                64 * 1024 * 1024
            },
            ..Settings::default()
        };
        let mut store = RocksStore::open(&path, settings).unwrap();
        let all = 0..DELETED + 2;
        store
            .commit(commit(0, changes(all, Some(b"value"))))
            .unwrap();
        if place == Place::Both {
            store.compact().unwrap();
        }
        for (height, start) in (1..).zip((1..=DELETED).step_by(10_000)) {
            let part = changes(start..start + 10_000, None);
            store.commit(commit(height, part)).unwrap();
        }
        let (first, found) = passed(&store, 0, DELETED + 2, 9);
        assert_eq!(found, 2, "{place:?}");
        assert!(first < 3 * DELETED, "{place:?}: {first}");
        // From the start, from inside, and with any end.
        for (start, end, expected) in [
            (0, DELETED + 2, 2),
            (0, DELETED, 1),
            (1, DELETED + 2, 1),
            (DELETED / 2, DELETED + 1, 0),
            (DELETED / 2, DELETED + 2, 1),
        ] {
            let (again, found) = passed(&store, start, end, 9);
            assert_eq!(found, expected, "{place:?}");
            assert!(again < 600, "{place:?}: {again}");
        }
        around(&mut store, place);
    }
}

/// Keys that are written into the range, and deleted around it, do not make it dear again.
fn around(store: &mut RocksStore, place: Place) {
    let middle = DELETED / 2;
    for (height, number, value) in [
        (11, middle, Some(&b"back"[..])),
        (12, middle, None),
        (13, 0, None),
        (14, DELETED + 1, None),
    ] {
        let diff = changes(number..number + 1, value);
        store.commit(commit(height, diff)).unwrap();
        let mut passed_in_all = 0;
        for start in (0..DELETED).step_by(1_000) {
            passed_in_all += passed(store, start, DELETED + 9, 9).0;
        }
        assert!(
            passed_in_all < 30_000,
            "{place:?} {height}: {passed_in_all}"
        );
    }
}

#[test]
fn scans_over_deletions_equal_those_of_a_store_in_memory() {
    const KEYS: u64 = 1_500;
    for seed in 0..6 {
        let path = folder(&format!("deletions-{seed}"));
        let mut random = SplitMix(seed);
        let mut store = RocksStore::open(&path, Settings::small()).unwrap();
        let mut memory = MemoryStore::new();
        for height in 0..60 {
            let mut diff = StateDiff::new();
            for _ in 0..random.below(6) {
                let start = random.below(KEYS);
                let value = (random.below(3) == 0).then_some(&b"v"[..]);
                let count = match value {
                    Some(_) => random.below(40),
                    None => random.below(400),
                };
                diff.extend(changes(start..start + count, value));
            }
            if height % 10 == 0 {
                diff.extend(changes(0..KEYS, Some(b"all")));
            }
            memory.commit(commit(height, diff.clone())).unwrap();
            store.commit(commit(height, diff)).unwrap();
            for _ in 0..30 {
                let start = key(random.below(KEYS));
                let end = key(random.below(KEYS + 400));
                let end = (random.below(4) > 0).then_some(end.as_slice());
                let limit = random.below(5) as usize * 100;
                assert_eq!(
                    store.scan(&start, end, limit).unwrap(),
                    memory.scan(&start, end, limit).unwrap(),
                    "seed {seed}, block {height}"
                );
            }
        }
    }
}
