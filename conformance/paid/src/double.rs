//! The test double: an engine that compares, after every step, what this thread has counted with
//! the gas that was paid.
//!
//! A step is a slice of a frame, up to its next host call or its end, and each host call. The gas
//! paid so far is what the transaction paid before its payload, and what the active frames have
//! used: a frame that ended was charged to its caller.

use crate::bounds::{Bounds, Unpaid};
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use vm::unstable::execution::{Invocation, Pending, Step, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::outcome::Diagnosis;
use vm::unstable::work::{WorkCounts, WorkKind, counts};
use vm::{CheckedModule, CodeHash, Engine, Execution, Fault, Rules};

/// Findings that are kept; the first is what to look at.
const FINDINGS_MAX: usize = 8;

/// Work that was not paid for, and the step after which it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind and the amounts.
    pub unpaid: Unpaid,
    /// What was done last: the host function, or the part of the frame or the block.
    pub step: String,
    /// Number of active frames, and the code of the innermost.
    pub frame: Option<(usize, CodeHash)>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unpaid {
            kind,
            amount,
            gas,
            most,
        } = self.unpaid;
        let (name, step) = (kind.name(), &self.step);
        write!(
            f,
            "{name}: {amount} after {step}, where {gas} gas pays {most}"
        )?;
        match &self.frame {
            Some((depth, code)) => write!(f, " (frame {depth}, code {code})"),
            None => Ok(()),
        }
    }
}

/// What was found since the last [`take`].
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Unpaid work, in order.
    pub findings: Vec<Finding>,
    /// Steps after which work and gas were compared.
    pub steps: u64,
    /// The greatest share of what was paid for, of each kind, in thousandths.
    pub shares: WorkCounts,
}

impl Report {
    /// The shares, as text.
    #[must_use]
    pub fn summary(&self) -> String {
        let shares = WorkKind::ALL.iter().zip(self.shares);
        let shares: Vec<String> = shares
            .map(|(kind, share)| format!("{} {share}", kind.name()))
            .collect();
        format!("{} steps; thousandths: {}", self.steps, shares.join(", "))
    }
}

/// A frame that has not ended.
struct ActiveFrame {
    code: CodeHash,
    /// Gas used, without that of its callee.
    used: u64,
}

#[derive(Default)]
struct State {
    bounds: Option<Bounds>,
    /// What was counted before the transaction, and the gas that it paid before its frames.
    begun: WorkCounts,
    paid: u64,
    frames: Vec<ActiveFrame>,
    report: Report,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Begins a transaction that has paid `paid` gas; before, nothing is compared.
///
/// # Errors
/// If the file of bounds is wrong.
pub fn begin(paid: u64) -> Result<(), String> {
    let bounds = Bounds::read()?;
    STATE.with_borrow_mut(|state| {
        state.bounds = Some(bounds);
        state.begun = counts();
        state.paid = paid;
        state.frames.clear();
    });
    Ok(())
}

/// Compares at the end of a transaction or a block that paid `gas` in all.
pub fn end(step: &str, gas: u64) {
    STATE.with_borrow_mut(|state| {
        state.frames.clear();
        state.paid = gas;
        state.compare(&|| step.to_owned());
    });
}

/// Ends the comparison, and returns what was found.
#[must_use]
pub fn take() -> Report {
    STATE.with_borrow_mut(|state| std::mem::take(state).report)
}

impl State {
    fn compare(&mut self, step: &dyn Fn() -> String) {
        let Some(bounds) = self.bounds else { return };
        let used = self.frames.iter().map(|frame| frame.used);
        let gas = used.fold(self.paid, u64::saturating_add);
        let mut since = counts();
        for (count, before) in since.iter_mut().zip(self.begun) {
            *count = count.saturating_sub(before);
        }
        self.report.steps = self.report.steps.saturating_add(1);
        let shares = bounds.shares(&since, gas);
        for (most, share) in self.report.shares.iter_mut().zip(shares) {
            *most = share.max(*most);
        }
        let unpaid = bounds.unpaid(&since, gas);
        if let Some(unpaid) = unpaid.filter(|_| self.report.findings.len() < FINDINGS_MAX) {
            let frame = self.frames.last();
            self.report.findings.push(Finding {
                unpaid,
                step: step(),
                frame: frame.map(|frame| (self.frames.len(), frame.code)),
            });
        }
    }
}

/// An engine whose frames are compared; results are those of the engine.
pub struct Watched<E>(pub E);

impl<E: Engine> Engine for Watched<E> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn bound_cache(&self, bytes_max: u64) {
        self.0.bound_cache(bytes_max);
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let inner = self.0.instantiate(module, rules)?;
        let code = *module.code_hash();
        let place = STATE.with_borrow_mut(|state| {
            state.frames.push(ActiveFrame { code, used: 0 });
            state.frames.len()
        });
        Ok(Box::new(WatchedFrame {
            inner,
            place,
            last: None,
        }))
    }
}

/// An instance, compared after every step.
struct WatchedFrame {
    inner: Box<dyn Execution>,
    /// Number of active frames with this one.
    place: usize,
    last: Option<host_api::Function>,
}

impl WatchedFrame {
    fn note_used(&mut self) {
        let used = self.inner.gas().used();
        STATE.with_borrow_mut(|state| {
            let place = self.place.saturating_sub(1);
            if let Some(frame) = state.frames.get_mut(place) {
                frame.used = used;
            }
        });
    }

    fn compare(&mut self, what: &str) {
        self.note_used();
        let last = self.last;
        let step = || match last {
            Some(function) if what.is_empty() => format!("the host function {function:?}"),
            _ => what.to_owned(),
        };
        STATE.with_borrow_mut(|state| state.compare(&step));
    }

    fn ran(&mut self, step: Result<Step, Box<Fault>>) -> Result<Step, Box<Fault>> {
        self.last = match step {
            Ok(Step::HostCall(function)) => Some(function),
            _ => None,
        };
        self.compare("a slice of the frame");
        step
    }
}

impl Execution for WatchedFrame {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let step = self.inner.start(frame);
        self.ran(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.compare("");
        let step = self.inner.resume(result);
        self.ran(step)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.inner.pending()
    }

    fn memory(&mut self) -> &mut [u8] {
        self.inner.memory()
    }

    /// The frame loop asks for the meter of a waiting frame before and after it charges the frame
    /// that was called.
    fn gas(&mut self) -> &mut GasMeter {
        self.note_used();
        self.inner.gas()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.inner.globals()
    }

    fn diagnosis(&self) -> Diagnosis {
        self.inner.diagnosis()
    }
}

impl Drop for WatchedFrame {
    fn drop(&mut self) {
        STATE.with_borrow_mut(|state| state.frames.truncate(self.place.saturating_sub(1)));
    }
}
