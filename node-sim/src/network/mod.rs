//! Runs validators on a seeded network that delays, drops, doubles and reorders messages.
//!
//! ```text
//! proposer --Proposal--> validators --Vote--> ordering --Decided--> validators --> receipts, root
//!     honest or Byzantine     crash, torn write, restart      the seam for a consensus engine
//! ```
//!
//! Layer L1: one seed gives schedule, messages, crashes, torn writes and Byzantine proposals. There
//! is no clock, socket or thread; time is virtual. Agreement itself is not under test here: the
//! ordering is a counter of votes with a quorum, where a real engine comes later. What is tested is
//! that all validators give one verdict on the same bytes and one result for the same block, and
//! that none loses what it acknowledged.
//!
//! Specification: docs/spec/blocks.md, "Network simulator".

/// What proposers send.
mod proposal;

/// Who votes for what.
mod ordering;

/// One validator with its disk.
mod validator;

/// Messages and their times.
mod schedule;

/// The loop over events.
mod world;

pub use proposal::Behaviour;

use crate::rerun::MakeEngine;
use vm::{Fault, Height};

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Everything that is drawn depends on it.
    pub seed: u64,
    /// Blocks to decide.
    pub blocks: u64,
    /// Transactions of a block after the first two.
    pub transactions: u32,
    /// Validators that behave at random when it is their turn: the last ones.
    pub byzantine: u32,
}

impl Scenario {
    /// 8 blocks of 4 transactions, one Byzantine proposer.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            blocks: 8,
            transactions: 4,
            byzantine: 1,
        }
    }
}

/// Two validators that should be equal and are not, or no progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkDifference {
    /// Height of the block.
    pub height: Height,
    /// The validator that differs from the first that answered.
    pub validator: u32,
    /// `verdict`, `result.gas_used`, `result.receipts_root`, `result.state_root`, `acknowledged`
    /// or `progress`.
    pub field: &'static str,
    /// What the first answered.
    pub expected: String,
    /// What this one answered.
    pub found: String,
}

/// What a run came to; the same for the same scenario and engines on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkReport {
    /// True if nothing differed and every validator reached the last block.
    pub agreed: bool,
    /// Blocks decided.
    pub height: Height,
    /// Root after the last one.
    pub state_root: [u8; 32],
    /// Events handled.
    pub events: u64,
    /// Hash over every event with what came of it: two runs of a seed must have the same.
    pub events_hash: [u8; 32],
    /// Rounds that were begun.
    pub rounds: u64,
    /// Validators that lost power, in a write included.
    pub crashes: u64,
    /// Proposals refused by a validator.
    pub refused: u64,
    /// Proposals of each kind, in the order of [`Behaviour::ALL`].
    pub proposals: [u64; Behaviour::ALL.len()],
    /// The run ends with it.
    pub first_difference: Option<NetworkDifference>,
}

/// Runs a scenario with one validator for each engine.
///
/// # Errors
/// [`Fault`] if a validator meets a fault that the scenario did not plan, or there is no engine.
pub fn run(scenario: &Scenario, engines: Vec<MakeEngine>) -> Result<NetworkReport, Fault> {
    world::World::new(scenario, engines)?.run()
}

/// Four validators on three engines.
#[must_use]
pub fn standard() -> Vec<MakeEngine> {
    vec![
        Box::new(|| (engines::INTERPRETER.make)()),
        Box::new(|| (engines::REFERENCE.make)()),
        Box::new(|| (engines::WASMI.make)()),
        Box::new(|| (engines::INTERPRETER.make)()),
    ]
}
