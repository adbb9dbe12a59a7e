//! Bounds every module and execution: one constant a line, each with its reason.
//!
//! "Seen" is the maximum over 268 contract files of the field. All are inclusive. What an accepted
//! module can observe is part of [`Rules`](crate::Rules).

/// Bytes of a module, custom sections included: a std build of rustc with debug info has 1.5 MB.
pub const MODULE_BYTES_MAX: u32 = 4 * 1024 * 1024;
/// Types of a module; seen 78.
pub const TYPES_MAX: u32 = 1_024;
/// Parameters of one function; seen 17.
pub const PARAMETERS_MAX: u32 = 64;
/// Parameters of all functions, imports included: bounds validation of 50,000 empty functions of a
/// wide type.
pub const PARAMETERS_TOTAL_MAX: u32 = 50_000;
/// Results of one function: multi-value is outside the profile.
pub const RESULTS_MAX: u32 = 1;
/// Imports; seen 53.
pub const IMPORTS_MAX: u32 = 100;
/// Exports; seen 149.
pub const EXPORTS_MAX: u32 = 256;
/// Bytes of an import's or export's name; seen 52.
pub const NAME_BYTES_MAX: u32 = 256;
/// Functions, imports included; seen 1,882.
pub const FUNCTIONS_MAX: u32 = 10_000;
/// Declared locals of one function, parameters included; seen 99.
pub const LOCALS_MAX: u32 = 1_024;
/// Declared locals of all functions, parameters included; seen 9,820 in a stress file.
pub const LOCALS_TOTAL_MAX: u32 = 50_000;
/// Globals; seen 5.
pub const GLOBALS_MAX: u32 = 256;
/// Tables.
pub const TABLES_MAX: u32 = 1;
/// Entries of the table; seen 286.
pub const TABLE_ENTRIES_MAX: u32 = 4_096;
/// Element segments; seen 1.
pub const ELEMENT_SEGMENTS_MAX: u32 = 128;
/// Functions in all element segments.
pub const ELEMENTS_MAX: u32 = 4_096;
/// Data segments; seen 137.
pub const DATA_SEGMENTS_MAX: u32 = 1_000;
/// Bytes of all data segments.
pub const DATA_BYTES_MAX: u32 = 1024 * 1024;
/// Memories.
pub const MEMORIES_MAX: u32 = 1;
/// Pages at instantiation; seen 23.
pub const MEMORY_PAGES_INITIAL_MAX: u32 = 64;
/// Pages that a memory can grow to: 16 MiB, reserved at instantiation.
pub const MEMORY_PAGES_MAX: u32 = 256;
/// Bytes of one function body; seen 68,072.
pub const BODY_BYTES_MAX: u32 = 196_608;
/// Operators of one function; seen 31,626.
pub const OPERATORS_MAX: u32 = 65_536;
/// Blocks (`block`, `loop`, `if`) of one function; seen 1,663.
pub const BLOCKS_MAX: u32 = 5_000;
/// Blocks of a module; seen 9,061.
pub const BLOCKS_TOTAL_MAX: u32 = 50_000;
/// Nesting of blocks; seen 178. The analysis keeps one entry a level and does not recurse.
pub const NESTING_MAX: u32 = 1_024;
/// Targets of one `br_table`, the default excluded; seen 84.
pub const BR_TABLE_TARGETS_MAX: u32 = 1_024;
/// Targets of all `br_table` of a module; seen 2,231.
pub const BR_TABLE_TARGETS_TOTAL_MAX: u32 = 65_536;
/// Operands on the stack of one function, locals excluded; seen 17.
pub const OPERANDS_MAX: u32 = 1_024;
/// Arguments that the calls of one function take beyond one for each operator up to there. Only
/// code that no path reaches takes what nothing pushed, and there a call of two bytes would cost a
/// check of 64 operands.
pub const ARGUMENTS_UNPUSHED_MAX: u32 = 128;

/// Bytes of a page of linear memory (WebAssembly core 4.2.8).
pub const PAGE_BYTES: u32 = 65_536;
/// Sum of [`weight`](crate::module::Function::weight) over the active functions of one contract
/// frame.
pub const STACK_SLOTS_MAX: u32 = 65_536;
/// Least weight of a function: so at most 1,024 are active in a contract frame.
pub const STACK_WEIGHT_MIN: u32 = 64;
/// Gas limit of a transaction or run: one bit is left so that a debt fits an `i64`.
pub const GAS_LIMIT_MAX: u64 = i64::MAX.unsigned_abs();
/// Bytes of debug text that a frame keeps for its developer; more is dropped, and is in no result.
pub const DEBUG_LOG_BYTES_MAX: u32 = 65_536;
