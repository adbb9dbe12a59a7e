//! Reads the operators of a checked function and replaces floats.
//!
//! `f32` becomes `i32` and `f64` becomes `i64`. Moves (constants, loads, stores) become their
//! integer twins; reinterpretations disappear; every other float operator becomes
//! [`Operator::Float`], which traps. It cannot fail: `check` has read these bytes with the same
//! decoder.
//!
//! Structured control operators stay, so label depths and function indices do not change.
//!
//! Specification: docs/spec/gas.md, "Lowering of floats".

use crate::module::{CheckedModule, Function, ValueType};
use crate::opcode::{Class, Opcode, TABLE};
use wasmparser::BinaryReader;

/// The address part of a load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryArgument {
    /// Alignment hint, log2 of bytes; it does not change the result.
    pub align: u8,
    /// Static offset, added to the address as u64.
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
    /// The other arm of a conditional.
    Else,
    /// Ends a block or the function.
    End,
    /// Branch to a label depth.
    Br(u32),
    /// Branch if not zero.
    BrIf(u32),
    /// Branch to the target that the operand selects.
    BrTable {
        /// Label depths of the targets.
        targets: &'a [u32],
        /// Label depth of every other index.
        default: u32,
    },
    /// Return from the function.
    Return,
    /// Call a function by index.
    Call(u32),
    /// Call through the table a function of the type with this index.
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
    /// A load.
    Load(Opcode, MemoryArgument),
    /// A store.
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
    /// Arithmetic on 128 bits: two or four operands and two results, of which the low word is
    /// pushed first.
    Wide(Opcode),
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
            | Self::Wide(opcode)
            | Self::Float(opcode) => *opcode,
        }
    }
}

/// Receives the lowered operators of a function.
pub trait Sink {
    /// The next operator, at byte `offset` of the original module.
    fn operator(&mut self, operator: Operator<'_>, offset: u32);
}

/// Receives lowered operators with the original opcode; see [`each`].
pub(crate) trait Visit {
    /// As [`Sink::operator`]. `original` is the opcode before lowering, which decides the price.
    fn operator(&mut self, operator: Operator<'_>, original: Opcode, offset: u32);
}

/// Pushes the lowered operators of `function` into `sink`, the final `end` included.
pub fn function(module: &CheckedModule, function: &Function, sink: &mut impl Sink) {
    struct Forward<'s, S>(&'s mut S);
    impl<S: Sink> Visit for Forward<'_, S> {
        fn operator(&mut self, operator: Operator<'_>, _: Opcode, offset: u32) {
            self.0.operator(operator, offset);
        }
    }
    each(module, function, &mut Forward(sink));
}

/// Pushes the lowered operators of `function` into `visit`, the final `end` included.
///
/// Each operator is dispatched once: an inlined `visit` is specialised for each opcode.
pub(crate) fn each(module: &CheckedModule, function: &Function, visit: &mut impl Visit) {
    let start = u64::from(function.body.start);
    let mut reader = BinaryReader::new(module.body_bytes(function), start);
    let mut targets = Vec::new();
    while !reader.eof() {
        if next(&mut reader, &mut targets, visit).is_err() {
            broken();
        }
    }
}

#[expect(
    clippy::panic,
    reason = "check decoded the same bytes, so no guest can cause it: a bug in this program"
)]
fn broken() {
    panic!("the body of a checked function does not decode");
}

