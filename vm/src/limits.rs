//! Bounds every module and execution: one row each, with its reason.
//!
//! What an accepted module can observe is a value of the rules at hand ([`Limits`],
//! [`HostLimits`]); a row belongs to the versions from its `since` on, which is 1 where none
//! stands. "Seen" is the maximum over 268 contract files of the field. All are inclusive.

use borsh::BorshSerialize;

// For ever: these numbers are compiled into handlers, into what they run on and into what is
// stored of a module, and so belong to no version. Rules that ask for more are refused.

/// Bytes of a page of linear memory (WebAssembly core 4.2.8).
pub const PAGE_BYTES: u32 = 65_536;
/// Most pages that a memory can be let grow to: 16 MiB, reserved at instantiation.
pub const MEMORY_PAGES_MAX: u32 = 256;
/// What the stack counter is compared with in each call; a stack has room for as much.
pub const STACK_SLOTS_MAX: u32 = 65_536;
/// What each active function adds to the stack counter at least.
pub const STACK_WEIGHT_MIN: u32 = 64;
/// Slots of a frame, locals and operands: an instruction names one by 16 bits of byte offset, which
/// leaves 64 to translation.
pub const FRAME_SLOTS_MAX: u32 = 8_192 - 64;
/// Bytes of a topic of an event.
const TOPIC_BYTES: u32 = host_api::limits::TOPIC_BYTES;
/// Gas limit of a transaction or run: one bit is left so that a debt fits an `i64`.
pub const GAS_LIMIT_MAX: u64 = i64::MAX.unsigned_abs();

// Of this machine: no result shows it.

/// Bytes of debug text that a frame keeps for its developer; more is dropped, and is in no result.
pub const DEBUG_LOG_BYTES_MAX: u32 = 65_536;

/// An observable limit by its published name.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Limit {
    /// The field's name in upper case, with `HOST_` before it for the host interface.
    pub name: String,
    /// Its value.
    pub value: u32,
}

