//! Says for each opcode what the fast pass does: from the rows of the list of operators.
//!
//! An operator whose row has a signature is described by data alone: its operands are compared as
//! one word. The kind says how its immediates are read. An operator of a later version than the
//! first, and one that is not listed, is not in the table.

use super::operands::Effect;
use crate::check::wire::{self, WireType};
use crate::opcode::{Class, Opcode, Row, TABLE};

/// How an operator is read and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FastKind {
    /// Left to the decoder and its validator.
    Ask,
    /// No immediate.
    Plain,
    /// Index of a local, whose type is the operand's.
    Local,
    /// Index of a global, whose type is the operand's; read.
    GlobalGet,
    /// As [`FastKind::GlobalGet`]; written.
    GlobalSet,
    /// Signed integer of 32 bits.
    Signed32,
    /// Signed integer of 64 bits.
    Signed64,
    /// Four bytes.
    Bytes4,
    /// Eight bytes.
    Bytes8,
    /// Alignment and offset.
    Memory,
    /// The index of the memory.
    Memory1,
    /// Two indices of memories.
    Memory2,
    /// The prefix of longer opcodes.
    Prefix,
    Unreachable,
    Block,
    Loop,
    If,
    Else,
    End,
    Br,
    BrIf,
    BrTable,
    Return,
    Call,
    CallIndirect,
    Select,
}

/// What the fast pass knows of an opcode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) effect: Effect,
    pub(super) kind: FastKind,
    /// Greatest alignment of a load or store, log2 of bytes.
    pub(super) align: u8,
    /// 1 for an operator whose name mentions a float.
    pub(super) floats: u8,
    /// True for a second result, of the same type.
    pub(super) twice: bool,
}

impl Entry {
    pub(super) const ASK: Self = Self {
        effect: Effect::NONE,
        kind: FastKind::Ask,
        align: 0,
        floats: 0,
        twice: false,
    };
}

/// First byte of two-byte operators.
pub(super) const PREFIX: u8 = 0xfc;

/// Opcodes of one byte, and those after the prefix.
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::big_endian_bytes,
    reason = "evaluated at compile time: a wrong index does not build"
)]
pub(super) static ENTRIES: [[Entry; 256]; 2] = {
    let mut entries = [[Entry::ASK; 256]; 2];
    entries[0][PREFIX as usize].kind = FastKind::Prefix;
    let mut index = 0;
    while index < TABLE.len() {
        let row = &TABLE[index];
        let [prefix, code] = row.encoding.to_be_bytes();
        if row.since == 1 {
            entries[(prefix != 0) as usize][code as usize] = entry(row);
        }
        index += 1;
    }
    entries
};

#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time: a wrong index does not build"
)]
const fn entry(row: &Row) -> Entry {
    let mut entry = Entry::ASK;
    entry.kind = kind(row.opcode);
    entry.align = alignment(row.opcode);
    entry.floats = row.opcode.mentions_float() as u8;
    let signature = row.signature.as_bytes();
    if signature[0] == b'*' {
        return entry;
    }
    let mut index = 0;
    while signature[index] != b'>' {
        entry.effect = match signature[index] {
            b'?' => entry.effect.above_any(),
            letter => entry.effect.above(typed(letter)),
        };
        index += 1;
    }
    let results = signature.len() - index - 1;
    if results > 0 {
        entry.effect = entry.effect.pushing(typed(signature[index + 1]));
    }
    entry.twice = results > 1;
    entry
}

/// The type of a letter of a signature; that of `t` comes with the immediate.
const fn typed(letter: u8) -> WireType {
    match letter {
        b'i' => wire::I32,
        b'l' => wire::I64,
        b'f' => wire::F32,
        b'd' => wire::F64,
        _ => 0,
    }
}

const fn kind(opcode: Opcode) -> FastKind {
    match opcode {
        Opcode::Unreachable => FastKind::Unreachable,
        Opcode::Block => FastKind::Block,
        Opcode::Loop => FastKind::Loop,
        Opcode::If => FastKind::If,
        Opcode::Else => FastKind::Else,
        Opcode::End => FastKind::End,
        Opcode::Br => FastKind::Br,
        Opcode::BrIf => FastKind::BrIf,
        Opcode::BrTable => FastKind::BrTable,
        Opcode::Return => FastKind::Return,
        Opcode::Call => FastKind::Call,
        Opcode::CallIndirect => FastKind::CallIndirect,
        Opcode::Select => FastKind::Select,
        Opcode::LocalGet | Opcode::LocalSet | Opcode::LocalTee => FastKind::Local,
        Opcode::GlobalGet => FastKind::GlobalGet,
        Opcode::GlobalSet => FastKind::GlobalSet,
        Opcode::I32Const => FastKind::Signed32,
        Opcode::I64Const => FastKind::Signed64,
        Opcode::F32Const => FastKind::Bytes4,
        Opcode::F64Const => FastKind::Bytes8,
        Opcode::MemorySize | Opcode::MemoryGrow | Opcode::MemoryFill => FastKind::Memory1,
        Opcode::MemoryCopy => FastKind::Memory2,
        Opcode::Nop | Opcode::Drop => FastKind::Plain,
        other => match other.class() {
            Class::Load | Class::Store | Class::FloatLoad | Class::FloatStore => FastKind::Memory,
            Class::Simple
            | Class::Divide
            | Class::Reinterpret
            | Class::Float
            | Class::WideAdd
            | Class::WideMultiply => FastKind::Plain,
            _ => FastKind::Ask,
        },
    }
}

/// Log2 of the bytes that a load or store accesses.
const fn alignment(opcode: Opcode) -> u8 {
    match opcode {
        Opcode::I32Load16S
        | Opcode::I32Load16U
        | Opcode::I64Load16S
        | Opcode::I64Load16U
        | Opcode::I32Store16
        | Opcode::I64Store16 => 1,
        Opcode::I32Load
        | Opcode::F32Load
        | Opcode::I64Load32S
        | Opcode::I64Load32U
        | Opcode::I32Store
        | Opcode::F32Store
        | Opcode::I64Store32 => 2,
        Opcode::I64Load | Opcode::F64Load | Opcode::I64Store | Opcode::F64Store => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_of_version_1_has_a_kind() {
        for row in TABLE.iter().filter(|row| row.since == 1) {
            let entries = &ENTRIES[usize::from(row.encoding > 0xff)];
            assert_ne!(
                entries[usize::from(row.encoding & 0xff)].kind,
                FastKind::Ask,
                "{}",
                row.name
            );
        }
    }
}
