//! Writes the code section: each function with its charges, then the added functions.
//!
//! A body becomes
//! ```text
//! if $entered.f = 0 { $entered.f := 1; charge first(f) }
//! charge entry(f); $stack += weight(f); if $stack > limit { $trap := 8; unreachable }
//! block (result)  <metering blocks after their charges; `return` branches here>  end
//! $stack -= weight(f)
//! ```
//! The block replaces the function's own label, so no label depth changes.

use super::indices::AppendedIndices;
use super::sections::value_type;
use super::{bulk, wide};
use crate::Rules;
use crate::limits::STACK_SLOTS_MAX;
use crate::lower::{MemoryArgument, Operator};
use crate::meter::{self, MeteredSink};
use crate::module::{CheckedModule, Function, ValueType};
use crate::opcode::Opcode;
use crate::trap::Trap;
use wasm_encoder::{self as wasm, Encode, Instruction};

pub(super) fn code(
    module: &CheckedModule,
    indices: &AppendedIndices,
    rules: &Rules,
    out: &mut wasm::Module,
) {
    let mut section = wasm::CodeSection::new();
    for (function, entered) in module.functions().iter().zip(indices.entered..) {
        section.raw(&body(module, function, (indices, entered), rules));
    }
    let dynamic = rules.schedule.dynamic();
    section.function(&out_of_gas(indices));
    let maximum = module.memory().map(|memory| memory.maximum);
    for (price, maximum) in [
        (dynamic.memory_grow_per_page, maximum),
        (dynamic.memory_copy_per_byte, None),
        (dynamic.memory_fill_per_byte, None),
    ] {
        section.function(&charge_units(indices, price, maximum));
    }
    if indices.lowered.is_some() {
        section.function(&bulk::copy());
        section.function(&bulk::fill());
    }
    if let Some(indices) = &indices.wide {
        for function in wide::functions(indices) {
            section.function(&function);
        }
    }
    out.section(&section);
}

fn body(
    module: &CheckedModule,
    function: &Function,
    (indices, entered): (&AppendedIndices, u32),
    rules: &Rules,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let locals: Vec<(u32, ValueType)> = function.locals.clone();
    locals.len().encode(&mut bytes);
    for (number, kind) in locals {
        number.encode(&mut bytes);
        value_type(kind).encode(&mut bytes);
    }
    let mut writer = Writer {
        indices,
        bytes,
        block: Vec::new(),
        depth: 0,
        weight: function.weight(),
    };
    writer.first_entry(
        entered,
        rules
            .schedule
            .first_entry(function.operators, function.targets),
    );
    writer.prologue(rules.schedule.function_entry(function.slots));
    let result = module
        .types()
        .get(usize::try_from(function.type_index).unwrap_or(usize::MAX))
        .and_then(|signature| signature.result);
    Instruction::Block(block_type(result)).encode(&mut writer.bytes);
    meter::function(module, function, &rules.schedule, &mut writer);
    writer.bytes
}

/// Writes one function. Operators wait in `block` until the charge that precedes them is known.
struct Writer<'a> {
    indices: &'a AppendedIndices,
    bytes: Vec<u8>,
    block: Vec<u8>,
    /// Number of open labels inside the wrapping block.
    depth: u32,
    weight: u32,
}

