//! Records what an engine does in one transaction: each event between frames and host, and
//! operators if the engine is made of R.
//!
//! A record is compared, never hashed into a result. The constants bound its size.

use host_api::Function;
use reference::{SharedTrace, Trace};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use vm::unstable::execution::{Invocation, Pending, Step, Stop, Value};
use vm::{CheckedModule, Engine, Execution, Fault, Rules};

/// Maximum number of events recorded in a transaction; later ones are not compared.
pub(crate) const EVENTS_MAX: usize = 262_144;
/// Number of events whose memory is compared; each comparison reads the whole memory.
const MEMORIES_MAX: usize = 2_048;
/// Operators kept at once. Of all others there is one digest per window.
pub(crate) const WINDOW: u64 = 65_536;

/// Makes R, or another engine made of R, with a trace of its operators.
pub type MakeTraced = Box<dyn Fn(SharedTrace) -> Box<dyn Engine> + Send + Sync>;

/// An operator that R was about to execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TracedOperator {
    /// Number of the frame in the transaction, from 1.
    pub(crate) frame: u32,
    pub(crate) function: u32,
    pub(crate) offset: u32,
    pub(crate) gas_before: u64,
    /// The last stack slot, which the previous operator left.
    pub(crate) slot: Option<u64>,
}

/// Kind of an event between engine and host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BoundaryEventKind {
    /// A frame starts at this function.
    Begin(u32),
    /// The guest calls the host with these arguments; with the bytes of the first argument, if that
    /// is a byte range.
    Call(Function, Vec<u64>, Vec<u8>),
    /// The host call returns.
    Return(Option<Value>),
    /// The guest exits.
    Exit(Stop),
}

/// One event between engine and host.
#[derive(Clone, Debug)]
pub(crate) struct BoundaryEvent {
    pub(crate) frame: u32,
    pub(crate) kind: BoundaryEventKind,
    pub(crate) gas: u64,
    /// Digest of the memory; 0 after [`MEMORIES_MAX`] events.
    memory: u64,
    /// The last traced operator. Only R has one, so it is not compared.
    pub(crate) operator: Option<TracedOperator>,
}

impl BoundaryEvent {
    /// True if the two events are indistinguishable.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.frame, &self.kind, self.gas, self.memory)
            == (other.frame, &other.kind, other.gas, other.memory)
    }
}

/// Record of one transaction.
#[derive(Default)]
pub(crate) struct ExecutionRecord {
    pub(crate) events: Vec<BoundaryEvent>,
    /// Module of each frame.
    pub(crate) modules: Vec<Arc<CheckedModule>>,
    /// Digest of the operators so far, one for each [`WINDOW`] of them.
    pub(crate) digests: Vec<u64>,
    /// Numbers of the operators that are kept.
    pub(crate) window: Range<u64>,
    pub(crate) kept: Vec<TracedOperator>,
    /// The last operator of each frame before the window.
    pub(crate) before: BTreeMap<u32, TracedOperator>,
    operators: u64,
    digest: u64,
    last: Option<TracedOperator>,
}

impl ExecutionRecord {
    /// A record that keeps the operators in this window.
    pub(crate) fn keeping(window: Range<u64>) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// Adds the digest of the last window.
    pub(crate) fn finish(&mut self) {
        self.digests.push(self.digest);
    }

    fn push_operator(&mut self, operator: TracedOperator) {
        let TracedOperator {
            frame,
            function,
            offset,
            gas_before,
            slot,
        } = operator;
        let location = (u64::from(function) << 32) | u64::from(offset);
        let slot = slot.map_or(1, |slot| slot.rotate_left(1));
        for word in [u64::from(frame), location, gas_before, slot] {
            self.digest = mix(self.digest, word);
        }
        if self.window.contains(&self.operators) {
            self.kept.push(operator);
        } else if self.operators < self.window.start {
            self.before.insert(frame, operator);
        }
        self.last = Some(operator);
        self.operators = self.operators.saturating_add(1);
        if self.operators.checked_rem(WINDOW) == Some(0) {
            self.digests.push(self.digest);
        }
    }

    fn push_event(&mut self, frame: u32, kind: BoundaryEventKind, gas: u64, memory: &[u8]) {
        if self.events.len() < EVENTS_MAX {
            // How far a guest came before it ran out of gas is no result.
            let is_spent = kind == BoundaryEventKind::Exit(Stop::OutOfGas);
            let gas = if is_spent { 0 } else { gas };
            let is_read = self.events.len() < MEMORIES_MAX && !is_spent;
            let memory = if is_read { digest_of(memory) } else { 0 };
            let operator = self.last;
            self.events.push(BoundaryEvent {
                frame,
                kind,
                gas,
                memory,
                operator,
            });
        }
    }
}

