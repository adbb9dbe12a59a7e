//! Runs a chain for a consensus engine: proposes, verifies and finalizes blocks.
//!
//! ```text
//! propose(parent) -> Block --network--> verify(block) -> Valid(result) --votes--> finalize(hash)
//!                                         |  on any known block that is not final     |
//!                                         v                                           v
//!                                  unfinalized blocks (memory, bounded)      one durable commit
//! ```
//!
//! A header contains its parent's result, so proposing executes nothing. The first
//! [`Chain::verify`] of a block executes it, of this node's own block too; later ones return the
//! result that is kept, and [`Chain::finalize`] executes nothing.
//!
//! # Threads
//! All functions take `&self` and may be called from several threads. Executions, proposals and
//! finalizations follow one another, and proofs of the state with them; queries wait for a commit
//! only, and a commit for the queries that run. Signatures are verified before an execution waits
//! for its turn.
//!
//! # Faults
//! A fault in [`Chain::verify`] is a refusal to vote: nothing changed, and the same block may be
//! verified again. The transaction in which it happened is left out of this node's proposals from
//! then on ([`Chain::quarantined`]). After a fault in [`Chain::finalize`] every call returns that
//! fault, until the chain is opened again.
//!
//! # Restart
//! Blocks that are not final, pending transactions and what reading earlier states takes are in
//! memory only. After a restart the chain is at the last final block, and the engine verifies the
//! blocks above it again.
//!
//! # Invariants
//! * The locks are taken in this order: position, store, unfinalized blocks, mempool.
//! * The last final block of the unfinalized blocks is the store's, whenever the store is locked.
//!
//! Specification: docs/spec/blocks.md, "Chain adapter". Tests: `tests/it/drive`.

/// Results of calls.
mod outcome;

/// Transactions that are not proposed.
mod quarantine;

/// Blocks that are not final.
mod unfinalized;

/// The tree and its position.
mod position;

/// Proposals.
mod propose;

/// Votes by a clock.
mod timely;

/// Queries.
mod query;

/// What a query of an earlier block takes.
mod recent;

/// Blocks that are served.
mod blocks;

/// Proofs.
mod prove;

/// The mempool.
mod pool;

pub use crate::misuse::Misuse;
pub use blocks::VerifiedBlock;
pub use outcome::{ChainError, Verdict};
pub use propose::Proposal;
pub use prove::{Proven, Subject};
pub use query::At;
pub use timely::Clock;

use crate::block::{Block, Invalid, ValidBlock, ValidationContext, transactions_root};
use crate::block_execution::Observer;
use crate::cache::CodeCache;
use crate::code_records;
use crate::execute::Executed;
use crate::genesis::Genesis;
use crate::header::{BlockResult, Header, Tip};
use crate::limits::{
    QUARANTINED_MAX, QUERY_BLOCKS_MAX, QUERY_BYTES_MAX, SIGNATURES_MAX, UNFINALIZED_BLOCKS_MAX,
    UNFINALIZED_BYTES_MAX,
};
use crate::mempool::MempoolOptions;
use crate::node::Parts;
use crate::opening::open_store;
use crate::rebuild_records;
use crate::signatures::Signatures;
use crate::state_tree::TreeOptions;
use crate::store::{Commit, Store};
use crate::upgrade::{ChainSpec, Planned};
use pool::Pool;
use position::{Executor, Position};
use quarantine::Quarantine;
use recent::RecentBounds;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use unfinalized::{Bounds, UnfinalizedBlock, UnfinalizedBlocks};
use vm::{Fault, Rules, StateDiff};

/// Settings of one machine. No result depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads that verify signatures and update the tree, the caller's included; 0 and 1 start no
    /// thread.
    pub workers: usize,
    /// Executed blocks that are not final and are kept; one on the last final block always is.
    pub unfinalized_blocks_max: usize,
    /// Bytes of executed blocks that are not final and are kept: changed keys, values before and
    /// after, transactions, receipts, events.
    pub unfinalized_bytes_max: u64,
    /// Final blocks below the last one whose state can be read.
    pub query_blocks_max: usize,
    /// Bytes of what reading them takes: keys and earlier values.
    pub query_bytes_max: u64,
    /// Bounds of the mempool; `None` for a chain without one.
    pub mempool: Option<MempoolOptions>,
    /// Transactions that are left out of proposals because this machine failed in them.
    pub quarantined_max: usize,
    /// Transactions whose verified signatures are remembered.
    pub signatures_max: usize,
    /// Settings of the state tree.
    pub tree: TreeOptions,
}

