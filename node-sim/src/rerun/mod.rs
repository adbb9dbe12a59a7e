//! Executes one transaction of a block once more, recorded, on the state before it.

mod record;

pub use record::MakeTraced;

pub(crate) use record::{Crossed, Event, Record, Shown, WINDOW};

use crate::pipeline::Steps;
use node::{
    BlockEnvironment, CachePolicy, CodeCache, Executed, Overlay, ReadSet, Store, ValidBlock,
};
use record::{Recorded, Recording, SharedRecord};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use vm::{BlockMetadata, Engine, Fault, Rules, StateDiff};

/// Makes an engine; called again for each execution that needs a fresh one.
pub type MakeEngine = Box<dyn Fn() -> Box<dyn Engine>>;

/// A machine that executes transactions, with the state before the block.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// For people.
    pub name: &'a str,
    /// Its engine; a fresh one for each execution.
    pub engine: &'a dyn Fn() -> Box<dyn Engine>,
    /// The same engine showing its operators, where it is R or made of R.
    pub traced: Option<&'a MakeTraced>,
    /// Its steps around the VM.
    pub steps: &'a dyn Steps,
    /// Its state before the block.
    pub store: &'a dyn Store,
    /// Its cache of checked modules.
    pub cache: CachePolicy,
}

/// Which transaction.
#[derive(Clone, Copy)]
pub struct Position<'a> {
    /// The rules in force.
    pub rules: &'a Arc<Rules>,
    /// The block.
    pub block: &'a ValidBlock,
    /// Place of the transaction in it.
    pub index: u32,
}

/// What the second execution came to.
pub(crate) struct Rerun {
    pub(crate) executed: Executed,
    pub(crate) reads: ReadSet,
    /// What the block had changed before the transaction.
    pub(crate) changes: StateDiff,
    pub(crate) context: BlockMetadata,
    pub(crate) record: Record,
}

/// How much is recorded.
pub(crate) enum Depth {
    /// The steps of the frames.
    Steps,
    /// Operators too, where the subject shows them; those of this range are kept.
    Operators(Range<u64>),
}

/// Executes the block up to the transaction plainly, then the transaction recorded.
pub(crate) fn rerun(
    subject: &Subject<'_>,
    at: &Position<'_>,
    depth: Depth,
) -> Result<Rerun, Fault> {
    let cache = CodeCache::new(subject.cache);
    let context = subject.steps.context(at.block.header());
    let engine = (subject.engine)();
    let plain = BlockEnvironment {
        engine: engine.as_ref(),
        rules: at.rules,
        block: &context,
    };
    let index = usize::try_from(at.index).unwrap_or(usize::MAX);
    let transactions = at.block.transactions();
    let (Some(before), Some(valid)) = (transactions.get(..index), transactions.get(index)) else {
        return Err(Fault::invariant("a block without the transaction"));
    };
    let mut overlay = Overlay::new(subject.store, &cache, at.rules);
    for earlier in before {
        subject.steps.transaction(&plain, &mut overlay, earlier)?;
    }
    let changes = overlay.block_changes().clone();
    let mut overlay = overlay.noting_reads();
    let (recorded, window) = match (depth, subject.traced) {
        (Depth::Operators(window), Some(traced)) => (Recorded::Operators(traced), window),
        _ => (Recorded::Steps((subject.engine)()), 0..0),
    };
    let record: SharedRecord = Arc::new(Mutex::new(Record::keeping(window)));
    let recording = Recording {
        engine: recorded,
        record: Arc::clone(&record),
    };
    let environment = BlockEnvironment {
        engine: &recording,
        ..plain
    };
    let executed = subject
        .steps
        .transaction(&environment, &mut overlay, valid)?;
    let reads = overlay.reads();
    let mut record = core::mem::take(&mut *record::lock(&record));
    record.finish();
    Ok(Rerun {
        executed,
        reads,
        changes,
        context,
        record,
    })
}
