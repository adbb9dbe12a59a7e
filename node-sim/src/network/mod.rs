//! Runs validators on a seeded network that delays, drops, duplicates and reorders messages.
//!
//! ```text
//! proposer --Proposal--> validators --Vote--> ordering --Decided--> validators --> receipts, root
//!     honest or Byzantine     crash, torn write, restart      interface of a consensus engine
//! ```
//!
//! Layer L1: one seed determines the schedule, messages, crashes, torn writes and Byzantine
//! proposals. There is no clock, socket or thread; time is virtual. Consensus itself is not under
//! test: ordering is a vote counter with a quorum, where a node has a consensus engine. The tests
//! are that all validators reach one verdict on the same bytes and one result for the same block,
//! and that none loses a block that it acknowledged.
//!
//! Specification: docs/spec/blocks.md, "Network simulator".

/// Proposals, honest and Byzantine.
mod proposal;

/// Votes and decisions.
mod ordering;

/// One validator with its disk.
mod validator;

/// Messages and their times.
mod schedule;

/// The event loop.
mod event_loop;

pub use proposal::Behaviour;

use crate::rerun::MakeEngine;
use crate::versions::Versions;
use vm::{Fault, Height};

/// Parameters of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Seed of all random choices.
    pub seed: u64,
    /// Number of blocks to decide.
    pub blocks: u64,
    /// Transactions per block after the first two.
    pub transactions: u32,
    /// Number of validators that propose at random behaviour: the last ones.
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

/// Two validators that should agree and do not, or a lack of progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkDifference {
    /// Height of the block.
    pub height: Height,
    /// Index of the validator that differs from the first one with a value.
    pub validator: u32,
    /// `verdict`, `result.gas_used`, `result.receipts_root`, `result.state_root`, `acknowledged`
    /// or `progress`.
    pub field: &'static str,
    /// Value of the first validator.
    pub expected: String,
    /// Value of this validator.
    pub found: String,
}

/// Result of a run; the same for the same scenario and engines on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkReport {
    /// True if no validators differed and all reached the last block.
    pub agreed: bool,
    /// Number of decided blocks.
    pub height: Height,
    /// State root after the last decided block.
    pub state_root: [u8; 32],
    /// Number of handled events.
    pub events: u64,
    /// Hash over all events and their outcomes: two runs of a seed must have the same.
    pub events_hash: [u8; 32],
    /// Number of rounds begun.
    pub rounds: u64,
    /// Number of power losses, those during a write included.
    pub crashes: u64,
    /// Number of proposals that a validator rejected.
    pub refused: u64,
    /// Number of times that a validator stopped for want of rules or of the upgrade document.
    pub behind: u64,
    /// Proposals of each kind, in the order of [`Behaviour::ALL`].
    pub proposals: [u64; Behaviour::ALL.len()],
    /// The first difference, which ends the run.
    pub first_difference: Option<NetworkDifference>,
}

/// Runs a scenario with one validator for each engine.
///
/// # Errors
/// [`Fault`] if a validator stops at a fault that was not injected, or there is no engine.
pub fn run(scenario: &Scenario, engines: Vec<MakeEngine>) -> Result<NetworkReport, Fault> {
    run_across(scenario, &Upgrade::default(), engines)
}

/// The versions of a run, and which validators are not prepared for them when it begins. Such a
/// validator stops before the height; its operator then installs what it lacks, and it goes on.
#[derive(Clone, Debug, Default)]
pub struct Upgrade {
    /// Rules and upgrades of the chain.
    pub versions: Versions,
    /// Validators without the upgrade document.
    pub late: Vec<u32>,
    /// Validators whose build knows the rules of this build only.
    pub old: Vec<u32>,
}

/// As [`run`], on a chain of other versions.
///
/// # Errors
/// As [`run`].
pub fn run_across(
    scenario: &Scenario,
    upgrade: &Upgrade,
    engines: Vec<MakeEngine>,
) -> Result<NetworkReport, Fault> {
    run_watched(scenario, upgrade, engines, &mut |_, _| {})
}

/// As [`run_across`]; `watch` is called after each event with the height of the last decided block
/// and the number of events so far.
///
/// # Errors
/// As [`run`].
pub fn run_watched(
    scenario: &Scenario,
    upgrade: &Upgrade,
    engines: Vec<MakeEngine>,
    watch: &mut dyn FnMut(Height, u64),
) -> Result<NetworkReport, Fault> {
    event_loop::EventLoop::new(scenario, upgrade, engines)?.run(watch)
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
