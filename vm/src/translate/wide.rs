//! Translates arithmetic on 128 bits, whose results are a low word in a slot and a high word in the
//! accumulator.
//!
//! | operators | one instruction |
//! |---|---|
//! | `x 0 y 0 add128` | x + y with its carry |
//! | the same, then `z 0 add128` | x + y + z |
//! | `x y a b mul_wide_u add128` | a * b + (x, y) |
//! | `x 0 y 0 add128 a b mul_wide_u add128` | a * b + x + y, the step of a long multiplication |
//!
//! A `local.set` of a result right after the instruction changes where that result is written.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands; positions are below the height"
)]

use super::form::{self, Family};
use super::layout::{At, Destination, Kind, Write};
use super::shape::Shape;
use super::{Operand, Pattern, RecentInstruction, StackEntry, Translator};

const ZERO: StackEntry = StackEntry::Const(0);

/// The low and the high word of a number.
#[inline(always)]
#[expect(clippy::as_conversions, reason = "truncation is the definition")]
pub(crate) const fn words(number: u128) -> (u64, u64) {
    (number as u64, (number >> 64) as u64)
}

/// The number with these words.
#[inline(always)]
pub(crate) fn number(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// The unsigned product; it is at most (2^64 - 1)^2, so two words can be added to it.
#[inline(always)]
pub(crate) fn product(a: u64, b: u64) -> u128 {
    u128::from(a).wrapping_mul(u128::from(b))
}

/// The signed product.
#[inline(always)]
pub(crate) fn signed_product(a: u64, b: u64) -> u128 {
    let wide = |word: u64| i128::from(word.cast_signed());
    wide(a).wrapping_mul(wide(b)).cast_unsigned()
}

/// A sum of two words as it was emitted, and the slots that contain its two results.
struct EmittedSum {
    first: u16,
    second: Operand,
}

impl Translator<'_> {
    pub(super) fn multiply_wide(&mut self, signed: bool) {
        let (b, a) = (self.pop_operand(), self.pop_operand());
        if let (Operand::Immediate(a), Operand::Immediate(b)) = (a, b) {
            let apply = if signed { signed_product } else { product };
            return self.push_constants(apply(a, b));
        }
        let exchange = matches!(a, Operand::Immediate(_))
            || (matches!(a, Operand::Slot(_)) && b == Operand::Acc);
        let (a, b) = if exchange { (b, a) } else { (a, b) };
        self.spill_acc();
        let family = if signed {
            Family::MultiplyWideSigned
        } else {
            Family::MultiplyWide
        };
        let shape = Shape::new(family).kinds(a.kind(), b.kind(), Kind::Absent);
        let pattern = if signed {
            Pattern::Other
        } else {
            Pattern::MultiplyWide(a, b)
        };
        // The signed product has the same fields.
        let f = form::MultiplyWide::of(shape.operands());
        let at = self.begin(shape, f.cells, pattern);
        self.code.put(f.a, a).put(f.b, b);
        self.push_words(at, f.d, f.low);
    }

    pub(super) fn add_wide(&mut self) {
        let base = self.stack.len() - 4;
        if let Some((a, b)) = self.constants(base) {
            self.stack.truncate(base);
            return self.push_constants(a.wrapping_add(b));
        }
        let fused = self.fuse_product(base, base + 2, base)
            || self.fuse_product(base, base, base + 2)
            || self.fuse_sum(base, base, base + 2)
            || self.fuse_sum(base, base + 2, base);
        if !fused {
            // The first number needs its low word in a slot, and its high word not as a constant.
            let unfit = |low: StackEntry, high: StackEntry| {
                !matches!(low, StackEntry::Local(_) | StackEntry::Slot)
                    || matches!(high, StackEntry::Const(value) if value != 0)
            };
            let unfit_first = unfit(self.stack[base], self.stack[base + 1]);
            let (first, second) = if unfit_first {
                (base + 2, base)
            } else {
                (base, base + 2)
            };
            self.emit_sum(Family::AddWide, first, second);
        }
    }

    pub(super) fn subtract_wide(&mut self) {
        let base = self.stack.len() - 4;
        if let Some((a, b)) = self.constants(base) {
            self.stack.truncate(base);
            return self.push_constants(a.wrapping_sub(b));
        }
        self.emit_sum(Family::SubtractWide, base, base + 2);
    }

    /// Emits a sum or difference of the numbers at these positions, which are the top four
    /// operands.
    fn emit_sum(&mut self, family: Family, first: usize, second: usize) {
        let base = first.min(second);
        let a = self.slot_of(first);
        if matches!(self.stack[first + 1], StackEntry::Const(value) if value != 0) {
            self.materialize(first + 1);
        }
        let high = |translator: &Self, position: usize| match translator.stack[position] {
            ZERO => None,
            _ => Some(translator.operand_at(position)),
        };
        let (a2, b2) = (high(self, first + 1), high(self, second + 1));
        let b = self.operand_at(second);
        self.stack.truncate(base);
        self.spill_acc();
        let kind = |operand: Option<Operand>| operand.map_or(Kind::Absent, Operand::kind);
        let shape = Shape::new(family).kinds(kind(a2), b.kind(), kind(b2));
        let pattern = match (family, a2, b2) {
            (Family::AddWide, None, None) => Pattern::AddCarry(a, b),
            _ => Pattern::Other,
        };
        // A difference has the same fields.
        let f = form::AddWide::of(shape.operands());
        let at = self.begin(shape, f.cells, pattern);
        self.code.put(f.a, a).put(f.b, b);
        for (field, operand) in [(f.a2, a2), (f.b2, b2)] {
            if let Some(operand) = operand {
                self.code.put(field, operand);
            }
        }
        self.push_words(at, f.d, f.low);
    }

    /// Fuses the addition of the product at position `at` to the number at position `to`, if the
    /// last instruction computed the product.
    fn fuse_product(&mut self, base: usize, at: usize, to: usize) -> bool {
        let Some(last) = self.fresh_words(at) else {
            return false;
        };
        let Pattern::MultiplyWide(a, b) = last.pattern else {
            return false;
        };
        let below = self.emitted_sum(to, a, b);
        self.take_back(last);
        // The product's entries are not used any more; the other number may have to move.
        let (family, x, y) = if let Some((sum, before)) = below {
            self.take_back(before);
            (Family::MultiplyAddTwo, sum.first, Some(sum.second))
        } else {
            let x = self.slot_of(to);
            let y = match self.stack[to + 1] {
                ZERO => None,
                _ => Some(Operand::Slot(self.slot_of(to + 1))),
            };
            (Family::MultiplyAdd, x, y)
        };
        self.stack.truncate(base);
        self.producer = None;
        let kind = y.map_or(Kind::Absent, Operand::kind);
        let shape = Shape::new(family).kinds(a.kind(), b.kind(), kind);
        // The sum with two words has the same fields.
        let f = form::MultiplyAdd::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.a, a).put(f.b, b).put(f.x, x);
        if let Some(y) = y {
            self.code.put(f.y, y);
        }
        self.push_words(at, f.d, f.low);
        true
    }

    /// The sum of two words at position `at`, if the instruction before the last one computed it
    /// and both results are only in the slots of their positions. `a` and `b` are the operands of
    /// the last instruction.
    fn emitted_sum(
        &self,
        at: usize,
        a: Operand,
        b: Operand,
    ) -> Option<(EmittedSum, RecentInstruction)> {
        let before = self.before_last?;
        let Pattern::AddCarry(first, second) = before.pattern else {
            return None;
        };
        let slots = (Some(self.stack_slot(at)), Some(self.stack_slot(at + 1)));
        let entries = (self.stack[at], self.stack[at + 1]);
        let is_here =
            (before.low, before.result) == slots && entries == (StackEntry::Slot, StackEntry::Slot);
        let fits = !matches!(second, Operand::Immediate(_)) && a != Operand::Acc;
        (is_here && fits && b != Operand::Acc).then_some((EmittedSum { first, second }, before))
    }

    /// Fuses the addition of the word at position `to` to the sum of two words at position `at`, if
    /// the last instruction computed the sum.
    fn fuse_sum(&mut self, base: usize, at: usize, to: usize) -> bool {
        let Some(last) = self.fresh_words(at) else {
            return false;
        };
        let Pattern::AddCarry(b, a) = last.pattern else {
            return false;
        };
        let third = match (self.stack[to], self.stack[to + 1]) {
            (StackEntry::Local(local), ZERO) => self.local_slot(local),
            (StackEntry::Slot, ZERO) => self.stack_slot(to),
            _ => return false,
        };
        if matches!(a, Operand::Immediate(_)) {
            return false;
        }
        self.take_back(last);
        self.stack.truncate(base);
        self.producer = None;
        let shape = Shape::new(Family::AddThree).a(a.kind());
        let f = form::AddThree::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.a, a).put(f.b, b).put(f.c, third);
        self.push_words(at, f.d, f.low);
        true
    }

    /// The last instruction, if it computed the number at position `at`: the high word is only in
    /// the accumulator, the low word only in the slot of its position.
    fn fresh_words(&self, at: usize) -> Option<RecentInstruction> {
        let last = self.last?;
        let is_here = self.stack.acc() == Some(at + 1)
            && self.producer == Some(last.at)
            && self.stack[at] == StackEntry::Slot
            && last.low == Some(self.stack_slot(at));
        is_here.then_some(last)
    }

    /// The two numbers from position `base` on, if all their words are constants.
    fn constants(&self, base: usize) -> Option<(u128, u128)> {
        let word = |position: usize| match self.stack[position] {
            StackEntry::Const(value) => Some(value),
            _ => None,
        };
        let at = |position| Some(number(word(position)?, word(position + 1)?));
        Some((at(base)?, at(base + 2)?))
    }

    fn push_constants(&mut self, result: u128) {
        let (low, high) = words(result);
        self.push(StackEntry::Const(low));
        self.push(StackEntry::Const(high));
    }

    /// Pushes the two results of the instruction at `at`: the low word is in the slot of its
    /// position, the high word in the accumulator.
    fn push_words(&mut self, at: usize, d: At<Destination>, low: At<Write>) {
        debug_assert_eq!(
            (d.byte(), low.byte()),
            (At::<Destination>::FIRST.byte(), At::<Write>::LOW.byte())
        );
        let slot = self.stack_slot(self.stack.len());
        self.code.set_low(at, slot);
        if let Some(last) = self.last.as_mut().filter(|last| last.at == at) {
            last.low = Some(slot);
        }
        self.push(StackEntry::Slot);
        self.push_acc(at);
    }
}