impl Writer<'_> {
    /// Charges `price` once for each instance: `entered` is the function's own global. The price is
    /// below 2^63, since a body has far fewer than 2^29 bytes, each of them an operator or a target
    /// at most, and a target counts up to four times.
    fn first_entry(&mut self, entered: u32, price: u64) {
        for instruction in [
            Instruction::GlobalGet(entered),
            Instruction::I32Eqz,
            Instruction::If(wasm::BlockType::Empty),
            Instruction::I32Const(1),
            Instruction::GlobalSet(entered),
        ] {
            instruction.encode(&mut self.bytes);
        }
        charge(self.indices, price, &mut self.bytes);
        Instruction::End.encode(&mut self.bytes);
    }

    fn prologue(&mut self, entry_price: u64) {
        charge(self.indices, entry_price, &mut self.bytes);
        let stack = self.indices.stack;
        let code = i32::from(Trap::StackOverflow.code().cast_signed());
        for instruction in [
            Instruction::GlobalGet(stack),
            Instruction::I32Const(self.weight.cast_signed()),
            Instruction::I32Add,
            Instruction::GlobalSet(stack),
            Instruction::GlobalGet(stack),
            Instruction::I32Const(STACK_SLOTS_MAX.cast_signed()),
            Instruction::I32GtU,
            Instruction::If(wasm::BlockType::Empty),
            Instruction::I32Const(code),
            Instruction::GlobalSet(self.indices.trap),
            Instruction::Unreachable,
            Instruction::End,
        ] {
            instruction.encode(&mut self.bytes);
        }
    }

    /// Written after the wrapping block; the result, if any, stays on the stack.
    fn epilogue(&mut self) {
        let stack = self.indices.stack;
        for instruction in [
            Instruction::End,
            Instruction::GlobalGet(stack),
            Instruction::I32Const(self.weight.cast_signed()),
            Instruction::I32Sub,
            Instruction::GlobalSet(stack),
            Instruction::End,
        ] {
            instruction.encode(&mut self.block);
        }
    }

    fn push(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.block);
    }

    fn open(&mut self, instruction: &Instruction<'_>) {
        self.depth = self.depth.saturating_add(1);
        self.push(instruction);
    }

    fn end(&mut self) {
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                self.push(&Instruction::End);
            }
            None => self.epilogue(),
        }
    }

    fn float_trap(&mut self) {
        let code = i32::from(Trap::FloatInstruction.code().cast_signed());
        self.push(&Instruction::I32Const(code));
        self.push(&Instruction::GlobalSet(self.indices.trap));
        self.push(&Instruction::Unreachable);
    }

    fn control(&mut self, operator: Operator<'_>) {
        match operator {
            Operator::Block(result) => self.open(&Instruction::Block(block_type(result))),
            Operator::Loop(result) => self.open(&Instruction::Loop(block_type(result))),
            Operator::If(result) => self.open(&Instruction::If(block_type(result))),
            Operator::End => self.end(),
            Operator::Return => self.push(&Instruction::Br(self.depth)),
            Operator::Float(_) => self.float_trap(),
            Operator::MemoryGrow => {
                self.charged(self.indices.charge_grow, &Instruction::MemoryGrow(0))
            }
            Operator::MemoryCopy => {
                let kept = Instruction::MemoryCopy {
                    src_mem: 0,
                    dst_mem: 0,
                };
                let lowered = self
                    .indices
                    .lowered
                    .map(|ours| Instruction::Call(ours.copy));
                self.charged(self.indices.charge_copy, &lowered.unwrap_or(kept));
            }
            Operator::MemoryFill => {
                let kept = Instruction::MemoryFill(0);
                let lowered = self
                    .indices
                    .lowered
                    .map(|ours| Instruction::Call(ours.fill));
                self.charged(self.indices.charge_fill, &lowered.unwrap_or(kept));
            }
            Operator::Wide(opcode) => self.wide(opcode),
            Operator::BrTable { targets, default } => {
                self.push(&Instruction::BrTable(targets.into(), default));
            }
            other => plain(other, &mut self.block),
        }
    }

    fn wide(&mut self, opcode: Opcode) {
        match &self.indices.wide {
            Some(wide) => {
                self.push(&Instruction::Call(wide.function(opcode)));
                self.push(&Instruction::GlobalGet(wide.high));
            }
            None => without_immediates(opcode, &mut self.block),
        }
    }

    /// Calls the function that charges the units on top of the stack and returns their number.
    fn charged(&mut self, charge: u32, instruction: &Instruction<'_>) {
        self.push(&Instruction::Call(charge));
        self.push(instruction);
    }
}

impl MeteredSink for Writer<'_> {
    fn operator(&mut self, operator: Operator<'_>, _offset: u32) {
        self.control(operator);
    }

    fn close_block(&mut self, cost: u64) {
        charge(self.indices, cost, &mut self.bytes);
        self.bytes.append(&mut self.block);
    }
}

/// Writes an operator that is not instrumented.
fn plain(operator: Operator<'_>, out: &mut Vec<u8>) {
    let instruction = match operator {
        Operator::Br(depth) => Instruction::Br(depth),
        Operator::BrIf(depth) => Instruction::BrIf(depth),
        Operator::Call(index) => Instruction::Call(index),
        Operator::CallIndirect(type_index) => Instruction::CallIndirect {
            type_index,
            table_index: 0,
        },
        Operator::LocalGet(index) => Instruction::LocalGet(index),
        Operator::LocalSet(index) => Instruction::LocalSet(index),
        Operator::LocalTee(index) => Instruction::LocalTee(index),
        Operator::GlobalGet(index) => Instruction::GlobalGet(index),
        Operator::GlobalSet(index) => Instruction::GlobalSet(index),
        Operator::MemorySize => Instruction::MemorySize(0),
        Operator::I32Const(value) => Instruction::I32Const(value),
        Operator::I64Const(value) => Instruction::I64Const(value),
        Operator::Load(opcode, argument) | Operator::Store(opcode, argument) => {
            return access(opcode, argument, out);
        }
        // The others have no immediates.
        other => return without_immediates(other.opcode(), out),
    };
    instruction.encode(out);
}

