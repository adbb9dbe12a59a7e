//! Measures stores on a disk: time, writes and memory of a block, and the time of an opening.
//!
//! ```text
//! measure redb FILE [keys [updates]]    load keys, commit blocks, end without closing the store
//! measure log FILE [keys [updates]]     the same with the log
//! measure open FILE                     open that store of redb, and read one value
//! measure records FILE                  commit 20,000 records of 3 KiB at once, 12 times, in redb
//! ```
//!
//! By default 1,000,000 keys and 5,000 updates, every fifth of a new key; keys have 32 bytes,
//! values 50. A block is written to the store alone: the tree is not part of it. Times are medians;
//! CPU is that of the thread, where Linux reports it.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::disallowed_types,
    reason = "it measures; no result depends on it"
)]

extern crate lockstep_redb_store as redb_store;

use node::{Commit, Disk, LogStore, Store};
use node_sim::synthetic::{SplitMix, commit};
use redb_store::{RedbStore, Settings};
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;
use tree::ValueHash;
use vm::{Fault, StateDiff};

const BLOCKS: u64 = 41;
const LOADED_AT_ONCE: u64 = 50_000;
const NEW_EVERY: u64 = 5;
const VALUE_BYTES: usize = 50;
const CHECKPOINTS: u64 = 12;
const RECORDS: u64 = 20_000;
const RECORD_WORDS: u64 = 3 * 1024 / 8;

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> Done<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| match arguments.get(index) {
        Some(text) => text.parse(),
        None => Ok(default),
    };
    let (keys, updates) = (number(2, 1_000_000)?, number(3, 5_000)?);
    let [kind, path] = [0, 1].map(|index| arguments.get(index).map(String::as_str));
    let path = Path::new(path.ok_or("which file?")?);
    match kind {
        Some("redb") => {
            let mut store = RedbStore::open(path, Settings::default())?;
            measure(&mut store, path, keys, updates)?;
            // As a killed process: nothing is closed.
            std::process::exit(0)
        }
        Some("log") => {
            let mut options = OpenOptions::new();
            let file = options.create(true).append(true).read(true).open(path)?;
            let mut store = LogStore::open(LogFile(file))?;
            measure(&mut store, path, keys, updates)
        }
        Some("open") => open(path),
        Some("records") => records(path),
        _ => Err("redb, log, open or records?".into()),
    }
}

