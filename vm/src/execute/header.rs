//! Defines what calls read of a function: the header before its code, and the entries of the table.

use super::context::Cell;

/// What a call reads of the function that it enters: the cells right before the code, or before the
/// stub of a function that was not entered in this contract frame.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Header {
    /// Weight that it adds to the stack counter.
    pub(crate) weight: u32,
    /// Index in the function index space.
    pub(crate) function: u32,
    /// Byte offset of the return address in its frame; weight and declared locals follow.
    pub(crate) linkage: u32,
    /// Number of declared locals, which are initially zero.
    pub(crate) zeroed: u32,
    /// Price of entry with that of the first metering block; 0 before a stub.
    pub(crate) charge: u64,
}

/// Cells of a header.
pub(crate) const HEADER_CELLS: usize = 3;

const _: () = assert!(size_of::<Header>() == HEADER_CELLS * size_of::<Cell>());

impl Header {
    /// The header as it precedes the code.
    pub(crate) const fn cells(self) -> [Cell; HEADER_CELLS] {
        let Self {
            weight,
            function,
            linkage,
            zeroed,
            charge,
        } = self;
        [
            Cell {
                pair: [weight, function],
            },
            Cell {
                pair: [linkage, zeroed],
            },
            Cell { bits: charge },
        ]
    }
}

/// An entry of the table.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct TableEntry {
    /// Canonical index of the function's type; with [`IMPORTED`] if it is an import. [`NO_TYPE`] if
    /// the entry is null.
    pub(crate) type_index: u32,
    /// Index in the function index space.
    pub(crate) function: u32,
}

impl TableEntry {
    /// An entry without a function.
    pub(crate) const NULL: Self = Self {
        type_index: NO_TYPE,
        function: 0,
    };
}

/// The type of a null entry: no module has as many types, not even without this bit.
pub(crate) const NO_TYPE: u32 = u32::MAX;
/// The bit of an import: with it the index equals that of no type, so that a call compares once.
pub(crate) const IMPORTED: u32 = 1 << 31;
