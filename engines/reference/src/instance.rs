//! One instance of a module: the state that a guest can change, and its position in the code.
//!
//! Instantiation runs no guest code and cannot trap: `check` has evaluated constants and rejected
//! segments that do not fit. An instance serves one contract frame.

use crate::code::{Code, wide};
use crate::memory::Memory;
use crate::observe::Observers;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::unstable::execution::{Arguments, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::module::ValueType;
use vm::{CheckedModule, Fault, Rules};

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
    /// Sum of the frame sizes of the active functions, in slots.
    pub(crate) stack_size: u32,
    /// The entry point and its arguments, until it begins.
    pub(crate) entry: Option<(u32, Vec<Value>)>,
    /// Arguments of the pending host call.
    pub(crate) host_arguments: Arguments,
    /// Functions that were entered before, by index.
    prepared: BTreeMap<u32, Arc<Code>>,
    pub(crate) phase: Phase,
}

/// An active function.
pub(crate) struct Activation {
    pub(crate) code: Arc<Code>,
    /// Index of the operator after the current one, in [`Code::instructions`].
    pub(crate) next: usize,
    /// Index of its first local in [`Instance::values`].
    pub(crate) locals: usize,
    /// Index of its first label in [`Instance::labels`].
    pub(crate) labels: usize,
}

/// An open block.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    /// Its index in [`Code::blocks`].
    pub(crate) block: usize,
    /// Length of [`Instance::values`] when it began.
    pub(crate) height: usize,
}

/// Phase of an instance: it decides which calls of the engine interface are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Fresh,
    Running,
    /// At a host call with a result of this type.
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
            stack_size: 0,
            entry: None,
            host_arguments: Arguments::default(),
            prepared: BTreeMap::new(),
            phase: Phase::Fresh,
        })
    }

    /// True if the function at `index` was entered before in this contract frame.
    pub(crate) fn was_entered(&self, index: u32) -> bool {
        self.prepared.contains_key(&index)
    }

    /// The function at `index`, prepared at its first entry.
    pub(crate) fn code(&mut self, index: u32) -> Result<Arc<Code>, Fault> {
        if let Some(code) = self.prepared.get(&index) {
            return Ok(Arc::clone(code));
        }
        let rewrite = self.observers.rewrite.as_deref();
        let code = Arc::new(Code::prepare(&self.module, index, &self.rules, rewrite)?);
        self.prepared.insert(index, Arc::clone(&code));
        Ok(code)
    }
}

fn table_of(module: &CheckedModule) -> Result<Vec<Option<u32>>, Fault> {
    let entries = module.table().map_or(0, |table| wide(table.initial));
    let mut table = vec![None; entries];
    for element in module.elements() {
        let start = wide(element.offset);
        let end = start.saturating_add(element.functions.len());
        let Some(target) = table.get_mut(start..end) else {
            return Err(Fault::invariant("an element segment exceeds the table"));
        };
        for (entry, function) in target.iter_mut().zip(&element.functions) {
            *entry = Some(*function);
        }
    }
    Ok(table)
}
