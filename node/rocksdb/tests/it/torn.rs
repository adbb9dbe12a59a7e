//! Damages the log after the last synced byte: the store still opens, at a committed prefix.
//!
//! A power loss may keep any part of what was not synced. This test is why logs are recycled: with
//! RocksDB's default, two of 90 logs with a garbage end made its reader loop without end.

use crate::{ExpectedChain, filled, folder};
use node_sim::synthetic::{SplitMix, Synthetic};
use rocksdb_store::{RocksStore, Settings};
use std::fs;
use std::path::{Path, PathBuf};

/// Number of damages of each kind, for fresh and for recycled logs.
const CASES: u64 = 15;
const SECTOR: usize = 512;
const NOTE: &str = "ACKNOWLEDGED";

#[derive(Clone, Copy, Debug)]
enum Damage {
    Truncated,
    Zeros,
    Garbage,
}

/// A copy of a store's files at the moment of a crash.
struct Crashed {
    files: PathBuf,
    /// The log file; its length when block `acknowledged` was synced is `synced`.
    log: String,
    synced: usize,
    acknowledged: u64,
    /// The file of the last acknowledged block, as it was at that block and at the one before.
    notes: [Vec<u8>; 2],
}

#[test]
fn a_torn_log_leaves_a_committed_prefix() {
    for recycled in [false, true] {
        let home = folder(&format!("torn-{recycled}"));
        let chain = Synthetic::small(u64::from(recycled));
        let (crashed, known) = crash(&home, recycled, &chain);
        let mut faults = 0;
        for damage in [Damage::Truncated, Damage::Zeros, Damage::Garbage] {
            for case in 0..CASES {
                let path = home.join("damaged");
                copy(&crashed.files, &path);
                let torn = tear(&crashed, &path, damage, case);
                note(&crashed, &path, case);
                faults += u64::from(!recovers(&path, &crashed, &known, &chain));
                assert!(torn, "{damage:?} {case}: nothing was damaged");
                fs::remove_dir_all(&path).unwrap();
            }
        }
        // A fault is safe, but a power loss must not cost a node its store.
        assert_eq!(faults, 0, "of {} cases", 3 * CASES);
    }
}

/// Writes blocks, of which those up to `acknowledged` count as synced, and copies the files of the
/// open store.
fn crash(home: &Path, recycled: bool, chain: &Synthetic) -> (Crashed, ExpectedChain) {
    let path = home.join("written");
    let (mut store, mut known) = filled(&path, Settings::default(), chain, 3);
    if recycled {
        // Each flush starts a new log; the third one overwrites the first.
        for height in 4..9 {
            known.continue_to(&mut store, chain, height);
            store.compact().unwrap();
        }
    }
    let acknowledged = known.tips.len() as u64 + 5;
    known.continue_to(&mut store, chain, acknowledged - 1);
    let note_before = fs::read(path.join(NOTE)).unwrap();
    known.continue_to(&mut store, chain, acknowledged);
    let notes = [fs::read(path.join(NOTE)).unwrap(), note_before];
    let log = last_log(&path);
    let before = fs::read(path.join(&log)).unwrap();
    known.continue_to(&mut store, chain, acknowledged + 6);
    assert_eq!(last_log(&path), log, "one log has all of it");
    let after = fs::read(path.join(&log)).unwrap();
    let equal = before
        .iter()
        .zip(&after)
        .take_while(|(one, other)| one == other);
    let synced = equal.count();
    let files = home.join("crashed");
    copy(&path, &files);
    let crashed = Crashed {
        files,
        log,
        synced,
        acknowledged,
        notes,
    };
    (crashed, known)
}

/// True if the store opens at a committed prefix and continues; false if it is refused.
fn recovers(path: &Path, crashed: &Crashed, known: &ExpectedChain, chain: &Synthetic) -> bool {
    let settings = Settings {
        open_seconds: 30,
        ..Settings::default()
    };
    let Ok(mut store) = RocksStore::open(path, settings) else {
        return false;
    };
    let height = known.check(&store);
    assert!(height >= crashed.acknowledged, "block {height} is the last");
    let mut again = ExpectedChain::default();
    let mut scratch = node::MemoryStore::new();
    again.continue_to(&mut scratch, chain, height);
    again.continue_to(&mut store, chain, height + 3);
    again.check(&store);
    true
}

/// Leaves the file of the last acknowledged block as a power loss may: up to date, older, torn, or
/// not there.
fn note(crashed: &Crashed, path: &Path, case: u64) {
    let [last, before] = &crashed.notes;
    let mut torn = last.clone();
    torn[..SECTOR].copy_from_slice(&[7; SECTOR]);
    let left = match case % 4 {
        0 => Some(last),
        1 => Some(before),
        2 => Some(&torn),
        _ => None,
    };
    match left {
        Some(bytes) => fs::write(path.join(NOTE), bytes).unwrap(),
        None => fs::remove_file(path.join(NOTE)).unwrap(),
    }
}

/// Damages the log after the synced bytes; true if a byte changed.
fn tear(crashed: &Crashed, path: &Path, damage: Damage, case: u64) -> bool {
    let log = path.join(&crashed.log);
    let mut bytes = fs::read(&log).unwrap();
    let whole = bytes.clone();
    let mut random = SplitMix(case * 3 + damage as u64);
    let length = bytes.len();
    match damage {
        Damage::Truncated => {
            let kept = random.below((length - crashed.synced) as u64) as usize;
            bytes.truncate(crashed.synced + kept);
        }
        Damage::Zeros | Damage::Garbage => {
            let sectors = crashed.synced / SECTOR..length.div_ceil(SECTOR);
            let first = random.below(sectors.len() as u64) as usize + sectors.start;
            for sector in sectors {
                if sector != first && random.below(3) > 0 {
                    continue;
                }
                let start = (sector * SECTOR).max(crashed.synced);
                for byte in &mut bytes[start..length.min((sector + 1) * SECTOR)] {
                    *byte = match damage {
                        Damage::Garbage => random.next() as u8,
                        _ => 0,
                    };
                }
            }
        }
    }
    fs::write(log, &bytes).unwrap();
    bytes != whole
}

/// The log in use: the one with the greatest number.
pub(crate) fn last_log(path: &Path) -> String {
    let names = fs::read_dir(path).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".log")).max().unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
