//! Holds one instance of a module and its seam to the driver: start, suspend, resume.
//!
//! Instantiation runs no guest code and cannot trap: `check` has evaluated constants and refused
//! segments that do not fit. An instance serves one contract frame.

use crate::Observers;
use crate::code::{Code, wide};
use crate::interpret::Halt;
use crate::memory::Memory;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::unstable::execution::{Arguments, Frame, Pending, Step, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::module::ValueType;
use vm::unstable::outcome::Diagnosis;
use vm::{CheckedModule, Execution, Fault, Rules};

/// Active functions that a diagnosis names, innermost first.
const DIAGNOSIS_FUNCTIONS_MAX: usize = 64;

/// An instance of a module on the reference interpreter.
pub(crate) struct Instance {
    pub(crate) module: Arc<CheckedModule>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) observers: Observers,
    pub(crate) memory: Memory,
    pub(crate) globals: Vec<u64>,
    /// Function indices; `None` is an empty entry.
    pub(crate) table: Vec<Option<u32>>,
    pub(crate) gas: GasMeter,
    /// Locals of each active function, followed by its operands; one slot each.
    pub(crate) values: Vec<u64>,
    /// Open blocks of all active functions, innermost last.
    pub(crate) labels: Vec<Label>,
    /// Active functions, innermost last.
    pub(crate) activations: Vec<Activation>,
    /// Sum of the weights of the active functions.
    pub(crate) weight: u32,
    /// The entry and its arguments, until it begins.
    pub(crate) entry: Option<(u32, Vec<Value>)>,
    /// Arguments of the host call that it waits in.
    asked: Arguments,
    /// Functions that were called before, by index.
    prepared: BTreeMap<u32, Arc<Code>>,
    phase: Phase,
}

/// An active function.
pub(crate) struct Activation {
    pub(crate) code: Arc<Code>,
    /// Place of the operator after the one that executes.
    pub(crate) next: usize,
    /// Where its locals begin in [`Instance::values`].
    pub(crate) locals: usize,
    /// Where its labels begin in [`Instance::labels`].
    pub(crate) labels: usize,
}

/// An open block.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    /// Its place in [`Code::blocks`].
    pub(crate) block: usize,
    /// Length of [`Instance::values`] when it began.
    pub(crate) height: usize,
}

/// What may be asked of an instance next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Fresh,
    Running,
    /// At a host call that answers with this type.
    Suspended(Option<ValueType>),
    Ended,
}

impl Instance {
    pub(crate) fn new(
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
        mut memory: Memory,
        observers: Observers,
    ) -> Result<Self, Fault> {
        for data in module.data() {
            memory.initialise(data.offset, module.data_bytes(data))?;
        }
        Ok(Self {
            module: Arc::clone(module),
            rules: Arc::clone(rules),
            observers,
            memory,
            globals: module
                .globals()
                .iter()
                .map(|global| global.initial)
                .collect(),
            table: table_of(module)?,
            gas: GasMeter::new(0),
            values: Vec::new(),
            labels: Vec::new(),
            activations: Vec::new(),
            weight: 0,
            entry: None,
            asked: Arguments::default(),
            prepared: BTreeMap::new(),
            phase: Phase::Fresh,
        })
    }

    /// The function at `index`, prepared at its first call.
    pub(crate) fn code(&mut self, index: u32) -> Result<Arc<Code>, Fault> {
        if let Some(code) = self.prepared.get(&index) {
            return Ok(Arc::clone(code));
        }
        let rewrite = self.observers.rewrite.as_deref();
        let code = Arc::new(Code::prepare(&self.module, index, &self.rules, rewrite)?);
        self.prepared.insert(index, Arc::clone(&code));
        Ok(code)
    }

    /// Executes operators until one of them gives control back.
    fn drive(&mut self, begun: Result<(), Halt>) -> Result<Step, Box<Fault>> {
        self.phase = Phase::Running;
        let mut progress = begun;
        let halt = loop {
            match progress {
                Ok(()) => progress = self.step(),
                Err(halt) => break halt,
            }
        };
        match halt {
            Halt::HostCall(call, result) => {
                self.phase = Phase::Suspended(result);
                self.asked = call.arguments;
                Ok(Step::HostCall(call.function))
            }
            Halt::Exit(stop) => {
                self.phase = Phase::Ended;
                Ok(Step::Exit(stop))
            }
            Halt::Fault(fault) => Err(fault.into()),
        }
    }
}

impl Execution for Instance {
    fn start(&mut self, frame: Frame) -> Result<Step, Box<Fault>> {
        if self.phase != Phase::Fresh {
            return Err(Fault::invariant("an instance serves one frame").into());
        }
        self.gas = frame.gas;
        self.entry = Some((frame.entry, frame.arguments));
        let begun = match self.module.start() {
            Some(start) => self.enter(start),
            None => self.enter_entry(),
        };
        self.drive(begun)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        if self.phase != Phase::Suspended(result.map(Value::value_type)) {
            let wrong = "an answer without a call, or of another type";
            return Err(Fault::invariant(wrong).into());
        }
        self.asked = Arguments::default();
        self.values.extend(result.map(Value::to_bits));
        self.drive(Ok(()))
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.asked,
            memory: self.memory.bytes_mut(),
            gas: &mut self.gas,
        }
    }

    fn memory(&mut self) -> &mut [u8] {
        self.memory.bytes_mut()
    }

    fn gas(&mut self) -> &mut GasMeter {
        &mut self.gas
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        let types = self.module.globals().iter().map(|global| global.value_type);
        Ok(types
            .zip(&self.globals)
            .map(|(of, bits)| Value::from_bits(of, *bits))
            .collect())
    }

    /// Where the guest stands; after a trap or out of gas, where it was stopped.
    fn diagnosis(&self) -> Diagnosis {
        let innermost = self.activations.iter().rev().take(DIAGNOSIS_FUNCTIONS_MAX);
        let functions = innermost.map(|active| active.code.function).collect();
        let site = self.activations.last().and_then(|active| {
            let place = active.next.checked_sub(1)?;
            active.code.sites.get(place)
        });
        let offset = site.map(|site| u64::from(site.offset));
        Diagnosis {
            functions,
            offset,
            ..Diagnosis::default()
        }
    }
}

fn table_of(module: &CheckedModule) -> Result<Vec<Option<u32>>, Fault> {
    let entries = module.table().map_or(0, |table| wide(table.initial));
    let mut table = vec![None; entries];
    for element in module.elements() {
        let start = wide(element.offset);
        let end = start.saturating_add(element.functions.len());
        let Some(target) = table.get_mut(start..end) else {
            return Err(Fault::invariant("an element segment leaves the table"));
        };
        for (entry, function) in target.iter_mut().zip(&element.functions) {
            *entry = Some(*function);
        }
    }
    Ok(table)
}
