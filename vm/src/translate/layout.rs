//! Places the fields of an internal instruction: by one rule, from what each field holds.
//!
//! The first cell names the instruction. The fields of its row in [`super::form`] follow in order,
//! each at the next multiple of its width. An operand is a field where it is a slot, none where it
//! is in the accumulator, and stands after all other fields where it is an immediate. The last cell
//! is filled up.

use super::Operand;
use std::marker::PhantomData;

/// Bytes of a cell.
pub(crate) const CELL: usize = 8;

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A slot of the frame.
    Slot = 0,
    /// The accumulator: the result of an instruction before.
    Acc = 1,
    /// In the instruction.
    Immediate = 2,
    /// There is none.
    Absent = 3,
}

impl Kind {
    /// The number that handlers know it by.
    #[expect(clippy::as_conversions, reason = "a fieldless enum widened")]
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The kind of a number; only the last two bits count.
    pub(crate) const fn of(number: u8) -> Self {
        match number & 3 {
            0 => Self::Slot,
            1 => Self::Acc,
            2 => Self::Immediate,
            _ => Self::Absent,
        }
    }
}

/// Where a field stands in its instruction; `T` says what it holds.
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

    /// Its distance from the start of the instruction, in bytes.
    pub(crate) const fn byte(self) -> usize {
        self.byte
    }

    /// Its width in bytes, 0 where the instruction has no such field.
    pub(crate) const fn bytes(self) -> usize {
        self.bytes
    }

    /// The cell that it is in.
    pub(crate) const fn cell(self) -> usize {
        self.byte / CELL
    }

    /// The field as many cells further on.
    #[inline(always)]
    pub(super) const fn further(self, cells: usize) -> Self {
        Self::new(self.byte.wrapping_add(cells.wrapping_mul(CELL)), self.bytes)
    }

    /// The byte at which it stands in code where its instruction starts at `at`.
    pub(super) const fn after(self, at: usize) -> usize {
        at.wrapping_add(self.byte)
    }
}

impl<T: FieldType> At<T> {
    /// For whoever walks code, under its name.
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
    /// Instructions whose destination is decided after they are written have it first.
    pub(super) const FIRST: Self = Self::new(CELL, Destination::BYTES);
}

/// What a field can hold.
pub(crate) trait FieldType {
    /// What is written there.
    type Content;
    /// Its width in bytes; of an operand that of a slot.
    const BYTES: usize;
    /// An immediate has the width of the operator, not that of a cell.
    const IS_TERM: bool = false;
    /// The bits of a value.
    fn bits(value: Self::Content) -> u64;
    /// What a field of so many bytes is for whoever walks code.
    fn role(bytes: usize) -> Role;
}

/// A slot that is read, by its byte offset in the frame.
pub(crate) struct Read;
/// A slot that is written.
pub(crate) struct Write;
/// A slot that the result is written to as well as to the accumulator, if the shape says so.
pub(crate) struct Destination;
/// A distance in bytes from the start of the instruction.
pub(crate) struct BranchTarget;
/// The price of the run that is entered.
pub(crate) struct Cost;
/// The index of a function; its entry, when linked.
pub(crate) struct Callee;
/// An operand whose immediate has 4 bytes where the operator is narrow.
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

/// Where the operands of an instruction come from, as far as its layout depends on that.
#[derive(Clone, Copy)]
pub(crate) struct OperandKinds {
    pub(crate) a: Kind,
    pub(crate) b: Kind,
    pub(crate) c: Kind,
    wide: bool,
}

impl OperandKinds {
    /// For instructions whose fields are always the same.
    pub(crate) const NONE: Self = Self::new(Kind::Absent, Kind::Absent, Kind::Absent);

    pub(crate) const fn new(a: Kind, b: Kind, c: Kind) -> Self {
        let wide = false;
        Self { a, b, c, wide }
    }

    /// The same for an operator of 64 bits, if it `is` one.
    pub(crate) const fn wide(mut self, is: bool) -> Self {
        self.wide = is;
        self
    }
}

/// Gives fields their places one after the other: once to learn where immediates begin, and once
/// more for the places.
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

    /// For what stands in a cell of its own.
    #[inline(always)]
    pub(super) const fn of_cell(cell: usize) -> Self {
        let next = cell.wrapping_mul(CELL);
        Self {
            wide: false,
            next,
            immediate: next,
        }
    }

    /// From the start, when all fields were taken once.
    #[inline(always)]
    pub(super) const fn again(&self) -> Self {
        Self {
            wide: self.wide,
            next: CELL,
            immediate: self.next,
        }
    }

    /// The place of the next field; what is no operand has the kind of a slot.
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

    /// The length of the instruction, when all fields were taken twice.
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

/// What a field means to whoever walks code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// A slot that is read.
    Read,
    /// A slot that is written.
    Write,
    /// A slot that is written if the shape says so.
    Destination,
    /// A distance in bytes from the instruction's start.
    Target,
    /// A number without further meaning here.
    Number,
}

/// A field of an instruction that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) at: usize,
    pub(super) bytes: usize,
    pub(super) role: Role,
}
