//! Runs executors through the blocks of a plan and stops at the first difference, before any of
//! them commits the block.

use super::compare::{Difference, FoundDifference, compare};
use super::evidence::{self, DifferingKey};
use super::executor::Executor;
use super::figures::{Figures, Gatherer};
use super::laws;
use super::random::Random;
use super::running::{BlockOutcome, RunningExecutor};
use super::served::{self, Questions, Served};
use super::workload::Workload;
use super::{FaultLine, Plan, Progress, Progressed, Report};
use crate::compare::Mismatch;
use crate::versions::Versions;
use node::archive::{ArchivedBlock, ArchivedTransaction};
use node::{Block, ReceiptExit};
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Fault, Height, StateDiff};

/// A running simulation.
pub(super) struct Simulation {
    pub(super) running: Vec<RunningExecutor>,
    pub(super) report: Report,
    /// The block that executors differ on; none of them has committed it.
    pub(super) disputed: Option<(Block, Vec<BlockOutcome>)>,
    workload: Workload,
    gatherer: Gatherer,
    /// Draws what is compared of the stored and the served.
    random: Random,
}

impl Simulation {
    pub(super) fn new(
        plan: &Plan,
        versions: &Versions,
        executors: Vec<Executor>,
    ) -> Result<Self, Fault> {
        let workload = Workload::new(plan, &Arc::new(node::rules::version_1()))?;
        let workload = workload.across(versions)?;
        let chain = versions.spec(workload.genesis())?;
        let start = |executor| RunningExecutor::start(executor, &versions.rulebook, &chain);
        let running: Vec<RunningExecutor> = executors
            .into_iter()
            .map(start)
            .collect::<Result<_, Fault>>()?;
        let report = empty_report(&running);
        let gatherer = Gatherer::new(workload.contracts(), &workload.genesis().state());
        Ok(Self {
            running,
            report,
            disputed: None,
            workload,
            gatherer,
            random: Random::new(plan.seed.rotate_left(32)),
        })
    }

    /// Runs the blocks of the plan, to the end or the first difference.
    pub(super) fn run(&mut self, plan: &Plan, progress: &mut dyn Progress) -> Result<(), Fault> {
        let ended = self.run_blocks(plan, progress);
        self.report.figures = self.gatherer.take();
        self.report.faults = (0_u32..)
            .zip(&self.running)
            .filter_map(fault_line)
            .collect();
        ended
    }

    fn run_blocks(&mut self, plan: &Plan, progress: &mut dyn Progress) -> Result<(), Fault> {
        progress.begin(self.workload.genesis());
        for height in (1..=plan.blocks).map(Height) {
            let block = self.workload.next_block(first(&self.running)?.node()?)?;
            let Some(outcomes) = self.execute(&block, height, progress)? else {
                return Ok(());
            };
            count(&mut self.report, &outcomes, height);
            if let Some(outcome) = outcomes.first() {
                self.gatherer.count(&block, outcome);
            }
            let mut found = first_difference(&self.running, &outcomes, height);
            if found.is_none() {
                found = self.unlawful(&block, &outcomes)?;
            }
            if let Some(difference) = &found {
                // The results under dispute: `node replay` compares them and traces the first.
                let (_, other) = difference.executors;
                let index = usize::try_from(other).unwrap_or(usize::MAX);
                if let Some(outcome) = outcomes.get(index) {
                    progress.archive(&archived(block.clone(), outcome, outcomes.first()));
                }
                self.report.agreed = false;
                self.report.first_difference = found;
                self.disputed = Some((block, outcomes));
                return Ok(());
            }
            if let Some(outcome) = outcomes.first() {
                progress.archive(&archived(block.clone(), outcome, None));
                if !self.end_block(&block, outcome)? {
                    return Ok(());
                }
            }
            progress.block(&Progressed {
                height: self.report.height,
                blocks: plan.blocks,
                transactions: self.report.transactions,
                gas_used: self.report.gas_used,
                state_root: self.report.state_root,
            });
        }
        self.scrub()
    }

    /// Executes the block on each executor; `None` if one stops at a fault of its own.
    fn execute(
        &mut self,
        block: &Block,
        height: Height,
        progress: &mut dyn Progress,
    ) -> Result<Option<Vec<BlockOutcome>>, Fault> {
        let mut outcomes = Vec::with_capacity(self.running.len());
        for (index, number) in (0..self.running.len()).zip(0..) {
            progress.applying(number);
            let executed = match self.running.get_mut(index) {
                Some(running) => {
                    running.execute(block, &mut |index| progress.transaction(number, index))
                }
                None => continue,
            };
            progress.applied(number);
            match executed {
                Ok(outcome) => outcomes.push(outcome),
                Err(fault) => return self.blame(index, height, fault).map(|()| None),
            }
        }
        Ok(Some(outcomes))
    }

