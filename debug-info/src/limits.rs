//! Bounds on what is read from untrusted bytes.

/// Maximum size of a module, in bytes; a longer one is not read. It allows for the output of a
/// compiler before debug information is stripped.
pub const MODULE_BYTES_MAX: usize = 64 << 20;

/// Maximum number of stored entries of each kind: names, types, functions, calls.
pub const ENTRIES_MAX: usize = 1 << 20;

/// Number of entries that may be stored in addition to `kept`.
pub(crate) const fn room(kept: usize) -> usize {
    ENTRIES_MAX.saturating_sub(kept)
}

/// Maximum length of a function's name after demangling, in bytes: demangling can expand a name to
/// a far longer text.
pub const NAME_BYTES_MAX: usize = 4_096;

/// Maximum number of decoded bytes of DWARF. Units may share the data that they refer to, so that
/// few bytes can cause much work.
pub const LINE_WORK_BYTES_MAX: usize = 128 << 20;

/// Maximum number of stored rows of a line table.
pub const LINE_ROWS_MAX: usize = 4 << 20;

/// Maximum length of the path of a source file, in bytes; a file with a longer one has no lines.
pub const PATH_BYTES_MAX: usize = 4_096;
