//! Computes the positions of the fields of an internal instruction from their types.
//!
//! The first cell identifies the instruction. The fields of its row in [`super::form`] follow in
//! order, each at the next multiple of its width. An operand in a slot is a field; an operand in
//! the accumulator has no field; an immediate operand comes after all other fields. The last cell
//! is padded.

use super::Operand;
use std::marker::PhantomData;

/// Bytes of a cell.
pub(crate) const CELL: usize = 8;

/// Location of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A slot of the frame.
    Slot = 0,
    /// The accumulator: the result of an earlier instruction.
    Acc = 1,
    /// A constant in the instruction.
    Immediate = 2,
    /// The instruction has no such operand.
    Absent = 3,
}

impl Kind {
    /// Its number in const generics of handlers.
    #[expect(clippy::as_conversions, reason = "a fieldless enum widened")]
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number; only the last two bits are used.
    pub(crate) const fn of(number: u8) -> Self {
        match number & 3 {
            0 => Self::Slot,
            1 => Self::Acc,
            2 => Self::Immediate,
            _ => Self::Absent,
        }
    }
}

/// Position of a field of type `T` in its instruction.
pub(crate) struct At<T> {
    byte: usize,
    bytes: usize,
    field_type: PhantomData<T>,
}

impl<T> Clone for At<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for At<T> {}

impl<T> At<T> {
    const fn new(byte: usize, bytes: usize) -> Self {
        Self {
            byte,
            bytes,
            field_type: PhantomData,
        }
    }

    /// Byte offset from the start of the instruction.
    pub(crate) const fn byte(self) -> usize {
        self.byte
    }

    /// Width in bytes; 0 if the instruction has no such field.
    pub(crate) const fn bytes(self) -> usize {
        self.bytes
    }

    /// Index of the cell that contains it.
    pub(crate) const fn cell(self) -> usize {
        self.byte / CELL
    }

    /// The same field, `cells` cells further.
    #[inline(always)]
    pub(super) const fn further(self, cells: usize) -> Self {
        Self::new(self.byte.wrapping_add(cells.wrapping_mul(CELL)), self.bytes)
    }

    /// Byte offset in the code if the instruction starts at byte `at`.
    pub(super) const fn after(self, at: usize) -> usize {
        at.wrapping_add(self.byte)
    }
}

impl<T: FieldType> At<T> {
    /// The field with its name, for verifier and disassembler.
    pub(super) fn listed(self, name: &'static str) -> Field {
        Field {
            name,
            at: self.byte,
            bytes: self.bytes,
            role: T::role(self.bytes),
        }
    }
}

impl At<Destination> {
    /// A destination is always the first field: it can be set after the instruction was written.
    pub(super) const FIRST: Self = Self::new(CELL, Destination::BYTES);
}

impl At<Write> {
    /// The slot for a low word is always the field after the destination.
    pub(super) const LOW: Self = Self::new(
        CELL.wrapping_add(Destination::BYTES),
        <Write as FieldType>::BYTES,
    );
}

/// Type of a field.
pub(crate) trait FieldType {
    /// Type of the content.
    type Content;
    /// Width in bytes; for an operand, that of a slot.
    const BYTES: usize;
    /// True if an immediate has the width of the operator, not that of a cell.
    const IS_TERM: bool = false;
    /// Encodes a content as bits.
    fn bits(value: Self::Content) -> u64;
    /// Role of a field of `bytes` bytes.
    fn role(bytes: usize) -> Role;
}

/// Field: a slot that is read, as byte offset in the frame.
pub(crate) struct Read;
/// Field: a slot that is written.
pub(crate) struct Write;
/// Field: a slot for the result, besides the accumulator, if the shape says so.
pub(crate) struct Destination;
/// Field: a distance in bytes from the start of the instruction.
pub(crate) struct BranchTarget;
/// Field: the price of the metering block that is entered.
pub(crate) struct Cost;
/// Field: the index of a function; in linked code, the address of its entry.
pub(crate) struct Callee;
/// Field: an operand whose immediate has 4 bytes if the operator is narrow.
pub(crate) struct Term;

/// Fields that name a slot.
pub(crate) trait InFrame {}
impl InFrame for Read {}
impl InFrame for Write {}
impl InFrame for Destination {}

/// Fields of operands.
pub(crate) trait IsOperand {}
impl IsOperand for Operand {}
impl IsOperand for Term {}

