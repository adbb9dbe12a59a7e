//! Checks blocks, branches and calls in the fast pass.

use super::operands::{self, Effect, Heights, WINDOW, apply};
use super::{Body, Place, immediate, within};
use crate::check::operator::target_weight;
use crate::check::wire::{self, NONE, WireType};
use crate::opcode::Opcode;
use crate::rules::FloatPolicy;

/// A block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// What a branch to it carries.
    label: WireType,
    /// What is above its operands at its end.
    result: WireType,
    /// [`Opcode::Block`], [`Opcode::Loop`], [`Opcode::If`] or [`Opcode::Else`].
    kind: Opcode,
}

impl Frame {
    /// The frame of a function with this result.
    pub(super) const fn function(result: WireType) -> Self {
        Self {
            label: result,
            result,
            kind: Opcode::Block,
        }
    }
}

/// A block around another one, with its heights from before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outer {
    frame: Frame,
    base: usize,
    reachable: bool,
}

/// One operand of type `i32`, and no result.
const CONDITION: Effect = Effect::NONE.above(wire::I32);

/// One operand of this type, or none.
#[inline(always)]
const fn taking(operand: WireType) -> Effect {
    if operand == NONE {
        Effect::NONE
    } else {
        Effect::NONE.above(operand)
    }
}

