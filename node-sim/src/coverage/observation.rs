//! Keeps what is known about the frames that are active, and resolves how one ended.

use super::calls::{CaseNames, HostCall};
use super::facts::{End, Facts};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::unstable::execution::Stop;
use vm::{Address, BlockMetadata, CodeHash, Rules};

/// A frame that is active.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) address: Address,
    pub(super) code_hash: CodeHash,
    pub(super) is_static: bool,
    pub(super) call: Option<HostCall>,
    /// Keys that host calls of the frame, and of those below it, found cold.
    pub(super) touched: Vec<(Address, Vec<u8>)>,
    /// Number of changes so far that the end of the frame can restore.
    pub(super) changes: u32,
}

/// A frame that has ended, until it is known how.
#[derive(Debug)]
pub(super) struct EndedFrame {
    pub(super) frame: Frame,
    /// How the guest ended it; `None` if a host call did.
    pub(super) stop: Option<Stop>,
    /// Gas that was left.
    pub(super) gas: u64,
}

/// All that is observed.
#[derive(Default)]
pub(super) struct Observation {
    pub(super) facts: Facts,
    pub(super) frames: Vec<Frame>,
    pub(super) ended: Option<EndedFrame>,
    /// Block, rules and receiver of the transaction.
    pub(super) block: Option<BlockMetadata>,
    pub(super) rules: Option<Arc<Rules>>,
    pub(super) receiver: Address,
    /// Keys that reverted frames of the transaction touched.
    pub(super) kept: BTreeSet<(Address, Vec<u8>)>,
    /// Inputs of hashes, signatures and points, by name.
    pub(super) cases: CaseNames,
}

impl Observation {
    /// Resolves the frame that ended last.
    pub(super) fn resolve(&mut self, end: End) {
        let Some(EndedFrame { frame, stop, gas }) = self.ended.take() else {
            return;
        };
        match (stop, frame.call) {
            (Some(stop), _) => self.note_stop(stop),
            (None, Some(call)) => {
                let code = call.trap_code(frame.is_static);
                let end = match end {
                    End::Trap(None) => End::Trap(code),
                    other => other,
                };
                let rules = self.rules.clone();
                call.note_end(end, gas, (rules.as_deref(), &mut self.facts));
            }
            (None, None) => {}
        }
        if end != End::Return {
            self.facts.note("frame/restored");
            self.facts
                .note_if(frame.changes > 0, "frame/restored-changes");
            self.kept.extend(frame.touched);
        } else if let Some(parent) = self.frames.last_mut() {
            parent.touched.extend(frame.touched);
            parent.changes = parent.changes.saturating_add(frame.changes);
        }
    }

    fn note_stop(&mut self, stop: Stop) {
        match stop {
            Stop::Return(_) => self.facts.note("stop/return"),
            Stop::Trap(trap) => self.facts.note(format!("stop/trap={}", trap.code())),
            Stop::OutOfGas => self.facts.note("stop/gas"),
        }
    }
}

/// What the engine and the pipeline share.
pub(super) type SharedObservation = Arc<Mutex<Observation>>;

pub(super) fn lock(observation: &SharedObservation) -> MutexGuard<'_, Observation> {
    observation.lock().unwrap_or_else(PoisonError::into_inner)
}