    /// What the results of executor 0 break of the specification.
    fn unlawful(
        &self,
        block: &Block,
        outcomes: &[BlockOutcome],
    ) -> Result<Option<Difference>, Fault> {
        let running = first(&self.running)?;
        let Some(outcome) = outcomes.first() else {
            return Ok(None);
        };
        let Some(violation) = laws::check(running.store(), block, outcome)? else {
            return Ok(None);
        };
        let place = violation.transaction;
        let index = place.and_then(|index| usize::try_from(index).ok());
        let result = index.and_then(|index| outcome.transactions.get(index));
        Ok(Some(Difference {
            height: block.header.height,
            transaction: place,
            tx_id: result.map(|result| result.receipt.tx_id),
            executors: (0, 0),
            names: ("the specification".to_owned(), running.name().to_owned()),
            mismatches: violation.mismatches.into_list(),
        }))
    }

    /// Commits on all executors, compares what they store and serve, then restarts those that do
    /// so; false at a difference.
    fn end_block(&mut self, block: &Block, outcome: &BlockOutcome) -> Result<bool, Fault> {
        let height = block.header.height;
        for number in 0..self.running.len() {
            let committed = self.running.get_mut(number).map(RunningExecutor::commit);
            if let Some(Err(fault)) = committed {
                return self.blame(number, height, fault).map(|()| false);
            }
        }
        let asked = Questions::draw(block, outcome, &mut self.random);
        if !self.compare_served(height, |running| running.stored(&asked))?
            || !self.compare_served(height, |running| running.computed(&asked))?
        {
            return Ok(false);
        }
        for number in 0..self.running.len() {
            let Some(running) = self.running.get_mut(number) else {
                continue;
            };
            let ended = running
                .note(&asked)
                .and_then(|()| running.end_block(height));
            if let Err(fault) = ended {
                return self.blame(number, height, fault).map(|()| false);
            }
        }
        Ok(true)
    }

