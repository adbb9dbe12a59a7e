//! Accepts most bodies in one pass of their bytes, and leaves every other one to the decoder.
//!
//! The pass has two results: the body is valid, with the counts of [`super::operator`], or `None`.
//! `None` says nothing of the body: the decoder and its validator then check it from its start, so
//! every rejection, its code, its position and its text come from there. What must be true is that
//! a body which this pass accepts is one that they accept, with equal counts.
//!
//! Bodies of the profile have four types and no subtypes, so an operand is a byte, and an operator
//! is compared with the operands as one word (`operands.rs`, `table.rs`).
//!
//! Specification: docs/spec/check.md, "Order of checks".

mod control;

mod immediate;

mod operands;

mod table;

pub(super) use operands::Effect;

use super::Totals;
use super::operator::Counts;
use super::wire::{self, WireType, WireTypes};
use crate::module::{CheckedModule, ValueType};
use crate::opcode::Opcode;
use crate::rules::{FloatPolicy, Rules};
use control::{Frame, Outer};
use operands::{Operands, Types};
use table::{ENTRIES, Entry, FastKind};

/// What the pass knows of the module.
#[derive(Clone, Copy)]
pub(super) struct Known<'m> {
    pub(super) rules: &'m Rules,
    pub(super) module: &'m CheckedModule,
    pub(super) types: &'m WireTypes,
    /// Type indices of the defined functions.
    pub(super) declared: &'m [u32],
}

impl Known<'_> {
    /// The index of the type of a function.
    #[inline(always)]
    fn type_of_function(&self, index: u32) -> Option<u32> {
        let imports = &self.module.imports;
        let position = usize::try_from(index).ok()?;
        match position.checked_sub(imports.len()) {
            Some(defined) => self.declared.get(defined).copied(),
            None => imports.get(position).map(|import| import.type_index),
        }
    }
}

/// What was found in an accepted body.
pub(super) struct Found {
    /// Declared locals as groups, parameters excluded.
    pub(super) groups: Vec<(u32, ValueType)>,
    /// Number of locals, parameters included.
    pub(super) locals: u32,
    /// Bytes of the declarations of locals.
    pub(super) declarations: usize,
    pub(super) counts: Counts,
}

/// Memory of the pass, used again for each body.
pub(super) struct FastPass {
    /// Type of each local.
    locals: Vec<WireType>,
    groups: Vec<(u32, ValueType)>,
    types: Types,
    outer: Vec<Outer>,
}

impl FastPass {
    pub(super) const fn new() -> Self {
        Self {
            locals: Vec::new(),
            groups: Vec::new(),
            types: operands::NO_TYPES,
            outer: Vec::new(),
        }
    }

    /// Checks a body of the type with this index. `totals` changes only if it is accepted.
    pub(super) fn body(
        &mut self,
        known: Known<'_>,
        type_index: u32,
        body: &[u8],
        totals: &mut Totals,
    ) -> Option<Found> {
        let signature = known.types.signature(type_index)?;
        self.locals.clear();
        self.locals
            .extend_from_slice(known.types.parameters(signature)?);
        let code = self.declarations(known.rules, body)?;
        let limits = &known.rules.limits;
        let mut sums = *totals;
        sums.locals = sums.locals.saturating_add(length(&self.locals));
        within(sums.locals, limits.locals_total_max)?;
        self.outer.clear();
        let mut pass = Body {
            known,
            rest: code,
            locals: &self.locals,
            operands: Operands::new(&mut self.types),
            frame: Frame::function(signature.effect.result),
            outer: &mut self.outer,
            result: signature.effect.result,
            memory: known.module.memory.is_some(),
            operators: 0,
            floats: 0,
            totals: sums,
            counts: Counts::default(),
        };
        pass.operators()?;
        let (counts, sums) = (pass.counts, pass.totals);
        within(counts.operators, limits.operators_max)?;
        within(u64::from(counts.operands), limits.operands_max)?;
        if counts.floats > 0 && known.rules.floats == FloatPolicy::Reject {
            return None;
        }
        *totals = sums;
        Some(Found {
            groups: self.groups.as_slice().to_vec(),
            locals: u32::try_from(self.locals.len()).ok()?,
            declarations: body.len().saturating_sub(code.len()),
            counts,
        })
    }

    /// Reads the groups of declared locals; returns the operators behind them.
    fn declarations<'b>(&mut self, rules: &Rules, body: &'b [u8]) -> Option<&'b [u8]> {
        self.groups.clear();
        let (count, mut rest) = immediate::unsigned(body)?;
        for _ in 0..count {
            let (number, behind) = immediate::unsigned(rest)?;
            let (wire, behind) = behind.split_first()?;
            let value_type = match *wire {
                wire::I32 => ValueType::I32,
                wire::I64 => ValueType::I64,
                wire::F32 | wire::F64 if rules.floats == FloatPolicy::Reject => return None,
                wire::F32 => ValueType::I32,
                wire::F64 => ValueType::I64,
                _ => return None,
            };
            let total = length(&self.locals).saturating_add(u64::from(number));
            within(total, rules.limits.locals_max)?;
            self.locals.resize(usize::try_from(total).ok()?, *wire);
            if number > 0 {
                self.groups.push((number, value_type));
            }
            rest = behind;
        }
        Some(rest)
    }
}

fn length(locals: &[WireType]) -> u64 {
    u64::try_from(locals.len()).unwrap_or(u64::MAX)
}

