//! Observes R: starts and ends of frames, host calls, and the operators of one sample.

use super::calls::HostCall;
use super::facts::End;
use super::observation::{EndedFrame, Frame, Observation, SharedObservation, lock};
use crate::simulate::samples::OPERATORS;
use host_api::{Function, status};
use reference::{Reference, Trace};
use std::sync::{Arc, Mutex};
use vm::unstable::execution::{Invocation, Pending, Step, Stop, Value};
use vm::unstable::frames::contract_address;
use vm::{Address, CheckedModule, CodeHash, Engine, Execution, Fault, Rules};

/// First byte of the operators that have two.
const PREFIX: u8 = 0xfc;

/// R under observation.
pub(super) struct ObservingEngine(SharedObservation);

impl ObservingEngine {
    pub(super) const fn new(observation: SharedObservation) -> Self {
        Self(observation)
    }
}

impl Engine for ObservingEngine {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let reference = Reference::new();
        // A count of every operator of the run would take longer than the run.
        let reference = match *module.code_hash() == OPERATORS.code_hash() {
            true => reference.with_trace(Arc::new(Mutex::new(OperatorNames {
                observation: Arc::clone(&self.0),
                module: Arc::clone(module),
            }))),
            false => reference,
        };
        Ok(Box::new(ObservedExecution {
            inner: reference.instantiate(module, rules)?,
            observation: Arc::clone(&self.0),
            module: Arc::clone(module),
            depth: None,
            stop: None,
        }))
    }
}

/// Notes the operators of a module by their encoding.
struct OperatorNames {
    observation: SharedObservation,
    module: Arc<CheckedModule>,
}

impl Trace for OperatorNames {
    fn operator(&mut self, _: u32, offset: u32, _: u64) {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut encoding = self.module.bytes().iter().skip(at);
        let first = encoding.next().copied().unwrap_or_default();
        let second = encoding.next().copied().unwrap_or_default();
        let fact = match first {
            PREFIX => format!("operator/{first:02x}{second:02x}"),
            _ => format!("operator/{first:02x}"),
        };
        lock(&self.observation).facts.note(fact);
    }
}

/// One frame.
struct ObservedExecution {
    inner: Box<dyn Execution>,
    observation: SharedObservation,
    module: Arc<CheckedModule>,
    /// Number of frames around this one, once it has started.
    depth: Option<usize>,
    /// How the guest ended the frame, if it did.
    stop: Option<Stop>,
}

impl ObservedExecution {
    fn observe(&mut self, step: &Step) {
        match step {
            Step::HostCall(function) => {
                let call = HostCall::new(*function, &self.inner.pending());
                if let Some(frame) = lock(&self.observation).frames.last_mut() {
                    frame.call = call;
                }
            }
            Step::Exit(stop) => self.stop = Some(*stop),
        }
    }
}

impl Execution for ObservedExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let gas = frame.gas.remaining();
        self.depth = Some(begin(&mut lock(&self.observation), &self.module, gas));
        let step = self.inner.start(frame)?;
        self.observe(&step);
        Ok(step)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let gas = self.inner.gas().remaining();
        go_on(&mut lock(&self.observation), result, gas);
        let step = self.inner.resume(result)?;
        self.observe(&step);
        Ok(step)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.inner.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.inner.globals()
    }
}

impl Drop for ObservedExecution {
    fn drop(&mut self) {
        let Some(depth) = self.depth else {
            return;
        };
        let gas = self.inner.gas().remaining();
        let mut observation = lock(&self.observation);
        observation.frames.truncate(depth.saturating_add(1));
        if let Some(frame) = observation.frames.pop() {
            let stop = self.stop;
            observation.ended = Some(EndedFrame { frame, stop, gas });
        }
    }
}

