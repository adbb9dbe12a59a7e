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
mod act;

/// Calls of the plain samples.
pub mod calls;

/// Calls of the samples that hold value and call each other.
mod commerce;

/// Calls that misbehave, and changes of code.
mod hostile;

/// Differences.
mod compare;

/// Rows over time that stay few.
pub mod series;

/// What a report shows over time.
pub mod figures;

/// Faults on purpose.
pub mod planted;

pub use compare::{Difference, Mismatch, hex};
pub use executor::{Executor, Restart, standard};

use crate::archive::{ArchivedBlock, Entry};
use crate::block::Block;
use crate::genesis::Genesis;
use crate::header::Tip;
use crate::receipt::ReceiptExit;
use compare::{Found, compare};
use executor::{Running, Trail};
use figures::{Figures, Gatherer};
use std::sync::Arc;
use vm::{Fault, Rules};
use workload::Workload;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Blocks after the genesis.
    pub blocks: u64,
    /// Seed of accounts and transactions.
    pub seed: u64,
    /// Transactions of a block after the first two, at most
    /// [`SIMULATED_TRANSACTIONS_MAX`](crate::limits::SIMULATED_TRANSACTIONS_MAX).
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
    pub height: u64,
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
    pub height: u64,
    /// Root after it, on executor 0.
    pub state_root: [u8; 32],
    /// The first difference; the run ends with it.
    pub first_difference: Option<Difference>,
    /// Names of the executors.
    pub executors: Vec<String>,
    /// Transactions executed, on executor 0.
    pub transactions: u64,
    /// The same by exit, in the order of [`ReceiptExit::ALL`].
    pub by_exit: [u64; 6],
    /// Gas used, on executor 0.
    pub gas_used: u64,
    /// The same over time, the block of the first difference included.
    pub figures: Figures,
}

/// Runs a plan on executors, with rules v1.
///
/// # Errors
/// [`Fault`] if an executor stops at a fault, or there is none to run.
pub fn run(
    plan: &Plan,
    executors: Vec<Executor>,
    progress: &mut dyn Progress,
) -> Result<Report, Fault> {
    let rules = Arc::new(Rules::v1());
    let mut workload = Workload::new(plan, &rules)?;
    let start = |executor| Running::start(executor, &rules, workload.genesis());
    let mut running: Vec<Running> = executors
        .into_iter()
        .map(start)
        .collect::<Result<_, Fault>>()?;
    let mut gatherer = Gatherer::new(workload.contracts(), &workload.genesis().state());
    let mut report = empty_report(&running);
    progress.begin(workload.genesis());
    for _ in 0..plan.blocks {
        let block = workload.next_block(first(&running)?.node()?)?;
        let trails = apply(&mut running, &block, progress)?;
        count(&mut report, &trails, first(&running)?.node()?.tip());
        if let Some(trail) = trails.first() {
            gatherer.count(&block, trail);
        }
        report.first_difference = first_difference(&running, &trails, report.height);
        if report.first_difference.is_some() {
            report.agreed = false;
            break;
        }
        for executor in &mut running {
            executor.end_block()?;
        }
        if let Some(trail) = trails.first() {
            progress.archive(&archived(block, trail));
        }
        progress.block(&Progressed {
            height: report.height,
            blocks: plan.blocks,
            transactions: report.transactions,
            gas_used: report.gas_used,
            state_root: report.state_root,
        });
    }
    report.figures = gatherer.finish();
    if report.agreed {
        for executor in &running {
            executor.node()?.scrub()?;
        }
        report.state_root = first(&running)?.node()?.tip().result.state_root;
    }
    Ok(report)
}

fn apply(
    running: &mut [Running],
    block: &Block,
    progress: &mut dyn Progress,
) -> Result<Vec<Trail>, Fault> {
    let mut trails = Vec::with_capacity(running.len());
    for (number, executor) in (0..).zip(running) {
        progress.applying(number);
        trails.push(executor.apply(block)?);
        progress.applied(number);
    }
    Ok(trails)
}

fn archived(block: Block, trail: &Trail) -> ArchivedBlock {
    let entries = trail
        .steps
        .iter()
        .map(|step| Entry::new(step.receipt.clone(), &step.diff))
        .collect();
    ArchivedBlock {
        block,
        entries,
        result: trail.result,
    }
}

fn first(running: &[Running]) -> Result<&Running, Fault> {
    running
        .first()
        .ok_or_else(|| Fault::invariant("a simulation needs an executor"))
}

fn empty_report(running: &[Running]) -> Report {
    Report {
        agreed: true,
        height: 0,
        state_root: [0; 32],
        first_difference: None,
        executors: running
            .iter()
            .map(|executor| executor.name.clone())
            .collect(),
        transactions: 0,
        by_exit: [0; 6],
        gas_used: 0,
        figures: Figures::default(),
    }
}

fn count(report: &mut Report, trails: &[Trail], tip: &Tip) {
    report.height = tip.height;
    report.state_root = tip.result.state_root;
    report.gas_used = report.gas_used.saturating_add(tip.result.gas_used);
    for step in trails.iter().take(1).flat_map(|trail| &trail.steps) {
        report.transactions = report.transactions.saturating_add(1);
        for (exit, counter) in ReceiptExit::ALL.iter().zip(&mut report.by_exit) {
            if *exit == step.receipt.exit {
                *counter = counter.saturating_add(1);
            }
        }
    }
}

/// The earliest transaction on which an executor differs from executor 0; of several executors the
/// first.
fn first_difference(running: &[Running], trails: &[Trail], height: u64) -> Option<Difference> {
    let plainest = trails.first()?;
    let others = (0_u32..).zip(trails).skip(1);
    let found = others.filter_map(|(number, trail)| Some((number, compare(plainest, trail)?)));
    let (number, found) = found.min_by_key(|(number, found)| (found.place(), *number))?;
    let Found {
        transaction,
        tx_id,
        mismatches,
    } = found;
    let name = |number: u32| {
        let executor = usize::try_from(number)
            .ok()
            .and_then(|place| running.get(place));
        executor
            .map(|executor| executor.name.clone())
            .unwrap_or_default()
    };
    let (executors, names) = ((0, number), (name(0), name(number)));
    Some(Difference {
        height,
        transaction,
        tx_id,
        executors,
        names,
        mismatches,
    })
}
