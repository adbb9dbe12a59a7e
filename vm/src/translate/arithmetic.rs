//! Translates arithmetic and select; fuses pairs of operators, and loads with operators.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands"
)]

use super::form::{self, Family};
use super::fusion::{can_fuse_binary, can_fuse_load};
use super::integer::{Binary, Unary};
use super::layout::Kind;
use super::shape::Shape;
use super::{Operand, Pattern, StackEntry, Translator};

impl Translator<'_> {
    pub(super) fn binary(&mut self, op: Binary) {
        let b = self.pop_operand();
        let a = self.pop_operand();
        let (op, a, b) = match (a, b) {
            (Operand::Immediate(x), Operand::Immediate(y)) => match op.fold(x, y) {
                Some(value) => return self.push(StackEntry::Const(value)),
                // The operation traps: leave it to run time, where it is charged.
                None => (op, self.slot_or_acc(a), b),
            },
            _ => normal(op, a, b),
        };
        if self.fuse_binary(op, a, b) || self.fuse_load_binary(op, a, b) {
            return;
        }
        self.spill_acc();
        let shape =
            Shape::new(Family::Binary)
                .first(op.number())
                .kinds(a.kind(), b.kind(), Kind::Absent);
        let f = form::Binary::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Binary(op, a, b));
        if op.can_trap() {
            self.site(at);
        }
        self.code.put(f.a, a).put(f.b, b);
        self.push_acc(at);
    }

    /// Fuses (x op y) op z if the inner result is only in the accumulator.
    fn fuse_binary(&mut self, op: Binary, a: Operand, b: Operand) -> bool {
        let Some(last) = self.fusable() else {
            return false;
        };
        let Pattern::Binary(first, x, y) = last.pattern else {
            return false;
        };
        if a != Operand::Acc || b == Operand::Acc {
            return false;
        }
        let shape = Shape::new(Family::BinaryBinary)
            .first(first.number())
            .second(op.number())
            .kinds(x.kind(), y.kind(), b.kind());
        if x.kind() == Kind::Immediate || y == Operand::Acc || !can_fuse_binary(first, op) {
            return false;
        }
        self.take_back(last);
        let pattern = match (first, op, y, b) {
            (Binary::Shl32, Binary::Add32, Operand::Immediate(shift), Operand::Slot(base)) => {
                Pattern::ShiftAdd { a: x, shift, base }
            }
            _ => Pattern::Other,
        };
        let f = form::BinaryBinary::of(shape.operands());
        let at = self.begin(shape, f.cells, pattern);
        self.code.put(f.a, x).put(f.b, y).put(f.c, b);
        self.push_acc(at);
        true
    }

    /// Fuses x op load if the loaded value is only in the accumulator.
    fn fuse_load_binary(&mut self, op: Binary, a: Operand, b: Operand) -> bool {
        let Some(last) = self.fusable() else {
            return false;
        };
        let (load, address, offset, displacement) = match last.pattern {
            Pattern::Load(load, Operand::Slot(a), offset) => (load, a, offset, None),
            Pattern::LoadDisplaced {
                load,
                a,
                displacement,
                offset,
            } => (load, a, offset, Some(displacement)),
            _ => return false,
        };
        let (x, op) = match (a, b) {
            (Operand::Slot(x), Operand::Acc) => (x, Some(op)),
            (Operand::Acc, Operand::Slot(x)) => (x, op.exchanged()),
            _ => return false,
        };
        let Some(op) = op.filter(|op| can_fuse_load(load, *op)) else {
            return false;
        };
        // Before the load, the accumulator may have contained the other operand.
        let x = if last.cached == Some(x) {
            Operand::Acc
        } else {
            Operand::Slot(x)
        };
        let shape = Shape::new(Family::LoadBinary)
            .first(load.number())
            .second(op.number())
            .kinds(x.kind(), displaced(displacement.is_some()), Kind::Absent);
        // The trap site of the load stays valid.
        self.take_back(last);
        let f = form::LoadBinary::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.a, address).put(f.offset, offset);
        self.code
            .put(f.x, x)
            .put(f.displacement, displacement.unwrap_or(0));
        self.push_acc(at);
        true
    }

    pub(super) fn unary(&mut self, op: Unary) {
        let a = self.pop_operand();
        if let Operand::Immediate(value) = a {
            return self.push(StackEntry::Const(op.fold(value)));
        }
        self.spill_acc();
        let shape = Shape::new(Family::Unary).first(op.number()).a(a.kind());
        let f = form::Unary::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.a, a);
        self.push_acc(at);
    }

    pub(super) fn equals_zero(&mut self, wide: bool) {
        // The negation of a comparison is the inverse comparison, in place.
        if !wide
            && self.top_entry() == StackEntry::Acc
            && let Some(last) = &mut self.last
            && let Pattern::Binary(op, a, b) = last.pattern
            && self.producer == Some(last.at)
            && let Some(inverse) = op.inverse()
        {
            last.pattern = Pattern::Binary(inverse, a, b);
            let at = last.at;
            let shape = self.code.shape(at).first(inverse.number());
            return self.code.set_shape(at, shape);
        }
        self.push(StackEntry::Const(0));
        self.binary(if wide { Binary::Eq64 } else { Binary::Eq32 });
    }

    pub(super) fn select(&mut self) {
        let top = self.top();
        let compare = self.take_back_compare();
        let mut condition = Operand::Acc;
        if compare.is_none() {
            condition = self.operand_at(top);
            if let Operand::Immediate(value) = condition {
                let slot = self.stack_slot(top);
                self.copy_immediate(slot, value);
                condition = Operand::Slot(slot);
            }
            if self.stack[top] == StackEntry::Acc {
                self.producer = None;
            }
        }
        self.pop();
        // Copies do not change the accumulator, so a condition there survives them.
        let mut slots = [0; 2];
        for (slot, position) in slots.iter_mut().zip([top - 2, top - 1]) {
            if self.stack[position] == StackEntry::Acc {
                self.spill_acc();
            }
            *slot = match self.stack[position] {
                StackEntry::Local(local) => self.local_slot(local),
                StackEntry::Const(value) => {
                    let slot = self.stack_slot(position);
                    self.copy_immediate(slot, value);
                    slot
                }
                _ => self.stack_slot(position),
            };
        }
        self.pop();
        self.pop();
        self.spill_acc();
        let at = if let Some((op, a, b)) = compare {
            let shape = Shape::new(Family::CompareSelect).first(op.number()).kinds(
                a.kind(),
                b.kind(),
                Kind::Absent,
            );
            let f = form::CompareSelect::of(shape.operands());
            let at = self.begin(shape, f.cells, Pattern::Other);
            self.code.put(f.a, a).put(f.b, b);
            self.code.put(f.x, slots[0]).put(f.y, slots[1]);
            at
        } else {
            let shape = Shape::new(Family::Select).a(condition.kind());
            let f = form::Select::of(shape.operands());
            let at = self.begin(shape, f.cells, Pattern::Other);
            self.code.put(f.c, condition);
            self.code.put(f.a, slots[0]).put(f.b, slots[1]);
            at
        };
        self.push_acc(at);
    }

    /// Removes the comparison that produced the condition on top, so that it can be fused.
    fn take_back_compare(&mut self) -> Option<(Binary, Operand, Operand)> {
        let last = self.last?;
        let Pattern::Binary(op, a, b) = last.pattern else {
            return None;
        };
        let made_it = self.top_entry() == StackEntry::Acc && self.producer == Some(last.at);
        if !made_it || !op.is_compare() || !is_plain(a, b) {
            return None;
        }
        self.take_back(last);
        self.producer = None;
        Some((op, a, b))
    }
}

