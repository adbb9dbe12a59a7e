//! Replays an archive on a node: compares each block with the store, or executes it and compares
//! what it records, up to the first difference.
//!
//! | block | compared |
//! |---|---|
//! | in the store | header and transactions root, by hashes to its last block; receipts; result |
//! | after it | header and transactions root; receipts, diffs and result of its execution |
//!
//! Specification: docs/spec/blocks.md, "Archive".

/// What a header and recorded results are compared with.
mod compare;

use crate::bisect::{Divergence, DivergenceKind, ReferenceSubject, locate};
use crate::case::{Case, Outcome};
use crate::pipeline::StandardPipeline;
use crate::rerun::{MakeEngine, Position, RecordingDepth, Subject, rerun};
use node::archive::{ArchiveError, ArchiveReader, ArchivedBlock, ArchivedTransaction};
use node::receipt::receipts_root;
use node::state_tree::batch;
use node::{
    BlockResult, CachePolicy, ChainSpec, Executed, Genesis, Invalid, Node, Observer, Parts,
    RulesUnknown, SpecError, Store, Tip, UpgradeDocument, ValidBlock,
};
use std::io::Read;
use tree::Tree;
use vm::{Fault, Height, key};

/// The first difference between a replay and the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayDifference {
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in the block; `None` if only the block as a whole differs.
    pub transaction: Option<u32>,
    /// Id of the transaction.
    pub tx_id: Option<[u8; 32]>,
    /// Field name: `header.*`, `block`, `receipt.*`, `diff`, `transactions` or `result.*`.
    pub field: &'static str,
    /// Value in the archive: decimal, hex or words.
    pub recorded: String,
    /// Value of the replay, or of the store.
    pub found: String,
}

/// Summary of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaySummary {
    /// Height of the last applied block.
    pub height: Height,
    /// State root after that block.
    pub state_root: [u8; 32],
    /// Number of executed transactions.
    pub transactions: u64,
    /// Gas used by them.
    pub gas_used: u64,
    /// Number of blocks of the archive that were compared, with the store or with their execution;
    /// a block that differs is one of them.
    pub compared: u64,
    /// Number of the compared blocks that the store had already, which are not executed again.
    pub stored: u64,
    /// The first difference, which ends the replay.
    pub first_difference: Option<ReplayDifference>,
}

/// Why a replay cannot continue; none of these is a difference.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive has no block.
    #[error("no block was compared: the archive has none; write it with one block at least")]
    Empty,
    /// The archive ends before the last block of the store, so that its blocks cannot be found in
    /// the store.
    #[error(
        "no block was compared: the archive ends at block {last}, the store at block {tip}; replay \
         it on a store that is empty or has only its first blocks"
    )]
    StoreAhead {
        /// Height of the last block of the archive.
        last: Height,
        /// Height of the last block of the store.
        tip: Height,
    },
    /// The store has the genesis of another chain.
    #[error("the store is of another chain, {}: replay the archive on a new one", hex::encode(.0))]
    OtherChain([u8; 32]),
    /// This build does not have the rules in force at a block.
    #[error(transparent)]
    Rules(#[from] RulesUnknown),
    /// A header names other rules than those that are configured for its height.
    #[error(
        "the header of block {height} names the rules {}, but in force there are {}, by the \
         genesis and the upgrade documents: pass the upgrade document of the chain with --upgrade; \
         if the chain has none at this height, the archive is wrong",
        hex::encode(.found),
        hex::encode(.expected)
    )]
    OtherRules {
        /// Height of the block.
        height: Height,
        /// Rules id in the header.
        found: [u8; 32],
        /// Id of the rules that are configured.
        expected: [u8; 32],
    },
    /// The upgrade documents are not those of the chain, or not those of the store.
    #[error("{0}")]
    Spec(SpecError),
    /// This machine failed.
    #[error("this machine failed: {0}")]
    Fault(#[from] Fault),
}

impl From<SpecError> for ReplayError {
    fn from(error: SpecError) -> Self {
        match error {
            SpecError::Fault(fault) => Self::Fault(fault),
            other => Self::Spec(other),
        }
    }
}

/// Cause of the first difference of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The reproducer of the transaction: what it read, the archived outcome and the found one.
    pub case: Case,
    /// Where the engine diverges from R. `None` if R has the found outcome too: then the archive is
    /// wrong.
    pub divergence: Option<Divergence>,
}

/// Replays the blocks of an archive on a node, in order.
pub struct Replay<R> {
    archive: ArchiveReader<R>,
    chain: ChainSpec,
    node: Node,
    /// Last block of the store when the replay began.
    stored: Tip,
    /// Last block of the archive that was compared, with its recorded result; at first the genesis.
    last: Tip,
    replayed: ReplaySummary,
    bisecting: Option<MakeEngine>,
    traced: Option<Traced>,
}

