//! Moves operands between accumulator, slots and locals, with as few copies as possible.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions are below the height that validation proved; limits bound the frame"
)]

use super::form::{self, Family};
use super::integer::Binary;
use super::layout::{Kind, OperandKinds};
use super::shape::Shape;
use super::{Operand, Pattern, RecentInstruction, SLOT, StackEntry, Translator, index};

/// Slots between the parameters and the declared locals: return address and weight.
const LINKAGE_SLOTS: usize = 2;

impl Translator<'_> {
    /// Byte offset of a local.
    pub(super) fn local_slot(&self, local: u32) -> u16 {
        let linkage = if local < self.layout.parameters {
            0
        } else {
            LINKAGE_SLOTS
        };
        narrow((index(local) + linkage) * SLOT)
    }

    /// Byte offset of the slot of a position of the operand stack.
    pub(super) fn stack_slot(&self, position: usize) -> u16 {
        let below = index(self.layout.parameters) + index(self.layout.locals) + LINKAGE_SLOTS;
        narrow((below + position) * SLOT)
    }

    #[inline(always)]
    pub(super) fn push(&mut self, entry: StackEntry) {
        self.stack.push(entry);
    }

    /// Pops the top entry; the caller uses its value.
    pub(super) fn pop(&mut self) -> StackEntry {
        self.stack.pop().unwrap_or(StackEntry::Slot)
    }

    /// Pops the top entry and drops its value.
    pub(super) fn discard(&mut self) {
        if self.pop() == StackEntry::Acc {
            self.producer = None;
        }
    }

    pub(super) fn operand_at(&self, position: usize) -> Operand {
        let slot = match self.stack[position] {
            StackEntry::Acc => return Operand::Acc,
            StackEntry::Const(value) => return Operand::Immediate(value),
            StackEntry::Local(local) => self.local_slot(local),
            StackEntry::Slot => self.stack_slot(position),
        };
        if self.cached == Some(slot) {
            Operand::Acc
        } else {
            Operand::Slot(slot)
        }
    }

    pub(super) fn pop_operand(&mut self) -> Operand {
        let operand = self.operand_at(self.stack.len() - 1);
        self.pop();
        operand
    }

    /// Pushes the result of the instruction at `at`, which is in the accumulator.
    pub(super) fn push_acc(&mut self, at: usize) {
        self.producer = Some(at);
        self.cached = None;
        self.push(StackEntry::Acc);
    }

    /// Makes the producer of the accumulator's entry write to a slot too, without a copy
    /// instruction.
    pub(super) fn patch_producer(&mut self, slot: u16) {
        let Some(at) = self.producer.take() else {
            return;
        };
        let shape = self.code.shape(at);
        self.code.set_shape(at, shape.with_slot());
        self.code.set_destination(at, slot);
        for emitted in [&mut self.last, &mut self.before_last]
            .into_iter()
            .flatten()
        {
            if emitted.at == at {
                emitted.result = Some(slot);
            }
        }
        self.cached = Some(slot);
    }

    /// Frees the accumulator: moves its entry, if any, to the slot of its position.
    #[inline(always)]
    pub(super) fn spill_acc(&mut self) {
        if let Some(position) = self.stack.acc() {
            let slot = self.stack_slot(position);
            self.patch_producer(slot);
            self.stack.set_slot(position);
        }
    }

    pub(super) fn copy_slot(&mut self, d: u16, a: u16) {
        if d == a {
            return;
        }
        if self.cached == Some(a) {
            return self.copy_acc(d);
        }
        if self.cached == Some(d) {
            self.cached = None;
        }
        if self.last.is_some() && self.copy_with_last(d, a) {
            return;
        }
        let f = form::CopySlot::of(OperandKinds::NONE);
        let shape = Shape::new(Family::CopySlot);
        self.begin(shape, f.cells, Pattern::CopySlot(d, a));
        self.code.put(f.d, d).put(f.a, a);
    }

    /// Fuses a copy with the copies right before it, up to four.
    fn copy_with_last(&mut self, d: u16, a: u16) -> bool {
        let Some(last) = self.last else {
            return false;
        };
        let pattern = match last.pattern {
            Pattern::CopySlot(d1, a1) => Pattern::CopyTwoSlots([(d1, a1), (d, a)]),
            Pattern::CopyTwoSlots([first, second]) => {
                Pattern::CopyThreeSlots([first, second, (d, a)])
            }
            Pattern::CopyThreeSlots(_) => Pattern::Other,
            _ => return false,
        };
        let cached = self.cached;
        self.take_back(last);
        self.cached = cached;
        match (last.pattern, pattern) {
            (_, Pattern::CopyTwoSlots([first, second])) => {
                let f = form::CopyTwoSlots::of(OperandKinds::NONE);
                self.begin(Shape::new(Family::CopyTwoSlots), f.cells, pattern);
                self.code.put(f.d, first.0).put(f.a, first.1);
                self.code.put(f.d2, second.0).put(f.a2, second.1);
            }
            // For three copies the third is made twice, which has the same effect.
            (_, Pattern::CopyThreeSlots(copies)) | (Pattern::CopyThreeSlots(copies), _) => {
                let [first, second, third] = copies;
                let f = form::CopyFourSlots::of(OperandKinds::NONE);
                self.begin(Shape::new(Family::CopyFourSlots), f.cells, pattern);
                self.code.put(f.d, first.0).put(f.a, first.1);
                self.code.put(f.d2, second.0).put(f.a2, second.1);
                self.code.put(f.d3, third.0).put(f.a3, third.1);
                self.code.put(f.d4, d).put(f.a4, a);
            }
            _ => {}
        }
        true
    }

    pub(super) fn copy_acc(&mut self, d: u16) {
        let f = form::CopyAcc::of(OperandKinds::NONE);
        self.begin(Shape::new(Family::CopyAcc), f.cells, Pattern::Other);
        self.code.put(f.d, d);
    }

    pub(super) fn copy_immediate(&mut self, d: u16, value: u64) {
        if self.cached == Some(d) {
            self.cached = None;
        }
        let small = u32::try_from(value).ok();
        if let (
            Some(
                last @ RecentInstruction {
                    pattern: Pattern::CopyImmediate(d1, v1),
                    ..
                },
            ),
            Some(v),
        ) = (self.last, small)
        {
            let cached = self.cached;
            self.take_back(last);
            self.cached = cached;
            let f = form::CopyTwoImmediates::of(OperandKinds::NONE);
            let shape = Shape::new(Family::CopyTwoImmediates);
            self.begin(shape, f.cells, Pattern::Other);
            self.code
                .put(f.d, d1)
                .put(f.d2, d)
                .put(f.i, v1)
                .put(f.i2, v);
            return;
        }
        let pattern = small.map_or(Pattern::Other, |v| Pattern::CopyImmediate(d, v));
        let f = form::CopyImmediate::of(OperandKinds::NONE);
        self.begin(Shape::new(Family::CopyImmediate), f.cells, pattern);
        self.code.put(f.d, d).put(f.i, value);
    }

    /// Copies the value of the entry at a position to slot `d`.
    pub(super) fn move_to(&mut self, position: usize, d: u16) {
        match self.stack[position] {
            // Only the last instruction may write to a slot other than that of its position: an
            // earlier one would write before copies that still read the slot.
            StackEntry::Acc => {
                let just_emitted = self.last.is_some_and(|last| self.producer == Some(last.at));
                if just_emitted || d == self.stack_slot(position) {
                    self.patch_producer(d);
                } else {
                    self.producer = None;
                    self.copy_acc(d);
                }
            }
            StackEntry::Const(value) => self.copy_immediate(d, value),
            StackEntry::Local(local) => self.copy_slot(d, self.local_slot(local)),
            StackEntry::Slot => self.copy_slot(d, self.stack_slot(position)),
        }
    }

    /// Moves the entry to the slot of its position.
    pub(super) fn materialize(&mut self, position: usize) {
        if self.stack[position] == StackEntry::Slot {
            return;
        }
        self.move_to(position, self.stack_slot(position));
        self.stack.set_slot(position);
    }

    /// Moves all pending reads of locals, and the accumulator's entry, to their slots.
    pub(super) fn materialize_locals(&mut self) {
        self.spill_acc();
        while let Some(position) = self.stack.unsettled(self.stack.len()) {
            self.materialize(position);
        }
    }

    /// A slot that contains the value of the entry: that of the local, or that of its position.
    pub(super) fn slot_of(&mut self, position: usize) -> u16 {
        if let StackEntry::Local(local) = self.stack[position] {
            return self.local_slot(local);
        }
        self.materialize(position);
        self.stack_slot(position)
    }

    /// Moves an immediate to a slot, for instructions without an immediate form; call it after the
    /// operand was popped.
    pub(super) fn slot_or_acc(&mut self, operand: Operand) -> Operand {
        let Operand::Immediate(value) = operand else {
            return operand;
        };
        let slot = self.stack_slot(self.stack.len());
        self.copy_immediate(slot, value);
        Operand::Slot(slot)
    }

    pub(super) fn set_local(&mut self, local: u32) {
        let slot = self.local_slot(local);
        let top = self.top();
        let entry = self.pop();
        // Pending reads of the old value need a copy of it first.
        let mut preserved = false;
        while let Some(position) = self.stack.read_of(local) {
            preserved = true;
            self.copy_slot(self.stack_slot(position), slot);
            self.stack.set_slot(position);
        }
        match entry {
            StackEntry::Acc => {
                let just_emitted = self.last.is_some_and(|last| self.producer == Some(last.at));
                if !preserved && just_emitted {
                    self.patch_producer(slot);
                    self.fuse_two_additions();
                } else {
                    self.producer = None;
                    self.copy_acc(slot);
                    self.cached = Some(slot);
                }
            }
            StackEntry::Const(value) => self.copy_immediate(slot, value),
            StackEntry::Local(other) => self.copy_slot(slot, self.local_slot(other)),
            StackEntry::Slot => {
                let from = self.stack_slot(top);
                if preserved || !self.redirect_low(from, slot) {
                    self.copy_slot(slot, from);
                }
            }
        }
    }

    /// Makes the last instruction write its low word to `slot` instead of `from`, where it is now
    /// and which nothing else reads; false if it cannot.
    fn redirect_low(&mut self, from: u16, slot: u16) -> bool {
        let Some(last) = &mut self.last else {
            return false;
        };
        // The high word is written after the low word.
        if last.low != Some(from) || last.result == Some(slot) {
            return false;
        }
        last.low = Some(slot);
        self.code.set_low(last.at, slot);
        if self.cached == Some(slot) {
            self.cached = None;
        }
        true
    }

    /// Fuses two additions of constants to locals.
    fn fuse_two_additions(&mut self) {
        let addition = |emitted: Option<RecentInstruction>| {
            let emitted = emitted?;
            let Pattern::Binary(Binary::Add32, Operand::Slot(a), Operand::Immediate(value)) =
                emitted.pattern
            else {
                return None;
            };
            let value = u32::try_from(value).ok()?;
            Some((emitted, emitted.result?, a, value))
        };
        let (Some((first, d1, a1, v1)), Some((second, d2, a2, v2))) =
            (addition(self.before_last), addition(self.last))
        else {
            return;
        };
        self.take_back(second);
        self.take_back(first);
        let f = form::AddAdd::of(OperandKinds::NONE);
        let shape = Shape::new(Family::AddAdd).a(Kind::Slot);
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.d, d1).put(f.a, a1).put(f.d2, d2);
        self.code.put(f.a2, a2).put(f.i, v1).put(f.i2, v2);
        if let Some(last) = self.last.as_mut().filter(|last| last.at == at) {
            last.result = Some(d2);
        }
        self.before_last = None;
        self.cached = Some(d2);
    }
}

/// A byte offset in a frame: at most (64 + 2 + 1,024 + 1,024) slots by the limits on locals and
/// operands.
fn narrow(offset: usize) -> u16 {
    let narrow = u16::try_from(offset);
    debug_assert!(narrow.is_ok(), "a frame of {offset} bytes");
    narrow.unwrap_or(u16::MAX)
}