    /// Compares what each executor serves with executor 0; false at a difference.
    fn compare_served(
        &mut self,
        height: Height,
        serve: impl Fn(&RunningExecutor) -> Result<Served, Fault>,
    ) -> Result<bool, Fault> {
        let expected = serve(first(&self.running)?)?;
        for number in 1..self.running.len() {
            let found = match self.running.get(number).map(&serve) {
                Some(Ok(found)) => found,
                Some(Err(fault)) => return self.blame(number, height, fault).map(|()| false),
                None => continue,
            };
            let mismatches = served::compare(&expected, &found, &mut self.report.compared);
            if !mismatches.is_empty() {
                self.differs(number, height, mismatches.into_list())?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn scrub(&mut self) -> Result<(), Fault> {
        for number in 0..self.running.len() {
            let scrubbed = match self.running.get(number) {
                Some(running) => running.scrub(),
                None => continue,
            };
            if let Err(fault) = scrubbed {
                return self.blame(number, self.report.height, fault);
            }
        }
        self.report.state_root = first(&self.running)?.node()?.tip().result.state_root;
        self.compare_stores()
    }

    /// Compares the whole state of each store with that of executor 0.
    fn compare_stores(&mut self) -> Result<(), Fault> {
        for number in 1..self.running.len() {
            let Some(running) = self.running.get(number) else {
                continue;
            };
            let store = first(&self.running)?.store();
            if let Some(different) = evidence::first_differing_key(store, running.store())? {
                let height = self.report.height;
                return self.differs(number, height, vec![differing(&different)]);
            }
        }
        Ok(())
    }

    /// Reports a difference from executor 0 that is in no transaction.
    fn differs(
        &mut self,
        number: usize,
        height: Height,
        mismatches: Vec<Mismatch>,
    ) -> Result<(), Fault> {
        let name = |number: usize| {
            let running = self.running.get(number);
            running.map(|running| running.name().to_owned())
        };
        let names = (name(0), name(number));
        self.report.height = height;
        self.report.agreed = false;
        self.report.first_difference = Some(Difference {
            height,
            transaction: None,
            tx_id: None,
            executors: (0, u32::try_from(number).unwrap_or(u32::MAX)),
            names: (names.0.unwrap_or_default(), names.1.unwrap_or_default()),
            mismatches,
        });
        Ok(())
    }

    /// Handles a fault of an executor. It is a difference if the store differs from that of
    /// executor 0, or if an invariant is broken that executor 0 keeps; otherwise it is this
    /// machine's, and the error of the simulation.
    fn blame(&mut self, number: usize, height: Height, fault: Fault) -> Result<(), Fault> {
        let (Some(first), Some(running)) = (self.running.first(), self.running.get(number)) else {
            return Err(fault);
        };
        let compared = evidence::first_differing_key(first.store(), running.store());
        let stopped = Mismatch {
            field: "fault",
            key: None,
            left: "-".to_owned(),
            right: fault.to_string(),
        };
        match (compared, &fault) {
            (Ok(Some(different)), _) => {
                self.differs(number, height, vec![differing(&different), stopped])
            }
            (Ok(None), Fault::Invariant(_)) if number > 0 => {
                self.differs(number, height, vec![stopped])
            }
            _ => Err(fault),
        }
    }
}

/// The difference of two stores in one key.
fn differing(different: &DifferingKey) -> Mismatch {
    let value = |value: &Option<Vec<u8>>| {
        let shown = value.as_deref().map(served::shown);
        shown.unwrap_or_else(|| "absent".to_owned())
    };
    Mismatch {
        field: "state",
        key: Some(hex::encode(&different.key)),
        left: value(&different.left),
        right: value(&different.right),
    }
}

fn fault_line((executor, running): (u32, &RunningExecutor)) -> Option<FaultLine> {
    Some(FaultLine {
        executor,
        name: running.name().to_owned(),
        acted: running.acted()?,
    })
}

/// The block with an executor's results; with the changes of `first` if they are not known.
fn archived(block: Block, outcome: &BlockOutcome, first: Option<&BlockOutcome>) -> ArchivedBlock {
    let none = StateDiff::new();
    let results = outcome.transactions.iter().enumerate();
    let entries = results.map(|(index, result)| {
        let others = first.and_then(|first| first.transactions.get(index));
        let diff = result
            .diff
            .as_ref()
            .or_else(|| others.and_then(|other| other.diff.as_ref()));
        ArchivedTransaction::new(result.receipt.clone(), diff.unwrap_or(&none))
    });
    ArchivedBlock {
        block,
        entries: entries.collect(),
        result: outcome.result,
    }
}

fn first(running: &[RunningExecutor]) -> Result<&RunningExecutor, Fault> {
    running
        .first()
        .ok_or_else(|| Fault::invariant("a simulation needs an executor"))
}

fn empty_report(running: &[RunningExecutor]) -> Report {
    Report {
        agreed: true,
        height: Height(0),
        state_root: [0; 32],
        first_difference: None,
        executors: running
            .iter()
            .map(|running| running.name().to_owned())
            .collect(),
        transactions: 0,
        by_exit: [0; 6],
        gas_used: 0,
        figures: Figures::default(),
        compared: BTreeMap::new(),
        faults: Vec::new(),
    }
}

fn count(report: &mut Report, outcomes: &[BlockOutcome], height: Height) {
    report.height = height;
    let Some(first) = outcomes.first() else {
        return;
    };
    report.state_root = first.result.state_root;
    report.gas_used = report.gas_used.saturating_add(first.result.gas_used);
    for transaction in &first.transactions {
        report.transactions = report.transactions.saturating_add(1);
        for (exit, counter) in ReceiptExit::ALL.iter().zip(&mut report.by_exit) {
            if *exit == transaction.receipt.exit {
                *counter = counter.saturating_add(1);
            }
        }
    }
}

/// The earliest transaction in which an executor differs from executor 0; of several executors the
/// first.
fn first_difference(
    running: &[RunningExecutor],
    outcomes: &[BlockOutcome],
    height: Height,
) -> Option<Difference> {
    let first = outcomes.first()?;
    let others = (0_u32..).zip(outcomes).skip(1);
    let found = others.filter_map(|(number, outcome)| Some((number, compare(first, outcome)?)));
    let (number, found) = found.min_by_key(|(number, found)| (found.order(), *number))?;
    let FoundDifference {
        transaction,
        tx_id,
        mismatches,
    } = found;
    let name = |number: u32| {
        let running = usize::try_from(number)
            .ok()
            .and_then(|index| running.get(index));
        running
            .map(|running| running.name().to_owned())
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
