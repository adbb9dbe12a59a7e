//! Collects the code of one function: instructions of whole cells, written field by field.
//!
//! A cell is 8 bytes. The first cell of an instruction names its shape until `execute` links it;
//! the others hold fields at byte offsets that [`super::shape`] lists.
#![expect(
    clippy::host_endian_bytes,
    reason = "fields are read by the machine that wrote them and never leave it"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "places come from this buffer; a wrong one is a bug of the translator"
)]

use super::shape::{CELL, Shape};

/// Code that grows at its end; the last instruction can be taken back.
#[derive(Default)]
pub(crate) struct Buffer {
    /// Whole cells.
    cells: Vec<u64>,
    /// The cell that is being filled, and how many of its bytes are.
    open: u64,
    filled: usize,
    /// The cell at which each instruction starts.
    starts: Vec<u32>,
}

impl Buffer {
    /// Empty, with the memory of a buffer before.
    pub(crate) fn reusing(mut cells: Vec<u64>, mut starts: Vec<u32>) -> Self {
        cells.clear();
        starts.clear();
        Self {
            cells,
            open: 0,
            filled: 0,
            starts,
        }
    }

    /// Bytes so far: where the next instruction will start.
    #[inline(always)]
    pub(crate) fn here(&self) -> usize {
        debug_assert_eq!(self.filled, 0, "an instruction has whole cells");
        self.cells.len() * CELL
    }

    /// Starts an instruction.
    #[inline(always)]
    pub(crate) fn begin(&mut self, shape: Shape) -> usize {
        let at = self.here();
        let start = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        self.starts.push(start);
        self.cells.push(shape.pack());
        at
    }

    /// Removes everything from the instruction at `at` on, which must be the last one.
    pub(crate) fn take_back(&mut self, at: usize) {
        self.cells.truncate(at / CELL);
        self.starts.pop();
    }

    #[inline(always)]
    fn put(&mut self, value: u64, size: usize) -> &mut Self {
        self.open |= value << shift(self.filled, size);
        self.filled += size;
        if self.filled == CELL {
            self.close();
        }
        self
    }

    #[inline(always)]
    fn close(&mut self) {
        self.cells.push(self.open);
        (self.open, self.filled) = (0, 0);
    }

    #[inline(always)]
    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.put(u64::from(value), 2)
    }

    #[inline(always)]
    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.put(u64::from(value), 4)
    }

    #[inline(always)]
    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        debug_assert_eq!(self.filled, 0, "a number of 8 bytes has a cell of its own");
        self.cells.push(value);
        self
    }

    /// Fills the cell.
    #[inline(always)]
    pub(crate) fn pad(&mut self) -> &mut Self {
        if self.filled > 0 {
            self.close();
        }
        self
    }

    pub(crate) fn set_u16(&mut self, at: usize, value: u16) {
        self.set(at, u64::from(value), u64::from(u16::MAX), 2);
    }

    pub(crate) fn set_u32(&mut self, at: usize, value: u32) {
        self.set(at, u64::from(value), u64::from(u32::MAX), 4);
    }

    fn set(&mut self, at: usize, value: u64, mask: u64, size: usize) {
        let shift = shift(at % CELL, size);
        let cell = &mut self.cells[at / CELL];
        *cell = *cell & !(mask << shift) | value << shift;
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

/// Bits above which the field at byte `place` of a cell stands, in this machine's order of bytes.
#[inline(always)]
const fn shift(place: usize, size: usize) -> usize {
    let bytes = if cfg!(target_endian = "big") {
        CELL - size - place
    } else {
        place
    };
    bytes * 8
}

/// Reads a field of finished code.
pub(crate) struct Fields<'a>(pub(crate) &'a [u64]);

impl Fields<'_> {
    pub(crate) fn u16(&self, at: usize) -> u16 {
        let bytes = self.0[at / CELL].to_ne_bytes();
        u16::from_ne_bytes([bytes[at % CELL], bytes[at % CELL + 1]])
    }

    pub(crate) fn u32(&self, at: usize) -> u32 {
        let bytes = self.0[at / CELL].to_ne_bytes();
        let half = if at.is_multiple_of(CELL) {
            &bytes[..4]
        } else {
            &bytes[4..]
        };
        u32::from_ne_bytes([half[0], half[1], half[2], half[3]])
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        self.0[at / CELL]
    }
}