/// Notes the start of a frame; returns the number of frames around it.
fn begin(observation: &mut Observation, module: &CheckedModule, gas: u64) -> usize {
    let depth = observation.frames.len();
    let parent = observation.frames.last();
    let asking = parent.and_then(|parent| parent.call.as_ref());
    let address = match (parent, asking) {
        (Some(parent), Some(call)) => callee(parent, call),
        _ => observation.receiver,
    };
    let is_static =
        parent.is_some_and(|parent| parent.is_static) || asking.is_some_and(HostCall::asks_static);
    let is_inherited =
        parent.is_some_and(|parent| parent.is_static) && !asking.is_some_and(HostCall::asks_static);
    let asked = asking.and_then(HostCall::asked_gas);
    let active = |frame: &&Frame| frame.address == address;
    let again = observation.frames.iter().rev().find(active);
    let other_code = again.is_some_and(|frame| frame.code_hash != *module.code_hash());
    let again = again.is_some();
    let facts = &mut observation.facts;
    facts.note("frame");
    facts.note(format!("frame/depth={}", depth.saturating_add(1)));
    facts.note_if(is_static, "frame/static");
    facts.note_if(is_inherited, "frame/static-inherited");
    facts.note_if(again, "frame/again");
    facts.note_if(other_code, "frame/other-code");
    facts.note_if(module.start().is_some(), "frame/start");
    facts.note_if(module.memory().is_none(), "frame/no-memory");
    facts.note_if(asked == Some(gas), "frame/gas=asked");
    facts.note_if(asked.is_some_and(|asked| gas < asked), "frame/gas<asked");
    observation.frames.push(Frame {
        address,
        code_hash: *module.code_hash(),
        is_static,
        call: None,
        touched: Vec::new(),
        changes: 0,
    });
    depth
}

/// Address of the frame that a call asks for.
fn callee(parent: &Frame, call: &HostCall) -> Address {
    match call.function {
        Function::Deploy => {
            let (code, salt) = (call.hash(0), call.hash(1));
            let code = CodeHash(code.unwrap_or_default());
            contract_address(&parent.address, &code, &salt.unwrap_or_default())
        }
        _ => Address(call.hash(1).unwrap_or_default()),
    }
}

/// Notes the result of a host call, and the end of the frame that the call asked for.
fn go_on(observation: &mut Observation, result: Option<Value>, gas: u64) {
    let Some(call) = observation
        .frames
        .last_mut()
        .and_then(|frame| frame.call.take())
    else {
        return;
    };
    if let Some(end) = ending(&call, result) {
        observation.resolve(end);
    }
    let height = observation.block.as_ref().map_or(0, |block| block.height.0);
    let rules = observation.rules.clone();
    let Some(frame) = observation.frames.last_mut() else {
        return;
    };
    let at = (frame.is_static, height);
    call.note_resumed(
        (result, gas),
        at,
        (rules.as_deref(), &mut observation.facts),
    );
    observation
        .cases
        .note(&call, result, &mut observation.facts);
    let to_itself = call.function == Function::Transfer && call.hash(0) == Some(frame.address.0);
    if let (Some(status), true) = (result, to_itself) {
        let fact = format!("transfer:self={}", status.to_bits());
        observation.facts.note(fact);
    }
    frame.changes = frame.changes.saturating_add(u32::from(call.changes()));
    if let (Some(key), Some(rules)) = (call.touches(), &rules) {
        let touched = (frame.address, key);
        if call.is_cold((result, gas), rules) {
            frame.touched.push(touched);
        } else if observation.kept.contains(&touched) {
            observation.facts.note("touch/kept");
        }
    }
}

/// How the called frame ended, by the status that its caller receives.
fn ending(call: &HostCall, result: Option<Value>) -> Option<End> {
    call.asked_gas()?;
    let number = result?.to_bits();
    [
        (status::RETURN, End::Return),
        (status::REVERT, End::Revert),
        (status::TRAP, End::Trap(None)),
        (status::OUT_OF_GAS, End::OutOfGas),
    ]
    .into_iter()
    .find_map(|(status, end)| (u64::from(status) == number).then_some(end))
}
