//! Runs `lockstep sim`: differently configured nodes execute the same blocks and are compared.

use crate::args::Sim;
use crate::chain::site::{self, SiteLine};
use crate::chain::store::StoreName;
use crate::chain::upgrade_file;
use crate::commands::coverage::{self, CoverageLine};
use crate::commands::network;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::output::{Output, SideFile};
use crate::print::{self, Colour};
use crate::progress::ProgressTimer;
use crate::report::{self, Timing};
use crate::text::{counted, grouped, printable_path};
use node::archive::{ArchiveWriter, ArchivedBlock};
use node::{Genesis, MemoryStore, ReceiptExit, RulesUnknown};
use node_sim::bisect::Divergence;
use node_sim::coverage::{Coverage, Covered};
use node_sim::simulate::figures::{BlockFigures, TargetFigures};
use node_sim::simulate::injected::{self, InjectedFault};
use node_sim::simulate::workload::Workload;
use node_sim::simulate::{
    self, Difference, FaultLine, Investigated, Mismatch, Plan, Progress, Progressed, Report,
};
use node_sim::versions::Versions;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Serialize)]
struct SimulationLine<'a> {
    agreed: bool,
    height: u64,
    state_root: String,
    first_difference: Option<SimulationDifferenceLine<'a>>,
    /// Location of the difference, in the transaction or around it.
    site: Option<SiteLine<'a>>,
    nodes: usize,
    executors: &'a [String],
    seed: String,
    chain_id: String,
    transactions: u64,
    exits: ExitCounts,
    gas_used: String,
    /// Number of comparisons of what nodes store and serve, by field.
    compared: &'a BTreeMap<&'static str, u64>,
    /// The injected fault of `--plant`.
    injected_fault: Option<InjectedFaultLine<'a>>,
    /// Number of blocks in each row of `blocks`: 1 up to 4,096 blocks, then 2, 4, ...
    blocks_per_row: u64,
    blocks: Vec<BlockLine>,
    targets: Vec<TargetLine>,
    /// Each sentence of docs/spec, with `--coverage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Vec<CoverageLine>>,
}

/// The node with an injected fault.
#[derive(Serialize)]
struct InjectedFaultLine<'a> {
    name: &'a str,
    /// Number of times that the fault acted; of an operator the first one alone.
    acted: String,
}

/// Figures of a group of consecutive blocks; of a single block up to 4,096 blocks.
#[derive(Serialize)]
struct BlockLine {
    /// Height of the first block.
    height: u64,
    gas_used: String,
    transactions: u64,
    /// Number of transactions that did not return.
    failures: u64,
    /// Number of state keys after the last block.
    state_keys: u64,
    state_bytes: String,
}

/// Figures of the transactions to one sample contract, or of one kind.
#[derive(Serialize)]
struct TargetLine {
    name: &'static str,
    gas_used: String,
    exits: ExitCounts,
}

#[derive(Serialize)]
struct SimulationDifferenceLine<'a> {
    height: u64,
    /// Index in the block; `None` if the difference appears at the end of the block.
    transaction: Option<u32>,
    tx_id: Option<String>,
    nodes: [u32; 2],
    executors: [&'a str; 2],
    mismatches: Vec<SimulationMismatchLine<'a>>,
}

#[derive(Serialize)]
struct SimulationMismatchLine<'a> {
    field: &'static str,
    key: Option<&'a str>,
    left: &'a str,
    right: &'a str,
}

/// Number of transactions by exit, in the order of [`ReceiptExit::ALL`].
struct ExitCounts([u64; 6]);

impl Serialize for ExitCounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(ReceiptExit::ALL.iter().map(|exit| exit.name()).zip(self.0))
    }
}

/// Prints progress, writes the archive if requested, and measures time.
struct SimulationProgress {
    chain_id: [u8; 32],
    timer: ProgressTimer,
    archive: ArchiveOutput,
    timing: Timing,
    /// The last finished block, and the number of planned blocks.
    last: Option<Progressed>,
    blocks: u64,
}

/// State of the output of `--archive`.
enum ArchiveOutput {
    NotRequested,
    /// Nothing is written yet.
    Requested(Output),
    Writing(ArchiveWriter<Output>),
    /// The archive could not be written.
    Failed(io::Error),
}

impl ArchiveOutput {
    fn begin(&mut self, genesis: &Genesis) {
        *self = match core::mem::replace(self, Self::NotRequested) {
            Self::Requested(output) => match ArchiveWriter::new(output, genesis) {
                Ok(writer) => Self::Writing(writer),
                Err(error) => Self::Failed(error),
            },
            other => other,
        };
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::NotRequested | Self::Requested(_) => Ok(()),
            Self::Writing(writer) => writer.finish()?.finish(),
            Self::Failed(error) => Err(error),
        }
    }
}

