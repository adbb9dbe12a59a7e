//! Places the fields of an internal instruction: by one rule, from what each field holds.
//!
//! The first cell names the instruction. The fields of its row in [`super::form`] follow in order,
//! each at the next multiple of its width. An operand is a field where it is a slot, none where it
//! is in the accumulator, and stands after all other fields where it is an immediate. The last cell
//! is filled up.

use super::Operand;
use super::buffer::Fields;
use super::form::{BranchTable, Family};
use super::shape::{CELL, Kind, Shape};
use std::marker::PhantomData;

/// Where a field stands in its instruction; `T` says what it holds.
pub(crate) struct At<T> {
    byte: usize,
    bytes: usize,
    held: PhantomData<T>,
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
            held: PhantomData,
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

    /// The byte at which it stands in code where its instruction starts at `at`.
    pub(super) const fn after(self, at: usize) -> usize {
        at.wrapping_add(self.byte)
    }
}

impl<T: Held> At<T> {
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

impl At<Edges> {
    /// Target and cost of the edge of this number.
    #[inline(always)]
    pub(crate) const fn edge(self, number: usize) -> (At<Target>, At<Cost>) {
        let mut cursor = Cursor {
            next: self.byte.wrapping_add(number.wrapping_mul(CELL)),
            ..Cursor::new(Operands::NONE)
        };
        (cursor.take(Kind::Slot), cursor.take(Kind::Slot))
    }
}

/// What a field can hold.
pub(crate) trait Held {
    /// What is written there.
    type Value;
    /// Its width in bytes; of an operand that of a slot.
    const BYTES: usize;
    /// It stands at a multiple of this.
    const ALIGN: usize = Self::BYTES;
    /// An immediate has the width of the operator, not that of a cell.
    const IS_TERM: bool = false;
    /// The bits of a value.
    fn bits(value: Self::Value) -> u64;
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
pub(crate) struct Target;
/// The price of the run that is entered.
pub(crate) struct Cost;
/// The index of a function; its entry, when linked.
pub(crate) struct Function;
/// A target and a cost for each way of a branch table, to the end of the instruction.
pub(crate) struct Edges;
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

macro_rules! held {
    ($($held:ident: $value:ty, $bytes:expr, $role:ident;)*) => { $(
        impl Held for $held {
            type Value = $value;
            const BYTES: usize = $bytes;
            #[inline(always)]
            fn bits(value: Self::Value) -> u64 {
                u64::from(value)
            }
            fn role(_: usize) -> Role {
                Role::$role
            }
        }
    )* };
}
held! {
    Read: u16, 2, Read;
    Write: u16, 2, Write;
    Destination: u16, 2, Destination;
    Target: u32, 4, Target;
    Cost: u32, 4, Number;
    Function: u64, 8, Number;
    u16: u16, 2, Number;
    u32: u32, 4, Number;
    u64: u64, 8, Number;
}

impl Held for Edges {
    type Value = ();
    const BYTES: usize = 0;
    const ALIGN: usize = CELL;

    fn bits((): ()) -> u64 {
        0
    }

    fn role(_: usize) -> Role {
        Role::Edges
    }
}

macro_rules! held_operand {
    ($($held:ident $is_term:literal)*) => { $(
        impl Held for $held {
            type Value = Operand;
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
held_operand! { Operand false Term true }

/// Where the operands of an instruction come from, as far as its layout depends on that.
#[derive(Clone, Copy)]
pub(crate) struct Operands {
    pub(crate) a: Kind,
    pub(crate) b: Kind,
    pub(crate) c: Kind,
    wide: bool,
}

impl Operands {
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
    pub(super) const fn new(operands: Operands) -> Self {
        Self {
            wide: operands.wide,
            next: CELL,
            immediate: CELL,
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
    pub(super) const fn take<T: Held>(&mut self, kind: Kind) -> At<T> {
        match kind {
            Kind::Slot => {
                let byte = aligned(self.next, T::ALIGN);
                self.next = byte.wrapping_add(T::BYTES);
                At::new(byte, T::BYTES)
            }
            Kind::Immediate => {
                let bytes = if T::IS_TERM && !self.wide {
                    <u32 as Held>::BYTES
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
    /// The rest of the instruction.
    Edges,
}

/// A field of an instruction that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) at: usize,
    pub(super) bytes: usize,
    pub(super) role: Role,
}

/// An instruction as whoever walks code sees it.
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) fields: Vec<Field>,
    pub(super) cells: usize,
}

impl Layout {
    /// The instruction at the start of `cells`, with the fields that are there; `None` if it is cut
    /// off.
    pub(super) fn of(cells: &[u64]) -> Option<Self> {
        let shape = Shape::unpack(*cells.first()?);
        let operands = shape.operands();
        let (mut fields, mut length) = shape.family.fields(operands);
        if cells.len() < length {
            return None;
        }
        fields.retain(|field| match field.role {
            Role::Destination => shape.to_slot,
            Role::Edges => false,
            _ => field.bytes > 0,
        });
        if shape.family == Family::BranchTable {
            let table = BranchTable::of(operands);
            let last = Fields(cells).read(table.last.byte(), table.last.bytes());
            let last = usize::try_from(last).unwrap_or(usize::MAX);
            length = length.saturating_add(last).saturating_add(1);
            if cells.len() < length {
                return None;
            }
            for number in 0..=last {
                let (target, cost) = table.edges.edge(number);
                fields.extend([target.listed("target"), cost.listed("cost")]);
            }
        }
        Some(Self {
            shape,
            fields,
            cells: length,
        })
    }
}
