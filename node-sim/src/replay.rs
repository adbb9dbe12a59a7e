//! Replays an archive on a node and finds the first difference.
//!
//! Specification: docs/spec/blocks.md, "Archive".

use crate::bisect::{Divergence, DivergenceKind, ReferenceSubject, locate};
use crate::case::{Case, Outcome};
use crate::compare::receipt_fields;
use crate::pipeline::StandardPipeline;
use crate::rerun::{MakeEngine, Position, RecordingDepth, Subject, rerun};
use node::archive::{ArchiveError, ArchiveReader, ArchivedBlock, ArchivedTransaction};
use node::{BlockResult, CachePolicy, Executed, Node, Observer, Parts, Store, ValidBlock};
use std::io::Read;
use vm::{Fault, Height};

/// The first difference between a replay and the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayDifference {
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in the block; `None` if only the block as a whole differs.
    pub transaction: Option<u32>,
    /// Id of the transaction.
    pub tx_id: Option<[u8; 32]>,
    /// Field name: `block`, `receipt.*`, `diff`, `transactions` or `result.*`.
    pub field: &'static str,
    /// Value in the archive: decimal, hex or words.
    pub recorded: String,
    /// Value of the replay.
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
    /// The first difference, which ends the replay.
    pub first_difference: Option<ReplayDifference>,
}

/// Why a replay cannot continue; none of these is a difference.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// This machine failed.
    #[error("this machine failed: {0}")]
    Fault(#[from] Fault),
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
    node: Node,
    replayed: ReplaySummary,
    bisecting: Option<MakeEngine>,
    traced: Option<Traced>,
}

impl<R: Read> Replay<R> {
    /// Opens a node on `store`, which is empty or has blocks of the archive's chain.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn new(
        archive: ArchiveReader<R>,
        parts: Parts,
        store: Box<dyn Store>,
    ) -> Result<Self, ReplayError> {
        let node = Node::open(parts, archive.genesis().clone(), store)?;
        let tip = node.tip();
        let replayed = ReplaySummary {
            height: tip.height,
            state_root: tip.result.state_root,
            transactions: 0,
            gas_used: 0,
            first_difference: None,
        };
        Ok(Self {
            archive,
            node,
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

    /// Applies the next block, skipping blocks that the store already has; false at the end of the
    /// archive and after a difference.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn step(&mut self) -> Result<bool, ReplayError> {
        if self.replayed.first_difference.is_some() {
            return Ok(false);
        }
        loop {
            let Some(archived) = self.archive.next_block()? else {
                return Ok(false);
            };
            if archived.block.header.height > self.node.tip().height {
                self.apply(&archived)?;
                return Ok(true);
            }
        }
    }

    /// Summary so far.
    pub const fn replayed(&self) -> &ReplaySummary {
        &self.replayed
    }

    /// Returns the node, for inspection or further blocks.
    pub fn into_node(self) -> Node {
        self.node
    }

    fn apply(&mut self, archived: &ArchivedBlock) -> Result<(), Fault> {
        let height = archived.block.header.height;
        let valid = match self.node.validate(archived.block.clone()) {
            Ok(valid) => valid,
            Err(reason) => {
                let found = reason.to_string();
                self.replayed.first_difference =
                    Some(of_block(height, "block", "valid".to_owned(), found));
                return Ok(());
            }
        };
        let mut entries = ArchiveObserver::default();
        let pending = self.node.execute(&valid, &mut entries)?;
        let result = *pending.result();
        let difference = compare(height, archived, &entries.0, &result);
        if let (Some(difference), Some(engine)) = (&difference, &self.bisecting)
            && let Some(index) = difference.transaction
        {
            self.traced = Some(self.trace(archived, (&valid, index), &**engine)?);
        }
        self.node.commit(pending)?;
        let ReplaySummary {
            height: last,
            state_root,
            transactions,
            gas_used,
            first_difference,
        } = &mut self.replayed;
        *last = height;
        *state_root = result.state_root;
        *gas_used = gas_used.saturating_add(result.gas_used);
        *transactions =
            transactions.saturating_add(u64::try_from(entries.0.len()).unwrap_or(u64::MAX));
        *first_difference = difference;
        Ok(())
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

const fn of_block(
    height: Height,
    field: &'static str,
    recorded: String,
    found: String,
) -> ReplayDifference {
    ReplayDifference {
        height,
        transaction: None,
        tx_id: None,
        field,
        recorded,
        found,
    }
}

fn compare(
    height: Height,
    archived: &ArchivedBlock,
    entries: &[ArchivedTransaction],
    result: &BlockResult,
) -> Option<ReplayDifference> {
    for (index, (recorded, found)) in (0_u32..).zip(archived.entries.iter().zip(entries)) {
        if let Some((field, recorded, found)) = compare_entries(recorded, found) {
            return Some(ReplayDifference {
                transaction: Some(index),
                tx_id: entries
                    .get(usize::try_from(index).ok()?)
                    .map(|entry| entry.receipt.tx_id),
                ..of_block(height, field, recorded, found)
            });
        }
    }
    let recorded = &archived.result;
    let fields = [
        (
            "transactions",
            archived.entries.len().to_string(),
            entries.len().to_string(),
        ),
        (
            "result.gas_used",
            recorded.gas_used.to_string(),
            result.gas_used.to_string(),
        ),
        (
            "result.receipts_root",
            hex::encode(recorded.receipts_root),
            hex::encode(result.receipts_root),
        ),
        (
            "result.state_root",
            hex::encode(recorded.state_root),
            hex::encode(result.state_root),
        ),
    ];
    first_unequal(fields).map(|(field, recorded, found)| of_block(height, field, recorded, found))
}

fn compare_entries(
    left: &ArchivedTransaction,
    right: &ArchivedTransaction,
) -> Option<(&'static str, String, String)> {
    let row = |entry: &ArchivedTransaction| {
        let diff = ("diff", hex::encode(entry.diff_hash));
        receipt_fields(&entry.receipt).into_iter().chain([diff])
    };
    let pairs = row(left).zip(row(right));
    first_unequal(pairs.map(|((field, left), (_, right))| (field, left, right)))
}

fn first_unequal(
    fields: impl IntoIterator<Item = (&'static str, String, String)>,
) -> Option<(&'static str, String, String)> {
    fields.into_iter().find(|(_, left, right)| left != right)
}
