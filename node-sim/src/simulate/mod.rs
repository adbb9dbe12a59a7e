//! Runs one seeded chain on several executors and compares them after each transaction.
//!
//! Layer L0: no consensus and no network. Consensus masks a diverging minority, so this comparison
//! looks at each executor itself. The report depends on kinds, blocks and seed alone.
//!
//! Specification: docs/spec/blocks.md, "Simulator".

/// Numbers from a seed.
pub(crate) mod random;

/// The modules that are uploaded.
pub mod samples;

/// The executors.
pub mod executor;

/// The transactions.
pub mod workload;

/// One drawn call.
mod drawn_call;

/// Calls of the plain samples.
pub mod calls;

/// Calls of the samples that hold value and call each other.
mod commerce;

/// Calls that misbehave, and changes of code.
mod hostile;

/// What is unusual about some executors.
mod variations;

/// One executor.
mod running;

/// All of them, block by block.
mod simulation;

/// Differences.
mod compare;

/// What a difference comes from.
mod evidence;

/// Rows over time that stay few.
pub mod series;

/// What a report shows over time.
pub mod figures;

/// Faults on purpose.
pub mod injected;

pub use crate::compare::Mismatch;
pub use compare::Difference;
pub use evidence::Investigated;
pub use executor::{Executor, Restart, standard};

use figures::Figures;
use node::Genesis;
use node::archive::ArchivedBlock;
use simulation::Simulation;
use vm::{Fault, Height};

/// Transactions of one simulated block; bounds what a plan can make the simulator hold.
pub const SIMULATED_TRANSACTIONS_MAX: u32 = 1_000;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Blocks after the genesis.
    pub blocks: u64,
    /// Seed of accounts and transactions.
    pub seed: u64,
    /// Transactions of a block after the first two, at most [`SIMULATED_TRANSACTIONS_MAX`].
    pub transactions: u32,
}

impl Plan {
    /// A plan with 12 transactions a block.
    #[must_use]
    pub const fn new(blocks: u64, seed: u64) -> Self {
        Self {
            blocks,
            seed,
            transactions: 12,
        }
    }
}

/// How far a simulation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progressed {
    /// Blocks done.
    pub height: Height,
    /// Blocks planned.
    pub blocks: u64,
    /// Transactions so far.
    pub transactions: u64,
    /// Gas so far.
    pub gas_used: u64,
    /// Root after the last block, on executor 0.
    pub state_root: [u8; 32],
}

/// Is told after each block that all executors agreed on.
pub trait Progress {
    /// Called after each block.
    fn block(&mut self, progressed: &Progressed);

    /// Called once, before the first block.
    fn begin(&mut self, genesis: &Genesis) {
        let _ = genesis;
    }

    /// Called before executor number `executor` applies a block. Whoever wants to know how long
    /// that takes has a clock; this crate has none.
    fn applying(&mut self, executor: u32) {
        let _ = executor;
    }

    /// Called after it has.
    fn applied(&mut self, executor: u32) {
        let _ = executor;
    }

    /// Called after each block with what came of it, for an archive.
    fn archive(&mut self, block: &ArchivedBlock) {
        let _ = block;
    }
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn block(&mut self, _: &Progressed) {}
}

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// True if all executors agreed on every receipt and root.
    pub agreed: bool,
    /// The last block that was executed.
    pub height: Height,
    /// Root after it, on executor 0.
    pub state_root: [u8; 32],
    /// The first difference; the run ends with it.
    pub first_difference: Option<Difference>,
    /// Names of the executors.
    pub executors: Vec<String>,
    /// Transactions executed, on executor 0.
    pub transactions: u64,
    /// The same by exit, in the order of [`ReceiptExit::ALL`](node::ReceiptExit::ALL).
    pub by_exit: [u64; 6],
    /// Gas used, on executor 0.
    pub gas_used: u64,
    /// The same over time, the block of the first difference included.
    pub figures: Figures,
}

/// Runs a plan on executors, with rules v1.
///
/// # Errors
/// [`Fault`] if an executor stops at a fault of this machine, or there is none to run. One that
/// stops because its state has become another is a difference.
pub fn run(
    plan: &Plan,
    executors: Vec<Executor>,
    progress: &mut dyn Progress,
) -> Result<Report, Fault> {
    let mut simulation = Simulation::new(plan, executors)?;
    simulation.run(plan, progress)?;
    Ok(simulation.report)
}

/// As [`run`]; a difference is traced to an instruction, a host call or a step of the node.
///
/// # Errors
/// As [`run`].
pub fn investigate(
    plan: &Plan,
    executors: Vec<Executor>,
    progress: &mut dyn Progress,
) -> Result<Investigated, Fault> {
    let mut simulation = Simulation::new(plan, executors)?;
    simulation.run(plan, progress)?;
    Ok(simulation.investigate())
}
