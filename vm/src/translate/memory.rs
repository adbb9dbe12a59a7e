//! Translates loads, stores, globals, bulk operations and growth; fuses address arithmetic.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands"
)]

use super::arithmetic::{displaced, low};
use super::integer::{Binary, Load, Store};
use super::shape::{Family, Kind, Shape};
use super::{Entry, Operand, Pattern, Translator};

impl Translator<'_> {
    pub(super) fn load(&mut self, load: Load, offset: u32) {
        let a = self.pop_operand();
        if a == Operand::Acc && self.fuse_address_into_load(load, offset) {
            return;
        }
        let a = self.slot_or_acc(a);
        self.spill_acc();
        let shape = Shape::new(Family::Load).first(load.number()).a(a.kind());
        let at = self.begin(shape, Pattern::Load(load, a, offset));
        self.site(at);
        self.code.u16(0).u16(a.slot()).u32(offset);
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
        let at = self.begin(shape, pattern);
        self.site(at);
        self.code.u16(0).u16(a.slot());
        match last.pattern {
            Pattern::Binary(_, _, Operand::Immediate(value)) => self.code.u32(low(value)),
            Pattern::Binary(_, _, b) => self.code.u16(b.slot()).u16(0),
            Pattern::ShiftAdd { shift, base, .. } => {
                let shift = u16::try_from(shift & 31).unwrap_or(0);
                self.code.u16(base).u16(shift)
            }
            _ => self.code.u32(0),
        };
        self.code.u32(offset).pad();
        self.push_acc(at);
        true
    }

    pub(super) fn store(&mut self, store: Store, offset: u32) {
        let value = self.top();
        let address = value - 1;
        let mut v = self.operand_at(value);
        let mut a = self.operand_at(address);
        if self.stack[address] == Entry::Acc
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
            // One of them may be the entry, the other a copy; or both are copies of one slot.
            if self.stack[address] == Entry::Acc {
                self.spill_acc();
                a = Operand::Slot(self.stack_slot(address));
            } else if self.stack[value] == Entry::Acc {
                self.spill_acc();
                v = Operand::Slot(self.stack_slot(value));
            } else {
                a = Operand::Slot(match self.stack[address] {
                    Entry::Local(local) => self.local_slot(local),
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
        let at = self.begin(shape, Pattern::Other);
        self.site(at);
        self.code.u16(v.slot()).u16(a.slot()).u32(offset);
        self.immediate(v);
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
        // Before the addition, the accumulator may have held the value.
        let v = match v {
            Operand::Slot(slot) if last.cached == Some(slot) && a != Operand::Acc => Operand::Acc,
            other => other,
        };
        self.take_back(last);
        self.producer = None;
        self.pop();
        self.pop();
        let is_displaced = matches!(b, Operand::Immediate(_));
        let shape = Shape::new(Family::StoreIndexed)
            .first(store.number())
            .kinds(a.kind(), v.kind(), displaced(is_displaced));
        let at = self.begin(shape, Pattern::Other);
        self.site(at);
        self.code.u16(v.slot()).u16(a.slot()).u32(offset);
        self.code.u16(b.slot()).u16(0).u32(low(b.immediate()));
        self.immediate(v);
        true
    }

    pub(super) fn global_get(&mut self, global: u32) {
        self.spill_acc();
        let at = self.begin(Shape::new(Family::GlobalGet), Pattern::GlobalGet(global));
        self.code.u16(0).u16(0).u32(global);
        self.push_acc(at);
    }

    pub(super) fn global_set(&mut self, global: u32) {
        if self.fuse_into_global(global) {
            return;
        }
        let v = self.operand_at(self.top());
        self.discard();
        let at = self.begin(Shape::new(Family::GlobalSet).a(v.kind()), Pattern::Other);
        debug_assert!(self.last.is_some_and(|last| last.at == at));
        self.code.u16(v.slot()).u16(0).u32(global);
        self.immediate(v);
    }

    pub(super) fn memory_size(&mut self) {
        self.spill_acc();
        let at = self.begin(Shape::new(Family::MemorySize), Pattern::Other);
        self.code.u64(0);
        self.push_acc(at);
    }

    pub(super) fn memory_grow(&mut self) {
        let top = self.top();
        self.materialize(top);
        self.spill_acc();
        let slot = self.stack_slot(top);
        self.pop();
        let at = self.begin(Shape::new(Family::MemoryGrow), Pattern::Other);
        self.code.u16(slot).u16(slot).u32(0);
        self.end_run_at(at, 12);
        self.push(Entry::Slot);
        self.cached = Some(slot);
    }

    pub(super) fn memory_bulk(&mut self, family: Family) {
        let base = self.stack.len() - 3;
        let slots = [0, 1, 2].map(|place| self.slot_of(base + place));
        self.stack.truncate(base);
        self.spill_acc();
        let at = self.begin(Shape::new(family), Pattern::Other);
        self.site(at);
        self.code
            .u16(slots[0])
            .u16(slots[1])
            .u16(slots[2])
            .u16(0)
            .u32(0)
            .u32(0);
        self.end_run_at(at, 16);
    }
}
