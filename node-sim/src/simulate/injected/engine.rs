//! Makes faulty engines; all are R with one change.

use crate::simulate::acted::Acted;
use host_api::Function;
use reference::{Reference, SharedTrace, Trace};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::unstable::execution::{Invocation, Pending, Step, Value};
use vm::unstable::lower::Operator;
use vm::unstable::opcode::Opcode;
use vm::{CheckedModule, CodeHash, Engine, Execution, Fault, Rules};

/// One numeric operator of one function of one module, and its replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongOperator {
    /// Hash of the module.
    pub code_hash: CodeHash,
    /// Index of the function in the function index space.
    pub function: u32,
    /// Byte offset of the operator in the module.
    pub offset: u32,
    /// The opcode that is executed instead; it has the same type.
    pub replacement: Opcode,
}

impl WrongOperator {
    /// R with this operator replaced.
    #[must_use]
    pub fn engine(self) -> Reference {
        Reference::new().with_rewrite(move |location, operator| {
            let here = *location.module.code_hash() == self.code_hash
                && location.function == self.function
                && location.offset == self.offset;
            match operator {
                Operator::Numeric(_) if here => Operator::Numeric(self.replacement),
                other => other,
            }
        })
    }
}

/// R that charges each contract frame one unit of gas too much.
#[derive(Clone, Default)]
pub struct WrongGas {
    engine: Reference,
    acted: Acted,
}

impl WrongGas {
    pub(super) fn new(engine: Reference, acted: &Acted) -> Self {
        Self {
            engine,
            acted: acted.clone(),
        }
    }

    /// The same engine with a trace of its operators.
    #[must_use]
    pub fn with_trace(trace: SharedTrace) -> Self {
        Self::new(Reference::new().with_trace(trace), &Acted::default())
    }
}

struct WrongGasExecution(Box<dyn Execution>, Acted);

impl Engine for WrongGas {
    fn name(&self) -> &'static str {
        "wrong gas"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(WrongGasExecution(
            self.engine.instantiate(module, rules)?,
            self.acted.clone(),
        )))
    }
}

impl Execution for WrongGasExecution {
    fn start(&mut self, mut frame: Invocation) -> Result<Step, Box<Fault>> {
        // A frame that cannot pay this runs out of gas anyway.
        if frame.gas.charge(1).is_ok() {
            self.1.note();
        }
        self.0.start(frame)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.0.resume(result)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.0.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.0.globals()
    }
}

/// R with every operator of one kind replaced by another of the same type, in one module.
pub(super) fn replacing(code_hash: CodeHash, wrong: (Opcode, Opcode)) -> Reference {
    Reference::new().with_rewrite(move |location, operator| match operator {
        Operator::Numeric(opcode)
            if opcode == wrong.0 && *location.module.code_hash() == code_hash =>
        {
            Operator::Numeric(wrong.1)
        }
        other => other,
    })
}

/// R that counts how often it executes one operator, in one module or in all, and may execute
/// another operator instead.
#[derive(Clone)]
pub(super) struct Watched {
    module: Option<CodeHash>,
    opcode: Opcode,
    replacement: Opcode,
    acted: Acted,
}

impl Watched {
    /// R that only counts.
    pub(super) fn noting(opcode: Opcode, acted: &Acted) -> Self {
        Self {
            module: None,
            opcode,
            replacement: opcode,
            acted: acted.clone(),
        }
    }

    /// As [`replacing`], with a counter.
    pub(super) fn replacing(code_hash: CodeHash, wrong: (Opcode, Opcode), acted: &Acted) -> Self {
        Self {
            module: Some(code_hash),
            opcode: wrong.0,
            replacement: wrong.1,
            acted: acted.clone(),
        }
    }
}

/// Locations of the watched operator in one module: function and byte offset.
type WatchedSites = Arc<Mutex<BTreeSet<(u32, u32)>>>;

struct WatchTrace(WatchedSites, Acted);

impl Trace for WatchTrace {
    fn operator(&mut self, function: u32, offset: u32, _: u64) {
        // One execution is enough, and the rest of a run is faster.
        if self.1.count() == 0 && lock(&self.0).contains(&(function, offset)) {
            self.1.note();
        }
    }
}

