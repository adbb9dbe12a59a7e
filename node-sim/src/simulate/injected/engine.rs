//! Makes faulty engines; all are R with one change.

use host_api::Function;
use reference::{Reference, SharedTrace};
use std::sync::Arc;
use vm::unstable::execution::{Invocation, Pending, Step, Value};
use vm::unstable::lower::Operator;
use vm::unstable::opcode::{Opcode, TABLE};
use vm::unstable::schedule::Schedule;
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
pub struct WrongGas(Reference);

impl WrongGas {
    /// The same engine with a trace of its operators.
    #[must_use]
    pub fn with_trace(trace: SharedTrace) -> Self {
        Self(Reference::new().with_trace(trace))
    }
}

struct WrongGasExecution(Box<dyn Execution>);

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
            self.0.instantiate(module, rules)?,
        )))
    }
}

impl Execution for WrongGasExecution {
    fn start(&mut self, mut frame: Invocation) -> Result<Step, Box<Fault>> {
        // A frame that cannot pay this runs out of gas anyway.
        let _ = frame.gas.charge(1);
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

/// R that charges one unit of gas more for one operator.
pub(super) struct WrongPrice {
    engine: Reference,
    rules: Arc<Rules>,
}

impl WrongPrice {
    pub(super) fn new(engine: Reference, opcode: Opcode) -> Self {
        let v1 = node::rules::version_1();
        let price = |of: Opcode| {
            v1.schedule
                .operator(of)
                .saturating_add(u64::from(of == opcode))
        };
        let operators = TABLE.iter().map(|row| price(row.opcode)).collect();
        let host = host_api::TABLE
            .iter()
            .map(|row| v1.schedule.host(row.function));
        let schedule = Schedule::new(operators, *v1.schedule.dynamic(), host.collect());
        // A refused schedule would make this fault undetectable, so it falls back to version 1.
        let rules = schedule.map_or(v1.clone(), |schedule| Rules::new(v1.floats, schedule));
        Self {
            engine,
            rules: Arc::new(rules),
        }
    }
}

impl Engine for WrongPrice {
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
pub(super) struct WrongHostResult(pub(super) Reference);

struct WrongHostResultExecution {
    inner: Box<dyn Execution>,
    is_reading: bool,
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
            Some(Value::I32(-1)) if self.is_reading => Some(Value::I32(0)),
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
