//! Defines what handlers share: code cells, imports, and the context of one instance.

use super::dispatch::Handler;
use super::header::TableEntry;
use crate::limits::PAGE_BYTES;
use crate::module::ValueType;
use host_api::Function;

/// Eight bytes of linked code.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union Cell {
    /// Contents of fields of an instruction.
    pub(crate) bits: u64,
    /// Two numbers of a header.
    pub(crate) pair: [u32; 2],
    /// Handler, in the first cell of an instruction.
    pub(crate) handler: Handler,
    /// Callee of a call of the host.
    pub(crate) import: *const ImportEntry,
}

const _: () = assert!(size_of::<Cell>() == 8 && align_of::<Cell>() <= 8);

/// An imported function as calls see it.
pub(crate) struct ImportEntry {
    /// The host function.
    pub(crate) function: Function,
    /// Number of its parameters.
    pub(crate) parameters: u32,
    /// Type of its result.
    pub(crate) result: Option<ValueType>,
}

/// Registers at the last exit of a handler.
#[derive(Clone, Copy)]
pub(crate) struct Saved {
    pub(crate) ip: *const Cell,
    pub(crate) sp: *mut u8,
    pub(crate) acc: u64,
    pub(crate) gas: i64,
}

/// The part of an instance that handlers use.
pub(crate) struct Context {
    /// Length of memory minus 1, 2, 4 and 8: the greatest valid address of an access of that width.
    pub(crate) limit1: i64,
    pub(crate) limit2: i64,
    pub(crate) limit4: i64,
    pub(crate) limit8: i64,
    /// The first byte of linear memory; it never moves.
    pub(crate) memory: *mut u8,
    pub(crate) globals: *mut u64,
    /// For each function its code, after its first entry in this contract frame; before, its stub.
    pub(crate) codes: *mut *const Cell,
    pub(crate) imports: *const ImportEntry,
    pub(crate) table: *const TableEntry,
    pub(crate) table_length: u64,
    pub(crate) memory_pages: u64,
    pub(crate) memory_pages_max: u64,
    pub(crate) grow_per_page: u64,
    pub(crate) copy_per_byte: u64,
    pub(crate) fill_per_byte: u64,
    /// Registers at the last exit.
    pub(crate) saved: Saved,
    /// The callee, if the last exit is a call of the host.
    pub(crate) callee: *const ImportEntry,
    /// The callee, if its call overflows the stack.
    pub(crate) overflowing: u32,
    /// The price that the slice cannot pay.
    pub(crate) price: u64,
    /// Native frames of handlers since the driver called the first, in builds that count them.
    pub(crate) native_frames: u32,
}

impl Context {
    /// Length of memory in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        usize::try_from(self.limit1.wrapping_add(1)).unwrap_or(0)
    }

    /// Sets the length of memory; at most 256 pages.
    pub(crate) fn set_pages(&mut self, pages: u64) {
        self.memory_pages = pages;
        let bytes = pages.wrapping_mul(u64::from(PAGE_BYTES)).cast_signed();
        self.limit1 = bytes.wrapping_sub(1);
        self.limit2 = bytes.wrapping_sub(2);
        self.limit4 = bytes.wrapping_sub(4);
        self.limit8 = bytes.wrapping_sub(8);
    }
}
