//! Measures the state tree as pages in redb: blocks with their checkpoints, memory, and an opening.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::disallowed_types,
    reason = "it measures; no result depends on it"
)]

extern crate lockstep_redb_store as redb_store;

use clap::{Args, Parser};
use core::cell::Cell;
use node::state_tree::{StateTree, TreeOptions, batch};
use node::{BlockResult, Commit, Header, Receipt, Signed, Store, Tip};
use node_sim::synthetic::SplitMix;
use redb_store::{RedbStore, Settings};
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;
use tree::ValueHash;
use vm::{Entries, Event, Fault, Height, StateDiff};

/// Every so many changes one is of a new key.
const NEW_EVERY: u64 = 10;
const VALUE_BYTES: usize = 32;

type Done<T> = Result<T, Box<dyn Error>>;

/// Measures the state tree as pages in redb. `load` and `update` end as a killed process does:
/// nothing is closed. Times are of this thread's processor and, in brackets, of the clock.
#[derive(Parser)]
enum Command {
    /// Fill a new file with keys.
    Load {
        #[command(flatten)]
        store: StoreArgs,
        /// Number of keys
        keys: u64,
        /// Keys of a block
        #[arg(long, default_value_t = 50_000)]
        block: u64,
    },
    /// Commit blocks of changes to keys drawn at random, every tenth a new one.
    Update {
        #[command(flatten)]
        store: StoreArgs,
        /// Number of keys that were loaded
        keys: u64,
        /// Changes of a block
        #[arg(long, default_value_t = 5_000)]
        changes: u64,
        /// Number of blocks
        #[arg(long, default_value_t = 81)]
        blocks: u64,
    },
    /// Open the file, and read one value.
    Open {
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Args, Clone)]
struct StoreArgs {
    /// File of redb
    file: PathBuf,
    /// Memory of redb, in MiB
    #[arg(long, default_value_t = 256)]
    redb: usize,
    /// Memory of the pages of the tree, in MiB
    #[arg(long, default_value_t = 256)]
    tree: usize,
    /// Leaves of a page, at most
    #[arg(long, default_value_t = tree::limits::PAGE_LEAVES_MAX)]
    page: u32,
    /// Blocks between two checkpoints, at most
    #[arg(long, default_value_t = node::limits::CHECKPOINT_BLOCKS_MAX)]
    every: usize,
    /// Changes between two checkpoints, at most
    #[arg(long, default_value_t = node::limits::CHECKPOINT_CHANGES_MAX)]
    changes_max: usize,
    /// Threads of the tree
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// A store that counts what is read from it.
struct Counting {
    inner: RedbStore,
    reads: Cell<u64>,
}

/// The store and its tree.
struct Measured {
    store: Counting,
    tree: StateTree,
    height: Height,
}

fn main() -> Done<()> {
    match Command::parse() {
        Command::Load { store, keys, block } => load(&store, keys, block)?,
        Command::Update {
            store,
            keys,
            changes,
            blocks,
        } => update(&store, keys, changes, blocks)?,
        Command::Open { store } => {
            let opened = Measured::open(&store)?;
            println!("reads                {}", opened.store.reads.get());
            let found = opened.store.inner.read(&key(77))?.is_some();
            println!("a value is there     {found}");
        }
    }
    println!("resident, greatest   {} KiB", status("VmHWM"));
    // As a killed process: nothing is closed.
    std::process::exit(0)
}

fn load(arguments: &StoreArgs, keys: u64, block: u64) -> Done<()> {
    let mut measured = Measured::open(arguments)?;
    let mut random = SplitMix(1);
    let (mut loaded, start, cpu) = (0_u64, Instant::now(), processor());
    while loaded < keys {
        let end = keys.min(loaded.saturating_add(block));
        let diff = (loaded..end).map(|number| (key(number), Some(value(&mut random))));
        measured.block(diff.collect())?;
        loaded = end;
    }
    println!("keys                 {keys}");
    println!("blocks               {}", measured.height);
    println!("loaded in            {} ms", start.elapsed().as_millis());
    println!(
        "processor            {} ms",
        processor().saturating_sub(cpu) / 1_000_000
    );
    println!(
        "file                 {} bytes",
        fs::metadata(&arguments.file)?.len()
    );
    Ok(())
}

fn update(arguments: &StoreArgs, keys: u64, changes: u64, blocks: u64) -> Done<()> {
    let mut measured = Measured::open(arguments)?;
    let mut random = SplitMix(measured.height.0);
    let mut known = keys;
    let mut costs = Vec::new();
    let (mut checkpoints, mut reads, mut written) = (0_u64, Vec::new(), 0_u64);
    for _ in 0..blocks {
        let diff = (0..changes).map(|number| {
            let chosen = if number.checked_rem(NEW_EVERY) == Some(0) {
                known = known.saturating_add(1);
                known
            } else {
                random.below(keys)
            };
            (key(chosen), Some(value(&mut random)))
        });
        let diff = diff.collect();
        let (start, cpu, read) = (Instant::now(), processor(), measured.store.reads.get());
        let bytes = measured.block(diff)?;
        costs.push((
            processor().saturating_sub(cpu) / 1_000,
            start.elapsed().as_micros(),
        ));
        reads.push(measured.store.reads.get().saturating_sub(read));
        let logged = measured.tree.view(&measured.store).logged();
        checkpoints = checkpoints.saturating_add(u64::from(logged == 0));
        written = written.saturating_add(bytes);
    }
    println!("keys, changes        {keys}, {changes} a block, {blocks} blocks");
    println!("checkpoints          {checkpoints}");
    let count = u128::from(blocks.max(1));
    let sum = |of: fn(&(u64, u128)) -> u128| costs.iter().map(of).sum::<u128>();
    let cpu = sum(|cost| cost.0.into()).checked_div(count);
    let clock = sum(|cost| cost.1).checked_div(count);
    println!("mean                 {cpu:?} us ({clock:?})");
    costs.sort_unstable();
    let middle = costs.get(costs.len() / 2);
    println!("median               {middle:?}");
    println!("dearest              {:?}", costs.last());
    reads.sort_unstable();
    let reads = (reads.get(reads.len() / 2), reads.last());
    println!("records read, median and most {reads:?}");
    println!(
        "records written      {} KiB a block",
        (written / 1_024).checked_div(blocks).unwrap_or_default()
    );
    println!(
        "file                 {} bytes",
        fs::metadata(&arguments.file)?.len()
    );
    Ok(())
}

impl Measured {
    fn open(arguments: &StoreArgs) -> Done<Self> {
        let start = Instant::now();
        let settings = Settings {
            cache_bytes: arguments.redb.saturating_mul(1 << 20),
            ..Settings::default()
        };
        let store = Counting {
            inner: RedbStore::open(&arguments.file, settings)?,
            reads: Cell::new(0),
        };
        println!("store opened in      {} us", start.elapsed().as_micros());
        let options = TreeOptions {
            cache_bytes: arguments.tree.saturating_mul(1 << 20),
            page_leaves_max: arguments.page,
            checkpoint_blocks_max: arguments.every,
            checkpoint_changes_max: arguments.changes_max,
            rebuild: false,
        };
        let (start, cpu) = (Instant::now(), processor());
        let (tree, height) = match store.tip()? {
            None => (StateTree::empty(&store, &options), Height(0)),
            Some(tip) => {
                let tree = StateTree::open(&store, tip.height, &options, arguments.threads)?;
                assert_eq!(tree.root().0, tip.result.state_root, "the root of the tip");
                (tree, tip.height.next())
            }
        };
        let view = tree.view(&store);
        println!(
            "tree opened in       {} us, {} us of processor: {} leaves, {} logs",
            start.elapsed().as_micros(),
            processor().saturating_sub(cpu) / 1_000,
            view.len(),
            view.logged()
        );
        Ok(Self {
            store,
            tree,
            height,
        })
    }

