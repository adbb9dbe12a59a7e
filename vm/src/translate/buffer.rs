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
    bytes: Vec<u8>,
    /// Where each instruction starts, in bytes.
    starts: Vec<u32>,
}

impl Buffer {
    /// Bytes so far: where the next instruction will start.
    pub(crate) fn here(&self) -> usize {
        self.bytes.len()
    }

    /// Starts an instruction.
    pub(crate) fn begin(&mut self, shape: Shape) -> usize {
        let at = self.here();
        self.starts.push(u32::try_from(at).unwrap_or(u32::MAX));
        self.u64(shape.pack());
        at
    }

    /// Removes everything from the instruction at `at` on, which must be the last one.
    pub(crate) fn take_back(&mut self, at: usize) {
        self.bytes.truncate(at);
        self.starts.pop();
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes.extend_from_slice(&value.to_ne_bytes());
        self
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes.extend_from_slice(&value.to_ne_bytes());
        self
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes.extend_from_slice(&value.to_ne_bytes());
        self
    }

    /// Fills the cell.
    pub(crate) fn pad(&mut self) -> &mut Self {
        let length = self.bytes.len().next_multiple_of(CELL);
        self.bytes.resize(length, 0);
        self
    }

    pub(crate) fn set_u16(&mut self, at: usize, value: u16) {
        self.bytes[at..at + 2].copy_from_slice(&value.to_ne_bytes());
    }

    pub(crate) fn set_u32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }

    pub(crate) fn shape(&self, at: usize) -> Shape {
        let mut cell = [0; CELL];
        cell.copy_from_slice(&self.bytes[at..at + CELL]);
        Shape::unpack(u64::from_ne_bytes(cell))
    }

    pub(crate) fn set_shape(&mut self, at: usize, shape: Shape) {
        self.bytes[at..at + CELL].copy_from_slice(&shape.pack().to_ne_bytes());
    }

    /// The code as cells, and the cell at which each instruction starts.
    pub(crate) fn finish(self) -> (Box<[u64]>, Box<[u32]>) {
        let (chunks, _) = self.bytes.as_chunks::<CELL>();
        let cells = chunks.iter().map(|chunk| u64::from_ne_bytes(*chunk));
        let width = u32::try_from(CELL).unwrap_or(u32::MAX);
        let starts = self.starts.iter().map(|start| start / width);
        (cells.collect(), starts.collect())
    }
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
