//! Lists the limits of modules and executions: one row each, with its reason.
//!
//! Limits that an accepted module can observe are part of the rules ([`Limits`], [`HostLimits`]).
//! A row belongs to the versions from its `since` on; a row without `since` belongs to all. "Seen"
//! is the maximum over 268 contract files of other chains. All limits are inclusive.

use borsh::BorshSerialize;

// Permanent: these numbers are compiled into handlers, stacks and stored modules, and so belong to
// no version. Rules that exceed them are rejected.

/// Bytes of a page of linear memory (WebAssembly core 4.2.8).
pub const PAGE_BYTES: u32 = 65_536;
/// Maximum size of a memory in pages: 16 MiB, reserved at instantiation.
pub const MEMORY_PAGES_MAX: u32 = 256;
/// Limit of the stack counter, compared in each call; a stack has room for as many slots.
pub const STACK_SLOTS_MAX: u32 = 65_536;
/// Least weight that an active function adds to the stack counter.
pub const STACK_WEIGHT_MIN: u32 = 64;
/// Slots of a function's frame for locals and operands: an instruction addresses a slot by a 16-bit
/// byte offset; 64 slots are left for the translator.
pub const FRAME_SLOTS_MAX: u32 = 8_192 - 64;
/// Bytes of a topic of an event.
const TOPIC_BYTES: u32 = host_api::limits::TOPIC_BYTES;
/// Greatest gas limit: one bit is left so that a counter in overdraft fits an `i64`.
pub const GAS_LIMIT_MAX: u64 = i64::MAX.unsigned_abs();

// Local to this machine: not visible in results.

/// Bytes of debug text kept for one message; the rest is dropped. Debug text is in no result.
pub const DEBUG_LOG_BYTES_MAX: u32 = 65_536;

/// An observable limit by its published name.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Limit {
    /// Name of the field in upper case, with the prefix `HOST_` for the host interface.
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

            /// The rows that `version` has, which are part of its id, in order.
            pub(crate) fn listed(&self, version: u16) -> impl Iterator<Item = Limit> {
                let rows = [$((stringify!($field), self.$field, since!($($since)?)),)*];
                rows.into_iter()
                    .filter(move |(_, _, since)| *since <= version)
                    .map(|(name, value, _)| Limit {
                        name: format!("{}{}", $prefix, name.to_uppercase()),
                        value,
                    })
            }

            /// The first row that `version` does not have and whose value differs from version 1:
            /// it would take effect without being part of the id.
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
    /// Limits of modules and of their execution.
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
    /// Entries of the table; seen 286, and 5,360 in an empty program of Go 1.27.
    table_entries_max = 16_384;
    /// Element segments; seen 1.
    element_segments_max = 128;
    /// Functions in all element segments.
    elements_max = 16_384;
    /// Data segments; seen 137, 2,869 where wasm-opt split the data at runs of zeros, and 27,121 in
    /// an empty program of Go 1.27.
    data_segments_max = 32_768;
    /// Bytes of all data segments.
    data_bytes_max = 1024 * 1024;
    /// Memories.
    memories_max = 1;
    /// Pages at instantiation; seen 23, and 256 is the default of Emscripten. The frame pays for
    /// each.
    memory_pages_initial_max = MEMORY_PAGES_MAX;
    /// Pages that a memory can grow to.
    memory_pages_max = MEMORY_PAGES_MAX;
    /// Bytes of one function body; seen 68,072, and 203,783 in one contract.
    body_bytes_max = 262_144;
    /// Operators of one function; seen 31,626 in 68,072 bytes, so twice as many bytes.
    operators_max = 131_072;
    /// Blocks (`block`, `loop`, `if`) of one function; seen 1,663 in 68,072 bytes.
    blocks_max = 8_192;
    /// Blocks of a module; seen 9,061.
    blocks_total_max = 50_000;
    /// Nesting of blocks; seen 178. The analysis keeps one entry per level and does not recurse.
    nesting_max = 1_024;
    /// Targets of one `br_table`, the default excluded; seen 84.
    br_table_targets_max = 1_024;
    /// Targets of all `br_table` of a module; seen 2,231.
    br_table_targets_total_max = 65_536;
    /// Operands on the stack of one function, locals excluded; seen 17.
    operands_max = 1_024;
    /// Arguments of the calls of one function beyond the number of operators before them. Only
    /// unreachable code can pop operands that nothing pushed; there, a call of two bytes would cost
    /// a check of 64 operands.
    arguments_unpushed_max = 128;
    /// Sum of [`weight`](crate::module::Function::weight) over the active functions of one contract
    /// frame.
    stack_slots_max = STACK_SLOTS_MAX;
    /// Least weight of a function: so at most 1,024 are active in a contract frame.
    stack_weight_min = STACK_WEIGHT_MIN;
}

limits! {
    /// Limits of host calls; guests see them as [`host_api::limits`].
    HostLimits named "HOST_"
    /// Shortest storage key in bytes: an empty key would be the prefix of all keys of a contract.
    key_bytes_min = host_api::limits::KEY_BYTES_MIN;
    /// Longest storage key in bytes; the base price of a storage call covers hashing it.
    key_bytes_max = host_api::limits::KEY_BYTES_MAX;
    /// Longest storage value in bytes; the base price of a read covers fetching it.
    value_bytes_max = host_api::limits::VALUE_BYTES_MAX;
    /// Longest input, output or returned data in bytes.
    data_bytes_max = host_api::limits::DATA_BYTES_MAX;
    /// Topics of one event (four, as in Ethereum).
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
    /// Number of previous blocks whose hash can be queried (256, as in Ethereum).
    block_hashes_max = host_api::limits::BLOCK_HASHES_MAX;
    /// Terms of one sum of multiples. The gas is paid before, but a call cannot be stopped while it
    /// computes: 128 terms take about 20 ms and 1 MB. EIP-2537 lists discounts up to 128.
    msm_terms_max = host_api::limits::MSM_TERMS_MAX;
    /// Pairs of one check of pairings, for the same reason: 32 pairs take about 12 ms and 1 MB.
    pairing_pairs_max = host_api::limits::PAIRING_PAIRS_MAX;
    /// A caller keeps its gas shifted right by this: 1/64 of it. Not part of the id before version
    /// 2.
    call_gas_kept_shift = 6, since 2;
}

impl Limits {
    /// The first limit that this build does not support.
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
    /// As [`Limits::unfit`]. A call cannot carry more than a memory can contain.
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
