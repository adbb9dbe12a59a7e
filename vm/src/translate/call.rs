//! Translates calls and returns: arguments are made where the callee's parameters will be.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands"
)]

use super::idiom::is_multi3;
use super::shape::{Family, Kind, Shape};
use super::{Entry, Operand, Pattern, Translator, index};

impl Translator<'_> {
    /// The instruction at `at` ends its run and carries the price of the next one in a field.
    pub(super) fn end_run_at(&mut self, at: usize, cost_field: usize) {
        let next = self.charges.new_block();
        self.charges.cost_field(at + cost_field, next);
        let cached = self.cached;
        self.forget();
        self.cached = cached;
        self.enter(next);
    }

    /// A run that has become too long ends here.
    pub(super) fn cut_run(&mut self) {
        let at = self.begin(Shape::new(Family::Charge), Pattern::Other);
        self.code.u32(0).u32(0);
        self.end_run_at(at, 8);
    }

    /// Brings the arguments to where the callee expects them; answers the distance of its frame.
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
            self.push(Entry::Slot);
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
        } else if is_multi3(module, function) {
            Family::CallMultiply
        } else {
            Family::Call
        };
        let at = self.begin(Shape::new(family), Pattern::Other);
        self.site(at);
        let weight = self.weight_slot();
        self.code
            .u16(delta)
            .u16(weight)
            .u32(0)
            .u64(u64::from(function));
        self.end_run_at(at, 12);
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
        let at = self.begin(shape, Pattern::Other);
        self.site(at);
        let weight = self.weight_slot();
        let canonical = self.canonical[index(type_index)];
        self.code.u16(delta).u16(weight).u32(0);
        self.code.u16(target.slot()).u16(0).u32(canonical);
        self.end_run_at(at, 12);
        self.take_result(has_result);
    }

    pub(super) fn emit_return(&mut self) {
        let address = u16::try_from(self.layout.return_address()).unwrap_or(u16::MAX);
        let value = self
            .has_result
            .then(|| self.operand_at(self.stack.len() - 1));
        let kind = value.map_or(Kind::Absent, Operand::kind);
        let value = value.unwrap_or(Operand::Acc);
        let at = self.begin(Shape::new(Family::Return).a(kind), Pattern::Other);
        debug_assert!(self.last.is_some_and(|last| last.at == at));
        self.code.u16(address).u16(value.slot()).pad();
        self.immediate(value);
    }
}
