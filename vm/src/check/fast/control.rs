//! Checks blocks, branches and calls in the fast pass.

use super::operands::{COMPARED, Effect, fits};
use super::{Body, immediate, within};
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
    word_below: u64,
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
    pub(super) fn block(&mut self, kind: Opcode) -> Option<()> {
        let (result, rest) = self.rest.split_first()?;
        self.rest = rest;
        let result = *result;
        if !(result == NONE || wire::is_value(result)) {
            return None;
        }
        if kind == Opcode::If {
            self.apply(CONDITION)?;
        }
        self.enter(result)?;
        self.outer.push(Outer {
            frame: self.frame,
            base: self.operands.base,
            word_below: self.operands.word_below,
            reachable: self.operands.reachable,
        });
        self.frame = Frame {
            label: if kind == Opcode::Loop { NONE } else { result },
            result,
            kind,
        };
        self.operands.open();
        Some(())
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
    fn close(&mut self) -> Option<()> {
        self.apply(taking(self.frame.result))?;
        (self.operands.top == self.operands.base).then_some(())
    }

    /// `else`.
    pub(super) fn otherwise(&mut self) -> Option<()> {
        if self.frame.kind != Opcode::If {
            return None;
        }
        self.close()?;
        self.frame.kind = Opcode::Else;
        self.operands.reachable = true;
        Some(())
    }

    /// The `end` of a block.
    #[inline(always)]
    pub(super) fn end(&mut self) -> Option<()> {
        self.close()?;
        let result = self.frame.result;
        // Without `else` the condition could be 0, and there were no result.
        if self.frame.kind == Opcode::If && result != NONE {
            return None;
        }
        let outer = self.outer.pop()?;
        self.frame = outer.frame;
        self.operands.base = outer.base;
        self.operands.word_below = outer.word_below;
        self.operands.reachable = outer.reachable;
        self.apply(Effect::NONE.pushing(result))
    }

    /// The `end` of the function, behind which nothing follows.
    pub(super) fn end_function(&mut self) -> Option<()> {
        self.close()?;
        self.apply(Effect::NONE.pushing(self.result))?;
        self.counts.operators = u64::from(self.operators);
        self.counts.operands = u32::try_from(self.operands.greatest).ok()?;
        self.counts.floats = self.floats;
        self.rest.is_empty().then_some(())
    }

    /// What a branch to a label carries.
    #[inline(always)]
    fn label(&self, depth: u32) -> Option<WireType> {
        if depth == 0 {
            return Some(self.frame.label);
        }
        let depth = usize::try_from(depth).ok()?;
        let position = self.outer.len().checked_sub(depth)?;
        self.outer.get(position).map(|outer| outer.frame.label)
    }

    /// Pops what an unconditional branch carries.
    #[inline(always)]
    pub(super) fn leave(&mut self, carried: WireType) -> Option<()> {
        self.apply(taking(carried))?;
        self.operands.leave();
        Some(())
    }

    /// `br`.
    #[inline(always)]
    pub(super) fn branch(&mut self) -> Option<()> {
        let (depth, rest) = immediate::unsigned(self.rest)?;
        self.rest = rest;
        self.leave(self.label(depth)?)
    }

    /// `br_if`.
    #[inline(always)]
    pub(super) fn branch_if(&mut self) -> Option<()> {
        let (depth, rest) = immediate::unsigned(self.rest)?;
        self.rest = rest;
        let carried = self.label(depth)?;
        self.apply(CONDITION)?;
        if carried == NONE {
            return Some(());
        }
        self.apply(taking(carried).pushing(carried))
    }

    /// `br_table`: all labels carry as many values, and the operand fits each.
    pub(super) fn branch_table(&mut self) -> Option<()> {
        let (count, mut rest) = immediate::unsigned(self.rest)?;
        let limits = &self.known.rules.limits;
        let number = u64::from(count);
        within(number, limits.br_table_targets_max.min(DECODED_TARGETS_MAX))?;
        self.totals.targets = self.totals.targets.saturating_add(number);
        within(self.totals.targets, limits.br_table_targets_total_max)?;
        self.apply(CONDITION)?;
        // The last one is the default.
        let mut values = 0_u32;
        let mut carried = NONE;
        for _ in 0..=count {
            let (depth, behind) = immediate::unsigned(rest)?;
            rest = behind;
            carried = self.label(depth)?;
            if carried != NONE {
                if !fits(self.operands.topmost()?, carried) {
                    return None;
                }
                values = values.wrapping_add(1);
            }
        }
        self.rest = rest;
        let labels = number.saturating_add(1);
        if !(values == 0 || u64::from(values) == labels) {
            return None;
        }
        let weighed = labels.saturating_mul(target_weight(values > 0));
        self.counts.targets = self.counts.targets.saturating_add(weighed);
        self.leave(carried)
    }

    /// `call`.
    #[inline(always)]
    pub(super) fn call(&mut self) -> Option<()> {
        let (function, rest) = immediate::unsigned(self.rest)?;
        self.rest = rest;
        self.call_of_type(self.known.type_of_function(function)?)
    }

    /// `call_indirect` through the only table.
    pub(super) fn call_indirect(&mut self) -> Option<()> {
        let (type_index, rest) = immediate::unsigned(self.rest)?;
        let (table, rest) = immediate::unsigned(rest)?;
        if table != 0 || self.known.module.table.is_none() {
            return None;
        }
        self.rest = rest;
        self.apply(CONDITION)?;
        self.call_of_type(type_index)
    }

    #[inline(always)]
    fn call_of_type(&mut self, type_index: u32) -> Option<()> {
        let signature = self.known.types.signature(type_index)?;
        let parameters = signature.parameters;
        let arguments = u64::try_from(parameters).ok()?;
        self.counts.arguments = self.counts.arguments.saturating_add(arguments);
        let operators = u64::from(self.operators);
        let unpushed = self.counts.arguments.saturating_sub(operators);
        within(unpushed, self.known.rules.limits.arguments_unpushed_max)?;
        if parameters <= COMPARED {
            return self.apply(signature.effect);
        }
        for parameter in self.known.types.parameters(signature)?.iter().rev() {
            if !fits(self.operands.pop()?, *parameter) {
                return None;
            }
        }
        self.apply(Effect::NONE.pushing(signature.effect.result))
    }
}

/// The decoder's own limit of targets, which the rules cannot exceed.
const DECODED_TARGETS_MAX: u32 = 65_520;
