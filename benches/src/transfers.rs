//! Measures signed token transfers on one node with a durable store, and the time of each part.
//!
//! ```text
//! decode, signatures | execution, with reads of the store | tree | store: one synced batch
//! ```

use crate::Measured;
use crate::accounts::{PROPOSER, TokenAccounts, check_receipts, parts};
use crate::clock;
use crate::process;
use crate::state::empty;
use crate::statistics::{median, ratio};
use node::state_tree::batch;
use node::{Commit, Header, NoObserver, Node, Receipt, Signed, Store};
use rocksdb_store::{RocksStore, Settings};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tree::Tree;
use vm::{Entries, Event, Fault, Height, StateDiff};

/// Size of the measurement.
#[derive(Clone, Debug)]
pub struct TransferPlan {
    /// Number of accounts; half of them sign with ed25519, half with secp256k1. Each sends one
    /// transfer per block.
    pub accounts: u64,
    /// Number of measured blocks.
    pub blocks: u64,
    /// Folder in which the database is created and removed.
    pub folder: PathBuf,
}

/// The report. Times are medians over the blocks, divided by the number of transfers.
#[derive(Debug, Serialize)]
pub struct TransferReport {
    /// Number of transfers in a block.
    pub transfers: u64,
    /// Number of measured blocks.
    pub blocks: u64,
    /// Transfers per second of processor time of all threads (per second of one core).
    pub per_second_cpu: f64,
    /// Transfers per second of elapsed time.
    pub per_second_wall: f64,
    /// Processor time of a transfer, and its parts.
    pub cpu_us: CpuParts,
    /// Gas used by a transfer.
    pub gas: f64,
}

/// Processor time by part, in microseconds per transfer.
#[derive(Debug, Serialize)]
pub struct CpuParts {
    /// Total.
    pub total: f64,
    /// Decoding, stateless checks, signatures.
    pub signatures: f64,
    /// Execution of the contracts and computation of the net diff, without the parts below.
    pub execution: f64,
    /// Reads of the store during execution.
    pub store_reads: f64,
    /// Update of the state tree.
    pub tree: f64,
    /// The synced write batch.
    pub store: f64,
}

/// Times of the store, and the committed diff, of the last block.
#[derive(Default)]
struct StoreActivity {
    reads: f64,
    commit: f64,
    diff: StateDiff,
}

/// A store that measures the time of reads and commits.
struct TimedStore {
    inner: RocksStore,
    seen: Arc<Mutex<StoreActivity>>,
}

impl TimedStore {
    fn timed<T>(&self, read: impl FnOnce(&RocksStore) -> T) -> T {
        let before = process::cpu();
        let result = read(&self.inner);
        let time = process::difference(process::cpu(), before);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.reads = process::sum(seen.reads, time);
        result
    }
}

impl Store for TimedStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.timed(|store| store.read(key))
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.timed(|store| store.contains(key))
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.timed(|store| store.scan(start, end, limit))
    }

    fn tip(&self) -> Result<Option<node::Tip>, Fault> {
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner.chain_id()
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
        let diff = commit.diff.clone();
        let before = process::cpu();
        let committed = self.inner.commit(commit);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.commit = process::difference(process::cpu(), before);
        seen.diff = diff;
        committed
    }
}

/// Times of a measured block, in nanoseconds.
struct BlockTimes {
    signatures: f64,
    apply: f64,
    reads: f64,
    tree: f64,
    store: f64,
    wall: f64,
}

/// The measured chain.
struct MeasuredChain {
    node: Node,
    accounts: TokenAccounts,
    seen: Arc<Mutex<StoreActivity>>,
    /// A copy of the node's state tree, to time updates separately.
    tree: Tree,
}

