//! Counts how often each operator of the table was executed, trapped, or ran out of gas.
//!
//! A differential proves nothing about an operator that it never reached. The counts come from the
//! trace of the reference, so they count executed operators, not those in the modules.

use crate::observation::Observation;
use reference::Trace;
use std::collections::BTreeMap;
use vm::unstable::frames::FrameExit;
use vm::unstable::opcode::{Class, Opcode};
use vm::{CheckedModule, Rules, Trap};
use wasmparser::{BinaryReader, OperatorsReader};

/// Counts by operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Executions that completed.
    pub taken: BTreeMap<Opcode, u64>,
    /// Executions that trapped, by trap.
    pub trapped: BTreeMap<(Opcode, Trap), u64>,
    /// Executions whose charge ran out of gas.
    pub out_of_gas: BTreeMap<Opcode, u64>,
}

/// The operators of a module by byte offset.
#[derive(Clone, Debug, Default)]
pub struct OperatorMap {
    sites: BTreeMap<u32, OperatorSite>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct OperatorSite {
    opcode: Opcode,
    /// Reinterpretations right before the operator: lowering removes them, so no trace shows them.
    removed: Vec<Opcode>,
    /// Byte offset of the operator before those.
    before: u32,
}

impl OperatorMap {
    /// Reads the functions of a checked module.
    #[must_use]
    pub fn of(module: &CheckedModule) -> Self {
        let mut operators = Self {
            sites: BTreeMap::new(),
            bytes: module.bytes().len(),
        };
        for function in module.functions() {
            let start = u64::from(function.body.start);
            operators.read(BinaryReader::new(module.body_bytes(function), start));
        }
        operators
    }

    /// True if `second` directly follows `first` somewhere; operators that emit no code (`nop`,
    /// `end`) may be between them.
    #[must_use]
    pub fn has_pair(&self, first: Opcode, second: Opcode) -> bool {
        let mut last = None;
        for site in self.sites.values() {
            if site.opcode == second && last == Some(first) {
                return true;
            }
            if !matches!(site.opcode, Opcode::Nop | Opcode::End) {
                last = Some(site.opcode);
            }
        }
        false
    }

    fn read(&mut self, reader: BinaryReader<'_>) {
        let mut reader = OperatorsReader::new(reader);
        let (mut removed, mut before) = (Vec::new(), 0);
        while !reader.eof() {
            let offset = u32::try_from(reader.original_position()).unwrap_or(u32::MAX);
            let Ok(wire) = reader.read() else { return };
            let Some(opcode) = Opcode::of(&wire) else {
                return;
            };
            if opcode.class() == Class::Reinterpret {
                removed.push(opcode);
                continue;
            }
            let site = OperatorSite {
                opcode,
                removed: std::mem::take(&mut removed),
                before,
            };
            self.sites.insert(offset, site);
            before = offset;
        }
    }
}

/// Records the operators that one run of the reference executes.
#[derive(Debug, Default)]
pub struct Recorder {
    /// By byte offset: number of executions, and of those right after the preceding operator.
    counts: Vec<(u64, u64)>,
    before: Vec<u32>,
    last: Option<u32>,
}

impl Recorder {
    /// A recorder for runs of one module.
    #[must_use]
    pub fn new(operators: &OperatorMap) -> Self {
        let mut before = vec![u32::MAX; operators.bytes];
        for (offset, site) in &operators.sites {
            if let Some(entry) = before.get_mut(wide(*offset)) {
                *entry = site.before;
            }
        }
        Self {
            counts: vec![(0, 0); operators.bytes],
            before,
            last: None,
        }
    }