impl Body<'_> {
    /// `block`, `loop` or `if`.
    #[inline(always)]
    pub(super) fn block<'b>(
        &mut self,
        mut place: Place<'b>,
        kind: Opcode,
    ) -> Option<(Effect, Place<'b>)> {
        let (result, rest) = place.rest.split_first()?;
        let result = *result;
        if !(result == NONE || wire::is_value(result)) {
            return None;
        }
        if kind == Opcode::If {
            place.at = apply(self.stack, place.at, CONDITION)?;
        }
        self.enter(result)?;
        self.outer.push(Outer {
            frame: place.frame,
            base: place.at.base,
            reachable: place.at.reachable,
        });
        place.frame = Frame {
            label: if kind == Opcode::Loop { NONE } else { result },
            result,
            kind,
        };
        place.at.base = place.at.top;
        place.at.reachable = true;
        place.rest = rest;
        Some((Effect::NONE, place))
    }

    /// Counts a block.
    #[inline(always)]
    fn enter(&mut self, result: WireType) -> Option<()> {
        let rules = self.known.rules;
        if wire::is_float(result) && rules.floats == FloatPolicy::Reject {
            return None;
        }
        let limits = &rules.limits;
        self.counts.blocks = self.counts.blocks.saturating_add(1);
        within(self.counts.blocks, limits.blocks_max)?;
        self.totals.blocks = self.totals.blocks.saturating_add(1);
        within(self.totals.blocks, limits.blocks_total_max)?;
        let nesting = u64::try_from(self.outer.len()).ok()?;
        within(nesting.saturating_add(1), limits.nesting_max)
    }

    /// Pops the result of the innermost block, above which no operand is left.
    #[inline(always)]
    fn close<'b>(&mut self, mut place: Place<'b>) -> Option<Place<'b>> {
        place.at = apply(self.stack, place.at, taking(place.frame.result))?;
        (place.at.top == place.at.base).then_some(place)
    }

    /// `else`.
    pub(super) fn otherwise<'b>(&mut self, place: Place<'b>) -> Option<Place<'b>> {
        if place.frame.kind != Opcode::If {
            return None;
        }
        let mut place = self.close(place)?;
        place.frame.kind = Opcode::Else;
        place.at.reachable = true;
        Some(place)
    }

    /// The `end` of a block.
    #[inline(always)]
    pub(super) fn end<'b>(&mut self, place: Place<'b>) -> Option<(Effect, Place<'b>)> {
        let mut place = self.close(place)?;
        let result = place.frame.result;
        // Without `else` the condition could be 0, and there were no result.
        if place.frame.kind == Opcode::If && result != NONE {
            return None;
        }
        let outer = self.outer.pop()?;
        place.frame = outer.frame;
        place.at.base = outer.base;
        place.at.reachable = outer.reachable;
        Some((Effect::NONE.pushing(result), place))
    }

    /// The `end` of the function, behind which nothing follows.
    pub(super) fn end_function(&mut self, place: Place<'_>) -> Option<()> {
        let place = self.close(place)?;
        let result = Effect::NONE.pushing(self.result);
        let at = apply(self.stack, place.at, result)?;
        self.counts.operators = u64::from(place.operators);
        self.counts.operands = u32::try_from(at.greatest).ok()?;
        self.counts.floats = place.floats;
        place.rest.is_empty().then_some(())
    }

    /// What a branch to a label carries.
    #[inline(always)]
    fn label(&self, place: Place<'_>, depth: u32) -> Option<WireType> {
        if depth == 0 {
            return Some(place.frame.label);
        }
        let depth = usize::try_from(depth).ok()?;
        let position = self.outer.len().checked_sub(depth)?;
        self.outer.get(position).map(|outer| outer.frame.label)
    }

    /// Pops what an unconditional branch carries.
    #[inline(always)]
    pub(super) fn leave<'b>(
        &mut self,
        mut place: Place<'b>,
        carried: WireType,
    ) -> Option<Place<'b>> {
        place.at = apply(self.stack, place.at, taking(carried))?.unreachable();
        Some(place)
    }

    /// `br`.
    #[inline(always)]
    pub(super) fn branch<'b>(&mut self, mut place: Place<'b>) -> Option<Place<'b>> {
        let (depth, rest) = immediate::unsigned(place.rest)?;
        place.rest = rest;
        let carried = self.label(place, depth)?;
        self.leave(place, carried)
    }

    /// `br_if`.
    #[inline(always)]
    pub(super) fn branch_if<'b>(&mut self, mut place: Place<'b>) -> Option<(Effect, Place<'b>)> {
        let (depth, rest) = immediate::unsigned(place.rest)?;
        place.rest = rest;
        let carried = self.label(place, depth)?;
        place.at = apply(self.stack, place.at, CONDITION)?;
        Some((taking(carried).pushing(carried), place))
    }

    /// `br_table`: all labels carry as many values, and the operand fits each.
    pub(super) fn branch_table<'b>(&mut self, mut place: Place<'b>) -> Option<Place<'b>> {
        let (count, mut rest) = immediate::unsigned(place.rest)?;
        let limits = &self.known.rules.limits;
        let number = u64::from(count);
        within(number, limits.br_table_targets_max.min(DECODED_TARGETS_MAX))?;
        self.totals.targets = self.totals.targets.saturating_add(number);
        within(self.totals.targets, limits.br_table_targets_total_max)?;
        place.at = apply(self.stack, place.at, CONDITION)?;
        // The last one is the default.
        let mut values = 0_u32;
        let mut carried = NONE;
        for _ in 0..=count {
            let (depth, behind) = immediate::unsigned(rest)?;
            rest = behind;
            carried = self.label(place, depth)?;
            if carried != NONE {
                operands::pop(self.stack, place.at, Some(carried))?;
                values = values.wrapping_add(1);
            }
        }
        place.rest = rest;
        let labels = number.saturating_add(1);
        if !(values == 0 || u64::from(values) == labels) {
            return None;
        }
        let weighed = labels.saturating_mul(target_weight(values > 0));
        self.counts.targets = self.counts.targets.saturating_add(weighed);
        self.leave(place, carried)
    }

    /// `call`.
    #[inline(always)]
    pub(super) fn call<'b>(&mut self, mut place: Place<'b>) -> Option<(Effect, Place<'b>)> {
        let (function, rest) = immediate::unsigned(place.rest)?;
        place.rest = rest;
        let type_index = self.known.type_of_function(function)?;
        self.call_of_type(place, type_index)
    }

    /// `call_indirect` through the only table.
    pub(super) fn call_indirect<'b>(
        &mut self,
        mut place: Place<'b>,
    ) -> Option<(Effect, Place<'b>)> {
        let (type_index, rest) = immediate::unsigned(place.rest)?;
        let (table, rest) = immediate::unsigned(rest)?;
        if table != 0 || self.known.module.table.is_none() {
            return None;
        }
        place.rest = rest;
        place.at = apply(self.stack, place.at, CONDITION)?;
        self.call_of_type(place, type_index)
    }

    #[inline(always)]
    fn call_of_type<'b>(
        &mut self,
        mut place: Place<'b>,
        type_index: u32,
    ) -> Option<(Effect, Place<'b>)> {
        let signature = self.known.types.signature(type_index)?;
        let parameters = signature.parameters;
        let arguments = u64::try_from(parameters).ok()?;
        self.counts.arguments = self.counts.arguments.saturating_add(arguments);
        let operators = u64::from(place.operators);
        let unpushed = self.counts.arguments.saturating_sub(operators);
        within(unpushed, self.known.rules.limits.arguments_unpushed_max)?;
        if parameters <= WINDOW {
            return Some((signature.effect, place));
        }
        place.at = self.many(place.at, self.known.types.parameters(signature)?)?;
        let result = signature.effect.result;
        Some((Effect::NONE.pushing(result), place))
    }

    /// Pops more arguments than a window has.
    #[inline(never)]
    fn many(&self, mut at: Heights, parameters: &[WireType]) -> Option<Heights> {
        for parameter in parameters.iter().rev() {
            at.top = operands::pop(self.stack, at, Some(*parameter))?.1;
        }
        Some(at)
    }
}

/// The decoder's own limit of targets, which the rules cannot exceed.
const DECODED_TARGETS_MAX: u32 = 65_520;