impl Progress for SimulationProgress {
    fn begin(&mut self, genesis: &Genesis) {
        self.chain_id = genesis.chain_id();
        self.archive.begin(genesis);
    }

    fn applying(&mut self, executor: u32) {
        self.timing.applying(executor);
    }

    fn transaction(&mut self, executor: u32, index: u32) {
        if self.timer.is_due() {
            let height = self.last.map_or(0, |last| last.height.0).saturating_add(1);
            let at = format!("node {executor}, transaction {index} of block {height}");
            self.show(&at);
        }
    }

    fn applied(&mut self, _: u32) {
        self.timing.applied();
    }

    fn archive(&mut self, block: &ArchivedBlock) {
        if let ArchiveOutput::Writing(writer) = &mut self.archive
            && let Err(error) = writer.push(block)
        {
            self.archive = ArchiveOutput::Failed(error);
        }
    }

    fn block(&mut self, progressed: &Progressed) {
        self.last = Some(*progressed);
        if self.timer.is_due() {
            let root = hex::encode(progressed.state_root);
            self.show(&format!("root {}", root.get(..16).unwrap_or_default()));
        }
    }
}

impl SimulationProgress {
    /// Prints how far the simulation is, and `at`.
    fn show(&self, at: &str) {
        let count = |of: fn(&Progressed) -> u64| self.last.as_ref().map_or(0, of);
        print::progress(&format!(
            "block {} of {}  {}  {} gas  {at}",
            grouped(count(|last| last.height.0)),
            grouped(self.blocks),
            counted(count(|last| last.transactions), "transaction"),
            grouped(count(|last| last.gas_used)),
        ));
    }
}

/// Prints the report, and where the first difference is, as JSON or as text.
fn print_result(
    arguments: &Sim,
    (report, chain_id): (&Report, &[u8; 32]),
    (site, has_case): (Option<&Divergence>, bool),
    covered: Option<&[Covered]>,
) -> Result<(), Failure> {
    if arguments.json {
        return Ok(print::json(&SimulationLine {
            site: site.map(site::line),
            chain_id: hex::encode(chain_id),
            coverage: covered.map(coverage::lines),
            ..line(report, arguments.seed)
        })?);
    }
    let mut text = text(report, arguments.seed);
    if let (Some(site), Some(difference)) = (site, &report.first_difference) {
        let names = (&*difference.names.0, &*difference.names.1);
        text.push_str(&site::text(site, names));
    }
    if let Some(path) = arguments.case.as_deref().filter(|_| has_case) {
        let path = printable_path(path);
        text.push_str(&format!(
            "replay this transaction: lockstep node case {path}\n"
        ));
    }
    if let Some(covered) = covered {
        text.push_str(&coverage::text(covered));
    }
    Ok(print::out(&text)?)
}

