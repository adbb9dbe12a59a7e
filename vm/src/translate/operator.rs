//! Dispatches over the operators of a function, and translates the simplest of them.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "validation proved the operands"
)]

use super::form::{self, Family};
use super::integer::{Binary, Load, Store, Unary};
use super::layout::OperandKinds;
use super::shape::Shape;
use super::{Pattern, StackEntry, Translator};
use crate::lower::Operator;
use crate::meter::block::BlockSink;
use crate::opcode::{Opcode, TABLE};
use crate::trap::Trap;

/// Translation of a numeric operator.
#[derive(Clone, Copy)]
enum Numeric {
    Binary(Binary),
    Unary(Unary),
    /// Comparison with zero; true for 64 bits.
    EqualsZero(bool),
    /// The operand is the result already.
    Nothing,
}

macro_rules! numeric_table {
    (binary: $($name:ident $binary:ident,)* ; unary: $($from:ident $unary:ident,)*) => {
        const fn numeric(opcode: Opcode) -> Numeric {
            match opcode {
                $(Opcode::$name => Numeric::Binary(Binary::$binary),)*
                $(Opcode::$from => Numeric::Unary(Unary::$unary),)*
                Opcode::I32Eqz => Numeric::EqualsZero(false),
                Opcode::I64Eqz => Numeric::EqualsZero(true),
                // An i32 has a zero upper half.
                _ => Numeric::Nothing,
            }
        }
    };
}
#[rustfmt::skip]
numeric_table! {
    binary:
    I32Eq Eq32, I32Ne Ne32, I32LtS LtS32, I32LtU LtU32, I32GtS GtS32, I32GtU GtU32, I32LeS LeS32,
    I32LeU LeU32, I32GeS GeS32, I32GeU GeU32, I32Add Add32, I32Sub Sub32, I32Mul Mul32,
    I32DivS DivS32, I32DivU DivU32, I32RemS RemS32, I32RemU RemU32, I32And And32, I32Or Or32,
    I32Xor Xor32, I32Shl Shl32, I32ShrS ShrS32, I32ShrU ShrU32, I32Rotl Rotl32, I32Rotr Rotr32,
    I64Eq Eq64, I64Ne Ne64, I64LtS LtS64, I64LtU LtU64, I64GtS GtS64, I64GtU GtU64, I64LeS LeS64,
    I64LeU LeU64, I64GeS GeS64, I64GeU GeU64, I64Add Add64, I64Sub Sub64, I64Mul Mul64,
    I64DivS DivS64, I64DivU DivU64, I64RemS RemS64, I64RemU RemU64, I64And And64, I64Or Or64,
    I64Xor Xor64, I64Shl Shl64, I64ShrS ShrS64, I64ShrU ShrU64, I64Rotl Rotl64, I64Rotr Rotr64,
    ;
    unary:
    I32Clz Clz32, I32Ctz Ctz32, I32Popcnt Popcnt32, I32Extend8S Extend8S32,
    I32Extend16S Extend16S32, I64Clz Clz64, I64Ctz Ctz64, I64Popcnt Popcnt64,
    I64Extend8S Extend8S64, I64Extend16S Extend16S64, I64Extend32S Extend32S64,
    I64ExtendI32S Extend32S64, I32WrapI64 Wrap,
}

/// Translations of numeric operators, by index in the table.
const NUMERIC: [Numeric; TABLE.len()] = {
    let mut all = [Numeric::Nothing; TABLE.len()];
    let mut index = 0;
    while index < TABLE.len() {
        all[index] = numeric(TABLE[index].opcode);
        index += 1;
    }
    all
};

const fn load(opcode: Opcode) -> Load {
    match opcode {
        Opcode::I32Load8U | Opcode::I64Load8U => Load::L8U,
        Opcode::I32Load16U | Opcode::I64Load16U => Load::L16U,
        Opcode::I32Load8S => Load::L8S,
        Opcode::I32Load16S => Load::L16S,
        Opcode::I64Load8S => Load::L8S64,
        Opcode::I64Load16S => Load::L16S64,
        Opcode::I64Load32S => Load::L32S64,
        Opcode::I64Load => Load::L64,
        _ => Load::L32,
    }
}

const fn store(opcode: Opcode) -> Store {
    match opcode {
        Opcode::I32Store8 | Opcode::I64Store8 => Store::S8,
        Opcode::I32Store16 | Opcode::I64Store16 => Store::S16,
        Opcode::I64Store => Store::S64,
        _ => Store::S32,
    }
}

