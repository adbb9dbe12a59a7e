//! Records what an engine does in one transaction: each step of each frame, and operators where R
//! runs.
//!
//! A record is compared, never hashed into a result. It is bounded: see the constants.

use host_api::Function;
use reference::{SharedTrace, Trace};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use vm::unstable::execution::{Invocation, Pending, Step, Stop, Value};
use vm::{CheckedModule, Engine, Execution, Fault, Rules};

/// Steps of one transaction that are kept; later ones are not compared.
pub(crate) const EVENTS_MAX: usize = 262_144;
/// Steps of one transaction whose memory is compared: each is read as a whole.
const MEMORIES_MAX: usize = 2_048;
/// Operators that are kept at once: of all others there is a digest for each so many.
pub(crate) const WINDOW: u64 = 65_536;

/// Makes R, or another machine than R, that shows its operators.
pub type MakeTraced = Box<dyn Fn(SharedTrace) -> Box<dyn Engine> + Send + Sync>;

/// An operator that R was about to execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Number of the frame in the transaction.
    pub(crate) frame: u32,
    pub(crate) function: u32,
    pub(crate) offset: u32,
    pub(crate) gas_before: u64,
    /// The last slot: what the operator before it left.
    pub(crate) slot: Option<u64>,
}

/// What crossed the seam.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Crossed {
    /// A frame begins at this function.
    Begin(u32),
    /// The guest calls the host with these arguments; with the bytes of the first one, if that is
    /// bytes.
    Call(Function, Vec<u64>, Vec<u8>),
    /// The host has answered.
    Answer(Option<Value>),
    /// The guest ended by itself.
    Exit(Stop),
}

/// One crossing of the seam.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) frame: u32,
    pub(crate) crossed: Crossed,
    pub(crate) gas: u64,
    /// Digest of the memory, 0 after [`MEMORIES_MAX`].
    memory: u64,
    /// The last operator that was shown: known to R only, so outside of the comparison.
    pub(crate) place: Option<Shown>,
}

impl Event {
    /// True if nobody can tell the two apart.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.frame, &self.crossed, self.gas, self.memory)
            == (other.frame, &other.crossed, other.gas, other.memory)
    }
}

/// What is recorded of one transaction.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) events: Vec<Event>,
    /// The module of each frame.
    pub(crate) modules: Vec<Arc<CheckedModule>>,
    /// Digest of the operators so far, one for each [`WINDOW`] of them.
    pub(crate) digests: Vec<u64>,
    /// Which operators are kept.
    pub(crate) window: Range<u64>,
    pub(crate) shown: Vec<Shown>,
    /// The last operator of each frame before the window.
    pub(crate) before: BTreeMap<u32, Shown>,
    operators: u64,
    digest: u64,
    last: Option<Shown>,
}

impl Record {
    /// A record that keeps these operators.
    pub(crate) fn keeping(window: Range<u64>) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// Closes the last digest.
    pub(crate) fn finish(&mut self) {
        self.digests.push(self.digest);
    }

    fn show(&mut self, shown: Shown) {
        let Shown {
            frame,
            function,
            offset,
            gas_before,
            slot,
        } = shown;
        let place = (u64::from(function) << 32) | u64::from(offset);
        let slot = slot.map_or(1, |slot| slot.rotate_left(1));
        for word in [u64::from(frame), place, gas_before, slot] {
            self.digest = mix(self.digest, word);
        }
        if self.window.contains(&self.operators) {
            self.shown.push(shown);
        } else if self.operators < self.window.start {
            self.before.insert(frame, shown);
        }
        self.last = Some(shown);
        self.operators = self.operators.saturating_add(1);
        if self.operators.checked_rem(WINDOW) == Some(0) {
            self.digests.push(self.digest);
        }
    }

    fn cross(&mut self, frame: u32, crossed: Crossed, gas: u64, memory: &[u8]) {
        if self.events.len() < EVENTS_MAX {
            // How far a guest came that ran out of gas is nobody's result.
            let is_spent = crossed == Crossed::Exit(Stop::OutOfGas);
            let gas = if is_spent { 0 } else { gas };
            let is_read = self.events.len() < MEMORIES_MAX && !is_spent;
            let memory = if is_read { digest_of(memory) } else { 0 };
            let place = self.last;
            self.events.push(Event {
                frame,
                crossed,
                gas,
                memory,
                place,
            });
        }
    }
}

/// Mixes a word into a digest that tells accidents apart; no adversary is meant.
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

/// A record that engine and owner share.
pub(crate) type SharedRecord = Arc<Mutex<Record>>;

/// Which engine is recorded.
pub(crate) enum Recorded<'a> {
    /// Any, by its steps.
    Steps(Box<dyn Engine>),
    /// R, operator by operator.
    Operators(&'a MakeTraced),
}

/// An engine whose frames are recorded.
pub(crate) struct Recording<'a> {
    pub(crate) engine: Recorded<'a>,
    pub(crate) record: SharedRecord,
}

/// One frame's part of a record.
struct Showing {
    record: SharedRecord,
    frame: u32,
    slot: Option<u64>,
}

struct RecordedExecution {
    inner: Box<dyn Execution>,
    record: SharedRecord,
    frame: u32,
}

impl Engine for Recording<'_> {
    fn name(&self) -> &'static str {
        match &self.engine {
            Recorded::Steps(engine) => engine.name(),
            Recorded::Operators(_) => "reference",
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
            Recorded::Steps(engine) => engine.instantiate(module, rules)?,
            Recorded::Operators(make) => {
                let slot = None;
                let showing = Showing {
                    record: Arc::clone(&record),
                    frame,
                    slot,
                };
                make(Arc::new(Mutex::new(showing))).instantiate(module, rules)?
            }
        };
        Ok(Box::new(RecordedExecution {
            inner,
            record,
            frame,
        }))
    }
}

impl Trace for Showing {
    fn slot(&mut self, bits: Option<u64>) {
        self.slot = bits;
    }

    fn operator(&mut self, function: u32, offset: u32, gas_before: u64) {
        let (frame, slot) = (self.frame, self.slot);
        lock(&self.record).show(Shown {
            frame,
            function,
            offset,
            gas_before,
            slot,
        });
    }
}

impl RecordedExecution {
    fn cross(&mut self, crossed: Crossed) {
        let gas = self.inner.gas().remaining();
        let memory = self.inner.memory();
        lock(&self.record).cross(self.frame, crossed, gas, memory);
    }

    fn note(&mut self, step: &Step) {
        let crossed = match step {
            Step::HostCall(function) => {
                let pending = self.inner.pending();
                let given = first_bytes(*function, pending.arguments, pending.memory);
                Crossed::Call(*function, pending.arguments.to_vec(), given)
            }
            Step::Exit(stop) => Crossed::Exit(*stop),
        };
        self.cross(crossed);
    }
}

impl Execution for RecordedExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let (gas, entry) = (frame.gas.remaining(), Crossed::Begin(frame.entry));
        lock(&self.record).cross(self.frame, entry, gas, self.inner.memory());
        let step = self.inner.start(frame)?;
        self.note(&step);
        Ok(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.cross(Crossed::Answer(result));
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

/// The bytes of a call's first argument, if that is a pointer and a length; at most those of a key.
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

pub(crate) fn lock(record: &SharedRecord) -> std::sync::MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