/// Measures the transfers.
///
/// # Errors
/// If the node stops at a fault or a transfer fails.
pub fn report(plan: &TransferPlan) -> Measured<TransferReport> {
    let mut chain = MeasuredChain::start(plan)?;
    chain.prepare()?;
    let mut blocks = Vec::new();
    let mut gas = 0;
    for number in 0..plan.blocks {
        let (block, gas_used) = chain.transfers(number)?;
        blocks.push(block);
        gas = gas_used;
    }
    drop(chain);
    std::fs::remove_dir_all(&plan.folder)?;
    let count = process::float(plan.accounts);
    let each = |of: fn(&BlockTimes) -> f64| {
        let samples: Vec<f64> = blocks.iter().map(of).collect();
        ratio(ratio(median(&samples), count), 1e3)
    };
    let total = each(|block| process::sum(block.signatures, block.apply));
    let parts = [
        each(|block| block.reads),
        each(|block| block.tree),
        each(|block| block.store),
    ];
    let below = parts.into_iter().fold(0.0, process::sum);
    let [store_reads, tree, store] = parts;
    Ok(TransferReport {
        transfers: plan.accounts,
        blocks: plan.blocks,
        per_second_cpu: ratio(1e6, total),
        per_second_wall: ratio(1e6, each(|block| block.wall)),
        cpu_us: CpuParts {
            total,
            signatures: each(|block| block.signatures),
            execution: process::difference(each(|block| block.apply), below),
            store_reads,
            tree,
            store,
        },
        gas: ratio(process::float(gas), count),
    })
}

impl MeasuredChain {
    fn start(plan: &TransferPlan) -> Measured<Self> {
        empty(&plan.folder)?;
        let accounts = TokenAccounts::new(plan.accounts)?;
        let genesis = accounts.genesis().clone();
        let tree = tree_of(&genesis.state());
        let seen = Arc::new(Mutex::new(StoreActivity::default()));
        let store = TimedStore {
            inner: RocksStore::open(&plan.folder, Settings::default())?,
            seen: Arc::clone(&seen),
        };
        Ok(Self {
            node: Node::open(parts(), genesis, Box::new(store))?,
            accounts,
            seen,
            tree,
        })
    }

    /// Uploads and deploys the token, and transfers some to every account.
    fn prepare(&mut self) -> Measured<()> {
        for transactions in self.accounts.setup()? {
            self.apply(transactions)?;
        }
        Ok(())
    }

    /// Applies a block in which every account sends one token to another; returns times and gas.
    fn transfers(&mut self, number: u64) -> Measured<(BlockTimes, u64)> {
        let signed = self.accounts.transfers(number)?;
        self.apply(signed)
    }

    fn apply(&mut self, transactions: Vec<Signed>) -> Measured<(BlockTimes, u64)> {
        let time_ms = self.node.tip().time_ms.saturating_add(1);
        let block = self.node.propose(transactions, time_ms, PROPOSER);
        self.seen().reads = 0.0;
        let start = process::cpu();
        let (checking, valid) = clock::time(|| self.node.validate(block));
        let valid = valid?;
        let validated = process::cpu();
        let (applying, result) = clock::time(|| self.node.apply(&valid, &mut NoObserver));
        let result = result?;
        let applied = process::cpu();
        let receipts = self.node.store().receipts(valid.header().height)?;
        check_receipts(&receipts.unwrap_or_default())?;
        let seen = std::mem::take(&mut *self.seen());
        let changes = batch(&seen.diff);
        let before = process::cpu();
        let root = self.tree.update(&changes);
        let again = process::difference(process::cpu(), before);
        if root.0 != result.state_root {
            return Err("the copy of the state tree has another root than the node".into());
        }
        let block = BlockTimes {
            signatures: process::difference(validated, start),
            apply: process::difference(applied, validated),
            reads: seen.reads,
            tree: again,
            store: seen.commit,
            wall: process::sum(checking, applying),
        };
        Ok((block, result.gas_used))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, StoreActivity> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tree_of(state: &StateDiff) -> Tree {
    let mut tree = Tree::new();
    tree.update(&batch(state));
    tree
}
