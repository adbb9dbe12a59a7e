//! Damages the log after the last synced byte: what opens is a committed prefix, and it opens.
//!
//! A power loss may keep any part of what was not synced. The story behind the recycled logs: with
//! RocksDB's default, two of 90 logs with a garbage end sent its reader round for ever.

use crate::{Known, filled, folder};
use rocksdb_store::synthetic::{Random, Synthetic};
use rocksdb_store::{RocksStore, Settings};
use std::fs;
use std::path::{Path, PathBuf};

/// Damages of each kind, for fresh and for recycled logs.
const CASES: u64 = 15;
const SECTOR: usize = 512;

#[derive(Clone, Copy, Debug)]
enum Damage {
    Truncated,
    Zeros,
    Garbage,
}

/// A store that was copied at some moment: a folder of files, none of them in use.
struct Crashed {
    files: PathBuf,
    /// The log, and how many of its bytes were synced when `acknowledged` was.
    log: String,
    synced: usize,
    acknowledged: u64,
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
                faults += u64::from(!recovers(&path, &crashed, &known, &chain));
                assert!(torn, "{damage:?} {case}: nothing was damaged");
                fs::remove_dir_all(&path).unwrap();
            }
        }
        // A fault is an answer, but a power loss must not cost a node its store.
        assert_eq!(faults, 0, "of {} cases", 3 * CASES);
    }
}

/// Writes blocks, the first half of them acknowledged, and copies the files of the open store.
fn crash(home: &Path, recycled: bool, chain: &Synthetic) -> (Crashed, Known) {
    let path = home.join("written");
    let (mut store, mut known) = filled(&path, Settings::default(), chain, 3);
    if recycled {
        // Each flush begins another log; the third one writes over the first.
        for height in 4..9 {
            known.go_on(&mut store, chain, height);
            store.compact().unwrap();
        }
    }
    let acknowledged = known.tips.len() as u64 + 5;
    known.go_on(&mut store, chain, acknowledged);
    let log = last_log(&path);
    let before = fs::read(path.join(&log)).unwrap();
    known.go_on(&mut store, chain, acknowledged + 6);
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
    };
    (crashed, known)
}

/// True if the store opens at a committed prefix and goes on; false if it is refused.
fn recovers(path: &Path, crashed: &Crashed, known: &Known, chain: &Synthetic) -> bool {
    let settings = Settings {
        open_seconds: 30,
        ..Settings::default()
    };
    let Ok(mut store) = RocksStore::open(path, settings) else {
        return false;
    };
    let height = known.check(&store);
    assert!(height >= crashed.acknowledged, "block {height} is the last");
    let mut again = Known::default();
    let mut scratch = node::MemoryStore::new();
    again.go_on(&mut scratch, chain, height);
    again.go_on(&mut store, chain, height + 3);
    again.check(&store);
    true
}

/// Damages the log beyond what was synced; true if a byte changed.
fn tear(crashed: &Crashed, path: &Path, damage: Damage, case: u64) -> bool {
    let log = path.join(&crashed.log);
    let mut bytes = fs::read(&log).unwrap();
    let whole = bytes.clone();
    let mut random = Random(case * 3 + damage as u64);
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

/// The log that is written: the one of the greatest number.
fn last_log(path: &Path) -> String {
    let names = fs::read_dir(path).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".log")).max().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