/// Writes the opcode: one byte, or a prefix and a byte (`Row::encoding`).
fn without_immediates(opcode: Opcode, out: &mut Vec<u8>) {
    let [last, prefix] = opcode.encoding().to_le_bytes();
    if prefix != 0 {
        out.push(prefix);
    }
    out.push(last);
}

fn access(opcode: Opcode, argument: MemoryArgument, out: &mut Vec<u8>) {
    without_immediates(opcode, out);
    u32::from(argument.align).encode(out);
    argument.offset.encode(out);
}

const fn block_type(result: Option<ValueType>) -> wasm::BlockType {
    match result {
        None => wasm::BlockType::Empty,
        Some(kind) => wasm::BlockType::Result(value_type(kind)),
    }
}

/// `$gas := $gas - cost; if $gas < 0 call $oog`.
fn charge(indices: &AppendedIndices, cost: u64, out: &mut Vec<u8>) {
    if cost == 0 {
        return;
    }
    Instruction::GlobalGet(indices.gas).encode(out);
    Instruction::I64Const(cost.cast_signed()).encode(out);
    deduct(indices, out);
}

/// Pops gas and price, sets `$gas` to the difference and checks it.
fn deduct(indices: &AppendedIndices, out: &mut Vec<u8>) {
    for instruction in [
        Instruction::I64Sub,
        Instruction::GlobalSet(indices.gas),
        Instruction::GlobalGet(indices.gas),
        Instruction::I64Const(0),
        Instruction::I64LtS,
        Instruction::If(wasm::BlockType::Empty),
        Instruction::Call(indices.oog),
        Instruction::End,
    ] {
        instruction.encode(out);
    }
}

fn out_of_gas(indices: &AppendedIndices) -> wasm::Function {
    let mut function = wasm::Function::new([]);
    function.instruction(&Instruction::I64Const(-1));
    function.instruction(&Instruction::GlobalSet(indices.gas));
    function.instruction(&Instruction::Unreachable);
    function.instruction(&Instruction::End);
    function
}

/// `i32 -> i32`: charges `price * u64(n)` and returns `n`. Prices are below 2^31, so it cannot
/// wrap. With `pages`, the maximum of the memory, it charges nothing for more pages than can be
/// added.
fn charge_units(indices: &AppendedIndices, price: u64, pages: Option<u32>) -> wasm::Function {
    let mut bytes = Vec::new();
    if let Some(pages) = pages {
        for instruction in [
            Instruction::LocalGet(0),
            Instruction::I32Const(pages.cast_signed()),
            Instruction::MemorySize(0),
            Instruction::I32Sub,
            Instruction::I32GtU,
            Instruction::If(wasm::BlockType::Empty),
            Instruction::LocalGet(0),
            Instruction::Return,
            Instruction::End,
        ] {
            instruction.encode(&mut bytes);
        }
    }
    for instruction in [
        Instruction::GlobalGet(indices.gas),
        Instruction::LocalGet(0),
        Instruction::I64ExtendI32U,
        Instruction::I64Const(price.cast_signed()),
        Instruction::I64Mul,
    ] {
        instruction.encode(&mut bytes);
    }
    deduct(indices, &mut bytes);
    Instruction::LocalGet(0).encode(&mut bytes);
    Instruction::End.encode(&mut bytes);
    let mut function = wasm::Function::new([]);
    function.raw(bytes);
    function
}

#[cfg(test)]
mod tests {
    use super::without_immediates;
    use crate::opcode::{Opcode, TABLE};

    #[test]
    fn an_opcode_with_a_prefix_keeps_its_prefix() {
        let bytes = |opcode| {
            let mut out = Vec::new();
            without_immediates(opcode, &mut out);
            out
        };
        assert_eq!(bytes(Opcode::MemoryFill), [0xfc, 0x0b]);
        assert_eq!(bytes(Opcode::I32Add), [0x6a]);
        for row in TABLE {
            assert_eq!(bytes(row.opcode).len() == 2, row.encoding > 0xff);
        }
    }
}
