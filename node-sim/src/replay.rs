//! Applies an archive to a node and finds the first thing that comes out differently.
//!
//! Specification: docs/spec/blocks.md, "Archive".

use crate::bisect::{Definition, Part, Site, locate};
use crate::case::{Case, Outcome};
use crate::compare::receipt_fields;
use crate::pipeline::Plain;
use crate::rerun::{Depth, MakeEngine, Position, Subject, rerun};
use node::archive::{ArchiveError, ArchiveReader, ArchivedBlock, Entry};
use node::{BlockResult, CachePolicy, Executed, Node, Observer, Parts, Store, ValidBlock};
use std::io::Read;
use vm::{Fault, Height};

/// The first thing that a replay answers differently from the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayDifference {
    /// Height of the block.
    pub height: Height,
    /// Place of the transaction in the block; `None` if it shows in the block as a whole.
    pub transaction: Option<u32>,
    /// The transaction's id.
    pub tx_id: Option<[u8; 32]>,
    /// `block`, `receipt.*`, `diff`, `transactions` or `result.*`.
    pub field: &'static str,
    /// What the archive says: decimal, hex or words.
    pub recorded: String,
    /// What came out.
    pub found: String,
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The last block that was applied.
    pub height: Height,
    /// Root after it.
    pub state_root: [u8; 32],
    /// Transactions executed.
    pub transactions: u64,
    /// Gas used.
    pub gas_used: u64,
    /// The replay ends with it.
    pub first_difference: Option<ReplayDifference>,
}

/// Why a replay could not go on; neither is a difference.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// This machine failed.
    #[error("this machine failed: {0}")]
    Fault(#[from] Fault),
}

/// What the first difference of a replay was traced to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The transaction with everything that it read, the archived outcome and the found one.
    pub case: Case,
    /// Where the engine parts from R. `None` if R comes to the found outcome too: whoever wrote the
    /// archive was wrong, or the archive was changed.
    pub site: Option<Site>,
}

/// Applies blocks of an archive to a node, one after the other.
pub struct Replay<R> {
    archive: ArchiveReader<R>,
    node: Node,
    replayed: Replayed,
    bisecting: Option<MakeEngine>,
    traced: Option<Traced>,
}

impl<R: Read> Replay<R> {
    /// Opens a node on `store`, which is empty or holds the archive's chain.
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
        let replayed = Replayed {
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

    /// The same, looking into the first difference: `engine` makes the engine of the node again.
    #[must_use]
    pub fn bisecting(mut self, engine: MakeEngine) -> Self {
        self.bisecting = Some(engine);
        self
    }

    /// What the first difference was traced to: `None` if there is none, it is in no transaction,
    /// or nobody asked.
    pub const fn traced(&self) -> Option<&Traced> {
        self.traced.as_ref()
    }

    /// Applies the next block; false at the archive's end and after a difference. Blocks that the
    /// store holds already are passed over.
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

    /// What came out so far.
    pub const fn replayed(&self) -> &Replayed {
        &self.replayed
    }

    /// The node, to look at or to go on with.
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
        let mut entries = Entries::default();
        let pending = self.node.execute(&valid, &mut entries)?;
        let result = *pending.result();
        let difference = compare(height, archived, &entries.0, &result);
        if let (Some(difference), Some(engine)) = (&difference, &self.bisecting)
            && let Some(index) = difference.transaction
        {
            self.traced = Some(self.look(archived, (&valid, index), &**engine)?);
        }
        self.node.commit(pending)?;
        let Replayed {
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

    /// Looks into a transaction of a block that is not committed yet.
    fn look(
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
            steps: &Plain,
            store: self.node.store(),
            cache: CachePolicy::Warm,
        };
        let again = rerun(&subject, &at, Depth::Steps)?;
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let recorded = archived.entries.get(place);
        let recorded = recorded.ok_or_else(|| Fault::invariant("a difference without an entry"))?;
        let outcomes = (
            Outcome::archived("archive", recorded),
            Outcome::of(name, &again.executed),
        );
        let limits = self.node.limits();
        let case = Case::of(self.node.store(), &at, (limits, &again), outcomes)?;
        let definition = Definition::new();
        let site = locate(&definition.beside(&subject), &subject, &at)?;
        let site = (site.part != Part::Unrepeated).then_some(site);
        Ok(Traced { case, site })
    }
}

#[derive(Default)]
struct Entries(Vec<Entry>);

impl Observer for Entries {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(Entry::of(executed));
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
    entries: &[Entry],
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

fn compare_entries(left: &Entry, right: &Entry) -> Option<(&'static str, String, String)> {
    let row = |entry: &Entry| {
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
