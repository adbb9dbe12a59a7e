//! Executes one operator after the other: charges its price, then executes it.
//!
//! [`Instance::step`] is the match over the operators; below it is control: branches, calls,
//! entries, returns. The order of charges and checks is the specified one, because the other
//! engines are compared with R.
//!
//! # Invariants
//! * No operator has an effect before its price is charged.
//! * A breach of what validation guarantees is a fault, not a panic.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".

use crate::code::{Block, Instruction, PricedInstruction, wide};
use crate::instance::{Activation, Instance, Label};
use crate::memory::effective_address;
use crate::numeric::{self, low};
use std::sync::PoisonError;
use vm::unstable::execution::{HostCall, Stop, Value};
use vm::unstable::gas::OutOfGas;
use vm::unstable::limits::STACK_SLOTS_MAX;
use vm::unstable::module::{Import, ValueType};
use vm::unstable::opcode::Opcode;
use vm::{Fault, Trap};

/// Why the interpreter returns control to the driver.
pub(crate) enum Halt {
    /// The guest calls the host; the result has this type.
    HostCall(HostCall, Option<ValueType>),
    /// The guest ended.
    Exit(Stop),
    /// The interpreter or this host failed.
    Fault(Fault),
}

impl From<Trap> for Halt {
    fn from(trap: Trap) -> Self {
        Self::Exit(Stop::Trap(trap))
    }
}

impl From<OutOfGas> for Halt {
    fn from(_: OutOfGas) -> Self {
        Self::Exit(Stop::OutOfGas)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A fault: something that validation guarantees is not true.
fn broken(what: &'static str) -> Halt {
    Halt::Fault(Fault::invariant(what))
}

impl Instance {
    /// Executes the next operator.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each operator: the definition, in one match"
    )]
    pub(crate) fn step(&mut self) -> Result<(), Halt> {
        let next = self.fetch()?;
        self.gas.charge(next.price)?;
        match next.instruction {
            Instruction::Unreachable => Err(Trap::Unreachable.into()),
            Instruction::Nop => Ok(()),
            Instruction::Block(block) => {
                self.open(block);
                Ok(())
            }
            Instruction::If(block) => {
                let condition = low(self.pop()?) != 0;
                self.open(block);
                if condition {
                    Ok(())
                } else {
                    self.take_else(block)
                }
            }
            // Reached at the end of the first arm: the block's `end` is next, and closes it.
            Instruction::Else(block) => {
                let end = self.block(block)?.end;
                self.jump(end)
            }
            Instruction::End => self.end(),
            Instruction::Br(depth) => self.branch(depth),
            Instruction::BrIf(depth) => {
                let condition = low(self.pop()?) != 0;
                if condition {
                    self.branch(depth)
                } else {
                    Ok(())
                }
            }
            Instruction::BrTable(table) => {
                let index = wide(low(self.pop()?));
                let depth = self.table_target(table, index)?;
                self.branch(depth)
            }
            Instruction::Return => self.leave(),
            Instruction::Call(function) => self.call(function),
            Instruction::CallIndirect(type_index) => {
                let index = wide(low(self.pop()?));
                let function = self.indirect(type_index, index)?;
                self.call(function)
            }
            Instruction::Drop => self.pop().map(drop),
            Instruction::Select => {
                let condition = low(self.pop()?) != 0;
                let (second, first) = (self.pop()?, self.pop()?);
                self.push(if condition { first } else { second })
            }
            Instruction::LocalGet(local) => {
                let value = *self.local(local)?;
                self.push(value)
            }
            Instruction::LocalSet(local) => {
                let value = self.pop()?;
                *self.local(local)? = value;
                Ok(())
            }
            Instruction::LocalTee(local) => {
                let value = self.pop()?;
                *self.local(local)? = value;
                self.push(value)
            }
            Instruction::GlobalGet(global) => {
                let value = *self.global(global)?;
                self.push(value)
            }
            Instruction::GlobalSet(global) => {
                let value = self.pop()?;
                *self.global(global)? = value;
                Ok(())
            }
            Instruction::Load(opcode, offset) => {
                let address = effective_address(self.pop()?, offset);
                let loaded = self.memory.load(opcode, address)?;
                self.push(loaded.ok_or_else(|| broken("not a load"))?)
            }
            Instruction::Store(opcode, offset) => {
                let value = self.pop()?;
                let address = effective_address(self.pop()?, offset);
                let stored = self.memory.store(opcode, address, value)?;
                stored.ok_or_else(|| broken("not a store"))
            }
            Instruction::MemorySize => self.push(u64::from(self.memory.pages())),
            Instruction::MemoryGrow => {
                let delta = low(self.pop()?);
                let old = self.memory.pages();
                let Some(pages) = self.memory.grown(delta) else {
                    // -1 above the maximum, and no page is paid.
                    return self.push(u64::from(u32::MAX));
                };
                let per_page = self.rules.schedule.dynamic().memory_grow_per_page;
                self.gas.charge_linear(0, per_page, u64::from(delta))?;
                self.memory.resize(pages)?;
                self.push(u64::from(old))
            }
            Instruction::MemoryCopy => {
                let (length, from, to) = (self.pop()?, self.pop()?, self.pop()?);
                let per_byte = self.rules.schedule.dynamic().memory_copy_per_byte;
                self.gas
                    .charge_linear(0, per_byte, u64::from(low(length)))?;
                Ok(self.memory.copy(low(to), low(from), low(length))?)
            }
            Instruction::MemoryFill => {
                let (length, value, to) = (self.pop()?, self.pop()?, self.pop()?);
                let per_byte = self.rules.schedule.dynamic().memory_fill_per_byte;
                self.gas
                    .charge_linear(0, per_byte, u64::from(low(length)))?;
                let [byte, ..] = value.to_le_bytes();
                Ok(self.memory.fill(low(to), byte, low(length))?)
            }
            Instruction::Const(value) => self.push(value),
            Instruction::Numeric(opcode) => {
                let right = self.pop()?;
                if let Some(result) = numeric::unary(opcode, right) {
                    return self.push(result);
                }
                let left = self.pop()?;
                let result = numeric::binary(opcode, left, right)?;
                self.push(result.ok_or_else(|| broken("not an integer operator"))?)
            }
            Instruction::Wide(opcode) => self.wide(opcode),
            Instruction::Float => Err(Trap::FloatInstruction.into()),
        }
    }

