//! Reads a checked function's operators and gives the same without floats.
//!
//! `f32` becomes `i32` and `f64` becomes `i64`. Moves (constants, loads, stores) become their
//! integer twins; reinterpretations disappear; every other float operator becomes
//! [`Operator::Float`], which traps. Total: `check` has read these bytes with the same decoder.
//!
//! Consensus: "Floats under Lower". Structure stays operator for operator, so that label depths and
//! function indices of the original remain true.

use crate::module::{CheckedModule, Function, ValueType};
use crate::opcode::{Class, Opcode};
use wasmparser::{BinaryReader, Operator as Wire, OperatorsReader};

/// The address part of a load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryArgument {
    /// Alignment hint, log2 of bytes; no effect on the result.
    pub align: u8,
    /// Added to the address as u64.
    pub offset: u32,
}

/// A lowered operator with its immediates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator<'a> {
    /// Traps.
    Unreachable,
    /// Does nothing.
    Nop,
    /// A block with its result type.
    Block(Option<ValueType>),
    /// A loop with its result type; a branch to it goes to its start.
    Loop(Option<ValueType>),
    /// A conditional with its result type.
    If(Option<ValueType>),
    /// The other arm.
    Else,
    /// Ends a block or the function.
    End,
    /// Branch to a label depth.
    Br(u32),
    /// Branch if not zero.
    BrIf(u32),
    /// Branch by index.
    BrTable {
        /// Label depths.
        targets: &'a [u32],
        /// Label depth of every other index.
        default: u32,
    },
    /// Return from the function.
    Return,
    /// Call a function by index.
    Call(u32),
    /// Call through the table; immediate is the type's index.
    CallIndirect(u32),
    /// Discard one operand.
    Drop,
    /// Choose one of two operands.
    Select,
    /// Read a local.
    LocalGet(u32),
    /// Write a local.
    LocalSet(u32),
    /// Write a local and keep the operand.
    LocalTee(u32),
    /// Read a global.
    GlobalGet(u32),
    /// Write a global.
    GlobalSet(u32),
    /// One of the loads.
    Load(Opcode, MemoryArgument),
    /// One of the stores.
    Store(Opcode, MemoryArgument),
    /// Size of the memory in pages.
    MemorySize,
    /// Grow the memory.
    MemoryGrow,
    /// Copy within the memory.
    MemoryCopy,
    /// Fill a part of the memory.
    MemoryFill,
    /// A constant.
    I32Const(i32),
    /// A constant.
    I64Const(i64),
    /// Arithmetic, comparison or conversion of integers: one or two operands, one result.
    Numeric(Opcode),
    /// A float operator of the original: traps `FloatInstruction`.
    Float(Opcode),
}

impl Operator<'_> {
    /// The operator of the table whose price this one has.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Unreachable => Opcode::Unreachable,
            Self::Nop => Opcode::Nop,
            Self::Block(_) => Opcode::Block,
            Self::Loop(_) => Opcode::Loop,
            Self::If(_) => Opcode::If,
            Self::Else => Opcode::Else,
            Self::End => Opcode::End,
            Self::Br(_) => Opcode::Br,
            Self::BrIf(_) => Opcode::BrIf,
            Self::BrTable { .. } => Opcode::BrTable,
            Self::Return => Opcode::Return,
            Self::Call(_) => Opcode::Call,
            Self::CallIndirect(_) => Opcode::CallIndirect,
            Self::Drop => Opcode::Drop,
            Self::Select => Opcode::Select,
            Self::LocalGet(_) => Opcode::LocalGet,
            Self::LocalSet(_) => Opcode::LocalSet,
            Self::LocalTee(_) => Opcode::LocalTee,
            Self::GlobalGet(_) => Opcode::GlobalGet,
            Self::GlobalSet(_) => Opcode::GlobalSet,
            Self::MemorySize => Opcode::MemorySize,
            Self::MemoryGrow => Opcode::MemoryGrow,
            Self::MemoryCopy => Opcode::MemoryCopy,
            Self::MemoryFill => Opcode::MemoryFill,
            Self::I32Const(_) => Opcode::I32Const,
            Self::I64Const(_) => Opcode::I64Const,
            Self::Load(opcode, _)
            | Self::Store(opcode, _)
            | Self::Numeric(opcode)
            | Self::Float(opcode) => *opcode,
        }
    }
}

/// Takes lowered operators; does not know who lowers them.
pub trait Sink {
    /// The next operator; `offset` is where it stands in the original module.
    fn operator(&mut self, operator: Operator<'_>, offset: u32);
}

/// Pushes the lowered operators of `function` into `sink`, the final `end` included.
pub fn function(module: &CheckedModule, function: &Function, sink: &mut impl Sink) {
    let reader = BinaryReader::new(module.body_bytes(function), u64::from(function.body.start));
    let mut operators = OperatorsReader::new(reader);
    let mut targets = Vec::new();
    while !operators.eof() {
        let offset = u32::try_from(operators.original_position()).unwrap_or(u32::MAX);
        let Ok(wire) = operators.read() else {
            return broken();
        };
        if let Some(operator) = lower(&wire, &mut targets) {
            sink.operator(operator, offset);
        }
    }
}

#[expect(
    clippy::panic,
    reason = "check decoded the same bytes: our bug, and no guest byte reaches it"
)]
fn broken() {
    panic!("a checked function does not decode");
}