fn measure(store: &mut dyn Store, path: &Path, mut keys: u64, updates: u64) -> Done<()> {
    let mut random = SplitMix(1);
    let (mut height, mut loaded) = (0, 0);
    while loaded < keys {
        let end = keys.min(loaded.saturating_add(LOADED_AT_ONCE));
        let diff = (loaded..end).map(|number| (key(number), Some(value(&mut random))));
        store.commit(commit(height, diff.collect()))?;
        (height, loaded) = (height.saturating_add(1), end);
    }
    let bytes = fs::metadata(path)?.len();
    let (mut wall, mut cpu, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for block in height..height.saturating_add(BLOCKS) {
        let diff = changes(&mut random, &mut keys, updates);
        let before = (Instant::now(), processor(), disk_writes());
        store.commit(commit(block, diff))?;
        wall.push(u64::try_from(before.0.elapsed().as_nanos())?);
        cpu.push(processor().saturating_sub(before.1));
        written.push(disk_writes().saturating_sub(before.2));
    }
    let per_key = |bytes: u64| bytes.checked_div(keys).unwrap_or_default();
    println!("keys                 {keys}");
    println!("a block, clock       {} us", median(&mut wall) / 1_000);
    println!(
        "dearest block, clock {} us",
        wall.last().unwrap_or(&0) / 1_000
    );
    println!("a block, CPU         {} us", median(&mut cpu) / 1_000);
    println!("a block, written     {} KiB", median(&mut written) / 1_024);
    println!(
        "file, loaded         {bytes} bytes, {} a key",
        per_key(bytes)
    );
    let bytes = fs::metadata(path)?.len();
    println!(
        "file, after blocks   {bytes} bytes, {} a key",
        per_key(bytes)
    );
    println!("resident, greatest   {} KiB", status("VmHWM"));
    Ok(())
}

/// As a checkpoint of a paged tree would write them.
fn records(path: &Path) -> Done<()> {
    let mut store = RedbStore::open(path, Settings::default())?;
    let mut random = SplitMix(1);
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for height in 0..CHECKPOINTS {
        let record = |random: &mut SplitMix| -> Vec<u8> {
            let words = (0..RECORD_WORDS).map(|_| random.next());
            words.flat_map(u64::to_le_bytes).collect()
        };
        let records = (0..RECORDS).map(|number| (key(number), Some(record(&mut random))));
        let commit = Commit {
            records: records.collect(),
            ..commit(height, StateDiff::new())
        };
        let before = (Instant::now(), processor());
        store.commit(commit)?;
        wall.push(u64::try_from(before.0.elapsed().as_millis())?);
        cpu.push(processor().saturating_sub(before.1) / 1_000_000);
    }
    println!("a checkpoint, clock  {} ms", median(&mut wall));
    println!("dearest, clock       {} ms", wall.last().unwrap_or(&0));
    println!("a checkpoint, CPU    {} ms", median(&mut cpu));
    let before = Instant::now();
    for _ in 0..RECORDS {
        let number = random.below(RECORDS);
        store.record(&key(number))?.ok_or("a record is missing")?;
    }
    let reading = before.elapsed().as_micros();
    println!("{RECORDS} reads, clock {} ms", reading / 1_000);
    println!("file                 {} bytes", fs::metadata(path)?.len());
    println!("resident, greatest   {} KiB", status("VmHWM"));
    Ok(())
}

fn open(path: &Path) -> Done<()> {
    let start = Instant::now();
    let store = RedbStore::open(path, Settings::default())?;
    let opened = start.elapsed();
    let found = store.read(&key(77))?.is_some();
    println!("opened in {} us, read: {found}", opened.as_micros());
    println!("resident, greatest   {} KiB", status("VmHWM"));
    let start = Instant::now();
    let entries = store.scan(&[], None, usize::MAX)?.len();
    println!(
        "{entries} entries read in {} ms",
        start.elapsed().as_millis()
    );
    std::process::exit(0)
}

fn changes(random: &mut SplitMix, keys: &mut u64, updates: u64) -> StateDiff {
    let known = *keys;
    (0..updates)
        .map(|number| {
            let chosen = if number.checked_rem(NEW_EVERY) == Some(0) {
                *keys = keys.saturating_add(1);
                keys.saturating_sub(1)
            } else {
                random.below(known)
            };
            (key(chosen), Some(value(random)))
        })
        .collect()
}

fn key(number: u64) -> Vec<u8> {
    ValueHash::of(&number.to_le_bytes()).0.to_vec()
}

fn value(random: &mut SplitMix) -> Vec<u8> {
    let words = (0..VALUE_BYTES.div_ceil(8)).map(|_| random.next());
    let bytes = words.flat_map(u64::to_le_bytes);
    bytes.take(VALUE_BYTES).collect()
}

/// The middle value; sorts them.
fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    let middle = values.len().checked_div(2).unwrap_or_default();
    values.get(middle).copied().unwrap_or_default()
}

/// Processor time of this thread in nanoseconds; 0 where it is not reported.
fn processor() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// Bytes that this process has written; 0 where it is not reported.
fn disk_writes() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// A line of the process's status, in KiB; 0 where it is not reported.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let word = line.and_then(|line| line.split_whitespace().nth(1));
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// A file for the log.
struct LogFile(File);

impl Disk for LogFile {
    fn read(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        (&self.0).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.0.write_all(bytes).map_err(failed)
    }

    fn sync(&mut self) -> Result<(), Fault> {
        self.0.sync_data().map_err(failed)
    }

    fn truncate(&mut self, length: u64) -> Result<(), Fault> {
        self.0.set_len(length).map_err(failed)?;
        self.0.sync_data().map_err(failed)
    }
}

fn failed(error: std::io::Error) -> Fault {
    Fault::Store(error.to_string())
}