    /// Adds the executions since the last call to `coverage`, and clears the recorder.
    pub fn settle(&mut self, operators: &OperatorMap, seen: &Observation, coverage: &mut Coverage) {
        for (offset, site) in &operators.sites {
            let Some(entry) = self.counts.get_mut(wide(*offset)) else {
                continue;
            };
            let (mut times, straight) = std::mem::take(entry);
            for removed in site.removed.iter().filter(|_| straight > 0) {
                add(coverage.taken.entry(*removed).or_default(), straight);
            }
            let stopped = self.last == Some(*offset);
            match &seen.exit {
                FrameExit::Trap(trap) if stopped => {
                    times = times.saturating_sub(1);
                    add(coverage.trapped.entry((site.opcode, *trap)).or_default(), 1);
                }
                FrameExit::OutOfGas if stopped => {
                    times = times.saturating_sub(1);
                    add(coverage.out_of_gas.entry(site.opcode).or_default(), 1);
                }
                _ => {}
            }
            if times > 0 {
                add(coverage.taken.entry(site.opcode).or_default(), times);
            }
        }
        self.last = None;
    }
}

impl Trace for Recorder {
    fn operator(&mut self, _function: u32, offset: u32, _gas_before: u64) {
        let before = self.before.get(wide(offset)).copied();
        if let Some((times, straight)) = self.counts.get_mut(wide(offset)) {
            add(times, 1);
            add(straight, u64::from(before.is_some() && before == self.last));
        }
        self.last = Some(offset);
    }
}

impl Coverage {
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (opcode, count) in &other.taken {
            add(self.taken.entry(*opcode).or_default(), *count);
        }
        for (key, count) in &other.trapped {
            add(self.trapped.entry(*key).or_default(), *count);
        }
        for (opcode, count) in &other.out_of_gas {
            add(self.out_of_gas.entry(*opcode).or_default(), *count);
        }
    }

    /// What every operator can do but did not, one a line.
    #[must_use]
    pub fn missing(&self, rules: &Rules) -> Vec<String> {
        let mut missing = Vec::new();
        for row in rules.operators() {
            let opcode = row.opcode;
            if completes(opcode) && !self.taken.contains_key(&opcode) {
                missing.push(format!("{} was never executed", row.name));
            }
            if rules.schedule.operator(opcode) > 0 && !self.out_of_gas.contains_key(&opcode) {
                missing.push(format!("{} never ran out of gas", row.name));
            }
            for trap in traps(opcode) {
                if !self.trapped.contains_key(&(opcode, *trap)) {
                    missing.push(format!("{} never trapped {}", row.name, trap.name()));
                }
            }
        }
        missing
    }

    /// One line for each operator: name, times executed, out of gas, trapped.
    #[must_use]
    pub fn table(&self, rules: &Rules) -> String {
        let mut lines = format!(
            "{:24}{:>14}{:>14}  trapped\n",
            "operator", "taken", "out of gas"
        );
        for row in rules.operators() {
            let count = |of: &BTreeMap<Opcode, u64>| of.get(&row.opcode).copied().unwrap_or(0);
            let (taken, spent) = (count(&self.taken), count(&self.out_of_gas));
            let of_row = self
                .trapped
                .iter()
                .filter(|((opcode, _), _)| *opcode == row.opcode);
            let trapped = of_row.map(|((_, trap), count)| format!("  {} {count}", trap.name()));
            let trapped: String = trapped.collect();
            lines.push_str(&format!("{:24}{taken:>14}{spent:>14}{trapped}\n", row.name));
        }
        lines
    }
}

/// True for an operator that does not always trap.
fn completes(opcode: Opcode) -> bool {
    opcode != Opcode::Unreachable && opcode.class() != Class::Float
}

/// Traps that an operator can raise, without those of host calls.
#[must_use]
pub fn traps(opcode: Opcode) -> &'static [Trap] {
    match (opcode, opcode.class()) {
        (Opcode::Unreachable, _) => &[Trap::Unreachable],
        (Opcode::I32DivS | Opcode::I64DivS, _) => {
            &[Trap::IntegerDivideByZero, Trap::IntegerOverflow]
        }
        (_, Class::Divide) => &[Trap::IntegerDivideByZero],
        (_, Class::Load | Class::Store | Class::FloatLoad | Class::FloatStore | Class::Bulk) => {
            &[Trap::MemoryOutOfBounds]
        }
        (_, Class::Call) => &[Trap::StackOverflow, Trap::MemoryRange],
        (_, Class::CallIndirect) => &[
            Trap::TableOutOfBounds,
            Trap::IndirectCallToNull,
            Trap::IndirectCallTypeMismatch,
            Trap::StackOverflow,
        ],
        (_, Class::Float) => &[Trap::FloatInstruction],
        _ => &[],
    }
}

fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

fn wide(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
