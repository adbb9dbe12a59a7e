//! Translates loads, stores, globals, bulk operations and growth; fuses address arithmetic.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands"
)]

use super::arithmetic::low;
use super::form::{self, Family};
use super::integer::{Binary, Load, Store};
use super::layout::{Kind, OperandKinds};
use super::shape::Shape;
use super::{Operand, Pattern, StackEntry, Translator};

impl Translator<'_> {
    pub(super) fn load(&mut self, load: Load, offset: u32) {
        let a = self.pop_operand();
        if a == Operand::Acc && self.fuse_address_into_load(load, offset) {
            return;
        }
        let a = self.slot_or_acc(a);
        self.spill_acc();
        let shape = Shape::new(Family::Load).first(load.number()).a(a.kind());
        let f = form::Load::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Load(load, a, offset));
        self.site(at);
        self.code.put(f.a, a).put(f.offset, offset);
        self.push_acc(at);
    }

    fn fuse_address_into_load(&mut self, load: Load, offset: u32) -> bool {
        let Some(last) = self.fusable() else {
            return false;
        };
        let (family, a) = match last.pattern {
            Pattern::Binary(_, Operand::Immediate(_), _) => return false,
            Pattern::Binary(Binary::Add32, a, Operand::Slot(_)) => (Family::LoadIndexed, a),
            Pattern::Binary(Binary::Add32, a, Operand::Immediate(_)) => (Family::LoadDisplaced, a),
            Pattern::ShiftAdd { a, .. } => (Family::LoadScaled, a),
            _ => return false,
        };
        let pattern = match (last.pattern, a) {
            (Pattern::Binary(_, _, Operand::Slot(index)), Operand::Slot(a)) => {
                Pattern::LoadIndexed {
                    load,
                    a,
                    index,
                    offset,
                }
            }
            (Pattern::Binary(_, _, Operand::Immediate(value)), Operand::Slot(a)) => {
                let displacement = low(value);
                Pattern::LoadDisplaced {
                    load,
                    a,
                    displacement,
                    offset,
                }
            }
            _ => Pattern::Other,
        };
        self.take_back(last);
        let shape = Shape::new(family).first(load.number()).a(a.kind());
        let at = match last.pattern {
            Pattern::Binary(_, _, Operand::Immediate(value)) => {
                let f = form::LoadDisplaced::of(shape.operands());
                let at = self.begin(shape, f.cells, pattern);
                self.code.put(f.a, a).put(f.displacement, low(value));
                self.code.put(f.offset, offset);
                at
            }
            Pattern::ShiftAdd { shift, base, .. } => {
                let f = form::LoadScaled::of(shape.operands());
                let at = self.begin(shape, f.cells, pattern);
                let shift = u16::try_from(shift & 31).unwrap_or(0);
                self.code.put(f.a, a).put(f.b, base).put(f.shift, shift);
                self.code.put(f.offset, offset);
                at
            }
            Pattern::Binary(_, _, Operand::Slot(b)) => {
                let f = form::LoadIndexed::of(shape.operands());
                let at = self.begin(shape, f.cells, pattern);
                self.code.put(f.a, a).put(f.b, b).put(f.offset, offset);
                at
            }
            _ => return false,
        };
        self.site(at);
        self.push_acc(at);
        true
    }

    pub(super) fn store(&mut self, store: Store, offset: u32) {
        let value = self.top();
        let address = value - 1;
        let mut v = self.operand_at(value);
        let mut a = self.operand_at(address);
        if self.stack[address] == StackEntry::Acc
            && v != Operand::Acc
            && self.fuse_address_into_store(store, offset, v)
        {
            return;
        }
        if let Operand::Slot(slot) = a
            && self.fuse_into_store(store, slot, offset)
        {
            return;
        }
        if (a, v) == (Operand::Acc, Operand::Acc) {
            // Either one is the accumulator's entry and the other a copy of its slot, or both are
            // copies of one slot.
            if self.stack[address] == StackEntry::Acc {
                self.spill_acc();
                a = Operand::Slot(self.stack_slot(address));
            } else if self.stack[value] == StackEntry::Acc {
                self.spill_acc();
                v = Operand::Slot(self.stack_slot(value));
            } else {
                a = Operand::Slot(match self.stack[address] {
                    StackEntry::Local(local) => self.local_slot(local),
                    _ => self.stack_slot(address),
                });
            }
        }
        if let Operand::Immediate(constant) = a {
            let slot = self.stack_slot(address);
            self.copy_immediate(slot, constant);
            a = Operand::Slot(slot);
        }
        self.discard();
        self.discard();
        let shape =
            Shape::new(Family::Store)
                .first(store.number())
                .kinds(a.kind(), v.kind(), Kind::Absent);
        let f = form::Store::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.site(at);
        self.code.put(f.v, v).put(f.a, a).put(f.offset, offset);
    }

    fn fuse_address_into_store(&mut self, store: Store, offset: u32, v: Operand) -> bool {
        let Some(last) = self.last.filter(|last| self.producer == Some(last.at)) else {
            return false;
        };
        let Pattern::Binary(Binary::Add32, a, b) = last.pattern else {
            return false;
        };
        if matches!(a, Operand::Immediate(_)) || b == Operand::Acc {
            return false;
        }
        // Before the addition, the accumulator may have contained the value.
        let v = match v {
            Operand::Slot(slot) if last.cached == Some(slot) && a != Operand::Acc => Operand::Acc,
            other => other,
        };
        self.take_back(last);
        self.producer = None;
        self.pop();
        self.pop();
        let shape = Shape::new(Family::StoreIndexed)
            .first(store.number())
            .kinds(a.kind(), v.kind(), b.kind());
        let f = form::StoreIndexed::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.site(at);
        self.code.put(f.v, v).put(f.a, a);
        self.code.put(f.offset, offset).put(f.b, b);
        true
    }

    pub(super) fn global_get(&mut self, global: u32) {
        self.spill_acc();
        let f = form::GlobalGet::of(OperandKinds::NONE);
        let shape = Shape::new(Family::GlobalGet);
        let at = self.begin(shape, f.cells, Pattern::GlobalGet(global));
        self.code.put(f.global, global);
        self.push_acc(at);
    }

    pub(super) fn global_set(&mut self, global: u32) {
        if self.fuse_into_global(global) {
            return;
        }
        let v = self.operand_at(self.top());
        self.discard();
        let shape = Shape::new(Family::GlobalSet).a(v.kind());
        let f = form::GlobalSet::of(shape.operands());
        self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.v, v).put(f.global, global);
    }

    pub(super) fn memory_size(&mut self) {
        self.spill_acc();
        let f = form::MemorySize::of(OperandKinds::NONE);
        let at = self.begin(Shape::new(Family::MemorySize), f.cells, Pattern::Other);
        self.push_acc(at);
    }

    pub(super) fn memory_grow(&mut self) {
        let top = self.top();
        self.materialize(top);
        self.spill_acc();
        let slot = self.stack_slot(top);
        self.pop();
        let f = form::MemoryGrow::of(OperandKinds::NONE);
        let at = self.begin(Shape::new(Family::MemoryGrow), f.cells, Pattern::Other);
        self.code.put(f.d, slot).put(f.a, slot);
        self.end_block_at(at, f.cost);
        self.push(StackEntry::Slot);
        self.cached = Some(slot);
    }

    pub(super) fn memory_bulk(&mut self, family: Family) {
        let base = self.stack.len() - 3;
        let [d, s, n] = [0, 1, 2].map(|operand| self.slot_of(base + operand));
        self.stack.truncate(base);
        self.spill_acc();
        // A fill has the same fields.
        let f = form::MemoryCopy::of(OperandKinds::NONE);
        let at = self.begin(Shape::new(family), f.cells, Pattern::Other);
        self.site(at);
        self.code.put(f.d, d).put(f.s, s).put(f.n, n);
        self.end_block_at(at, f.cost);
    }
}