fn lock(sites: &WatchedSites) -> MutexGuard<'_, BTreeSet<(u32, u32)>> {
    sites.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine for Watched {
    fn name(&self) -> &'static str {
        "watched"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        if self
            .module
            .is_some_and(|watched| watched != *module.code_hash())
        {
            return Reference::new().instantiate(module, rules);
        }
        let sites = WatchedSites::default();
        let trace = WatchTrace(Arc::clone(&sites), self.acted.clone());
        let (opcode, replacement) = (self.opcode, self.replacement);
        Reference::new()
            .with_rewrite(move |location, operator| match operator {
                Operator::Numeric(found) if found == opcode => {
                    lock(&sites).insert((location.function, location.offset));
                    Operator::Numeric(replacement)
                }
                other => other,
            })
            .with_trace(Arc::new(Mutex::new(trace)))
            .instantiate(module, rules)
    }
}

/// An engine that charges one unit of gas more for one operator.
pub(super) struct WrongPrice<E> {
    engine: E,
    rules: Arc<Rules>,
}

impl<E: Engine> WrongPrice<E> {
    pub(super) fn new(engine: E, opcode: Opcode) -> Self {
        let v1 = node::rules::version_1();
        let price = |of, price: u64| price.saturating_add(u64::from(of == opcode));
        let dynamic = *v1.schedule.dynamic();
        let schedule = v1.schedule.repriced(price, dynamic);
        // A refused schedule would make this fault undetectable, so it falls back to version 1.
        let rules = schedule.map_or(v1.clone(), |schedule| Rules::new(v1.floats, schedule));
        Self {
            engine,
            rules: Arc::new(rules),
        }
    }
}

impl<E: Engine> Engine for WrongPrice<E> {
    fn name(&self) -> &'static str {
        "wrong price"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        _: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.engine.instantiate(module, &self.rules)
    }
}

/// R that reports an absent storage value to the guest as an empty one.
pub(super) struct WrongHostResult(Reference, Acted);

impl WrongHostResult {
    pub(super) fn new(engine: Reference, acted: &Acted) -> Self {
        Self(engine, acted.clone())
    }
}

struct WrongHostResultExecution {
    inner: Box<dyn Execution>,
    is_reading: bool,
    acted: Acted,
}

impl Engine for WrongHostResult {
    fn name(&self) -> &'static str {
        "wrong host result"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(WrongHostResultExecution {
            inner: self.0.instantiate(module, rules)?,
            is_reading: false,
            acted: self.1.clone(),
        }))
    }
}

impl WrongHostResultExecution {
    fn note(&mut self, step: Step) -> Step {
        self.is_reading = step == Step::HostCall(Function::StorageRead);
        step
    }
}

impl Execution for WrongHostResultExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let step = self.inner.start(frame)?;
        Ok(self.note(step))
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let result = match result {
            Some(Value::I32(-1)) if self.is_reading => {
                self.acted.note();
                Some(Value::I32(0))
            }
            other => other,
        };
        let step = self.inner.resume(result)?;
        Ok(self.note(step))
    }

    fn pending(&mut self) -> Pending<'_> {
        self.inner.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.inner.globals()
    }
}

/// R in which a guest that reverts returns instead.
pub(super) struct NoRevert(pub(super) Reference);

struct NoRevertExecution(Box<dyn Execution>);

impl Engine for NoRevert {
    fn name(&self) -> &'static str {
        "no revert"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let inner = self.0.instantiate(module, rules)?;
        Ok(Box::new(NoRevertExecution(inner)))
    }
}

fn without_revert(step: Step) -> Step {
    match step {
        Step::HostCall(Function::Revert) => Step::HostCall(Function::Return),
        other => other,
    }
}

impl Execution for NoRevertExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        self.0.start(frame).map(without_revert)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.0.resume(result).map(without_revert)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.0.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.0.globals()
    }
}

/// R that counts how often a guest reads the time.
pub(super) struct NotesClock(Reference, Acted);

impl NotesClock {
    pub(super) fn new(engine: Reference, acted: &Acted) -> Self {
        Self(engine, acted.clone())
    }
}

struct NotesClockExecution(Box<dyn Execution>, Acted);

impl NotesClockExecution {
    fn note(&self, step: &Step) {
        if *step == Step::HostCall(Function::BlockTime) {
            self.1.note();
        }
    }
}

impl Engine for NotesClock {
    fn name(&self) -> &'static str {
        "notes the clock"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let inner = self.0.instantiate(module, rules)?;
        Ok(Box::new(NotesClockExecution(inner, self.1.clone())))
    }
}

impl Execution for NotesClockExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let step = self.0.start(frame)?;
        self.note(&step);
        Ok(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let step = self.0.resume(result)?;
        self.note(&step);
        Ok(step)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.0.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.0.globals()
    }
}
