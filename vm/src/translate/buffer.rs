//! Collects the code of one function: instructions of whole cells, written field by field.
//!
//! A cell is 8 bytes. The first cell of an instruction contains its shape until `execute` links it;
//! the others contain the fields that [`super::form`] lists, in native byte order: the machine that
//! wrote them reads them.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "positions come from this buffer; a wrong one is a bug of the translator"
)]

use super::form::{BranchTable, Family};
use super::index;
use super::layout::{At, CELL, Destination, Field, FieldType, Role, Write};
use super::shape::Shape;

/// Code that grows at its end; the last instruction can be removed.
#[derive(Default)]
pub(crate) struct Buffer {
    cells: Vec<u64>,
    /// The cell at which each instruction starts.
    starts: Vec<u32>,
    /// Byte offset of the last instruction.
    last: usize,
}

impl Buffer {
    /// An empty buffer that reuses the memory of an earlier one.
    pub(crate) fn reusing(mut cells: Vec<u64>, mut starts: Vec<u32>) -> Self {
        cells.clear();
        starts.clear();
        let last = 0;
        Self {
            cells,
            starts,
            last,
        }
    }

    /// Byte offset at which the next instruction will start.
    #[inline(always)]
    pub(crate) fn here(&self) -> usize {
        self.cells.len() * CELL
    }

    /// Starts an instruction of `cells` cells; every field is 0.
    #[inline(always)]
    pub(crate) fn begin(&mut self, shape: Shape, cells: usize) -> usize {
        let start = self.cells.len();
        self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        self.cells.resize(start + cells, 0);
        self.cells[start] = shape.pack();
        self.last = start * CELL;
        self.last
    }

    /// Removes the instruction at `at`, which must be the last one.
    pub(crate) fn take_back(&mut self, at: usize) {
        let last = self.starts.pop();
        debug_assert_eq!(last.map(|start| index(start) * CELL), Some(at));
        self.cells.truncate(at / CELL);
    }

    /// Writes a field of the last instruction, if the instruction has it.
    #[inline(always)]
    pub(crate) fn put<T: FieldType>(&mut self, field: At<T>, value: T::Content) -> &mut Self {
        let (bits, at) = (T::bits(value), field.after(self.last));
        match field.bytes() {
            0 => {}
            CELL => self.cells[at / CELL] = bits,
            bytes => self.set(at, bits, bytes),
        }
        self
    }

    /// Writes the destination slot of the instruction at `at`.
    pub(crate) fn set_destination(&mut self, at: usize, slot: u16) {
        let field = At::<Destination>::FIRST;
        self.set(field.after(at), u64::from(slot), field.bytes());
    }

    /// Writes the slot for the low word of the instruction at `at`, which has two results.
    pub(crate) fn set_low(&mut self, at: usize, slot: u16) {
        let field = At::<Write>::LOW;
        self.set(field.after(at), u64::from(slot), field.bytes());
    }

    /// Writes the field of 4 bytes at byte offset `at`.
    pub(crate) fn set_u32(&mut self, at: usize, value: u32) {
        self.set(at, u64::from(value), <u32 as FieldType>::BYTES);
    }

    /// Writes the field of `bytes` bytes at byte offset `at`.
    #[inline(always)]
    pub(super) fn set(&mut self, at: usize, value: u64, bytes: usize) {
        let shift = shift(at % CELL, bytes);
        let mask = mask(bytes);
        let cell = &mut self.cells[at / CELL];
        *cell = *cell & !(mask << shift) | (value & mask) << shift;
    }

    pub(crate) fn shape(&self, at: usize) -> Shape {
        Shape::unpack(self.cells[at / CELL])
    }

    pub(crate) fn set_shape(&mut self, at: usize, shape: Shape) {
        self.cells[at / CELL] = shape.pack();
    }

    /// The code as cells, and the cell at which each instruction starts.
    pub(crate) fn finish(self) -> (Vec<u64>, Vec<u32>) {
        (self.cells, self.starts)
    }
}

/// Bits below the field at byte `offset` of a cell, in native byte order.
#[inline(always)]
const fn shift(offset: usize, bytes: usize) -> usize {
    let below = if cfg!(target_endian = "big") {
        CELL - bytes - offset
    } else {
        offset
    };
    below * 8
}

/// A mask of as many low bits as the field has.
#[inline(always)]
const fn mask(bytes: usize) -> u64 {
    u64::MAX >> ((CELL - bytes) * 8)
}

/// Reads fields of finished code.
pub(crate) struct Fields<'a>(pub(crate) &'a [u64]);

impl Fields<'_> {
    /// The content of the field of `bytes` bytes at byte offset `at`.
    pub(crate) fn read(&self, at: usize, bytes: usize) -> u64 {
        self.0[at / CELL] >> shift(at % CELL, bytes) & mask(bytes)
    }
}

/// A decoded instruction, for verifier and disassembler.
pub(super) struct DecodedInstruction {
    pub(super) shape: Shape,
    pub(super) fields: Vec<Field>,
    pub(super) cells: usize,
}

impl DecodedInstruction {
    /// The instruction at the start of `cells`, with the fields that it has; `None` if it is
    /// incomplete.
    pub(super) fn of(cells: &[u64]) -> Option<Self> {
        let shape = Shape::unpack(*cells.first()?);
        let operands = shape.operands();
        let (mut fields, mut length) = shape.family.fields(operands);
        if cells.len() < length {
            return None;
        }
        fields.retain(|field| match field.role {
            Role::Destination => shape.to_slot,
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
                let (target, cost) = table.edge(number);
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