/// `None` for what disappears.
fn lower<'a>(wire: &Wire<'_>, targets: &'a mut Vec<u32>) -> Option<Operator<'a>> {
    let opcode = Opcode::of(wire)?;
    Some(match (wire, opcode.class()) {
        (_, Class::Reinterpret) => return None,
        (_, Class::Float) => Operator::Float(opcode),
        (Wire::Block { blockty }, _) => Operator::Block(block_type(*blockty)),
        (Wire::Loop { blockty }, _) => Operator::Loop(block_type(*blockty)),
        (Wire::If { blockty }, _) => Operator::If(block_type(*blockty)),
        (Wire::BrTable { targets: table }, _) => {
            targets.clear();
            targets.extend(table.targets().map_while(Result::ok));
            Operator::BrTable {
                targets,
                default: table.default(),
            }
        }
        (Wire::F32Const { value }, _) => Operator::I32Const(value.bits().cast_signed()),
        (Wire::F64Const { value }, _) => Operator::I64Const(value.bits().cast_signed()),
        _ => integer(wire, opcode),
    })
}

fn integer(wire: &Wire<'_>, opcode: Opcode) -> Operator<'static> {
    match *wire {
        Wire::Unreachable => Operator::Unreachable,
        Wire::Nop => Operator::Nop,
        Wire::Else => Operator::Else,
        Wire::End => Operator::End,
        Wire::Br { relative_depth } => Operator::Br(relative_depth),
        Wire::BrIf { relative_depth } => Operator::BrIf(relative_depth),
        Wire::Return => Operator::Return,
        Wire::Call { function_index } => Operator::Call(function_index),
        Wire::CallIndirect { type_index, .. } => Operator::CallIndirect(type_index),
        Wire::Drop => Operator::Drop,
        Wire::Select => Operator::Select,
        Wire::LocalGet { local_index } => Operator::LocalGet(local_index),
        Wire::LocalSet { local_index } => Operator::LocalSet(local_index),
        Wire::LocalTee { local_index } => Operator::LocalTee(local_index),
        Wire::GlobalGet { global_index } => Operator::GlobalGet(global_index),
        Wire::GlobalSet { global_index } => Operator::GlobalSet(global_index),
        Wire::MemorySize { .. } => Operator::MemorySize,
        Wire::MemoryGrow { .. } => Operator::MemoryGrow,
        Wire::MemoryCopy { .. } => Operator::MemoryCopy,
        Wire::MemoryFill { .. } => Operator::MemoryFill,
        Wire::I32Const { value } => Operator::I32Const(value),
        Wire::I64Const { value } => Operator::I64Const(value),
        _ => access(wire, opcode),
    }
}

fn access(wire: &Wire<'_>, opcode: Opcode) -> Operator<'static> {
    match memory_argument(wire) {
        Some(argument) => match opcode.class() {
            Class::Load | Class::FloatLoad => Operator::Load(opcode.integer_twin(), argument),
            _ => Operator::Store(opcode.integer_twin(), argument),
        },
        None => Operator::Numeric(opcode),
    }
}

fn memory_argument(wire: &Wire<'_>) -> Option<MemoryArgument> {
    let memarg = match wire {
        Wire::I32Load { memarg }
        | Wire::I64Load { memarg }
        | Wire::F32Load { memarg }
        | Wire::F64Load { memarg }
        | Wire::I32Load8S { memarg }
        | Wire::I32Load8U { memarg }
        | Wire::I32Load16S { memarg }
        | Wire::I32Load16U { memarg }
        | Wire::I64Load8S { memarg }
        | Wire::I64Load8U { memarg }
        | Wire::I64Load16S { memarg }
        | Wire::I64Load16U { memarg }
        | Wire::I64Load32S { memarg }
        | Wire::I64Load32U { memarg }
        | Wire::I32Store { memarg }
        | Wire::I64Store { memarg }
        | Wire::F32Store { memarg }
        | Wire::F64Store { memarg }
        | Wire::I32Store8 { memarg }
        | Wire::I32Store16 { memarg }
        | Wire::I64Store8 { memarg }
        | Wire::I64Store16 { memarg }
        | Wire::I64Store32 { memarg } => memarg,
        _ => return None,
    };
    // A 32-bit memory's offset fits, by validation.
    Some(MemoryArgument {
        align: memarg.align,
        offset: u32::try_from(memarg.offset).ok()?,
    })
}

/// Lowers a block type; block types by index are outside the profile.
fn block_type(block: wasmparser::BlockType) -> Option<ValueType> {
    match block {
        wasmparser::BlockType::Type(value_type) => value_type_of(value_type),
        _ => None,
    }
}

/// Lowers a value type; `None` for what is outside the profile.
#[must_use]
pub fn value_type_of(value_type: wasmparser::ValType) -> Option<ValueType> {
    match value_type {
        wasmparser::ValType::I32 | wasmparser::ValType::F32 => Some(ValueType::I32),
        wasmparser::ValType::I64 | wasmparser::ValType::F64 => Some(ValueType::I64),
        _ => None,
    }
}
