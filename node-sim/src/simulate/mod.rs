//! Runs one seeded chain on several executors and compares them after each transaction.
//!
//! Layer L0: no consensus and no network. Consensus would mask a diverging minority, so this
//! comparison checks each executor. The report depends on kinds, blocks and seed alone.
//!
//! Specification: docs/spec/blocks.md, "Simulator".

/// Random issued from a seed.
pub(crate) mod random;

/// Sample modules.
pub mod samples;

/// Counters of injected faults.
pub mod acted;

/// Kinds of executors.
pub mod executor;

/// Transactions of the chain.
pub mod workload;

/// One drawn call.
mod drawn_call;

/// Calls of the simple samples.
pub mod calls;

/// Calls of the samples that keep value and call each other.
mod commerce;

/// Hostile calls, and code changes.
mod hostile;

/// Transactions that reach the specification at its boundaries.
pub mod probes;

/// Stores, traces and caches in which executors vary.
mod variations;

/// One running executor.
mod running;

/// What executors store and serve.
mod served;

/// Sentences of the specification that results must not break.
mod laws;

/// All executors, block by block.
mod simulation;

/// First differences.
mod compare;

/// Causes of differences.
mod evidence;

/// Rows over time, bounded in number.
pub mod series;

/// Figures of a report over time.
pub mod figures;

/// Injected faults.
pub mod injected;

pub use crate::compare::Mismatch;
pub use compare::Difference;
pub use evidence::Investigated;
pub use executor::{Executor, Restart, standard};

use crate::versions::Versions;
use figures::Figures;
use node::Genesis;
use node::archive::ArchivedBlock;
use simulation::Simulation;
use std::collections::BTreeMap;
use vm::{Fault, Height};

/// Maximum number of transactions of a simulated block; bounds the memory of a simulation.
pub const SIMULATED_TRANSACTIONS_MAX: u32 = 1_000;

/// Number of blocks of a run that reaches what the table of [`coverage`](crate::coverage) says: a
/// full window of block hashes, and a few blocks more.
pub const BLOCKS_DEFAULT: u64 = 260;

/// Parameters of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Number of blocks after the genesis.
    pub blocks: u64,
    /// Seed of accounts and transactions.
    pub seed: u64,
    /// Drawn transactions per block after the first three, at most
    /// [`SIMULATED_TRANSACTIONS_MAX`]; blocks 41 to 260 have nearly none.
    pub transactions: u32,
}

impl Plan {
    /// A plan with 12 drawn transactions per block.
    #[must_use]
    pub const fn new(blocks: u64, seed: u64) -> Self {
        Self {
            blocks,
            seed,
            transactions: 12,
        }
    }
}

/// Progress of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progressed {
    /// Height of the last finished block.
    pub height: Height,
    /// Number of planned blocks.
    pub blocks: u64,
    /// Number of transactions so far.
    pub transactions: u64,
    /// Gas used so far.
    pub gas_used: u64,
    /// State root after the last block, on executor 0.
    pub state_root: [u8; 32],
}

/// Receives the progress of a simulation.
pub trait Progress {
    /// Called after each block that all executors agreed on.
    fn block(&mut self, progressed: &Progressed);

    /// Called once, before the first block.
    fn begin(&mut self, genesis: &Genesis) {
        let _ = genesis;
    }

    /// Called before executor number `executor` applies a block. A caller can measure time here;
    /// this crate has no clock.
    fn applying(&mut self, executor: u32) {
        let _ = executor;
    }

    /// Called after executor number `executor` executed transaction `index` of the block that it
    /// applies; not for a chain, which executes a block as a whole.
    fn transaction(&mut self, executor: u32, index: u32) {
        let _ = (executor, index);
    }

    /// Called after executor number `executor` applied a block.
    fn applied(&mut self, executor: u32) {
        let _ = executor;
    }

    /// Called after each block with its results, for an archive; and with the block on which
    /// executors differ, with the results of the one that differs from executor 0.
    fn archive(&mut self, block: &ArchivedBlock) {
        let _ = block;
    }
}

/// Ignores the progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn block(&mut self, _: &Progressed) {}
}

/// Result of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// True if all executors agreed on every receipt and root, and on what they store and serve.
    pub agreed: bool,
    /// Height of the last executed block.
    pub height: Height,
    /// State root after that block, on executor 0.
    pub state_root: [u8; 32],
    /// The first difference, which ends the run.
    pub first_difference: Option<Difference>,
    /// Names of the executors.
    pub executors: Vec<String>,
    /// Number of executed transactions, on executor 0.
    pub transactions: u64,
    /// Number of transactions by exit, in the order of
    /// [`ReceiptExit::ALL`](node::ReceiptExit::ALL).
    pub by_exit: [u64; 6],
    /// Gas used, on executor 0.
    pub gas_used: u64,
    /// Figures over time, including the block of the first difference.
    pub figures: Figures,
    /// Number of comparisons of what executors store and serve, by [`Mismatch::field`].
    pub compared: BTreeMap<&'static str, u64>,
    /// The executors with an injected fault.
    pub faults: Vec<FaultLine>,
}

/// An executor with an injected fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultLine {
    /// Index of the executor.
    pub executor: u32,
    /// Its name.
    pub name: String,
    /// How often the fault acted; of an operator the first time alone. 0 if the run proves nothing
    /// about it.
    pub acted: u64,
}

/// Runs a plan on executors, under version 1 of the rules.
///
/// # Errors
/// [`Fault`] if an executor stops at a fault of this machine, or there is no executor. An executor
/// that stops because its state differs is a difference.
pub fn run(
    plan: &Plan,
    executors: Vec<Executor>,
    progress: &mut dyn Progress,
) -> Result<Report, Fault> {
    run_across(plan, &Versions::default(), executors, progress)
}

/// As [`run`], on a chain of these versions.
///
/// # Errors
/// As [`run`].
pub fn run_across(
    plan: &Plan,
    versions: &Versions,
    executors: Vec<Executor>,
    progress: &mut dyn Progress,
) -> Result<Report, Fault> {
    let mut simulation = Simulation::new(plan, versions, executors)?;
    simulation.run(plan, progress)?;
    Ok(simulation.report)
}

/// As [`run_across`], and investigates a difference.
///
/// # Errors
/// As [`run`].
pub fn investigate(
    plan: &Plan,
    versions: &Versions,
    executors: Vec<Executor>,
    progress: &mut dyn Progress,
) -> Result<Investigated, Fault> {
    let mut simulation = Simulation::new(plan, versions, executors)?;
    simulation.run(plan, progress)?;
    Ok(simulation.investigate())
}