/// Simulates and reports agreement, or the first difference.
///
/// # Errors
/// [`Failure::Usage`] for a store that this build does not have; [`Failure::Environment`] if a
/// node stops at a fault of this machine, if a file cannot be written, or if the nodes agree
/// although one has an injected fault. A difference is a verdict, whatever becomes of the files.
pub(crate) fn run(arguments: &Sim) -> CommandResult {
    let store = StoreName::parse(&arguments.store)?;
    if arguments.network {
        if store != StoreName::Memory {
            return Err(Failure::Usage(
                "--store cannot be combined with --network, whose validators use simulated disks"
                    .to_owned(),
            ));
        }
        return network::run(arguments);
    }
    let plan = Plan::new(arguments.blocks, arguments.seed);
    let versions = versions(&plan, &arguments.upgrades)?;
    let mut executors = store.equip(simulate::standard(arguments.nodes))?;
    let coverage = arguments.coverage.then(Coverage::new);
    executors.extend(coverage.as_ref().map(Coverage::executor));
    let fault = arguments.injected_fault.as_deref();
    executors.extend(
        fault
            .and_then(injected::by_name)
            .map(InjectedFault::executor),
    );
    // Opened before the simulation, so that a path that cannot be written fails at once.
    let mut archive = SideFile::create(arguments.archive.as_deref(), "the archive")?;
    let page = SideFile::create(arguments.report.as_deref(), "the report")?;
    let case_file = SideFile::create(arguments.case.as_deref(), "the case")?;
    let mut progress = SimulationProgress {
        chain_id: [0; 32],
        timer: ProgressTimer::start(),
        archive: archive
            .take()
            .map_or(ArchiveOutput::NotRequested, ArchiveOutput::Requested),
        timing: Timing::default(),
        last: None,
        blocks: arguments.blocks,
    };
    let simulated = simulate::investigate(&plan, &versions, executors, &mut progress);
    print::progress_end();
    let Investigated {
        report,
        divergence: site,
        case,
    } = simulated?;
    // Printed first: whatever happens to the files, a difference is known and is the exit code.
    let printed = (&report, &progress.chain_id);
    let covered = coverage.as_ref().map(Coverage::report);
    let found = (site.as_ref(), case.is_some());
    let printed = print_result(arguments, printed, found, covered.as_deref());
    let archived = progress.archive.finish();
    let archived = archived.map_err(|error| archive.failure(&error));
    progress.timing.flush();
    let page = page.write(|output| {
        let page = report::page(&report, &progress.timing, &plan);
        output.write_all(page.as_bytes())
    });
    let case = match &case {
        Some(case) => case_file.write(|output| case.write(output)),
        None => Ok(()),
    };
    let verdict = if report.agreed {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    verdict.after([printed, archived, page, case, effective(&report)])
}

/// Refuses a run that proves nothing: its fault never acted, or acted and made no difference.
fn effective(report: &Report) -> Result<(), Failure> {
    let Some(FaultLine { name, acted, .. }) = report.faults.first() else {
        return Ok(());
    };
    if *acted > 0 && !report.agreed {
        return Ok(());
    }
    Err(Failure::Environment(if *acted == 0 {
        format!("the injected fault {name} never acted: this run proves nothing about it")
    } else {
        let times = counted(*acted, "time");
        format!("the injected fault {name} acted {times}, and no comparison found it")
    }))
}

/// The versions of the simulated chain. Nodes that reach a height without its rules stop there, all
/// of them, so nothing is run.
fn versions(plan: &Plan, files: &[PathBuf]) -> Result<Versions, Failure> {
    let versions = Versions::default();
    let workload = Workload::new(plan, &Arc::new(node::rules::version_1()))?;
    let chain = upgrade_file::spec(workload.genesis(), files)?;
    chain
        .check(&MemoryStore::new())
        .map_err(upgrade_file::unfit)?;
    let upgrades = chain.upgrades();
    let reached = upgrades
        .iter()
        .filter(|(height, _)| height.0 <= plan.blocks);
    for (height, id) in reached {
        if versions.rulebook.get(id).is_none() {
            let (height, rules_id) = (*height, *id);
            let unknown = RulesUnknown { height, rules_id };
            return Err(Failure::Environment(unknown.to_string()));
        }
    }
    Ok(Versions {
        upgrades,
        ..versions
    })
}

fn line(report: &Report, seed: u64) -> SimulationLine<'_> {
    SimulationLine {
        agreed: report.agreed,
        height: report.height.0,
        state_root: hex::encode(report.state_root),
        first_difference: report.first_difference.as_ref().map(difference_line),
        site: None,
        nodes: report.executors.len(),
        executors: &report.executors,
        seed: seed.to_string(),
        chain_id: String::new(),
        transactions: report.transactions,
        exits: ExitCounts(report.by_exit),
        gas_used: report.gas_used.to_string(),
        compared: &report.compared,
        injected_fault: report.faults.first().map(|fault| InjectedFaultLine {
            name: &fault.name,
            acted: fault.acted.to_string(),
        }),
        blocks_per_row: report.figures.blocks.blocks_per_row(),
        blocks: report
            .figures
            .blocks
            .rows()
            .iter()
            .map(block_line)
            .collect(),
        targets: report.figures.targets.iter().map(target_line).collect(),
        coverage: None,
    }
}

fn block_line(row: &BlockFigures) -> BlockLine {
    BlockLine {
        height: row.height.0,
        gas_used: row.gas_used.to_string(),
        transactions: row.transactions(),
        failures: row.failures(),
        state_keys: row.state_keys,
        state_bytes: row.state_bytes.to_string(),
    }
}

fn target_line(target: &TargetFigures) -> TargetLine {
    TargetLine {
        name: target.name,
        gas_used: target.gas_used.to_string(),
        exits: ExitCounts(target.by_exit),
    }
}

fn difference_line(difference: &Difference) -> SimulationDifferenceLine<'_> {
    let (left, right) = difference.executors;
    SimulationDifferenceLine {
        height: difference.height.0,
        transaction: difference.transaction,
        tx_id: difference.tx_id.map(hex::encode),
        nodes: [left, right],
        executors: [&difference.names.0, &difference.names.1],
        mismatches: difference.mismatches.iter().map(mismatch_line).collect(),
    }
}

