//! Says what one version of the protocol allows, bounds and charges.
//!
//! Consensus: "Rules". `rules_id = sha256(borsh(Rules))` goes into headers, upload receipts and
//! cache keys. Nothing else (build, feature, platform, log level, environment) may change an
//! observable.

use crate::limits;
use crate::opcode;
use crate::schedule::Schedule;
use borsh::BorshSerialize;
use sha2::{Digest, Sha256};

/// What `check` does with float operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub enum FloatPolicy {
    /// Lowered: moves keep their bits, arithmetic traps.
    Lower,
    /// Refused.
    Reject,
}

/// Observable limits, by name, in the order of [`limits`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Limit {
    /// The constant's name in lower case.
    pub name: &'static str,
    /// Its value.
    pub value: u32,
}

/// One version of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Float policy.
    pub floats: FloatPolicy,
    /// Prices.
    pub schedule: Schedule,
    id: [u8; 32],
}

/// What is hashed into the rules id. Adding a field is a change of consensus.
#[derive(BorshSerialize)]
struct Encoded<'a> {
    domain: &'static str,
    limits: Vec<Limit>,
    operators: Vec<(&'static str, u16)>,
    floats: FloatPolicy,
    prices: Vec<(String, u64)>,
    host: Vec<(u8, &'static str, Vec<u8>, Option<u8>)>,
    marker: &'a [u8],
}

macro_rules! limit_list {
    ($($name:ident),* $(,)?) => {
        vec![$(Limit { name: stringify!($name), value: limits::$name }),*]
    };
}

macro_rules! host_limit_list {
    ($($name:ident),* $(,)?) => {
        [$(Limit {
            name: concat!("HOST_", stringify!($name)),
            value: host_api::limits::$name,
        }),*]
    };
}

impl Rules {
    /// The rules of `floats` and `schedule` with the limits of [`limits`].
    #[must_use]
    pub fn new(floats: FloatPolicy, schedule: Schedule) -> Self {
        let id = identify(floats, &schedule);
        Self {
            floats,
            schedule,
            id,
        }
    }

    /// Version 1: floats lowered, starting prices.
    #[must_use]
    pub fn v1() -> Self {
        Self::new(FloatPolicy::Lower, Schedule::v1())
    }

    /// `sha256(borsh(Rules))`.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The observable limits.
    #[must_use]
    pub fn limits() -> Vec<Limit> {
        let mut limits = limit_list![
            MODULE_BYTES_MAX,
            TYPES_MAX,
            PARAMETERS_MAX,
            PARAMETERS_TOTAL_MAX,
            RESULTS_MAX,
            IMPORTS_MAX,
            EXPORTS_MAX,
            NAME_BYTES_MAX,
            FUNCTIONS_MAX,
            LOCALS_MAX,
            LOCALS_TOTAL_MAX,
            GLOBALS_MAX,
            TABLES_MAX,
            TABLE_ENTRIES_MAX,
            ELEMENT_SEGMENTS_MAX,
            ELEMENTS_MAX,
            DATA_SEGMENTS_MAX,
            DATA_BYTES_MAX,
            MEMORIES_MAX,
            MEMORY_PAGES_INITIAL_MAX,
            MEMORY_PAGES_MAX,
            BODY_BYTES_MAX,
            OPERATORS_MAX,
            BLOCKS_MAX,
            BLOCKS_TOTAL_MAX,
            NESTING_MAX,
            BR_TABLE_TARGETS_MAX,
            BR_TABLE_TARGETS_TOTAL_MAX,
            OPERANDS_MAX,
            ARGUMENTS_UNPUSHED_MAX,
            STACK_SLOTS_MAX,
            STACK_WEIGHT_MIN,
        ];
        limits.extend(host_limit_list![
            KEY_BYTES_MIN,
            KEY_BYTES_MAX,
            VALUE_BYTES_MAX,
            DATA_BYTES_MAX,
            EVENT_TOPICS_MAX,
            TOPIC_BYTES,
            EVENTS_MAX,
            EVENT_BYTES_MAX,
            ENTRY_BYTES_MIN,
            ENTRY_BYTES_MAX,
            CALL_DEPTH_MAX,
            BLOCK_HASHES_MAX,
        ]);
        limits
    }
}

fn identify(floats: FloatPolicy, schedule: &Schedule) -> [u8; 32] {
    let wire = |kind: host_api::Type| u8::from(kind == host_api::Type::I64);
    let encoded = Encoded {
        domain: "lockstep/rules/1",
        limits: Rules::limits(),
        operators: opcode::TABLE
            .iter()
            .map(|row| (row.name, row.encoding))
            .collect(),
        floats,
        prices: schedule.entries(),
        host: host_api::TABLE
            .iter()
            .zip(0_u8..)
            .map(|(row, number)| {
                (
                    number,
                    row.name,
                    row.parameters().map(wire).collect(),
                    row.result.map(wire),
                )
            })
            .collect(),
        marker: &[],
    };
    let mut hasher = Sha256::new();
    // Writing to memory does not fail; an empty encoding would only merge ids, never split nodes.
    hasher.update(borsh::to_vec(&encoded).unwrap_or_default());
    hasher.finalize().into()
}
