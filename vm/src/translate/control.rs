//! Translates blocks and branches: control frames, merges of stack and gas, fused
//! compare-and-branch.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "validation proved labels and operands"
)]

use super::arithmetic::low;
use super::charge::BlockIndex;
use super::form::{self, Family};
use super::fusion::{can_fuse_load_compare, can_fuse_step};
use super::integer::Binary;
use super::layout::{At, BranchTarget, Cost, Kind, OperandKinds};
use super::shape::Shape;
use super::{Operand, Pattern, StackEntry, Translator, index};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ControlFrameKind {
    Block,
    Loop,
    If,
    Else,
    Function,
}

/// A branch whose target is not known yet.
#[derive(Clone, Copy)]
pub(super) struct OpenBranch {
    /// Byte offset of the instruction, from which the distance is counted.
    at: usize,
    /// Byte offset of its target field.
    field: usize,
}

impl OpenBranch {
    const fn of(at: usize, target: At<BranchTarget>) -> Self {
        let field = target.after(at);
        Self { at, field }
    }
}

/// The two edges of a conditional branch.
struct Edges {
    open: OpenBranch,
    /// Byte offset of the cost field of the taken edge.
    taken: usize,
    /// Byte offset of the cost field of the other edge.
    otherwise: usize,
}

impl Edges {
    const fn of(at: usize, target: At<BranchTarget>, taken: At<Cost>, otherwise: At<Cost>) -> Self {
        Self {
            open: OpenBranch::of(at, target),
            taken: taken.after(at),
            otherwise: otherwise.after(at),
        }
    }
}

/// A control frame: a block, loop, conditional or the function itself.
pub(super) struct ControlFrame {
    kind: ControlFrameKind,
    /// Height of the operand stack at its start.
    pub(super) height: usize,
    has_result: bool,
    /// Byte offset of its start in the code, the target of a branch to a loop.
    loop_at: usize,
    /// Metering block that a branch to its label enters.
    block: BlockIndex,
    /// Index in `open_branches` of the last branch to its end.
    branches: Option<u32>,
    /// The false edge of an `if`, with the metering block that it enters.
    false_edge: Option<(OpenBranch, BlockIndex)>,
}

impl ControlFrame {
    pub(super) const fn function(has_result: bool) -> Self {
        Self {
            kind: ControlFrameKind::Function,
            height: 0,
            has_result,
            loop_at: 0,
            block: 0,
            branches: None,
            false_edge: None,
        }
    }

    /// True if a branch to its label carries a value.
    const fn carries(&self) -> bool {
        self.has_result && !matches!(self.kind, ControlFrameKind::Loop)
    }
}

/// A condition as a comparison.
type Condition = (Binary, Operand, Operand);

