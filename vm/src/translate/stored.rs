//! Fuses the instruction that computes a value with the store, or the write of a global, that uses
//! it.

use super::form::{self, Family};
use super::fusion::{can_fuse_load_store, can_fuse_store};
use super::integer::{Binary, Store};
use super::layout::{CELL, Kind, OperandKinds};
use super::shape::Shape;
use super::{Operand, Pattern, RecentInstruction, StackEntry, Translator};

impl Translator<'_> {
    /// The last instruction, if it computed the operand on top: only in the accumulator, or in a
    /// local that it wrote.
    fn made_on_top(&self) -> Option<RecentInstruction> {
        let last = self.last?;
        let made_it = match self.top_entry() {
            StackEntry::Acc => self.producer == Some(last.at),
            StackEntry::Local(local) => {
                let slot = Some(self.local_slot(local));
                last.result == slot && self.cached == slot
            }
            _ => false,
        };
        let is_alone = self
            .stack
            .acc()
            .is_none_or(|at| at.saturating_add(1) == self.stack.len());
        (made_it && is_alone).then_some(last)
    }

    /// Removes the last instruction and pops its result; returns the slot that it wrote.
    fn take_back_made(&mut self, last: RecentInstruction) -> Option<u16> {
        self.take_back(last);
        self.producer = None;
        self.pop();
        last.result
    }

    /// Records that the result of the fused instruction is in the accumulator, and in `slot` if
    /// there is one.
    fn made(&mut self, at: usize, slot: Option<u16>) {
        self.cached = slot;
        if let Some(last) = self.last.as_mut().filter(|last| last.at == at) {
            last.result = slot;
        }
    }

    /// Fuses the store at the address in slot `a` with the instruction that computes the value.
    pub(super) fn fuse_into_store(&mut self, store: Store, a: u16, offset: u32) -> bool {
        let Some(last) = self.made_on_top() else {
            return false;
        };
        match last.pattern {
            Pattern::Binary(op, x, y) => {
                let plain = !matches!(x, Operand::Immediate(_)) && (x, y) != (ACC, ACC);
                if !plain || !can_fuse_store(op, store) {
                    return false;
                }
                let slot = self.take_back_made(last);
                self.pop();
                let shape = Shape::new(Family::BinaryStore)
                    .first(op.number())
                    .second(store.number())
                    .kinds(x.kind(), y.kind(), Kind::Absent);
                let shape = slot.map_or(shape, |_| shape.with_slot());
                let f = form::BinaryStore::of(shape.operands());
                let at = self.begin(shape, f.cells, Pattern::Other);
                self.site(at);
                self.code
                    .put(f.d, slot.unwrap_or(0))
                    .put(f.x, x)
                    .put(f.y, y);
                self.code.put(f.a, a).put(f.offset, offset);
                self.made(at, slot);
                true
            }
            Pattern::Load(load, Operand::Slot(from), from_offset)
                if last.result.is_none() && can_fuse_load_store(load, store) =>
            {
                self.take_back_made(last);
                self.pop();
                let shape = Shape::new(Family::LoadStore)
                    .first(load.number())
                    .second(store.number());
                // The trap site of the load stays valid; that of the store is the second cell.
                let f = form::LoadStore::of(OperandKinds::NONE);
                let at = self.begin(shape, f.cells, Pattern::Other);
                self.site(at.saturating_add(CELL));
                self.code.put(f.a, from).put(f.b, a);
                self.code.put(f.offset, from_offset).put(f.offset2, offset);
                true
            }
            _ => false,
        }
    }

    /// Fuses the write of a global with the addition that computes its value, and with the read of
    /// the same global if the constant is added to it.
    pub(super) fn fuse_into_global(&mut self, global: u32) -> bool {
        let Some(last) = self.made_on_top() else {
            return false;
        };
        let Pattern::Binary(Binary::Add32, a, Operand::Immediate(step)) = last.pattern else {
            return false;
        };
        let Ok(step) = u32::try_from(step) else {
            return false;
        };
        let mut kind = a.kind();
        let slot = self.take_back_made(last);
        if let (ACC, Some(read)) = (a, self.last)
            && matches!(read.pattern, Pattern::GlobalGet(of) if of == global)
            && read.result.is_none()
        {
            self.take_back(read);
            kind = Kind::Absent;
        }
        let shape = Shape::new(Family::GlobalAdd).a(kind);
        let shape = slot.map_or(shape, |_| shape.with_slot());
        let f = form::GlobalAdd::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.d, slot.unwrap_or(0)).put(f.global, global);
        self.code.put(f.i, step);
        if kind != Kind::Absent {
            self.code.put(f.a, a);
        }
        self.made(at, slot);
        true
    }
}

const ACC: Operand = Operand::Acc;