impl<R: Read> Replay<R> {
    /// Opens a node on `store`, which is empty or has the first blocks of the archive.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn new(
        archive: ArchiveReader<R>,
        parts: Parts,
        store: Box<dyn Store>,
    ) -> Result<Self, ReplayError> {
        Self::upgrading(archive, &[], parts, store)
    }

    /// As [`Replay::new`], of a chain with upgrade documents. An archive does not contain them: it
    /// says which rules a block was executed under, not who decided on them.
    ///
    /// # Errors
    /// As [`Replay::new`]; [`ReplayError::Spec`] for a document of another chain, or one that the
    /// store contradicts.
    pub fn upgrading(
        archive: ArchiveReader<R>,
        documents: &[UpgradeDocument],
        parts: Parts,
        store: Box<dyn Store>,
    ) -> Result<Self, ReplayError> {
        if let Some(chain_id) = store.chain_id()?
            && chain_id != archive.genesis().chain_id()
        {
            return Err(ReplayError::OtherChain(chain_id));
        }
        let mut chain = ChainSpec::from(archive.genesis().clone());
        for document in documents {
            chain = chain.with(document)?;
        }
        chain.check(&*store)?;
        let node = Node::open(parts, chain.clone(), store)?;
        let stored = *node.tip();
        let replayed = ReplaySummary {
            height: stored.height,
            state_root: stored.result.state_root,
            transactions: 0,
            gas_used: 0,
            compared: 0,
            stored: 0,
            first_difference: None,
        };
        Ok(Self {
            last: match stored.height {
                Height(0) => stored,
                _ => genesis_tip(archive.genesis()),
            },
            archive,
            chain,
            node,
            stored,
            replayed,
            bisecting: None,
            traced: None,
        })
    }

    /// Also traces the first difference; `engine` makes the node's engine again.
    #[must_use]
    pub fn bisecting(mut self, engine: MakeEngine) -> Self {
        self.bisecting = Some(engine);
        self
    }

    /// Cause of the first difference; `None` if there is none, it is in no transaction, or tracing
    /// is off.
    pub const fn traced(&self) -> Option<&Traced> {
        self.traced.as_ref()
    }

    /// Compares the next block, which is applied unless the store has it; false at the end of the
    /// archive and after a difference.
    ///
    /// # Errors
    /// [`ReplayError`]; at the end [`ReplayError::Empty`] or [`ReplayError::StoreAhead`] if no
    /// block was compared.
    pub fn step(&mut self) -> Result<bool, ReplayError> {
        if self.replayed.first_difference.is_some() {
            return Ok(false);
        }
        let Some(archived) = self.archive.next_block()? else {
            return self.end().map(|()| false);
        };
        let is_stored = self.last.height < self.stored.height;
        let difference = match self.compare_header(&archived) {
            Some(difference) => Some(difference),
            None if is_stored => self.compare_stored(&archived)?,
            None => self.apply(&archived)?,
        };
        self.replayed.compared = self.replayed.compared.saturating_add(1);
        if is_stored {
            self.replayed.stored = self.replayed.stored.saturating_add(1);
        }
        let header = &archived.block.header;
        self.last = Tip {
            height: header.height,
            hash: header.hash(),
            time_ms: header.time_ms,
            result: archived.result,
        };
        self.replayed.first_difference = difference;
        Ok(true)
    }

    /// The end of the archive: until the store's last block is reached, no hash says that the
    /// blocks are those of the store.
    const fn end(&mut self) -> Result<(), ReplayError> {
        if self.replayed.compared == 0 {
            return Err(ReplayError::Empty);
        }
        let (last, tip) = (self.last.height, self.stored.height);
        if last.0 < tip.0 {
            self.replayed.compared = 0;
            self.replayed.stored = 0;
            return Err(ReplayError::StoreAhead { last, tip });
        }
        Ok(())
    }

    /// Genesis and upgrade documents of the chain.
    pub const fn chain(&self) -> &ChainSpec {
        &self.chain
    }

    /// Summary so far.
    pub const fn replayed(&self) -> &ReplaySummary {
        &self.replayed
    }

    /// Returns the node, for inspection or further blocks.
    pub fn into_node(self) -> Node {
        self.node
    }

    fn compare_header(&self, archived: &ArchivedBlock) -> Option<ReplayDifference> {
        // In a chain of the store the header after a block says what its result is: if that differs
        // from the recorded one, the record of the block before is what is wrong.
        let is_before_tip = self.last.height < self.stored.height && self.last.height > Height(0);
        if is_before_tip
            && self.follows(archived)
            && let Some(found) =
                compare::results(&self.last.result, &archived.block.header.parent_result)
        {
            return Some(of_block(self.last.height, found));
        }
        let found = compare::header(archived, self.node.chain_id(), &self.last)?;
        Some(of_block(self.last.height.next(), found))
    }

    /// True if the block names the one before it in the archive as its parent.
    fn follows(&self, archived: &ArchivedBlock) -> bool {
        let header = &archived.block.header;
        header.height == self.last.height.next() && header.parent == self.last.hash
    }

    /// Compares a block with the store, which has it.
    fn compare_stored(&self, archived: &ArchivedBlock) -> Result<Option<ReplayDifference>, Fault> {
        let header = &archived.block.header;
        let height = header.height;
        if let Some(stored) = self.stored_hash(height)?
            && stored != header.hash()
        {
            let values = (hex::encode(header.hash()), hex::encode(stored));
            return Ok(Some(of_block(height, ("header.hash", values.0, values.1))));
        }
        // A store that has dropped the receipts has their root in the header of the next block.
        if let Some(receipts) = self.node.store().receipts(height)?
            && let Some(found) = compare::receipts(archived, &receipts)
        {
            return Ok(Some(found));
        }
        let of_last = || match height == self.stored.height {
            true => compare::results(&archived.result, &self.stored.result),
            false => None,
        };
        let found = compare::count(archived, archived.block.transactions.len())
            .or_else(of_last)
            .or_else(|| compare::entries_with_result(archived));
        Ok(found.map(|found| of_block(height, found)))
    }

    /// Hash of a block of the store, as far as the state has it: that of the last blocks.
    fn stored_hash(&self, height: Height) -> Result<Option<[u8; 32]>, Fault> {
        if height == self.stored.height {
            return Ok(Some(self.stored.hash));
        }
        let value = self.node.store().read(&key::block_hash(height))?;
        Ok(value.and_then(|hash| hash.try_into().ok()))
    }

    /// Executes and commits a block, and compares what it records.
    fn apply(&mut self, archived: &ArchivedBlock) -> Result<Option<ReplayDifference>, ReplayError> {
        let header = &archived.block.header;
        let height = header.height;
        let valid = match self.node.validate(archived.block.clone()) {
            Ok(valid) => valid,
            Err(Invalid::RulesUnknown(unknown)) => return Err(unknown.into()),
            Err(Invalid::RulesId { found, expected }) => {
                return Err(ReplayError::OtherRules {
                    height,
                    found,
                    expected,
                });
            }
            Err(reason) => {
                let found = ("block", "valid".to_owned(), reason.to_string());
                return Ok(Some(of_block(height, found)));
            }
        };
        let mut entries = ArchiveObserver::default();
        let pending = self.node.execute(&valid, &mut entries)?;
        let result = *pending.result();
        let difference = compare::execution(archived, &entries.0, &result);
        if let (Some(difference), Some(engine)) = (&difference, &self.bisecting)
            && let Some(index) = difference.transaction
        {
            self.traced = Some(self.trace(archived, (&valid, index), &**engine)?);
        }
        self.node.commit(pending)?;
        let replayed = &mut self.replayed;
        replayed.height = height;
        replayed.state_root = result.state_root;
        replayed.gas_used = replayed.gas_used.saturating_add(result.gas_used);
        let executed = u64::try_from(entries.0.len()).unwrap_or(u64::MAX);
        replayed.transactions = replayed.transactions.saturating_add(executed);
        Ok(difference)
    }

    /// Traces a difference in a transaction of a block that is not committed yet.
    fn trace(
        &self,
        archived: &ArchivedBlock,
        (block, index): (&ValidBlock, u32),
        engine: &dyn Fn() -> Box<dyn vm::Engine>,
    ) -> Result<Traced, Fault> {
        let at = Position {
            rules: self.node.rules_at(block.header().height)?,
            rulebook: self.node.rulebook(),
            block,
            index,
        };
        let name = engine().name();
        let subject = Subject {
            name,
            engine,
            traced: None,
            pipeline: &StandardPipeline,
            store: self.node.store(),
            cache: CachePolicy::Warm,
        };
        let again = rerun(&subject, &at, RecordingDepth::Events)?;
        let position = usize::try_from(index).unwrap_or(usize::MAX);
        let recorded = archived.entries.get(position);
        let recorded = recorded.ok_or_else(|| Fault::invariant("a difference without an entry"))?;
        let outcomes = (
            Outcome::archived("archive", recorded),
            Outcome::of(name, &again.executed),
        );
        let limits = self.node.limits();
        let case = Case::of(self.node.store(), &at, (limits, &again), outcomes)?;
        let reference = ReferenceSubject::new();
        let divergence = locate(&reference.with_state_of(&subject), &subject, &at)?;
        let divergence = (divergence.kind != DivergenceKind::NotReproduced).then_some(divergence);
        Ok(Traced { case, divergence })
    }
}

#[derive(Default)]
struct ArchiveObserver(Vec<ArchivedTransaction>);

impl Observer for ArchiveObserver {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(ArchivedTransaction::of(executed));
    }
}

/// The genesis as the parent of block 1.
fn genesis_tip(genesis: &Genesis) -> Tip {
    let state_root = Tree::new().update(&batch(&genesis.state())).0;
    Tip {
        height: Height(0),
        hash: genesis.chain_id(),
        time_ms: genesis.time_ms(),
        result: BlockResult {
            state_root,
            receipts_root: receipts_root(&[]),
            gas_used: 0,
        },
    }
}

/// A difference of the block as a whole.
fn of_block(height: Height, (field, recorded, found): compare::Unequal) -> ReplayDifference {
    ReplayDifference {
        height,
        transaction: None,
        tx_id: None,
        field,
        recorded,
        found,
    }
}