impl BlockSink for Translator<'_> {
    /// Inlined into the decoder, which knows the operator: one arm of each match below remains.
    #[inline(always)]
    fn operator(&mut self, operator: Operator<'_>, offset: u32, price: u32) {
        if self.dead > 0 && self.skip(operator) {
            return;
        }
        self.offset = offset;
        // The `end` and `else` after unreachable code cost nothing, so only reachable code is
        // charged.
        self.charges.add(price);
        if !self.control(operator) {
            self.straight(operator);
        }
    }

    fn cut(&mut self) {
        if self.dead == 0 {
            self.cut_block();
        }
    }
}

impl Translator<'_> {
    /// Skips unreachable code; false at the operator that ends it.
    #[inline(always)]
    fn skip(&mut self, operator: Operator<'_>) -> bool {
        match operator {
            Operator::Block(_) | Operator::Loop(_) | Operator::If(_) => self.dead += 1,
            Operator::End if self.dead > 1 => self.dead -= 1,
            Operator::End => return false,
            Operator::Else if self.dead == 1 => return false,
            _ => {}
        }
        true
    }

    /// Translates operators that end metering blocks or define labels; false for others.
    #[inline(always)]
    fn control(&mut self, operator: Operator<'_>) -> bool {
        match operator {
            Operator::Unreachable => self.trap(Trap::Unreachable),
            Operator::Block(result) => self.block(result.is_some(), false),
            Operator::Loop(result) => self.block(result.is_some(), true),
            Operator::If(result) => self.branch_unless(result.is_some()),
            Operator::Else => self.otherwise(),
            Operator::End => self.end(),
            Operator::Br(depth) => {
                self.branch(depth);
                self.set_dead();
            }
            Operator::BrIf(depth) => self.branch_if(depth),
            Operator::BrTable { targets, default } => {
                self.branch_table(targets, default);
                self.set_dead();
            }
            Operator::Return => {
                self.emit_return();
                self.set_dead();
            }
            Operator::Call(function) => self.call(function),
            Operator::CallIndirect(type_index) => self.call_indirect(type_index),
            Operator::MemoryGrow => self.memory_grow(),
            Operator::MemoryCopy => self.memory_bulk(Family::MemoryCopy),
            Operator::MemoryFill => self.memory_bulk(Family::MemoryFill),
            Operator::Float(_) => self.trap(Trap::FloatInstruction),
            _ => return false,
        }
        true
    }

    #[inline(always)]
    fn straight(&mut self, operator: Operator<'_>) {
        match operator {
            Operator::Drop => self.discard(),
            Operator::Select => self.select(),
            Operator::LocalGet(local) => self.push(StackEntry::Local(local)),
            Operator::LocalSet(local) => self.set_local(local),
            Operator::LocalTee(local) => {
                self.set_local(local);
                self.push(StackEntry::Local(local));
            }
            Operator::GlobalGet(global) => self.global_get(global),
            Operator::GlobalSet(global) => self.global_set(global),
            Operator::Load(opcode, argument) => self.load(load(opcode), argument.offset),
            Operator::Store(opcode, argument) => self.store(store(opcode), argument.offset),
            Operator::MemorySize => self.memory_size(),
            Operator::I32Const(value) => {
                self.push(StackEntry::Const(u64::from(value.cast_unsigned())));
            }
            Operator::I64Const(value) => self.push(StackEntry::Const(value.cast_unsigned())),
            Operator::Numeric(opcode) => self.numeric(opcode),
            Operator::Wide(opcode) => self.wide(opcode),
            _ => {}
        }
    }

    fn wide(&mut self, opcode: Opcode) {
        match opcode {
            Opcode::I64MulWideS => self.multiply_wide(true),
            Opcode::I64MulWideU => self.multiply_wide(false),
            Opcode::I64Sub128 => self.subtract_wide(),
            _ => self.add_wide(),
        }
    }

    fn numeric(&mut self, opcode: Opcode) {
        match NUMERIC[opcode.index()] {
            Numeric::Binary(binary) => self.binary(binary),
            Numeric::Unary(unary) => self.unary(unary),
            Numeric::EqualsZero(wide) => self.equals_zero(wide),
            Numeric::Nothing => {}
        }
    }

    /// Emits a trap; the code after it is unreachable and not charged.
    fn trap(&mut self, trap: Trap) {
        let code = u8::try_from(trap.code()).unwrap_or(u8::MAX);
        self.spill_acc();
        let shape = Shape::new(Family::Trap).first(code);
        let f = form::Trap::of(OperandKinds::NONE);
        let at = self.begin(shape, f.cells, Pattern::Other);
        self.site(at);
        self.set_dead();
    }

    pub(super) fn set_dead(&mut self) {
        self.producer = None;
        self.stack
            .truncate(self.control_frames.last().map_or(0, |label| label.height));
        self.dead = 1;
    }

    /// Position of the top operand.
    pub(super) fn top(&self) -> usize {
        self.stack.len() - 1
    }

    /// The top entry.
    pub(super) fn top_entry(&self) -> StackEntry {
        self.stack[self.top()]
    }
}