macro_rules! field_types {
    ($($field_type:ident: $value:ty, $bytes:expr, $role:ident;)*) => { $(
        impl FieldType for $field_type {
            type Content = $value;
            const BYTES: usize = $bytes;
            #[inline(always)]
            fn bits(value: Self::Content) -> u64 {
                u64::from(value)
            }
            fn role(_: usize) -> Role {
                Role::$role
            }
        }
    )* };
}
field_types! {
    Read: u16, 2, Read;
    Write: u16, 2, Write;
    Destination: u16, 2, Destination;
    BranchTarget: u32, 4, Target;
    Cost: u32, 4, Number;
    Callee: u64, 8, Number;
    u16: u16, 2, Number;
    u32: u32, 4, Number;
    u64: u64, 8, Number;
}

macro_rules! operand_field_types {
    ($($field_type:ident $is_term:literal)*) => { $(
        impl FieldType for $field_type {
            type Content = Operand;
            const BYTES: usize = Read::BYTES;
            const IS_TERM: bool = $is_term;
            #[inline(always)]
            fn bits(value: Operand) -> u64 {
                match value {
                    Operand::Slot(slot) => u64::from(slot),
                    Operand::Acc => 0,
                    Operand::Immediate(value) => value,
                }
            }
            fn role(bytes: usize) -> Role {
                if bytes == Self::BYTES { Role::Read } else { Role::Number }
            }
        }
    )* };
}
operand_field_types! { Operand false Term true }

/// Locations of the operands of an instruction, on which its layout depends.
#[derive(Clone, Copy)]
pub(crate) struct OperandKinds {
    pub(crate) a: Kind,
    pub(crate) b: Kind,
    pub(crate) c: Kind,
    wide: bool,
}

impl OperandKinds {
    /// No operands: for instructions whose fields are always the same.
    pub(crate) const NONE: Self = Self::new(Kind::Absent, Kind::Absent, Kind::Absent);

    pub(crate) const fn new(a: Kind, b: Kind, c: Kind) -> Self {
        let wide = false;
        Self { a, b, c, wide }
    }

    /// The same with 64-bit immediates, if `is` is true.
    pub(crate) const fn wide(mut self, is: bool) -> Self {
        self.wide = is;
        self
    }
}

/// Assigns positions to the fields in order. All fields are taken twice: the first pass finds where
/// immediates begin, the second yields the positions.
pub(super) struct Cursor {
    wide: bool,
    next: usize,
    immediate: usize,
}

impl Cursor {
    #[inline(always)]
    pub(super) const fn new(operands: OperandKinds) -> Self {
        Self {
            wide: operands.wide,
            next: CELL,
            immediate: CELL,
        }
    }

    /// A cursor at a cell after the other fields.
    #[inline(always)]
    pub(super) const fn of_cell(cell: usize) -> Self {
        let next = cell.wrapping_mul(CELL);
        Self {
            wide: false,
            next,
            immediate: next,
        }
    }

    /// The cursor of the second pass, after all fields were taken once.
    #[inline(always)]
    pub(super) const fn again(&self) -> Self {
        Self {
            wide: self.wide,
            next: CELL,
            immediate: self.next,
        }
    }

    /// The position of the next field; a field that is no operand has the kind of a slot.
    #[inline(always)]
    pub(super) const fn take<T: FieldType>(&mut self, kind: Kind) -> At<T> {
        match kind {
            Kind::Slot => {
                let byte = aligned(self.next, T::BYTES);
                self.next = byte.wrapping_add(T::BYTES);
                At::new(byte, T::BYTES)
            }
            Kind::Immediate => {
                let bytes = if T::IS_TERM && !self.wide {
                    <u32 as FieldType>::BYTES
                } else {
                    CELL
                };
                let byte = aligned(self.immediate, bytes);
                self.immediate = byte.wrapping_add(bytes);
                At::new(byte, bytes)
            }
            Kind::Acc | Kind::Absent => At::new(0, 0),
        }
    }

    /// Length of the instruction, after the second pass.
    #[inline(always)]
    pub(super) const fn cells(&self) -> usize {
        aligned(self.immediate, CELL) / CELL
    }
}

/// The next multiple of a power of two.
#[inline(always)]
const fn aligned(byte: usize, to: usize) -> usize {
    let mask = to.wrapping_sub(1);
    byte.wrapping_add(mask) & !mask
}

/// Role of a field, for verifier and disassembler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// A slot that is read.
    Read,
    /// A slot that is written.
    Write,
    /// A slot that is written, if the shape says so.
    Destination,
    /// A distance in bytes from the instruction's start.
    Target,
    /// Another number.
    Number,
}

/// A field that an instruction has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) at: usize,
    pub(super) bytes: usize,
    pub(super) role: Role,
}