/// Mixes a word into a digest. Not collision resistant: it distinguishes accidental differences.
const fn mix(digest: u64, word: u64) -> u64 {
    (digest ^ word)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
}

fn digest_of(memory: &[u8]) -> u64 {
    let (words, rest) = memory.as_chunks::<8>();
    let digest = words
        .iter()
        .fold(1, |digest, word| mix(digest, u64::from_le_bytes(*word)));
    rest.iter()
        .fold(digest, |digest, byte| mix(digest, u64::from(*byte)))
}

/// A record shared by engine and owner.
pub(crate) type SharedRecord = Arc<Mutex<ExecutionRecord>>;

/// The engine that is recorded.
pub(crate) enum RecordedEngine<'a> {
    /// Any engine, by its events.
    Events(Box<dyn Engine>),
    /// R, by its operators.
    Operators(&'a MakeTraced),
}

/// An engine that records its frames.
pub(crate) struct RecordingEngine<'a> {
    pub(crate) engine: RecordedEngine<'a>,
    pub(crate) record: SharedRecord,
}

/// Records the operators of one frame.
struct OperatorRecorder {
    record: SharedRecord,
    frame: u32,
    slot: Option<u64>,
}

struct RecordingExecution {
    inner: Box<dyn Execution>,
    record: SharedRecord,
    frame: u32,
}

impl Engine for RecordingEngine<'_> {
    fn name(&self) -> &'static str {
        match &self.engine {
            RecordedEngine::Events(engine) => engine.name(),
            RecordedEngine::Operators(_) => "reference",
        }
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let frame = {
            let mut record = lock(&self.record);
            record.modules.push(Arc::clone(module));
            u32::try_from(record.modules.len()).unwrap_or(u32::MAX)
        };
        let record = Arc::clone(&self.record);
        let inner = match &self.engine {
            RecordedEngine::Events(engine) => engine.instantiate(module, rules)?,
            RecordedEngine::Operators(make) => {
                let slot = None;
                let recorder = OperatorRecorder {
                    record: Arc::clone(&record),
                    frame,
                    slot,
                };
                make(Arc::new(Mutex::new(recorder))).instantiate(module, rules)?
            }
        };
        Ok(Box::new(RecordingExecution {
            inner,
            record,
            frame,
        }))
    }
}

impl Trace for OperatorRecorder {
    fn slot(&mut self, bits: Option<u64>) {
        self.slot = bits;
    }

    fn operator(&mut self, function: u32, offset: u32, gas_before: u64) {
        let (frame, slot) = (self.frame, self.slot);
        lock(&self.record).push_operator(TracedOperator {
            frame,
            function,
            offset,
            gas_before,
            slot,
        });
    }
}

impl RecordingExecution {
    fn push_event(&mut self, kind: BoundaryEventKind) {
        let gas = self.inner.gas().remaining();
        let memory = self.inner.memory();
        lock(&self.record).push_event(self.frame, kind, gas, memory);
    }

    fn note(&mut self, step: &Step) {
        let kind = match step {
            Step::HostCall(function) => {
                let pending = self.inner.pending();
                let given = first_bytes(*function, pending.arguments, pending.memory);
                BoundaryEventKind::Call(*function, pending.arguments.to_vec(), given)
            }
            Step::Exit(stop) => BoundaryEventKind::Exit(*stop),
        };
        self.push_event(kind);
    }
}

impl Execution for RecordingExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let (gas, entry) = (frame.gas.remaining(), BoundaryEventKind::Begin(frame.entry));
        lock(&self.record).push_event(self.frame, entry, gas, self.inner.memory());
        let step = self.inner.start(frame)?;
        self.note(&step);
        Ok(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.push_event(BoundaryEventKind::Return(result));
        let step = self.inner.resume(result)?;
        self.note(&step);
        Ok(step)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.inner.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.inner.globals()
    }
}

/// Bytes of a call's first argument if that is a byte range, up to the maximum length of a key.
fn first_bytes(function: Function, arguments: &[u64], memory: &[u8]) -> Vec<u8> {
    let row = host_api::table::row(function);
    let first = row.and_then(|row| row.arguments.first());
    let (Some(host_api::Argument::Bytes(_)), Some([pointer, length])) =
        (first, arguments.first_chunk::<2>())
    else {
        return Vec::new();
    };
    let length = (*length).min(u64::from(host_api::limits::KEY_BYTES_MAX));
    let start = usize::try_from(*pointer).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    memory.get(start..end).unwrap_or_default().to_vec()
}

pub(crate) fn lock(record: &SharedRecord) -> std::sync::MutexGuard<'_, ExecutionRecord> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
