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
use operands::{Heights, WINDOW, apply};
use table::{ENTRIES, Entry, Kind};

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
#[derive(Default)]
pub(super) struct FastPass {
    /// Type of each local.
    locals: Vec<WireType>,
    groups: Vec<(u32, ValueType)>,
    stack: Vec<WireType>,
    outer: Vec<Outer>,
}

impl FastPass {
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
        let operands = usize::try_from(limits.operands_max).ok()?;
        // One operand more than allowed fits, so that a full stack can be written above.
        let bytes = operands.saturating_add(WINDOW).saturating_add(2);
        if self.stack.len() != bytes {
            self.stack.clear();
            self.stack.resize(bytes, operands::UNKNOWN);
        }
        self.outer.clear();
        let mut pass = Body {
            known,
            locals: &self.locals,
            stack: &mut self.stack,
            outer: &mut self.outer,
            result: signature.effect.result,
            totals: sums,
            counts: Counts::default(),
        };
        pass.operators(code)?;
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

/// Where the pass is: what changes with every operator, kept in registers.
#[derive(Clone, Copy)]
struct Place<'b> {
    /// The bytes behind the operator and its immediates.
    rest: &'b [u8],
    at: Heights,
    /// The innermost block.
    frame: Frame,
    operators: u32,
    floats: u32,
}

/// The pass over the operators of one body.
struct Body<'p> {
    known: Known<'p>,
    locals: &'p [WireType],
    stack: &'p mut [WireType],
    /// The blocks around the innermost one.
    outer: &'p mut Vec<Outer>,
    /// Result of the function.
    result: WireType,
    totals: Totals,
    counts: Counts,
}

impl Body<'_> {
    /// Checks all operators; what it counts is in `counts` afterwards.
    fn operators(&mut self, code: &[u8]) -> Option<()> {
        let [short, _] = &ENTRIES;
        let mut place = Place {
            rest: code,
            at: Heights {
                top: 0,
                base: 0,
                reachable: true,
                greatest: 0,
            },
            frame: Frame::function(self.result),
            operators: 0,
            floats: 0,
        };
        loop {
            let (byte, rest) = place.rest.split_first()?;
            place.rest = rest;
            place.operators = place.operators.wrapping_add(1);
            let entry = short.get(usize::from(*byte))?;
            place.floats = place.floats.wrapping_add(u32::from(entry.floats));
            let mut effect = entry.effect;
            match entry.kind {
                Kind::Plain => {}
                Kind::Local => {
                    let (index, rest) = immediate::unsigned(place.rest)?;
                    let local = *self.locals.get(usize::try_from(index).ok()?)?;
                    (effect, place.rest) = (effect.of(local), rest);
                }
                Kind::Signed32 => place.rest = immediate::behind_signed32(place.rest)?,
                Kind::Signed64 => place.rest = immediate::behind_signed64(place.rest)?,
                Kind::Memory => {
                    self.known.module.memory?;
                    place.rest = immediate::behind_memory(place.rest, entry.align)?;
                }
                Kind::Call => (effect, place) = self.call(place)?,
                Kind::BrIf => (effect, place) = self.branch_if(place)?,
                Kind::Block => (effect, place) = self.block(place, Opcode::Block)?,
                Kind::Loop => (effect, place) = self.block(place, Opcode::Loop)?,
                Kind::If => (effect, place) = self.block(place, Opcode::If)?,
                Kind::End => {
                    if self.outer.is_empty() {
                        return self.end_function(place);
                    }
                    (effect, place) = self.end(place)?;
                }
                Kind::Br => place = self.branch(place)?,
                other => (effect, place) = self.rare(place, entry, other)?,
            }
            place.at = apply(self.stack, place.at, effect)?;
        }
    }

    /// An operator that is not frequent.
    #[inline(never)]
    fn rare<'b>(
        &mut self,
        mut place: Place<'b>,
        entry: &Entry,
        kind: Kind,
    ) -> Option<(Effect, Place<'b>)> {
        let mut effect = entry.effect;
        match kind {
            Kind::GlobalGet | Kind::GlobalSet => {
                let (index, rest) = immediate::unsigned(place.rest)?;
                let (global, mutable) = self.known.types.global(index)?;
                if kind == Kind::GlobalSet && !mutable {
                    return None;
                }
                (effect, place.rest) = (effect.of(global), rest);
            }
            Kind::Bytes4 => place.rest = immediate::behind(place.rest, 4)?,
            Kind::Bytes8 => place.rest = immediate::behind(place.rest, 8)?,
            Kind::Memory1 => place.rest = self.memories(place.rest, 1)?,
            Kind::Memory2 => place.rest = self.memories(place.rest, 2)?,
            Kind::Prefix => return self.prefixed(place),
            Kind::Unreachable => place.at = place.at.unreachable(),
            Kind::Else => place = self.otherwise(place)?,
            Kind::BrTable => place = self.branch_table(place)?,
            Kind::Return => place = self.leave(place, self.result)?,
            Kind::CallIndirect => return self.call_indirect(place),
            Kind::Select => return self.select(place),
            _ => return None,
        }
        Some((effect, place))
    }

    /// An operator of two bytes: one without an immediate, or one on memories.
    fn prefixed<'b>(&mut self, mut place: Place<'b>) -> Option<(Effect, Place<'b>)> {
        let [_, long] = &ENTRIES;
        let (code, rest) = immediate::unsigned(place.rest)?;
        let entry = long.get(usize::try_from(code).ok()?)?;
        place.rest = rest;
        place.floats = place.floats.wrapping_add(u32::from(entry.floats));
        match entry.kind {
            Kind::Plain => {}
            Kind::Memory1 => place.rest = self.memories(rest, 1)?,
            Kind::Memory2 => place.rest = self.memories(rest, 2)?,
            _ => return None,
        }
        if !entry.twice {
            return Some((entry.effect, place));
        }
        place.at = apply(self.stack, place.at, entry.effect)?;
        Some((Effect::NONE.pushing(entry.effect.result), place))
    }

    /// Reads the indices of the memory: each is the byte 0, and there is a memory.
    fn memories<'b>(&self, bytes: &'b [u8], count: usize) -> Option<&'b [u8]> {
        self.known.module.memory?;
        let (indices, rest) = bytes.split_at_checked(count)?;
        indices.iter().all(|index| *index == 0).then_some(rest)
    }

    /// `select` without a type: two operands of one type, which is the result's.
    fn select<'b>(&self, mut place: Place<'b>) -> Option<(Effect, Place<'b>)> {
        place.at.top = operands::pop(self.stack, place.at, Some(wire::I32))?.1;
        let (right, top) = operands::pop(self.stack, place.at, None)?;
        place.at.top = top;
        let (left, top) = operands::pop(self.stack, place.at, None)?;
        place.at.top = top;
        let result = match (left, right) {
            (operands::UNKNOWN, known) | (known, operands::UNKNOWN) => known,
            (left, right) if left == right => left,
            _ => return None,
        };
        Some((Effect::NONE.pushing(result), place))
    }
}