    /// Replaces the words of two numbers by those of the result; low words are below high words.
    fn wide(&mut self, opcode: Opcode) -> Result<(), Halt> {
        let (right, left) = (self.pop()?, self.pop()?);
        let [low, high] = if let Some(product) = numeric::wide_product(opcode, left, right) {
            product
        } else {
            let first_high = self.pop()?;
            let first = [self.pop()?, first_high];
            let sum = numeric::wide_sum(opcode, first, [left, right]);
            sum.ok_or_else(|| broken("not a wide operator"))?
        };
        self.push(low)?;
        self.push(high)
    }

    /// Returns the next operator and advances past it.
    fn fetch(&mut self) -> Result<PricedInstruction, Halt> {
        let active = self
            .activations
            .last_mut()
            .ok_or_else(|| broken("no function is active"))?;
        let next = active.code.instructions.get(active.next).copied();
        let next = next.ok_or_else(|| broken("a function without an end"))?;
        active.next = active.next.saturating_add(1);
        if let Some(trace) = &self.observers.trace {
            let function = active.code.function;
            let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
            trace.slot(self.values.last().copied());
            trace.operator(function, next.offset, self.gas.remaining());
        }
        Ok(next)
    }

    /// Never fails; it returns a `Result` because most arms of the match end with it.
    fn push(&mut self, slot: u64) -> Result<(), Halt> {
        self.values.push(slot);
        Ok(())
    }

    fn pop(&mut self) -> Result<u64, Halt> {
        self.values
            .pop()
            .ok_or_else(|| broken("an operand is missing"))
    }

    fn local(&mut self, index: u32) -> Result<&mut u64, Halt> {
        let first = self.active()?.locals;
        self.values
            .get_mut(first.saturating_add(wide(index)))
            .ok_or_else(|| broken("a local is missing"))
    }

    fn global(&mut self, index: u32) -> Result<&mut u64, Halt> {
        self.globals
            .get_mut(wide(index))
            .ok_or_else(|| broken("a global is missing"))
    }

    fn active(&self) -> Result<&Activation, Halt> {
        self.activations
            .last()
            .ok_or_else(|| broken("no function is active"))
    }

    fn block(&self, index: usize) -> Result<Block, Halt> {
        let block = self.active()?.code.blocks.get(index).copied();
        block.ok_or_else(|| broken("a block is missing"))
    }

    fn jump(&mut self, target: usize) -> Result<(), Halt> {
        let active = self
            .activations
            .last_mut()
            .ok_or_else(|| broken("no function is active"))?;
        active.next = target;
        Ok(())
    }

    fn open(&mut self, block: usize) {
        self.labels.push(Label {
            block,
            height: self.values.len(),
        });
    }

    /// Jumps to the second arm, or to the `end` of an `if` that has none.
    fn take_else(&mut self, block: usize) -> Result<(), Halt> {
        let block = self.block(block)?;
        self.jump(block.otherwise.unwrap_or(block.end))
    }

    /// Closes the innermost block; if none is open, the function returns.
    fn end(&mut self) -> Result<(), Halt> {
        if self.labels.len() <= self.active()?.labels {
            return self.leave();
        }
        self.labels.pop();
        Ok(())
    }

    fn table_target(&self, table: usize, index: usize) -> Result<u32, Halt> {
        let table = self.active()?.code.tables.get(table);
        let table = table.ok_or_else(|| broken("a branch table is missing"))?;
        Ok(table.targets.get(index).copied().unwrap_or(table.default))
    }

