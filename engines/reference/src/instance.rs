//! Holds one instance of a module: all that a guest can change, and where it stands.
//!
//! Instantiation runs no guest code and cannot trap: `check` has evaluated constants and refused
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
    /// Sum of the weights of the active functions.
    pub(crate) weight: u32,
    /// The entry and its arguments, until it begins.
    pub(crate) entry: Option<(u32, Vec<Value>)>,
    /// Arguments of the host call that it waits in.
    pub(crate) asked: Arguments,
    /// Functions that were called before, by index.
    prepared: BTreeMap<u32, Arc<Code>>,
    pub(crate) phase: Phase,
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
pub(crate) enum Phase {
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
