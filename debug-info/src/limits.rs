//! Bounds what is read of bytes that anybody may have made.

/// Bytes of a module; nothing is read of a longer one. Room for what a compiler writes before
/// debug information is taken out.
pub const MODULE_BYTES_MAX: usize = 64 << 20;

/// Entries of one kind that are kept: names, types, functions, calls.
pub const ENTRIES_MAX: usize = 1 << 20;

/// How many more entries are kept where there are `kept`.
pub(crate) const fn room(kept: usize) -> usize {
    ENTRIES_MAX.saturating_sub(kept)
}

/// Bytes of a function's name as it is given, after demangling: a mangled name can stand for a text
/// that is far longer than itself.
pub const NAME_BYTES_MAX: usize = 4_096;

/// Bytes of DWARF that are decoded. Units may share what they refer to, so that few bytes can ask
/// for much work.
pub const LINE_WORK_BYTES_MAX: usize = 128 << 20;

/// Rows of a line table that are kept.
pub const LINE_ROWS_MAX: usize = 4 << 20;

/// Bytes of the path of a source file; a file with a longer one has no lines.
pub const PATH_BYTES_MAX: usize = 4_096;
