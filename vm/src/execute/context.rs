//! Holds what handlers share: code cells, function entries, and the context of one instance.
use super::dispatch::Handler;
use crate::limits::PAGE_BYTES;
use crate::module::ValueType;
use host_api::Function;
use std::sync::atomic::AtomicPtr;

/// Eight bytes of linked code.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union Cell {
    /// Fields of an instruction.
    pub(crate) bits: u64,
    /// The first cell of an instruction.
    pub(crate) handler: Handler,
    /// The callee of a call.
    pub(crate) entry: *const FunctionEntry,
}

const _: () = assert!(size_of::<Cell>() == 8 && align_of::<Cell>() <= 8);

/// What a call needs to know of a function.
pub(crate) struct FunctionEntry {
    /// Its code; the cell before it is the price of entering the function and its first run.
    pub(crate) code: AtomicPtr<Cell>,
    /// What it adds to the stack counter.
    pub(crate) weight: u32,
    /// Byte offset of the return address; weight and declared locals follow.
    pub(crate) linkage: u32,
    /// Declared locals, which start as zero.
    pub(crate) zeroed: u32,
    /// Canonical index of its type.
    pub(crate) type_index: u32,
    /// Number of its parameters.
    pub(crate) parameters: u32,
    /// Type of its result.
    pub(crate) result: Option<ValueType>,
    /// What it is, for a function of the host.
    pub(crate) host: Option<Function>,
    /// Price of entering it, without its first run.
    pub(crate) entry_price: u64,
}

/// Where handlers stopped.
#[derive(Clone, Copy)]
pub(crate) struct Saved {
    pub(crate) ip: *const Cell,
    pub(crate) sp: *mut u8,
    pub(crate) acc: u64,
    pub(crate) gas: i64,
}

/// What handlers use of an instance.
pub(crate) struct Context {
    /// Length of memory less 1, 2, 4, 8: the highest legal address of an access of that width.
    pub(crate) limit1: i64,
    pub(crate) limit2: i64,
    pub(crate) limit4: i64,
    pub(crate) limit8: i64,
    /// The first byte of linear memory; it never moves.
    pub(crate) memory: *mut u8,
    pub(crate) globals: *mut u64,
    pub(crate) table: *const *const FunctionEntry,
    pub(crate) table_length: u64,
    pub(crate) memory_pages: u64,
    pub(crate) memory_pages_max: u64,
    pub(crate) grow_per_page: u64,
    pub(crate) copy_per_byte: u64,
    pub(crate) fill_per_byte: u64,
    /// The state at the last exit.
    pub(crate) saved: Saved,
    /// The function called at an exit that is a call.
    pub(crate) callee: *const FunctionEntry,
    /// What cannot be paid from the slice.
    pub(crate) price: u64,
}

impl Context {
    /// The length of memory.
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
