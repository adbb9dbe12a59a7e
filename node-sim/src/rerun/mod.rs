//! Executes one transaction of a block again, recorded, on the state before it.

mod record;

pub use record::MakeTraced;

pub(crate) use record::{
    BoundaryEvent, BoundaryEventKind, ExecutionRecord, TracedOperator, WINDOW,
};

use crate::pipeline::BlockPipeline;
use node::{
    BlockEnvironment, CachePolicy, CodeCache, Executed, Overlay, ReadSet, Store, ValidBlock,
};
use record::{RecordedEngine, RecordingEngine, SharedRecord};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use vm::{BlockMetadata, Engine, Fault, Rulebook, Rules, StateDiff};

/// Makes an engine; called for each execution that needs a new one.
pub type MakeEngine = Box<dyn Fn() -> Box<dyn Engine>>;

/// An executor of transactions, with the state before the block.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Name, for messages.
    pub name: &'a str,
    /// Makes its engine; each execution gets a new one.
    pub engine: &'a dyn Fn() -> Box<dyn Engine>,
    /// Makes the same engine with a trace of its operators, if it is R or made of R.
    pub traced: Option<&'a MakeTraced>,
    /// Its pipeline around the VM.
    pub pipeline: &'a dyn BlockPipeline,
    /// Its state before the block.
    pub store: &'a dyn Store,
    /// Policy of its cache of checked modules.
    pub cache: CachePolicy,
}

/// Position of a transaction in a chain.
#[derive(Clone, Copy)]
pub struct Position<'a> {
    /// Rules in force.
    pub rules: &'a Arc<Rules>,
    /// Rules under which stored code may have been accepted.
    pub rulebook: &'a Rulebook,
    /// Block of the transaction.
    pub block: &'a ValidBlock,
    /// Index of the transaction in the block.
    pub index: u32,
}

/// Results of the second execution.
pub(crate) struct Rerun {
    pub(crate) executed: Executed,
    pub(crate) reads: ReadSet,
    /// Changes of the block before the transaction.
    pub(crate) changes: StateDiff,
    pub(crate) metadata: BlockMetadata,
    pub(crate) record: ExecutionRecord,
}

/// How much is recorded.
pub(crate) enum RecordingDepth {
    /// The events between frames and host.
    Events,
    /// Operators too, if the subject traces them; those in this range are kept.
    Operators(Range<u64>),
}

/// Executes the block up to the transaction, then the transaction with a recording.
pub(crate) fn rerun(
    subject: &Subject<'_>,
    at: &Position<'_>,
    depth: RecordingDepth,
) -> Result<Rerun, Fault> {
    let cache = CodeCache::new(subject.cache, at.rulebook);
    let metadata = subject.pipeline.metadata(at.block.header());
    let engine = (subject.engine)();
    let plain = BlockEnvironment {
        engine: engine.as_ref(),
        rules: at.rules,
        block: &metadata,
    };
    let index = usize::try_from(at.index).unwrap_or(usize::MAX);
    let transactions = at.block.transactions();
    let (Some(before), Some(valid)) = (transactions.get(..index), transactions.get(index)) else {
        return Err(Fault::invariant("a block without the transaction"));
    };
    let mut overlay = Overlay::new(subject.store, &cache, at.rules);
    for earlier in before {
        subject
            .pipeline
            .transaction(&plain, &mut overlay, earlier)?;
    }
    let changes = overlay.block_changes().clone();
    let mut overlay = overlay.noting_reads();
    let (recorded, window) = match (depth, subject.traced) {
        (RecordingDepth::Operators(window), Some(traced)) => {
            (RecordedEngine::Operators(traced), window)
        }
        _ => (RecordedEngine::Events((subject.engine)()), 0..0),
    };
    let record: SharedRecord = Arc::new(Mutex::new(ExecutionRecord::keeping(window)));
    let recording = RecordingEngine {
        engine: recorded,
        record: Arc::clone(&record),
    };
    let environment = BlockEnvironment {
        engine: &recording,
        ..plain
    };
    let executed = subject
        .pipeline
        .transaction(&environment, &mut overlay, valid)?;
    let reads = overlay.reads();
    let mut record = core::mem::take(&mut *record::lock(&record));
    record.finish();
    Ok(Rerun {
        executed,
        reads,
        changes,
        metadata,
        record,
    })
}