macro_rules! limits {
    (
        $(#[$about:meta])*
        $name:ident named $prefix:literal
        $($(#[$reason:meta])* $field:ident = $value:expr $(, since $since:literal)?;)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$reason])* pub $field: u32,)*
        }

        impl $name {
            /// The values of version 1.
            pub const V1: Self = Self { $($field: $value,)* };

            /// What a version is identified by, in the order of the rows.
            pub(crate) fn listed(&self, version: u16) -> impl Iterator<Item = Limit> {
                let rows = [$((stringify!($field), self.$field, since!($($since)?)),)*];
                rows.into_iter()
                    .filter(move |(_, _, since)| *since <= version)
                    .map(|(name, value, _)| Limit {
                        name: format!("{}{}", $prefix, name.to_uppercase()),
                        value,
                    })
            }

            /// The first row that `version` does not list, and that is not as version 1 has it: it
            /// would act without being part of the id.
            pub(crate) fn unlisted(&self, version: u16) -> Option<&'static str> {
                let rows = [$((
                    stringify!($field),
                    since!($($since)?) <= version || self.$field == Self::V1.$field,
                ),)*];
                first(&rows)
            }
        }
    };
}

macro_rules! since {
    () => {
        1_u16
    };
    ($since:literal) => {
        $since
    };
}

limits! {
    /// Limits of modules and of what they execute.
    Limits named ""
    /// Bytes of a module, custom sections included: a std build of rustc with debug info has 1.5
    /// MB.
    module_bytes_max = 4 * 1024 * 1024;
    /// Types of a module; seen 78.
    types_max = 1_024;
    /// Parameters of one function; seen 17.
    parameters_max = 64;
    /// Parameters of all functions, imports included: bounds validation of 50,000 empty functions
    /// of a wide type.
    parameters_total_max = 50_000;
    /// Results of one function: multi-value is outside the profile.
    results_max = 1;
    /// Imports; seen 53.
    imports_max = 100;
    /// Exports; seen 149.
    exports_max = 256;
    /// Bytes of an import's or export's name; seen 52.
    name_bytes_max = 256;
    /// Functions, imports included; seen 1,882.
    functions_max = 10_000;
    /// Declared locals of one function, parameters included; seen 99.
    locals_max = 1_024;
    /// Declared locals of all functions, parameters included; seen 9,820 in a stress file.
    locals_total_max = 50_000;
    /// Globals; seen 5.
    globals_max = 256;
    /// Tables.
    tables_max = 1;
    /// Entries of the table; seen 286.
    table_entries_max = 4_096;
    /// Element segments; seen 1.
    element_segments_max = 128;
    /// Functions in all element segments.
    elements_max = 4_096;
    /// Data segments; seen 137.
    data_segments_max = 1_000;
    /// Bytes of all data segments.
    data_bytes_max = 1024 * 1024;
    /// Memories.
    memories_max = 1;
    /// Pages at instantiation; seen 23.
    memory_pages_initial_max = 64;
    /// Pages that a memory can grow to.
    memory_pages_max = MEMORY_PAGES_MAX;
    /// Bytes of one function body; seen 68,072.
    body_bytes_max = 196_608;
    /// Operators of one function; seen 31,626.
    operators_max = 65_536;
    /// Blocks (`block`, `loop`, `if`) of one function; seen 1,663.
    blocks_max = 5_000;
    /// Blocks of a module; seen 9,061.
    blocks_total_max = 50_000;
    /// Nesting of blocks; seen 178. The analysis keeps one entry a level and does not recurse.
    nesting_max = 1_024;
    /// Targets of one `br_table`, the default excluded; seen 84.
    br_table_targets_max = 1_024;
    /// Targets of all `br_table` of a module; seen 2,231.
    br_table_targets_total_max = 65_536;
    /// Operands on the stack of one function, locals excluded; seen 17.
    operands_max = 1_024;
    /// Arguments that the calls of one function take beyond one for each operator up to there. Only
    /// code that no path reaches takes what nothing pushed, and there a call of two bytes would
    /// cost a check of 64 operands.
    arguments_unpushed_max = 128;
    /// Sum of [`weight`](crate::module::Function::weight) over the active functions of one contract
    /// frame.
    stack_slots_max = STACK_SLOTS_MAX;
    /// Least weight of a function: so at most 1,024 are active in a contract frame.
    stack_weight_min = STACK_WEIGHT_MIN;
}

limits! {
    /// Limits of what a host call may carry; guests know them as [`host_api::limits`].
    HostLimits named "HOST_"
    /// Shortest storage key in bytes: an empty key would be a contract's whole range.
    key_bytes_min = host_api::limits::KEY_BYTES_MIN;
    /// Longest storage key in bytes; the base price of a storage call covers hashing it.
    key_bytes_max = host_api::limits::KEY_BYTES_MAX;
    /// Longest storage value in bytes; the base price of a read covers fetching it.
    value_bytes_max = host_api::limits::VALUE_BYTES_MAX;
    /// Longest input, output or returned data in bytes.
    data_bytes_max = host_api::limits::DATA_BYTES_MAX;
    /// Topics of one event, as in the field (Ethereum's four).
    event_topics_max = host_api::limits::EVENT_TOPICS_MAX;
    /// Bytes of one topic.
    topic_bytes = host_api::limits::TOPIC_BYTES;
    /// Events of one transaction.
    events_max = host_api::limits::EVENTS_MAX;
    /// Bytes of topics and data of all events of one transaction.
    event_bytes_max = host_api::limits::EVENT_BYTES_MAX;
    /// Shortest entry name in bytes.
    entry_bytes_min = host_api::limits::ENTRY_BYTES_MIN;
    /// Longest entry name in bytes.
    entry_bytes_max = host_api::limits::ENTRY_BYTES_MAX;
    /// Contract frames that are active at once, the outermost included; bounds instances and
    /// memory.
    call_depth_max = host_api::limits::CALL_DEPTH_MAX;
    /// Blocks back from the current one whose hash is answered, as in the field (Ethereum's 256).
    block_hashes_max = host_api::limits::BLOCK_HASHES_MAX;
    /// A caller keeps one part in 2 to this of its gas: 1/64. Before version 2 it has no name.
    call_gas_kept_shift = 6, since 2;
}

impl Limits {
    /// The first limit that asks for what this build was not compiled for.
    pub(crate) fn unfit(&self) -> Option<&'static str> {
        let frame_slots = self.locals_max.saturating_add(self.operands_max);
        first(&[
            ("results_max", self.results_max <= 1),
            ("tables_max", self.tables_max <= 1),
            ("memories_max", self.memories_max <= 1),
            (
                "memory_pages_max",
                self.memory_pages_max <= MEMORY_PAGES_MAX,
            ),
            (
                "memory_pages_initial_max",
                self.memory_pages_initial_max <= self.memory_pages_max,
            ),
            ("operands_max", frame_slots <= FRAME_SLOTS_MAX),
            ("stack_slots_max", self.stack_slots_max == STACK_SLOTS_MAX),
            (
                "stack_weight_min",
                self.stack_weight_min == STACK_WEIGHT_MIN,
            ),
        ])
    }
}

impl HostLimits {
    /// As [`Limits::unfit`]. What a memory cannot hold, no call can carry.
    pub(crate) fn unfit(&self) -> Option<&'static str> {
        let memory = MEMORY_PAGES_MAX.saturating_mul(PAGE_BYTES);
        first(&[
            ("key_bytes_max", self.key_bytes_max <= memory),
            ("value_bytes_max", self.value_bytes_max <= memory),
            ("data_bytes_max", self.data_bytes_max <= memory),
            ("topic_bytes", self.topic_bytes == TOPIC_BYTES),
            ("call_gas_kept_shift", self.call_gas_kept_shift < u64::BITS),
        ])
    }
}

fn first(fits: &[(&'static str, bool)]) -> Option<&'static str> {
    fits.iter().find(|(_, fits)| !fits).map(|(name, _)| *name)
}