    /// Commits a block; returns the bytes of its records.
    fn block(&mut self, diff: StateDiff) -> Done<u64> {
        let changes = batch(&diff);
        let (root, _) = self.tree.update(&changes, &self.store)?;
        let records = if self.tree.is_due(changes.changes().len()) {
            self.tree.checkpoint(self.height, &self.store)?
        } else {
            self.tree.log(self.height, &changes)
        };
        let bytes = records.iter().filter_map(|(_, record)| record.as_ref());
        let bytes = bytes.map(Vec::len).sum::<usize>();
        let result = BlockResult {
            state_root: root.0,
            receipts_root: [0; 32],
            gas_used: 0,
        };
        let tip = Tip {
            height: self.height,
            hash: [0; 32],
            time_ms: self.height.0,
            result,
        };
        self.store.commit(Commit {
            diff,
            tip,
            header: None,
            receipts: Vec::new(),
            transactions: Vec::new(),
            events: Vec::new(),
            records,
        })?;
        self.height = self.height.next();
        Ok(u64::try_from(bytes)?)
    }
}

impl Store for Counting {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.inner.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner.chain_id()
    }

    fn keeps_records(&self) -> bool {
        self.inner.keeps_records()
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.reads.set(self.reads.get().saturating_add(1));
        self.inner.record(key)
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.inner.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.inner.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.inner.events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.inner.commit(commit)
    }
}

fn key(number: u64) -> Vec<u8> {
    ValueHash::of(&number.to_le_bytes()).0.to_vec()
}

fn value(random: &mut SplitMix) -> Vec<u8> {
    let words = (0..VALUE_BYTES.div_ceil(8)).map(|_| random.next());
    let bytes = words.flat_map(u64::to_le_bytes);
    bytes.take(VALUE_BYTES).collect()
}

/// Processor time of this thread in nanoseconds; 0 where it is not reported.
fn processor() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// A line of the process's status, in KiB; 0 where it is not reported.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let word = line.and_then(|line| line.split_whitespace().nth(1));
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}