/// True for operands that a fused comparison supports.
pub(super) fn is_plain(a: Operand, b: Operand) -> bool {
    !matches!(a, Operand::Immediate(_)) && (a, b) != (Operand::Acc, Operand::Acc)
}

/// The kind of the second operand, which says whether the address has a displacement.
const fn displaced(is: bool) -> Kind {
    if is { Kind::Immediate } else { Kind::Absent }
}

/// The same operation in the form that can be fused most often: constant on the right, accumulator
/// on the left.
fn normal(op: Binary, a: Operand, b: Operand) -> (Binary, Operand, Operand) {
    let (op, b) = match (op, b) {
        (Binary::Sub32, Operand::Immediate(value)) => {
            let negated = value.wrapping_neg() & u64::from(u32::MAX);
            (Binary::Add32, Operand::Immediate(negated))
        }
        (Binary::Sub64, Operand::Immediate(value)) => {
            (Binary::Add64, Operand::Immediate(value.wrapping_neg()))
        }
        other => other,
    };
    let swap =
        matches!(a, Operand::Immediate(_)) || (matches!(a, Operand::Slot(_)) && b == Operand::Acc);
    match op.exchanged() {
        Some(exchanged) if swap => (exchanged, b, a),
        _ => (op, a, b),
    }
}

/// The low half.
#[expect(clippy::as_conversions, reason = "truncation is the definition")]
pub(super) const fn low(value: u64) -> u32 {
    value as u32
}