/// `None` above a limit.
#[inline(always)]
fn within(count: u64, maximum: u32) -> Option<()> {
    (count <= u64::from(maximum)).then_some(())
}

/// The pass over the operators of one body.
struct Body<'p> {
    known: Known<'p>,
    /// The bytes behind the operator and its immediates.
    rest: &'p [u8],
    locals: &'p [WireType],
    operands: Operands<'p>,
    /// The innermost block.
    frame: Frame,
    /// The blocks around it.
    outer: &'p mut Vec<Outer>,
    /// Result of the function.
    result: WireType,
    /// True if there is a memory.
    memory: bool,
    operators: u32,
    floats: u32,
    totals: Totals,
    counts: Counts,
}

impl Body<'_> {
    /// Checks all operators; what it counts is in `counts` afterwards.
    fn operators(&mut self) -> Option<()> {
        let [short, _] = &ENTRIES;
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            self.operators = self.operators.wrapping_add(1);
            let entry = short.get(usize::from(*byte))?;
            self.floats = self.floats.wrapping_add(u32::from(entry.floats));
            let mut effect = entry.effect;
            match entry.kind {
                FastKind::Plain => {}
                FastKind::Local => {
                    let (index, rest) = immediate::unsigned(self.rest)?;
                    self.rest = rest;
                    effect = effect.of(*self.locals.get(usize::try_from(index).ok()?)?);
                }
                FastKind::Signed32 => self.rest = immediate::behind_signed32(self.rest)?,
                FastKind::Signed64 => self.rest = immediate::behind_signed64(self.rest)?,
                FastKind::Memory => {
                    if !self.memory {
                        return None;
                    }
                    self.rest = immediate::behind_memory(self.rest, entry.align)?;
                }
                FastKind::End => {
                    if self.outer.is_empty() {
                        return self.end_function();
                    }
                    self.end()?;
                    continue;
                }
                FastKind::Block => {
                    self.block(Opcode::Block)?;
                    continue;
                }
                FastKind::Br => {
                    self.branch()?;
                    continue;
                }
                FastKind::BrIf => {
                    self.branch_if()?;
                    continue;
                }
                FastKind::Call => {
                    self.call()?;
                    continue;
                }
                other => {
                    self.rare(entry, other)?;
                    continue;
                }
            }
            self.apply(effect)?;
        }
    }

    #[inline(always)]
    fn apply(&mut self, effect: Effect) -> Option<()> {
        self.operands.apply(effect)
    }

    /// An operator that is not frequent.
    #[inline(never)]
    fn rare(&mut self, entry: &Entry, kind: FastKind) -> Option<()> {
        let mut effect = entry.effect;
        match kind {
            FastKind::Loop => return self.block(Opcode::Loop),
            FastKind::If => return self.block(Opcode::If),
            FastKind::Else => return self.otherwise(),
            FastKind::BrTable => return self.branch_table(),
            FastKind::Return => return self.leave(self.result),
            FastKind::CallIndirect => return self.call_indirect(),
            FastKind::Prefix => return self.prefixed(),
            FastKind::Select => return self.select(),
            FastKind::Unreachable => self.operands.leave(),
            FastKind::GlobalGet | FastKind::GlobalSet => {
                let (index, rest) = immediate::unsigned(self.rest)?;
                self.rest = rest;
                let (global, mutable) = self.known.types.global(index)?;
                if kind == FastKind::GlobalSet && !mutable {
                    return None;
                }
                effect = effect.of(global);
            }
            FastKind::Bytes4 => self.rest = immediate::behind(self.rest, 4)?,
            FastKind::Bytes8 => self.rest = immediate::behind(self.rest, 8)?,
            FastKind::Memory1 => self.memories(1)?,
            FastKind::Memory2 => self.memories(2)?,
            _ => return None,
        }
        self.apply(effect)
    }

    /// An operator of two bytes: one without an immediate, or one on memories.
    fn prefixed(&mut self) -> Option<()> {
        let [_, long] = &ENTRIES;
        let (code, rest) = immediate::unsigned(self.rest)?;
        self.rest = rest;
        let entry = long.get(usize::try_from(code).ok()?)?;
        self.floats = self.floats.wrapping_add(u32::from(entry.floats));
        match entry.kind {
            FastKind::Plain => {}
            FastKind::Memory1 => self.memories(1)?,
            FastKind::Memory2 => self.memories(2)?,
            _ => return None,
        }
        self.apply(entry.effect)?;
        if entry.twice {
            self.apply(Effect::NONE.pushing(entry.effect.result))?;
        }
        Some(())
    }

    /// Reads the indices of the memory: each is the byte 0, and there is a memory.
    fn memories(&mut self, count: usize) -> Option<()> {
        if !self.memory {
            return None;
        }
        let (indices, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        indices.iter().all(|index| *index == 0).then_some(())
    }

    /// `select` without a type: two operands of one type, which is the result's.
    fn select(&mut self) -> Option<()> {
        if !operands::fits(self.operands.pop()?, wire::I32) {
            return None;
        }
        let right = self.operands.pop()?;
        let left = self.operands.pop()?;
        let result = match (left, right) {
            (operands::UNKNOWN, known) | (known, operands::UNKNOWN) => known,
            (left, right) if left == right => left,
            _ => return None,
        };
        self.apply(Effect::NONE.pushing(result))
    }
}