    /// Branches to the label `depth` levels out; the outermost is the function itself.
    ///
    /// The operand stack is truncated to its height at the start of the block; the result of a
    /// block stays on top.
    fn branch(&mut self, depth: u32) -> Result<(), Halt> {
        let outermost = self.active()?.labels;
        let inside = self.labels.len().saturating_sub(outermost);
        let Some(outer) = inside.checked_sub(wide(depth).saturating_add(1)) else {
            return self.leave();
        };
        let index = outermost.saturating_add(outer);
        let label = self
            .labels
            .get(index)
            .copied()
            .ok_or_else(|| broken("a label is missing"))?;
        let block = self.block(label.block)?;
        if block.is_loop {
            self.values.truncate(label.height);
            self.labels.truncate(index.saturating_add(1));
            return self.jump(block.start);
        }
        let result = if block.has_result {
            Some(self.pop()?)
        } else {
            None
        };
        self.values.truncate(label.height);
        self.values.extend(result);
        self.labels.truncate(index);
        self.jump(block.end.saturating_add(1))
    }

    /// The function in the table at `index`; checks bound, null and type, in this order.
    fn indirect(&self, type_index: u32, index: usize) -> Result<u32, Halt> {
        let entry = self.table.get(index).ok_or(Trap::TableOutOfBounds)?;
        let function = entry.ok_or(Trap::IndirectCallToNull)?;
        let expected = self.module.types().get(wide(type_index));
        let expected = expected.ok_or_else(|| broken("a type is missing"))?;
        if self.module.function_type(function) != Some(expected) {
            return Err(Trap::IndirectCallTypeMismatch.into());
        }
        Ok(function)
    }

    /// Calls the function at `function` of the index space; the operator is charged already.
    fn call(&mut self, function: u32) -> Result<(), Halt> {
        match self.module.imports().get(wide(function)).copied() {
            Some(import) => self.call_host(import),
            None => self.enter(function),
        }
    }

    /// Suspends at a host call: an imported function has no entry price and no frame.
    fn call_host(&mut self, import: Import) -> Result<(), Halt> {
        let signature = self.module.types().get(wide(import.type_index));
        let signature = signature.ok_or_else(|| broken("a type is missing"))?;
        let (count, result) = (signature.parameters.len(), signature.result);
        let first = self.values.len().checked_sub(count);
        let first = first.ok_or_else(|| broken("an argument is missing"))?;
        let arguments = self.values.split_off(first).into();
        Err(Halt::HostCall(
            HostCall {
                function: import.function,
                arguments,
            },
            result,
        ))
    }

    /// Enters the entry point with its arguments: charges the entry price, but no `call`.
    pub(crate) fn enter_entry(&mut self) -> Result<(), Halt> {
        let (entry, arguments) = self.entry.take().ok_or_else(|| broken("no entry point"))?;
        let signature = self.module.function_type(entry);
        if signature.is_none_or(|signature| signature.parameters.len() != arguments.len()) {
            return Err(broken("a wrong number of arguments"));
        }
        self.values
            .extend(arguments.into_iter().map(Value::to_bits));
        self.enter(entry)
    }

    /// Makes a defined function active: charges the price of its first entry in this contract
    /// frame, unless it was entered before, and its entry price, then checks the stack size. Its
    /// arguments on the operand stack become its first locals; the declared locals are zero.
    pub(crate) fn enter(&mut self, function: u32) -> Result<(), Halt> {
        if !self.was_entered(function) {
            let defined = self.module.function(function);
            let defined = defined.ok_or_else(|| broken("a function is missing"))?;
            self.gas.charge(
                self.rules
                    .schedule
                    .first_entry(defined.operators, defined.targets),
            )?;
            if let Some(trace) = &self.observers.trace {
                let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
                trace.first_entry(function, self.gas.remaining());
            }
        }
        let code = self.code(function)?;
        self.gas.charge(code.entry_price)?;
        let stack_size = self.stack_size.saturating_add(code.frame_size);
        if stack_size > STACK_SLOTS_MAX {
            return Err(Trap::StackOverflow.into());
        }
        self.stack_size = stack_size;
        let locals = self.values.len().checked_sub(code.parameters);
        let locals = locals.ok_or_else(|| broken("an argument is missing"))?;
        self.values
            .resize(self.values.len().saturating_add(code.locals), 0);
        self.activations.push(Activation {
            code,
            next: 0,
            locals,
            labels: self.labels.len(),
        });
        Ok(())
    }

    /// Returns from the innermost function: to its caller, from the start function to the entry
    /// point, or out of the instance.
    fn leave(&mut self) -> Result<(), Halt> {
        let done = self
            .activations
            .pop()
            .ok_or_else(|| broken("no function is active"))?;
        let result = match done.code.result {
            Some(value_type) => Some((value_type, self.pop()?)),
            None => None,
        };
        self.values.truncate(done.locals);
        self.labels.truncate(done.labels);
        self.stack_size = self.stack_size.saturating_sub(done.code.frame_size);
        if !self.activations.is_empty() {
            self.values.extend(result.map(|(_, slot)| slot));
            return Ok(());
        }
        if self.entry.is_some() {
            return self.enter_entry();
        }
        let value = result.map(|(value_type, slot)| Value::from_bits(value_type, slot));
        Err(Halt::Exit(Stop::Return(value)))
    }
}
