//! Translates calls and returns: arguments are placed where the callee's parameters will be.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands"
)]

use super::form::{self, Family};
use super::idiom::is_multi3;
use super::layout::{At, Cost, Kind, OperandKinds};
use super::shape::Shape;
use super::{Operand, Pattern, StackEntry, Translator, index};

impl Translator<'_> {
    /// Ends the metering block with the instruction at `at`, whose cost field has the price of the
    /// next block.
    pub(super) fn end_block_at(&mut self, at: usize, cost: At<Cost>) {
        let next = self.charges.new_block();
        self.charges.cost_field(cost.after(at), next);
        let cached = self.cached;
        self.forget();
        self.cached = cached;
        self.enter(next);
    }

    /// Ends a metering block that is too long.
    pub(super) fn cut_block(&mut self) {
        let f = form::Charge::of(OperandKinds::NONE);
        let at = self.begin(Shape::new(Family::Charge), f.cells, Pattern::Other);
        self.end_block_at(at, f.cost);
    }

    /// Moves the arguments to the callee's frame; returns the distance of that frame in bytes.
    fn pass_arguments(&mut self, count: usize) -> u16 {
        let base = self.stack.len() - count;
        for position in base..base + count {
            self.materialize(position);
        }
        self.spill_acc();
        self.stack.truncate(base);
        self.stack_slot(base)
    }

    fn take_result(&mut self, has_result: bool) {
        self.cached = None;
        if has_result {
            self.push(StackEntry::Slot);
            self.cached = Some(self.stack_slot(self.top()));
        }
    }

    /// Byte offset of this function's stack weight.
    fn weight_slot(&self) -> u16 {
        u16::try_from(self.layout.return_address() + super::SLOT).unwrap_or(u16::MAX)
    }

    pub(super) fn call(&mut self, function: u32) {
        let module = self.module;
        let signature = module.function_type(function);
        let parameters = signature.map_or(0, |signature| signature.parameters.len());
        let has_result = signature.is_some_and(|signature| signature.result.is_some());
        let delta = self.pass_arguments(parameters);
        let is_import = index(function) < module.imports().len();
        let family = if is_import {
            Family::CallHost
        } else if is_multi3(module, self.prices, function) {
            Family::CallMultiply
        } else {
            Family::Call
        };
        let f = form::Call::of(OperandKinds::NONE);
        let at = self.begin(Shape::new(family), f.cells, Pattern::Other);
        self.site(at);
        let weight = self.weight_slot();
        self.code.put(f.frame, delta).put(f.weight, weight);
        self.code.put(f.function, u64::from(function));
        self.end_block_at(at, f.cost);
        self.take_result(has_result);
    }

    pub(super) fn call_indirect(&mut self, type_index: u32) {
        let module = self.module;
        let signature = module.types().get(index(type_index));
        let parameters = signature.map_or(0, |signature| signature.parameters.len());
        let has_result = signature.is_some_and(|signature| signature.result.is_some());
        let top = self.top();
        let mut target = self.operand_at(top);
        if let Operand::Immediate(value) = target {
            let slot = self.stack_slot(top);
            self.copy_immediate(slot, value);
            target = Operand::Slot(slot);
        }
        self.discard();
        let delta = self.pass_arguments(parameters);
        let shape = Shape::new(Family::CallIndirect).a(target.kind());
        let f = form::CallIndirect::of(shape.operands());
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.site(at);
        let weight = self.weight_slot();
        let canonical = self.canonical[index(type_index)];
        self.code.put(f.frame, delta).put(f.weight, weight);
        self.code.put(f.a, target).put(f.type_index, canonical);
        self.end_block_at(at, f.cost);
        self.take_result(has_result);
    }

    pub(super) fn emit_return(&mut self) {
        let address = u16::try_from(self.layout.return_address()).unwrap_or(u16::MAX);
        let value = self
            .has_result
            .then(|| self.operand_at(self.stack.len() - 1));
        let kind = value.map_or(Kind::Absent, Operand::kind);
        let value = value.unwrap_or(Operand::Acc);
        let shape = Shape::new(Family::Return).a(kind);
        let f = form::Return::of(shape.operands());
        self.begin(shape, f.cells, Pattern::Other);
        self.code.put(f.address, address).put(f.v, value);
    }
}