impl Default for Options {
    /// No threads, and the bounds of [`crate::limits`] and of [`MempoolOptions`].
    fn default() -> Self {
        Self {
            workers: 0,
            unfinalized_blocks_max: UNFINALIZED_BLOCKS_MAX,
            unfinalized_bytes_max: UNFINALIZED_BYTES_MAX,
            query_blocks_max: QUERY_BLOCKS_MAX,
            query_bytes_max: QUERY_BYTES_MAX,
            mempool: Some(MempoolOptions::default()),
            quarantined_max: QUARANTINED_MAX,
            signatures_max: SIGNATURES_MAX,
            tree: TreeOptions::default(),
        }
    }
}

/// A chain that a consensus engine drives.
pub struct Chain {
    parts: Parts,
    cache: CodeCache,
    genesis: Genesis,
    /// Rules by height, as configured.
    planned: Planned,
    chain_id: [u8; 32],
    signatures: Signatures,
    quarantine: Quarantine,
    position: Mutex<Position>,
    store: RwLock<Box<dyn Store + Sync>>,
    unfinalized: RwLock<UnfinalizedBlocks>,
    pool: Pool,
    stopped: OnceLock<Fault>,
}

/// What is known of a block and its parent.
enum Known {
    /// The block is verified, or is the last final one.
    Block(BlockResult),
    /// The parent is known; the blocks up to it, and the parent.
    Parent(Vec<Arc<UnfinalizedBlock>>, Tip),
    /// The parent is not known.
    Nothing,
    /// The block is not above the last final one.
    Stale,
}

impl Chain {
    /// Opens a chain on `store`: commits the genesis if the store is empty, and opens the tree.
    /// `chain` is a [`Genesis`], or a [`ChainSpec`] with upgrade documents.
    ///
    /// # Errors
    /// As [`crate::Node::open`].
    pub fn open(
        parts: Parts,
        chain: impl Into<ChainSpec>,
        mut store: Box<dyn Store + Sync>,
        options: &Options,
    ) -> Result<Self, Fault> {
        let chain = chain.into();
        let threads = options.workers.max(1);
        let (tip, tree) = open_store(store.as_mut(), chain.genesis(), &options.tree, threads)?;
        let activations = chain.listed(store.as_ref())?;
        let (genesis, planned) = chain.into_parts();
        let listed = (&activations, tip.height);
        if let Ok(rules) = planned.rules_at(listed, &parts.rules, tip.height.next()) {
            rebuild_records::rebuild(store.as_mut(), rules, &parts.rules)?;
        }
        let bounds = Bounds {
            blocks: options.unfinalized_blocks_max,
            bytes: options.unfinalized_bytes_max,
        };
        let recent = RecentBounds {
            blocks: options.query_blocks_max,
            bytes: options.query_bytes_max,
        };
        parts.cache.prepare(parts.engine.as_ref());
        Ok(Self {
            cache: CodeCache::new(parts.cache, &parts.rules),
            parts,
            chain_id: genesis.chain_id(),
            genesis,
            planned,
            signatures: Signatures::new(threads, options.signatures_max),
            quarantine: Quarantine::new(options.quarantined_max),
            position: Mutex::new(Position::new(tree)),
            store: RwLock::new(store),
            unfinalized: RwLock::new(UnfinalizedBlocks::new(tip, bounds, recent)),
            pool: Pool::new(options.mempool),
            stopped: OnceLock::new(),
        })
    }

    /// The last final block. It is durable.
    ///
    /// # Errors
    /// [`Fault`] if the chain stopped.
    pub fn tip(&self) -> Result<Tip, Fault> {
        self.running()?;
        Ok(*read_lock(&self.unfinalized)?.tip())
    }

    /// SHA-256 of the genesis document.
    #[must_use]
    pub const fn chain_id(&self) -> &[u8; 32] {
        &self.chain_id
    }

    /// Number of verified blocks that are not final.
    ///
    /// # Errors
    /// As [`Chain::tip`].
    pub fn unfinalized(&self) -> Result<usize, Fault> {
        self.running()?;
        Ok(read_lock(&self.unfinalized)?.len())
    }