fn mismatch_line(mismatch: &Mismatch) -> SimulationMismatchLine<'_> {
    let Mismatch {
        field,
        key,
        left,
        right,
    } = mismatch;
    SimulationMismatchLine {
        field,
        key: key.as_deref(),
        left,
        right,
    }
}

fn text(report: &Report, seed: u64) -> String {
    let nodes = counted(report.executors.len(), "node");
    let blocks = counted(report.height.0, "block");
    let word = if report.agreed {
        print::coloured("agreed", Colour::Green)
    } else {
        print::coloured("disagreed", Colour::Red)
    };
    let mut text = format!("{word}: {nodes}, {blocks}, seed {seed}\n");
    for (number, name) in report.executors.iter().enumerate() {
        text.push_str(&format!("  {:<14}{name}\n", format!("node {number}")));
    }
    let exits: Vec<String> = ReceiptExit::ALL
        .iter()
        .zip(report.by_exit)
        .filter(|(_, count)| *count > 0)
        .map(|(exit, count)| format!("{} {}", grouped(count), exit.name()))
        .collect();
    let mut row = |name: &str, value: &str| text.push_str(&format!("  {name:<14}{value}\n"));
    row(
        "transactions",
        &format!("{} ({})", grouped(report.transactions), exits.join(", ")),
    );
    row("gas used", &grouped(report.gas_used));
    row("state root", &hex::encode(report.state_root));
    if let Some(difference) = &report.first_difference {
        text.push_str(&difference_text(difference));
    }
    text
}

fn difference_text(difference: &Difference) -> String {
    let location = match (difference.transaction, difference.tx_id) {
        (Some(number), Some(tx_id)) => format!("transaction {number} ({})", hex::encode(tx_id)),
        _ => "at the block's end".to_owned(),
    };
    let (left, right) = difference.executors;
    let mut text = format!(
        "first difference: block {}, {location}\n  between node {left} ({}) and node {right} \
         ({})\n",
        grouped(difference.height.0),
        difference.names.0,
        difference.names.1
    );
    for Mismatch {
        field,
        key,
        left: one,
        right: other,
    } in &difference.mismatches
    {
        let key = key
            .as_ref()
            .map(|key| format!(" {key}"))
            .unwrap_or_default();
        text.push_str(&format!(
            "  {field}{key}\n    node {left}: {one}\n    node {right}: {other}\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_sim::simulate::figures::Figures;
    use serde_json::json;

    fn disagreed() -> Report {
        let mismatch = Mismatch {
            field: "state",
            key: Some("02ab".to_owned()),
            left: "0x01".to_owned(),
            right: "removed".to_owned(),
        };
        let difference = Difference {
            height: vm::Height(3),
            transaction: Some(5),
            tx_id: Some([7; 32]),
            executors: (0, 2),
            names: ("plain".to_owned(), "other".to_owned()),
            mismatches: vec![mismatch],
        };
        Report {
            agreed: false,
            height: vm::Height(3),
            state_root: [1; 32],
            first_difference: Some(difference),
            executors: vec!["plain".to_owned(), "same".to_owned(), "other".to_owned()],
            transactions: 42,
            by_exit: [40, 0, 2, 0, 0, 0],
            gas_used: u64::MAX,
            figures: Figures::default(),
            compared: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn a_difference_has_block_transaction_key_and_both_values() {
        let line = serde_json::to_value(line(&disagreed(), 9)).expect("JSON");
        assert_eq!(line["agreed"], false);
        assert_eq!(line["gas_used"], "18446744073709551615");
        assert_eq!(line["exits"]["trap"], 2);
        let expected = json!({
            "height": 3,
            "transaction": 5,
            "tx_id": "07".repeat(32),
            "nodes": [0, 2],
            "executors": ["plain", "other"],
            "mismatches": [{ "field": "state", "key": "02ab", "left": "0x01", "right": "removed" }],
        });
        assert_eq!(line["first_difference"], expected);
    }

    #[test]
    fn a_difference_in_text_names_both_nodes() {
        let text = text(&disagreed(), 9);
        assert!(
            text.starts_with("disagreed: 3 nodes, 3 blocks, seed 9\n"),
            "{text}"
        );
        let location = format!(
            "first difference: block 3, transaction 5 ({})",
            "07".repeat(32)
        );
        assert!(text.contains(&location), "{text}");
        assert!(
            text.contains("  state 02ab\n    node 0: 0x01\n    node 2: removed\n"),
            "{text}"
        );
    }
}
