//! Executes one operator after the other: pays for it, then does it.
//!
//! [`Instance::step`] is the one match; below it is control: branches, calls, entries, returns. The
//! order of every charge and check is that of consensus, "Gas": R is what the other engines are
//! compared with.
//!
//! # Invariants
//! * Nothing of an operator is done before its price is paid.
//! * What validation guarantees is still looked up with care: a miss is a fault, not a panic.

use crate::code::{Block, Instruction, Site, wide};
use crate::instance::{Activation, Instance, Label};
use crate::memory::effective_address;
use crate::numeric::{self, low};
use std::sync::PoisonError;
use vm::unstable::execution::{HostCall, Stop, Value};
use vm::unstable::gas::OutOfGas;
use vm::unstable::limits::STACK_SLOTS_MAX;
use vm::unstable::module::{Import, ValueType};
use vm::{Fault, Trap};

/// Why the interpreter gives control back.
pub(crate) enum Halt {
    /// The guest asks the host, which answers with a value of this type.
    HostCall(HostCall, Option<ValueType>),
    /// The guest ended.
    Exit(Stop),
    /// We are broken.
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

/// Something that validation guarantees does not hold.
fn broken(what: &'static str) -> Halt {
    Halt::Fault(Fault::invariant(what))
}

impl Instance {
    /// Executes the next operator.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm an operator: the definition, in one place"
    )]
    pub(crate) fn step(&mut self) -> Result<(), Halt> {
        let site = self.fetch()?;
        self.gas.charge(site.price)?;
        match site.instruction {
            Instruction::Unreachable => Err(Trap::Unreachable.into()),
            Instruction::Nop => Ok(()),
            Instruction::Block(block) => {
                self.open(block);
                Ok(())
            }
            Instruction::If(block) => {
                let holds = low(self.pop()?) != 0;
                self.open(block);
                if holds { Ok(()) } else { self.take_else(block) }
            }
            // Met at the end of the first arm: the block's `end` is next, and closes it.
            Instruction::Else(block) => {
                let end = self.block(block)?.end;
                self.jump(end)
            }
            Instruction::End => self.end(),
            Instruction::Br(depth) => self.branch(depth),
            Instruction::BrIf(depth) => {
                let holds = low(self.pop()?) != 0;
                if holds { self.branch(depth) } else { Ok(()) }
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
                let holds = low(self.pop()?) != 0;
                let (second, first) = (self.pop()?, self.pop()?);
                self.push(if holds { first } else { second })
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
                self.push(loaded.ok_or_else(|| broken("a load that is none"))?)
            }
            Instruction::Store(opcode, offset) => {
                let value = self.pop()?;
                let address = effective_address(self.pop()?, offset);
                let stored = self.memory.store(opcode, address, value)?;
                stored.ok_or_else(|| broken("a store that is none"))
            }
            Instruction::MemorySize => self.push(u64::from(self.memory.pages())),
            Instruction::MemoryGrow => {
                let delta = low(self.pop()?);
                let per_page = self.rules.schedule.dynamic().memory_grow_per_page;
                self.gas.charge_linear(0, per_page, u64::from(delta))?;
                // -1 if it is too much; the price stays paid.
                let old = self.memory.grow(delta)?.unwrap_or(u32::MAX);
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
                self.push(result.ok_or_else(|| broken("an arithmetic operator that is none"))?)
            }
            Instruction::Float => Err(Trap::FloatInstruction.into()),
        }
    }

    /// The next operator; the one after it will follow unless it says otherwise.
    fn fetch(&mut self) -> Result<Site, Halt> {
        let active = self
            .activations
            .last_mut()
            .ok_or_else(|| broken("nothing is active"))?;
        let site = active.code.sites.get(active.next).copied();
        let site = site.ok_or_else(|| broken("a function without an end"))?;
        active.next = active.next.saturating_add(1);
        if let Some(trace) = &self.observers.trace {
            let function = active.code.function;
            let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
            trace.slot(self.values.last().copied());
            trace.operator(function, site.offset, self.gas.remaining());
        }
        Ok(site)
    }

    /// Never fails: most arms of the match end with it.
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
        let place = first.saturating_add(wide(index));
        self.values
            .get_mut(place)
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
            .ok_or_else(|| broken("nothing is active"))
    }

    fn block(&self, place: usize) -> Result<Block, Halt> {
        let block = self.active()?.code.blocks.get(place).copied();
        block.ok_or_else(|| broken("a block is missing"))
    }

    fn jump(&mut self, place: usize) -> Result<(), Halt> {
        let active = self
            .activations
            .last_mut()
            .ok_or_else(|| broken("nothing is active"))?;
        active.next = place;
        Ok(())
    }

    fn open(&mut self, block: usize) {
        self.labels.push(Label {
            block,
            height: self.values.len(),
        });
    }

    /// Goes to the second arm, or to the `end` of an `if` that has none.
    fn take_else(&mut self, block: usize) -> Result<(), Halt> {
        let block = self.block(block)?;
        self.jump(block.otherwise.unwrap_or(block.end))
    }

    /// Closes the innermost block; where none is open, the function ends.
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
    /// The stack is cut to the height at which the block began; a block's result stays on top.
    fn branch(&mut self, depth: u32) -> Result<(), Halt> {
        let outermost = self.active()?.labels;
        let inside = self.labels.len().saturating_sub(outermost);
        let Some(outer) = inside.checked_sub(wide(depth).saturating_add(1)) else {
            return self.leave();
        };
        let place = outermost.saturating_add(outer);
        let label = self
            .labels
            .get(place)
            .copied()
            .ok_or_else(|| broken("a label is missing"))?;
        let block = self.block(label.block)?;
        if block.is_loop {
            self.values.truncate(label.height);
            self.labels.truncate(place.saturating_add(1));
            return self.jump(block.start);
        }
        let result = if block.has_result {
            Some(self.pop()?)
        } else {
            None
        };
        self.values.truncate(label.height);
        self.values.extend(result);
        self.labels.truncate(place);
        self.jump(block.end.saturating_add(1))
    }

    /// The function in the table at `index`, of type `type_index`: bound, null, type, in order.
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

    /// Calls the function at `function` of the index space; `call` itself is paid.
    fn call(&mut self, function: u32) -> Result<(), Halt> {
        match self.module.imports().get(wide(function)).copied() {
            Some(import) => self.call_host(import),
            None => self.enter(function),
        }
    }

    /// Suspends: an imported function has no entry price and no weight.
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

    /// Begins the entry of the frame with its arguments; it pays its entry but no `call`.
    pub(crate) fn enter_entry(&mut self) -> Result<(), Halt> {
        let (entry, arguments) = self.entry.take().ok_or_else(|| broken("no entry"))?;
        let signature = self.module.function_type(entry);
        if signature.is_none_or(|signature| signature.parameters.len() != arguments.len()) {
            return Err(broken("another number of arguments"));
        }
        self.values
            .extend(arguments.into_iter().map(Value::to_bits));
        self.enter(entry)
    }

    /// Makes a defined function active: its entry is paid, then the stack is checked. Its arguments
    /// are on the stack and become its first locals, the declared ones are zero.
    pub(crate) fn enter(&mut self, function: u32) -> Result<(), Halt> {
        let code = self.code(function)?;
        self.gas.charge(code.entry_price)?;
        let weight = self.weight.saturating_add(code.weight);
        if weight > STACK_SLOTS_MAX {
            return Err(Trap::StackOverflow.into());
        }
        self.weight = weight;
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

    /// Returns from the innermost function: to its caller, from the start function to the entry, or
    /// out of the instance.
    fn leave(&mut self) -> Result<(), Halt> {
        let done = self
            .activations
            .pop()
            .ok_or_else(|| broken("nothing is active"))?;
        let result = match done.code.result {
            Some(value_type) => Some((value_type, self.pop()?)),
            None => None,
        };
        self.values.truncate(done.locals);
        self.labels.truncate(done.labels);
        self.weight = self.weight.saturating_sub(done.code.weight);
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