/// Decodes one operator; its bytes are valid.
fn next(
    reader: &mut BinaryReader<'_>,
    targets: &mut Vec<u32>,
    visit: &mut impl Visit,
) -> wasmparser::Result<()> {
    let offset = u32::try_from(reader.original_position()).unwrap_or(u32::MAX);
    let opcode = opcode(reader)?;
    // One call in each arm: where `visit` is inlined, the compiler knows the operator.
    macro_rules! put {
        ($operator:expr) => {
            visit.operator($operator, opcode, offset)
        };
    }
    match opcode {
        Opcode::Unreachable => put!(Operator::Unreachable),
        Opcode::Nop => put!(Operator::Nop),
        Opcode::Block => put!(Operator::Block(block_type(reader)?)),
        Opcode::Loop => put!(Operator::Loop(block_type(reader)?)),
        Opcode::If => put!(Operator::If(block_type(reader)?)),
        Opcode::Else => put!(Operator::Else),
        Opcode::End => put!(Operator::End),
        Opcode::Br => put!(Operator::Br(reader.read_var_u32()?)),
        Opcode::BrIf => put!(Operator::BrIf(reader.read_var_u32()?)),
        Opcode::BrTable => put!(branch_table(reader, targets)?),
        Opcode::Return => put!(Operator::Return),
        Opcode::Call => put!(Operator::Call(reader.read_var_u32()?)),
        Opcode::CallIndirect => put!(Operator::CallIndirect(first(reader)?)),
        Opcode::Drop => put!(Operator::Drop),
        Opcode::Select => put!(Operator::Select),
        Opcode::TypedSelect => put!(typed_select(reader)?),
        Opcode::LocalGet => put!(Operator::LocalGet(reader.read_var_u32()?)),
        Opcode::LocalSet => put!(Operator::LocalSet(reader.read_var_u32()?)),
        Opcode::LocalTee => put!(Operator::LocalTee(reader.read_var_u32()?)),
        Opcode::GlobalGet => put!(Operator::GlobalGet(reader.read_var_u32()?)),
        Opcode::GlobalSet => put!(Operator::GlobalSet(reader.read_var_u32()?)),
        Opcode::I32Const => put!(Operator::I32Const(reader.read_var_i32()?)),
        Opcode::I64Const => put!(Operator::I64Const(reader.read_var_i64()?)),
        Opcode::F32Const => put!(Operator::I32Const(reader.read_f32()?.bits().cast_signed())),
        Opcode::F64Const => put!(Operator::I64Const(reader.read_f64()?.bits().cast_signed())),
        // The memory index is 0: there is at most one memory.
        Opcode::MemorySize => put!(reader.read_var_u32().map(|_| Operator::MemorySize)?),
        Opcode::MemoryGrow => put!(reader.read_var_u32().map(|_| Operator::MemoryGrow)?),
        Opcode::MemoryFill => put!(reader.read_var_u32().map(|_| Operator::MemoryFill)?),
        Opcode::MemoryCopy => put!(first(reader).map(|_| Operator::MemoryCopy)?),
        other => match other.class() {
            Class::Load | Class::FloatLoad => {
                put!(Operator::Load(other.twin(), memory_argument(reader)?));
            }
            Class::Store | Class::FloatStore => {
                put!(Operator::Store(other.twin(), memory_argument(reader)?));
            }
            Class::Reinterpret => {}
            Class::Float => put!(Operator::Float(other)),
            Class::WideAdd | Class::WideMultiply => put!(Operator::Wide(other)),
            _ => put!(Operator::Numeric(other)),
        },
    }
    Ok(())
}

/// Opcodes by encoding: those of one byte, and those after the prefix.
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::big_endian_bytes,
    reason = "evaluated at compile time: a wrong index does not build"
)]
const ROWS: [[Option<Opcode>; 256]; 2] = {
    let mut rows = [[None; 256]; 2];
    let mut index = 0;
    while index < TABLE.len() {
        let row = &TABLE[index];
        let [prefix, code] = row.encoding.to_be_bytes();
        rows[(prefix != 0) as usize][code as usize] = Some(row.opcode);
        index += 1;
    }
    rows
};
/// First byte of two-byte operators.
const PREFIX: u8 = 0xfc;

#[inline(always)]
fn opcode(reader: &mut BinaryReader<'_>) -> wasmparser::Result<Opcode> {
    let [short, long] = &ROWS;
    let byte = reader.read_u8()?;
    if let Some(opcode) = short.get(usize::from(byte)).copied().flatten() {
        return Ok(opcode);
    }
    let code = if byte == PREFIX {
        reader.read_var_u32()?
    } else {
        u32::MAX
    };
    let row = usize::try_from(code)
        .ok()
        .and_then(|code| long.get(code).copied().flatten());
    // Unreachable after check. Reading past the end returns an error to the caller.
    row.map_or_else(
        || reader.read_bytes(usize::MAX).map(|_| Opcode::Unreachable),
        Ok,
    )
}

/// Reads two indices and returns the first; the second is 0.
fn first(reader: &mut BinaryReader<'_>) -> wasmparser::Result<u32> {
    let first = reader.read_var_u32()?;
    reader.read_var_u32()?;
    Ok(first)
}

fn branch_table<'t>(
    reader: &mut BinaryReader<'_>,
    targets: &'t mut Vec<u32>,
) -> wasmparser::Result<Operator<'t>> {
    targets.clear();
    for _ in 0..reader.read_var_u32()? {
        targets.push(reader.read_var_u32()?);
    }
    let default = reader.read_var_u32()?;
    Ok(Operator::BrTable { targets, default })
}

#[inline(always)]
fn memory_argument(reader: &mut BinaryReader<'_>) -> wasmparser::Result<MemoryArgument> {
    let align = reader.read_var_u32()?;
    let offset = reader.read_var_u64()?;
    // By validation, the offset of a 32-bit memory fits, and the alignment is at most 8 bytes.
    Ok(MemoryArgument {
        align: u8::try_from(align).unwrap_or(u8::MAX),
        offset: u32::try_from(offset).unwrap_or(u32::MAX),
    })
}

/// Reads a typed `select`; validation has checked its type.
fn typed_select(reader: &mut BinaryReader<'_>) -> wasmparser::Result<Operator<'static>> {
    for _ in 0..reader.read_var_u32()? {
        reader.read::<wasmparser::ValType>()?;
    }
    Ok(Operator::Select)
}

/// Lowers a block type; block types by index are outside the profile.
fn block_type(reader: &mut BinaryReader<'_>) -> wasmparser::Result<Option<ValueType>> {
    /// Lead byte of a block without a result (WebAssembly core 5.4.1).
    const EMPTY: u8 = 0x40;
    let mut ahead = reader.clone();
    if ahead.read_u8()? == EMPTY {
        *reader = ahead;
        return Ok(None);
    }
    Ok(value_type_of(reader.read()?))
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