impl Translator<'_> {
    /// Begins the code of metering block `block`; the caller decides whether the tracked state
    /// stays valid.
    pub(super) fn enter(&mut self, block: BlockIndex) {
        self.charges.enter(block);
    }

    fn open_frame(&mut self, kind: ControlFrameKind, has_result: bool, block: BlockIndex) {
        self.control_frames.push(ControlFrame {
            kind,
            height: self.stack.len(),
            has_result,
            loop_at: self.code.here(),
            block,
            branches: None,
            false_edge: None,
        });
    }

    pub(super) fn block(&mut self, has_result: bool, is_loop: bool) {
        self.materialize_locals();
        let block = self.charges.new_block();
        if is_loop {
            self.charges.fall_to(block);
            self.forget();
            self.open_frame(ControlFrameKind::Loop, has_result, block);
            self.enter(block);
        } else {
            self.open_frame(ControlFrameKind::Block, has_result, block);
        }
    }

    /// `if`: branches to the other arm unless the condition is true.
    pub(super) fn branch_unless(&mut self, has_result: bool) {
        // Stack entries below the condition must be the same on both edges: none may refer to a
        // local that one arm changes.
        while let Some(position) = self.stack.unsettled(self.top()) {
            self.last = None;
            self.materialize(position);
        }
        let condition = self.condition(true);
        self.spill_acc();
        let (false_block, end_block) = (self.charges.new_block(), self.charges.new_block());
        let open = self.compare_branch(condition, false_block);
        self.open_frame(ControlFrameKind::If, has_result, end_block);
        let top = self.control_frames.len() - 1;
        self.control_frames[top].false_edge = Some((open, false_block));
    }

    pub(super) fn otherwise(&mut self) {
        let top = self.control_frames.len() - 1;
        let (height, has_result) = (
            self.control_frames[top].height,
            self.control_frames[top].has_result,
        );
        if self.dead == 0 {
            if has_result {
                self.materialize(height);
            }
            self.spill_acc();
            self.branch(0);
        }
        self.dead = 0;
        self.stack.truncate(height);
        self.control_frames[top].kind = ControlFrameKind::Else;
        self.producer = None;
        self.forget();
        if let Some((open, block)) = self.control_frames[top].false_edge.take() {
            self.close(open);
            self.enter(block);
        }
    }

    pub(super) fn end(&mut self) {
        let reachable = self.dead == 0;
        let Some(label) = self.control_frames.pop() else {
            return;
        };
        if label.kind == ControlFrameKind::Function {
            if reachable {
                self.emit_return();
            }
            return;
        }
        if reachable {
            if label.has_result {
                self.materialize(label.height);
            }
            self.spill_acc();
        }
        self.dead = 0;
        self.stack.truncate(label.height);
        if label.has_result {
            self.push(StackEntry::Slot);
        }
        if let Some((open, false_block)) = label.false_edge {
            // An `if` without `else`: its false edge enters the metering block at the end.
            self.charges.merge(false_block, label.block);
            self.close(open);
        }
        if label.branches.is_none() && label.false_edge.is_none() {
            // No branch joins here: the state stays known, and the metering block continues.
            self.dead = usize::from(!reachable);
            return;
        }
        if reachable {
            self.charges.fall_to(label.block);
        }
        let mut branch = label.branches;
        while let Some((open, before)) =
            branch.and_then(|number| self.open_branches.get(index(number)))
        {
            branch = *before;
            self.close(*open);
        }
        self.producer = None;
        self.forget();
        self.enter(label.block);
    }

    /// Sets the target of a branch to the next instruction.
    fn close(&mut self, open: OpenBranch) {
        let distance = u32::try_from(self.code.here() - open.at).unwrap_or(u32::MAX);
        self.code.set_u32(open.field, distance);
    }

    /// Pops the condition and returns it as a comparison, negated if `inverted`.
    fn condition(&mut self, inverted: bool) -> Condition {
        let invert = |op: Binary| {
            if inverted {
                op.inverse().unwrap_or(op)
            } else {
                op
            }
        };
        let operand = self.operand_at(self.top());
        if self.pop() == StackEntry::Acc {
            if let Some(last) = self.last.filter(|last| self.producer == Some(last.at))
                && let Pattern::Binary(op, a, b) = last.pattern
                && (op.is_compare() || op == Binary::And32)
                && (a, b) != (Operand::Acc, Operand::Acc)
            {
                self.take_back(last);
                self.producer = None;
                let op = if op == Binary::And32 {
                    Binary::Test32
                } else {
                    op
                };
                return (invert(op), a, b);
            }
            self.producer = None;
        }
        (
            invert(Binary::Ne32),
            self.slot_or_acc(operand),
            Operand::Immediate(0),
        )
    }

    /// Branches if the condition is true; the code continues in a new metering block.
    fn compare_branch(&mut self, condition: Condition, target: BlockIndex) -> OpenBranch {
        let next = self.charges.new_block();
        let (op, a, b) = condition;
        let fusable = a == Operand::Acc && b != Operand::Acc;
        let fused = if fusable {
            self.fuse_step_branch(op, b)
                .or_else(|| self.fuse_load_branch(op, b))
        } else {
            None
        };
        let edges = fused.unwrap_or_else(|| {
            let shape = Shape::new(Family::CompareBranch).first(op.number()).kinds(
                a.kind(),
                b.kind(),
                Kind::Absent,
            );
            let f = form::CompareBranch::of(shape.operands());
            let at = self.begin(shape, f.cells, Pattern::Other);
            self.code.put(f.a, a).put(f.b, b);
            Edges::of(at, f.target, f.taken, f.otherwise)
        });
        self.charges.cost_field(edges.taken, target);
        self.charges.cost_field(edges.otherwise, next);
        self.enter(next);
        edges.open
    }

    /// Fuses slot = slot + constant; compare; branch: the end of a counted loop.
    fn fuse_step_branch(&mut self, compare: Binary, b: Operand) -> Option<Edges> {
        let last = self.last?;
        let Pattern::Binary(op, Operand::Slot(a), Operand::Immediate(step)) = last.pattern else {
            return None;
        };
        let d = last.result?;
        if self.cached != Some(d) || !can_fuse_step(op, compare) {
            return None;
        }
        self.take_back(last);
        let shape = Shape::new(Family::BinaryCompareBranch)
            .first(op.number())
            .second(compare.number())
            .kinds(Kind::Slot, b.kind(), Kind::Absent);
        let f = form::BinaryCompareBranch::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.d, d).put(f.a, a).put(f.i, step).put(f.b, b);
        self.cached = Some(d);
        Some(Edges::of(at, f.target, f.taken, f.otherwise))
    }

    /// Fuses load; compare; branch.
    fn fuse_load_branch(&mut self, op: Binary, b: Operand) -> Option<Edges> {
        let last = self.last?;
        let (load, a, index, offset) = match last.pattern {
            Pattern::Load(load, Operand::Slot(a), offset) => (load, a, None, offset),
            Pattern::LoadIndexed {
                load,
                a,
                index,
                offset,
            } => (load, a, Some(index), offset),
            _ => return None,
        };
        // The loaded value has no other use, or is also in a slot.
        if last.result != self.cached || !can_fuse_load_compare(load, op) {
            return None;
        }
        self.take_back(last);
        let indexed = if index.is_some() {
            Kind::Slot
        } else {
            Kind::Absent
        };
        let shape = Shape::new(Family::LoadCompareBranch)
            .first(load.number())
            .second(op.number())
            .kinds(Kind::Slot, b.kind(), indexed);
        let shape = last.result.map_or(shape, |_| shape.with_slot());
        let f = form::LoadCompareBranch::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.d, last.result.unwrap_or(0)).put(f.a, a);
        self.code.put(f.offset, offset).put(f.b, b);
        if let Some(index) = index {
            self.code.put(f.index, Operand::Slot(index));
        }
        self.cached = last.result;
        Some(Edges::of(at, f.target, f.taken, f.otherwise))
    }

    fn target(&mut self, label: usize, open: OpenBranch) {
        let label = &mut self.control_frames[label];
        if label.kind == ControlFrameKind::Loop {
            // A backward branch: the distance wraps and is read as a signed number.
            let distance = low(label.loop_at.wrapping_sub(open.at).try_into().unwrap_or(0));
            self.code.set_u32(open.field, distance);
        } else {
            let number = u32::try_from(self.open_branches.len()).unwrap_or(u32::MAX);
            self.open_branches
                .push((open, label.branches.replace(number)));
        }
    }

    /// The index in `control_frames` of the label `depth` levels out.
    fn frame_of(&self, depth: u32) -> usize {
        self.control_frames.len() - 1 - index(depth)
    }

    /// True if a branch must move its value to another slot, or returns from the function.
    fn moves(&self, label: usize, height: usize) -> bool {
        let label = &self.control_frames[label];
        let carries = label.carries();
        label.kind == ControlFrameKind::Function
            || (carries && height - usize::from(carries) != label.height)
    }

    pub(super) fn branch(&mut self, depth: u32) {
        let target_frame = self.frame_of(depth);
        let label = &self.control_frames[target_frame];
        let (kind, height, block) = (label.kind, label.height, label.block);
        let carries = label.carries();
        if kind == ControlFrameKind::Function {
            return self.emit_return();
        }
        if carries {
            let top = self.top();
            self.move_to(top, self.stack_slot(height));
            if self.stack[top] == StackEntry::Acc {
                // The value is now in the slot of the target, but nothing reads its own slot: only
                // the branch follows. All other entries stay valid on the edge that does not
                // branch.
                self.stack.set_slot(top);
            }
        }
        self.spill_acc();
        let copy = self.take_back_copy();
        let (at, target, cost) = if let Some((d, a)) = copy {
            let f = form::CopyBranch::of(OperandKinds::NONE);
            let at = self.begin(Shape::new(Family::CopyBranch), f.cells, Pattern::Other);
            self.code.put(f.d, d).put(f.a, a);
            (at, f.target, f.cost)
        } else {
            let f = form::Branch::of(OperandKinds::NONE);
            let at = self.begin(Shape::new(Family::Branch), f.cells, Pattern::Other);
            (at, f.target, f.cost)
        };
        self.charges.cost_field(cost.after(at), block);
        self.target(target_frame, OpenBranch::of(at, target));
    }

    /// Removes the copy that was just emitted, so that the branch makes it.
    fn take_back_copy(&mut self) -> Option<(u16, u16)> {
        let last = self.last?;
        let Pattern::CopySlot(d, a) = last.pattern else {
            return None;
        };
        let cached = self.cached;
        self.take_back(last);
        self.cached = cached;
        Some((d, a))
    }

    pub(super) fn branch_if(&mut self, depth: u32) {
        let target_frame = self.frame_of(depth);
        let height = self.top();
        if !self.moves(target_frame, height) {
            if self.control_frames[target_frame].carries()
                && self.stack[height - 1] != StackEntry::Slot
            {
                self.last = None;
                self.materialize(height - 1);
            }
            let condition = self.condition(false);
            self.spill_acc();
            let block = self.control_frames[target_frame].block;
            let open = self.compare_branch(condition, block);
            return self.target(target_frame, open);
        }
        let condition = self.condition(true);
        self.spill_acc();
        let next = self.charges.new_block();
        let open = self.compare_branch(condition, next);
        let before = self.cached;
        self.branch(depth);
        self.cached = before;
        self.producer = None;
        (self.last, self.before_last) = (None, None);
        self.close(open);
        self.enter(next);
    }

    pub(super) fn branch_table(&mut self, targets: &[u32], default: u32) {
        let top = self.top();
        let mut depths = std::mem::take(&mut self.depths);
        depths.clear();
        depths.extend_from_slice(targets);
        depths.push(default);
        let carries = self.control_frames[self.frame_of(default)].carries();
        let sum = self.take_back_displacement();
        let (operand, displacement) = sum.unwrap_or((self.operand_at(top), 0));
        self.discard();
        let target = self.slot_or_acc(operand);
        self.spill_acc();
        if carries {
            self.materialize(top - 1);
        }
        let shape = Shape::new(Family::BranchTable).a(target.kind());
        let f = form::BranchTable::of(shape.operands());
        let at = self.begin(shape, f.cells + depths.len(), Pattern::Other);
        let last = u32::try_from(depths.len() - 1).unwrap_or(0);
        self.code.put(f.a, target).put(f.last, last);
        self.code.put(f.displacement, displacement);
        let mut stubs: Vec<(u32, usize)> = Vec::new();
        for (number, depth) in depths.iter().enumerate() {
            let target_frame = self.frame_of(*depth);
            let (target, cost) = f.edge(number);
            if self.moves(target_frame, top) {
                stubs.push((*depth, target.after(at)));
            } else {
                let block = self.control_frames[target_frame].block;
                self.charges.cost_field(cost.after(at), block);
                self.target(target_frame, OpenBranch::of(at, target));
            }
        }
        self.stubs(at, &mut stubs);
        self.depths = depths;
    }

    /// Removes the addition of a constant that produced the index on top, so that the branch table
    /// makes it.
    fn take_back_displacement(&mut self) -> Option<(Operand, u32)> {
        let last = self.last?;
        let Pattern::Binary(Binary::Add32, a, Operand::Immediate(value)) = last.pattern else {
            return None;
        };
        let made_it = self.top_entry() == StackEntry::Acc && self.producer == Some(last.at);
        if !made_it || matches!(a, Operand::Immediate(_)) {
            return None;
        }
        self.take_back(last);
        self.producer = None;
        Some((a, low(value)))
    }

    /// Emits the edges of a `br_table` that must move a value first, one stub for each label.
    fn stubs(&mut self, at: usize, stubs: &mut Vec<(u32, usize)>) {
        stubs.sort_unstable();
        let mut rest = stubs.as_slice();
        while let Some((depth, _)) = rest.first().copied() {
            let equal = rest.iter().take_while(|(other, _)| *other == depth).count();
            for (_, field) in &rest[..equal] {
                self.close(OpenBranch { at, field: *field });
            }
            rest = &rest[equal..];
            self.forget();
            self.branch(depth);
        }
    }
}
