//! Commits blocks with one candidate when the parent process requests it, and reports figures.

use super::jellyfish::Jellyfish;
use super::{BlockFigures, FinalFigures, empty};
use crate::process;
use crate::{Measured, clock};
use node::receipt::receipts_root;
use node::state_tree::{StateTree, TreeOptions, batch};
use node::{BlockResult, Commit, Store, Tip};
use node_sim::synthetic::{SplitMix, state_key};
use redb_store::RedbStore;
use rocksdb_store::{RocksStore, Settings};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use vm::{Fault, Height, StateDiff};

/// Size of a value, in bytes.
const VALUE_BYTES: usize = 64;
/// Number of keys in a block while the state is loaded.
const LOADED_AT_ONCE: u64 = 50_000;
/// One of this many changes writes a new key.
const NEW_EVERY: u64 = 5;

/// A state with durable commits.
pub trait Candidate {
    /// Commits a block; returns its root and the processor time to compute it, in nanoseconds.
    ///
    /// # Errors
    /// Errors of the store.
    fn commit(&mut self, diff: StateDiff) -> Measured<([u8; 32], f64)>;

    /// Flushes and compacts the database.
    ///
    /// # Errors
    /// Errors of the store.
    fn settle(&mut self) -> Measured<()>;
}

/// Lockstep's state tree, with its pages in a store.
struct LockstepState<S> {
    store: S,
    tree: StateTree,
    tip: Option<Tip>,
    settle: fn(&S) -> Result<(), Fault>,
}

impl LockstepState<RocksStore> {
    fn open(folder: &Path) -> Measured<Self> {
        let store = RocksStore::open(folder, Settings::default())?;
        Ok(Self::new(store, RocksStore::compact))
    }
}

impl LockstepState<RedbStore> {
    /// A redb file needs no compaction.
    fn open_file(folder: &Path) -> Measured<Self> {
        let store = RedbStore::open(&folder.join("store"), redb_store::Settings::default())?;
        Ok(Self::new(store, |_| Ok(())))
    }
}

impl<S: Store> LockstepState<S> {
    fn new(store: S, settle: fn(&S) -> Result<(), Fault>) -> Self {
        Self {
            tree: StateTree::empty(&store, &TreeOptions::default()),
            store,
            tip: None,
            settle,
        }
    }
}

impl<S: Store> Candidate for LockstepState<S> {
    fn commit(&mut self, diff: StateDiff) -> Measured<([u8; 32], f64)> {
        let before = process::cpu();
        let changes = batch(&diff);
        let state_root = self.tree.update(&changes, &self.store)?.0.0;
        let root_cpu = process::difference(process::cpu(), before);
        let height = self.tip.map_or(Height(0), |tip| tip.height.next());
        let records = if self.tree.is_due(changes.changes().len()) {
            self.tree.checkpoint(height, &self.store)?
        } else {
            self.tree.log(height, &changes)
        };
        let tip = Tip {
            height,
            hash: [0; 32],
            time_ms: height.0,
            result: BlockResult {
                state_root,
                receipts_root: receipts_root(&[]),
                gas_used: 0,
            },
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
        self.tip = Some(tip);
        Ok((state_root, root_cpu))
    }

    fn settle(&mut self) -> Measured<()> {
        Ok((self.settle)(&self.store)?)
    }
}

/// Command line of a worker.
#[derive(Debug, clap::Args)]
pub struct WorkerArguments {
    /// `lockstep`, `redb` or `jmt`.
    pub candidate: String,
    /// Number of keys before the first measured block.
    #[arg(long)]
    pub keys: u64,
    /// Number of changes in a block.
    #[arg(long)]
    pub updates: u64,
    /// Folder of the database.
    #[arg(long)]
    pub folder: PathBuf,
}

/// Loads the state, then serves requests until the pipe closes.
///
/// # Errors
/// Errors of the store and of the pipes.
pub fn run(arguments: &WorkerArguments) -> Measured<()> {
    empty(&arguments.folder)?;
    let mut candidate: Box<dyn Candidate> = match arguments.candidate.as_str() {
        "lockstep" => Box::new(LockstepState::open(&arguments.folder)?),
        "jmt" => Box::new(Jellyfish::open(&arguments.folder)?),
        "redb" => Box::new(LockstepState::open_file(&arguments.folder)?),
        other => {
            let known = "use lockstep, redb or jmt";
            return Err(format!("unknown candidate {other}: {known}").into());
        }
    };
    let mut random = SplitMix(1);
    load(candidate.as_mut(), arguments.keys, &mut random)?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "\"loaded\"")?;
    output.flush()?;
    let mut keys = arguments.keys;
    let (cpu, bytes) = (process::cpu(), process::written());
    for request in std::io::stdin().lock().lines() {
        let reply = match request?.as_str() {
            "block" => {
                let diff = changes(&mut random, &mut keys, arguments.updates);
                serde_json::to_string(&block(candidate.as_mut(), diff)?)?
            }
            _ => {
                candidate.settle()?;
                serde_json::to_string(&FinalFigures {
                    cpu: process::difference(process::cpu(), cpu),
                    bytes: process::difference(process::written(), bytes),
                    resident: process::resident(),
                    disk: process::disk(&arguments.folder),
                })?
            }
        };
        writeln!(output, "{reply}")?;
        output.flush()?;
    }
    drop(candidate);
    Ok(std::fs::remove_dir_all(&arguments.folder)?)
}

fn load(candidate: &mut dyn Candidate, keys: u64, random: &mut SplitMix) -> Measured<()> {
    let mut number = 0;
    while number < keys {
        let end = keys.min(number.saturating_add(LOADED_AT_ONCE));
        let diff = (number..end).map(|number| (state_key(number), Some(value(random))));
        candidate.commit(diff.collect())?;
        number = end;
    }
    candidate.settle()
}

fn changes(random: &mut SplitMix, keys: &mut u64, updates: u64) -> StateDiff {
    let known = *keys;
    (0..updates)
        .map(|number| {
            let key = if number.checked_rem(NEW_EVERY) == Some(0) {
                let new = *keys;
                *keys = new.saturating_add(1);
                new
            } else {
                random.below(known)
            };
            (state_key(key), Some(value(random)))
        })
        .collect()
}

fn value(random: &mut SplitMix) -> Vec<u8> {
    let words = (0..VALUE_BYTES.div_ceil(8)).map(|_| random.next());
    words.flat_map(u64::to_le_bytes).collect()
}

fn block(candidate: &mut dyn Candidate, diff: StateDiff) -> Measured<BlockFigures> {
    let (cpu, bytes) = (process::cpu(), process::written());
    let (wall, committed) = clock::time(|| candidate.commit(diff));
    let (root, root_cpu) = committed?;
    Ok(BlockFigures {
        cpu: process::difference(process::cpu(), cpu),
        root_cpu,
        wall,
        bytes: process::difference(process::written(), bytes),
        root: hex(&root),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
