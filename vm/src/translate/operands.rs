//! Tracks the operand stack: where each operand is, and which operands are pending reads of locals.
//!
//! An operator takes time only for the operands that it changes: pending reads of one local are
//! linked with each other, the position of the accumulator's entry is known, and operands in slots
//! are not scanned again. So the total time is linear in the number of operands.
#![expect(
    clippy::indexing_slicing,
    reason = "validation proved the height and the local indices"
)]

use super::{StackEntry, index};
use std::ops::Index;

/// No position.
const NONE: u32 = u32::MAX;

/// An operand, linked with the pending reads of the same local.
struct Item {
    entry: StackEntry,
    /// Position of the next pending read below.
    below: u32,
    /// Position of the next pending read above.
    above: u32,
}

#[derive(Default)]
pub(super) struct OperandStack {
    items: Vec<Item>,
    /// For each local the position of its topmost pending read.
    reads: Vec<u32>,
    /// Position of the [`StackEntry::Acc`].
    acc: Option<usize>,
    /// No operand below this position is a pending read of a local.
    settled: usize,
}

impl OperandStack {
    /// Empties the stack, for a function with `locals` locals.
    pub(super) fn reset(&mut self, locals: usize) {
        self.items.clear();
        self.reads.clear();
        self.reads.resize(locals, NONE);
        self.acc = None;
        self.settled = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Position of the entry in the accumulator, if there is one.
    pub(super) const fn acc(&self) -> Option<usize> {
        self.acc
    }

    /// Inlined, since callers mostly push a known variant.
    #[inline(always)]
    pub(super) fn push(&mut self, entry: StackEntry) {
        let mut below = NONE;
        match entry {
            StackEntry::Local(local) => below = self.link(local),
            StackEntry::Acc => self.acc = Some(self.items.len()),
            StackEntry::Const(_) | StackEntry::Slot => {}
        }
        self.items.push(Item {
            entry,
            below,
            above: NONE,
        });
    }

    /// Links the read of `local` that is pushed next; returns the position of the read below it.
    #[inline]
    fn link(&mut self, local: u32) -> u32 {
        let number = u32::try_from(self.items.len()).unwrap_or(NONE);
        let below = std::mem::replace(&mut self.reads[index(local)], number);
        if below != NONE {
            self.items[index(below)].above = number;
        }
        below
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<StackEntry> {
        let item = self.items.pop()?;
        match item.entry {
            // The topmost pending read of its local.
            StackEntry::Local(local) => {
                self.reads[index(local)] = item.below;
                if item.below != NONE {
                    self.items[index(item.below)].above = NONE;
                }
            }
            StackEntry::Acc => self.acc = None,
            StackEntry::Const(_) | StackEntry::Slot => {}
        }
        self.settled = self.settled.min(self.items.len());
        Some(item.entry)
    }

    pub(super) fn truncate(&mut self, height: usize) {
        while self.items.len() > height {
            self.pop();
        }
    }

    /// Records that the operand is now in the slot of its position.
    pub(super) fn set_slot(&mut self, position: usize) {
        let item = &mut self.items[position];
        let (below, above) = (item.below, item.above);
        match std::mem::replace(&mut item.entry, StackEntry::Slot) {
            StackEntry::Local(local) => self.unlink(local, below, above),
            StackEntry::Acc => self.acc = None,
            StackEntry::Const(_) | StackEntry::Slot => {}
        }
    }

    /// Position of the topmost pending read of `local`.
    pub(super) fn read_of(&self, local: u32) -> Option<usize> {
        let position = self.reads[index(local)];
        (position != NONE).then(|| index(position))
    }

    /// Position of the next pending read of a local below `height`; each position is scanned once.
    pub(super) fn unsettled(&mut self, height: usize) -> Option<usize> {
        while self.settled < height {
            if matches!(self.items[self.settled].entry, StackEntry::Local(_)) {
                return Some(self.settled);
            }
            self.settled = self.settled.saturating_add(1);
        }
        None
    }

    fn unlink(&mut self, local: u32, below: u32, above: u32) {
        if below != NONE {
            self.items[index(below)].above = above;
        }
        if above == NONE {
            self.reads[index(local)] = below;
        } else {
            self.items[index(above)].below = below;
        }
    }
}

impl Index<usize> for OperandStack {
    type Output = StackEntry;

    fn index(&self, position: usize) -> &StackEntry {
        &self.items[position].entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_of_a_local_are_found_from_the_top_and_forgotten_in_any_order() {
        let mut operands = OperandStack::default();
        operands.reset(2);
        for local in [0, 1, 0, 0] {
            operands.push(StackEntry::Local(local));
        }
        assert_eq!(operands.read_of(0), Some(3));
        operands.set_slot(2);
        operands.pop();
        assert_eq!(operands.read_of(0), Some(0));
        operands.push(StackEntry::Local(0));
        operands.set_slot(0);
        assert_eq!(operands.read_of(0), Some(3));
        operands.truncate(2);
        assert_eq!((operands.read_of(0), operands.read_of(1)), (None, Some(1)));
    }

    #[test]
    fn an_operand_is_unsettled_until_it_is_in_a_slot() {
        let mut operands = OperandStack::default();
        operands.reset(1);
        operands.push(StackEntry::Slot);
        operands.push(StackEntry::Local(0));
        assert_eq!(operands.unsettled(1), None);
        assert_eq!(operands.unsettled(2), Some(1));
        operands.set_slot(1);
        assert_eq!(operands.unsettled(2), None);
        operands.pop();
        operands.push(StackEntry::Local(0));
        assert_eq!(operands.unsettled(2), Some(1));
    }

    #[test]
    fn the_position_of_the_accumulators_entry_is_known() {
        let mut operands = OperandStack::default();
        operands.reset(0);
        operands.push(StackEntry::Acc);
        operands.push(StackEntry::Const(1));
        assert_eq!(operands.acc(), Some(0));
        operands.set_slot(0);
        assert_eq!(operands.acc(), None);
    }
}