    /// Number of final blocks below the last one whose state can be read, and bytes of what that
    /// takes.
    ///
    /// # Errors
    /// As [`Chain::tip`].
    pub fn query_sizes(&self) -> Result<(usize, u64), Fault> {
        self.running()?;
        Ok(read_lock(&self.unfinalized)?.recent_size())
    }

    /// Number of signatures verified since the chain was opened; those that were remembered are not
    /// counted again.
    #[must_use]
    pub fn signatures_verified(&self) -> u64 {
        self.signatures.count()
    }

    /// Ids of the transactions in which this machine failed, the oldest first.
    #[must_use]
    pub fn quarantined(&self) -> Vec<[u8; 32]> {
        self.quarantine.ids()
    }

    /// Proposes a transaction again after a fault; true if it was left out.
    pub fn release(&self, id: &[u8; 32]) -> bool {
        self.quarantine.release(id)
    }

    /// Checks a block, and executes it on its parent's state, which may not be final. Keeps the
    /// result until the block is final, discarded, or the oldest of too many.
    ///
    /// # Errors
    /// [`Fault`]: a refusal to vote; the block may be verified again.
    pub fn verify(&self, block: Block) -> Result<Verdict, Fault> {
        self.running()?;
        let hash = block.header.hash();
        let parent = match self.known(&hash, &block.header)? {
            Known::Block(result) => {
                // The hash covers the transactions by their root only.
                let root = transactions_root(&block.transactions);
                return Ok(if root == block.header.transactions_root {
                    Verdict::Valid(result)
                } else {
                    Verdict::Invalid(Invalid::TransactionsRoot)
                });
            }
            Known::Parent(_, parent) => parent,
            Known::Nothing => return Ok(Verdict::UnknownParent),
            Known::Stale => return Ok(Verdict::Stale),
        };
        let above = self.with_base(At::Block(parent.hash), |tip, base| {
            self.rules_above(tip, &base)
        });
        let rules = match above {
            Ok(rules) => rules,
            // Dropped, or overtaken by a final block, since it was found.
            Err(ChainError::Misuse(_)) => return self.not_buildable(&hash, &block.header),
            Err(ChainError::RulesUnknown(unknown)) => return Ok(Verdict::RulesUnknown(unknown)),
            Err(ChainError::Fault(fault)) => return Err(fault),
        };
        let context = self.context(&parent, rules);
        match ValidBlock::with(block, &context, &self.signatures) {
            Ok(valid) => self.execute(&hash, &valid, rules),
            Err(reason) => Ok(Verdict::Invalid(reason)),
        }
    }

    /// Makes a verified block final, whose parent is final: one durable commit. Drops its siblings
    /// and what depends on them. A call for the last final block returns its result again.
    ///
    /// # Errors
    /// [`Misuse::UnknownBlock`], [`Misuse::ParentNotFinal`]; [`Fault`]: the chain is stopped.
    pub fn finalize(&self, hash: &[u8; 32]) -> Result<BlockResult, ChainError> {
        let mut position = self.position.lock().map_err(|_| panicked())?;
        self.running()?;
        let block = {
            let blocks = read_lock(&self.unfinalized)?;
            if blocks.tip().hash == *hash {
                return Ok(blocks.tip().result);
            }
            let block = blocks.get(hash).ok_or(Misuse::UnknownBlock)?;
            if block.header.parent != blocks.tip().hash {
                return Err(Misuse::ParentNotFinal.into());
            }
            Arc::clone(block)
        };
        let records = {
            let store = read_lock(&self.store)?;
            position.records(&block, &**store)
        };
        let mut records = records.map_err(|fault| self.stop(fault))?;
        records.extend(code_records::written(&block.records));
        let commit = Commit {
            diff: StateDiff::clone(&block.diff),
            tip: block.tip,
            header: Some(block.header.clone()),
            receipts: block.receipts.clone(),
            transactions: block.transactions.clone(),
            events: block.events.clone(),
            records,
        };
        let mut store = write_lock(&self.store)?;
        // What is durable is unknown until the store is opened again.
        store.commit(commit).map_err(|fault| self.stop(fault))?;
        write_lock(&self.unfinalized)?.finalize(&block);
        position.finalize();
        self.committed(&**store, &block);
        Ok(block.tip.result)
    }

    /// Drops a block that is not final, and all that depend on it; returns their number, 0 if the
    /// block is not known or is final. A dropped block can be verified again.
    ///
    /// # Errors
    /// As [`Chain::tip`].
    pub fn discard(&self, hash: &[u8; 32]) -> Result<usize, Fault> {
        self.running()?;
        Ok(write_lock(&self.unfinalized)?.remove(hash))
    }

    /// Drops everything but the store, and returns that.
    #[must_use]
    pub fn into_store(self) -> Box<dyn Store + Sync> {
        self.store
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What a block above `parent` is checked against.
    fn context<'a>(&'a self, parent: &'a Tip, rules: &'a Arc<Rules>) -> ValidationContext<'a> {
        ValidationContext {
            chain_id: &self.chain_id,
            limits: self.genesis.limits(),
            rules,
            parent,
        }
    }

    /// Executes a valid block, unless another thread did.
    fn execute(
        &self,
        hash: &[u8; 32],
        block: &ValidBlock,
        rules: &Arc<Rules>,
    ) -> Result<Verdict, Fault> {
        let mut position = self.position.lock().map_err(|_| panicked())?;
        self.running()?;
        let path = match self.known(hash, block.header())? {
            Known::Block(result) => return Ok(Verdict::Valid(result)),
            Known::Parent(path, _) => path,
            Known::Nothing => return Ok(Verdict::UnknownParent),
            Known::Stale => return Ok(Verdict::Stale),
        };
        let executed = {
            let store = read_lock(&self.store)?;
            position.move_to(&path, &**store)?;
            let executor = Executor {
                engine: self.parts.engine.as_ref(),
                cache: &self.cache,
                rules,
                store: &**store,
            };
            let mut progress = Progress(None);
            position
                .execute(&executor, block, &mut progress)
                .inspect_err(|_| {
                    let failed = progress.0.and_then(|index| block.transactions().get(index));
                    if let Some(failed) = failed {
                        self.quarantine.add(*failed.id());
                    }
                })?
        };
        let result = executed.tip.result;
        write_lock(&self.unfinalized)?.insert(executed);
        Ok(Verdict::Valid(result))
    }

    fn known(&self, hash: &[u8; 32], header: &Header) -> Result<Known, Fault> {
        let blocks = read_lock(&self.unfinalized)?;
        let tip = blocks.tip();
        if *hash == tip.hash {
            return Ok(Known::Block(tip.result));
        }
        if let Some(block) = blocks.get(hash) {
            return Ok(Known::Block(block.tip.result));
        }
        Ok(match blocks.path(&header.parent) {
            Some(path) => {
                let parent = path.last().map_or(*tip, |block| block.tip);
                Known::Parent(path, parent)
            }
            None if header.height <= tip.height => Known::Stale,
            None => Known::Nothing,
        })
    }

    /// The verdict on a block whose parent was known a moment ago.
    fn not_buildable(&self, hash: &[u8; 32], header: &Header) -> Result<Verdict, Fault> {
        Ok(match self.known(hash, header)? {
            Known::Block(result) => Verdict::Valid(result),
            Known::Stale => Verdict::Stale,
            Known::Parent(..) | Known::Nothing => Verdict::UnknownParent,
        })
    }

    /// Stops the chain; returns the fault at which it stopped.
    fn stop(&self, fault: Fault) -> Fault {
        self.stopped.get_or_init(|| fault).clone()
    }

    /// Returns the fault at which the chain stopped.
    fn running(&self) -> Result<(), Fault> {
        match self.stopped.get() {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }
}

/// Counts executed transactions, to know in which one a fault happened; `None` before the first.
struct Progress(Option<usize>);

impl Observer for Progress {
    fn begin(&mut self) {
        self.0 = Some(0);
    }

    fn transaction(&mut self, _: u32, _: &Executed, _: Option<[u8; 32]>) {
        self.0 = self.0.and_then(|count| count.checked_add(1));
    }
}

fn read_lock<T>(lock: &RwLock<T>) -> Result<RwLockReadGuard<'_, T>, Fault> {
    lock.read().map_err(|_| panicked())
}

fn write_lock<T>(lock: &RwLock<T>) -> Result<RwLockWriteGuard<'_, T>, Fault> {
    lock.write().map_err(|_| panicked())
}

/// A lock is poisoned: a panic may have left what it protects half changed.
fn panicked() -> Fault {
    Fault::invariant("a call of this chain panicked")
}
