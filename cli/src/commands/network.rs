//! Runs `lockstep sim --network`: simulates each seed's network twice and compares the histories.

use crate::args::Sim;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::print::{self, Colour};
use crate::progress::ProgressTimer;
use crate::text::{counted, grouped};
use node_sim::network::{self, Behaviour, NetworkDifference, NetworkReport, Scenario, Upgrade};
use serde::Serialize;
use vm::Height;

#[derive(Serialize)]
struct NetworkLine {
    agreed: bool,
    /// Number of blocks decided in the last seed.
    height: u64,
    /// State root after the last block of the last seed.
    state_root: String,
    first_difference: Option<NetworkDifferenceLine>,
    seeds: String,
    events: String,
    events_hash: String,
    rounds: String,
    crashes: String,
    refused: String,
}

#[derive(Serialize)]
struct NetworkDifferenceLine {
    seed: String,
    height: u64,
    validator: u32,
    field: &'static str,
    expected: String,
    found: String,
}

/// Sums over all seeds, and the report of the last one.
struct NetworkTotals {
    seeds: u64,
    events: u64,
    rounds: u64,
    crashes: u64,
    refused: u64,
    proposals: u64,
    last: NetworkReport,
    difference: Option<(u64, NetworkDifference)>,
}

/// Runs the seeds and reports agreement, or the seed, block and validator of the first difference.
///
/// # Errors
/// [`Failure::Environment`] if a validator stops at a fault of this machine.
pub(crate) fn run(arguments: &Sim) -> CommandResult {
    let sum = simulate(arguments)?;
    let verdict = match sum.difference {
        None => Verdict::Passed,
        Some(_) => Verdict::Failed,
    };
    let printed = if arguments.json {
        print::json(&line(sum))
    } else {
        print::out(&text(&sum, arguments))
    };
    verdict.after([printed.map_err(Failure::from)])
}

fn simulate(arguments: &Sim) -> Result<NetworkTotals, Failure> {
    let mut timer = ProgressTimer::start();
    let mut sum = None;
    for seed in (arguments.seed..).take(usize::try_from(arguments.seeds).unwrap_or(usize::MAX)) {
        let scenario = Scenario {
            blocks: arguments.blocks,
            ..Scenario::new(seed)
        };
        let mut run = || {
            let mut show = |height: Height, events: u64| {
                if timer.is_due() {
                    let (height, events) = (grouped(height.0), counted(events, "event"));
                    print::progress(&format!("seed {seed}  block {height}  {events}"));
                }
            };
            let upgrade = Upgrade::default();
            network::run_watched(&scenario, &upgrade, network::standard(), &mut show)
        };
        let report = run()?;
        let again = run()?;
        let difference = report
            .first_difference
            .clone()
            .or_else(|| unrepeatable(&report, &again));
        let sum = add(&mut sum, report);
        if let Some(difference) = difference {
            sum.difference = Some((seed, difference));
            break;
        }
        if timer.is_due() {
            print::progress(&format!(
                "{} of {}  {}  {}",
                counted(sum.seeds, "seed"),
                grouped(arguments.seeds),
                counted(sum.events, "event"),
                counted(sum.crashes, "restart")
            ));
        }
    }
    print::progress_end();
    sum.ok_or_else(|| Failure::Usage("--seeds 0: nothing to run".to_owned()))
}

/// The difference between two runs of one seed, if any.
fn unrepeatable(one: &NetworkReport, other: &NetworkReport) -> Option<NetworkDifference> {
    (one != other).then(|| NetworkDifference {
        height: one.height,
        validator: 0,
        field: "events_hash",
        expected: hex::encode(one.events_hash),
        found: hex::encode(other.events_hash),
    })
}

fn add(sum: &mut Option<NetworkTotals>, report: NetworkReport) -> &mut NetworkTotals {
    let sum = sum.get_or_insert_with(|| NetworkTotals {
        seeds: 0,
        events: 0,
        rounds: 0,
        crashes: 0,
        refused: 0,
        proposals: 0,
        last: report.clone(),
        difference: None,
    });
    sum.seeds = sum.seeds.saturating_add(1);
    sum.events = sum.events.saturating_add(report.events);
    sum.rounds = sum.rounds.saturating_add(report.rounds);
    sum.crashes = sum.crashes.saturating_add(report.crashes);
    sum.refused = sum.refused.saturating_add(report.refused);
    let honest = report.proposals.first().copied().unwrap_or_default();
    let all = report
        .proposals
        .iter()
        .fold(0, |all: u64, one| all.saturating_add(*one));
    sum.proposals = sum.proposals.saturating_add(all.saturating_sub(honest));
    sum.last = report;
    sum
}

fn line(sum: NetworkTotals) -> NetworkLine {
    NetworkLine {
        agreed: sum.difference.is_none(),
        height: sum.last.height.0,
        state_root: hex::encode(sum.last.state_root),
        first_difference: sum
            .difference
            .map(|(seed, difference)| NetworkDifferenceLine {
                seed: seed.to_string(),
                height: difference.height.0,
                validator: difference.validator,
                field: difference.field,
                expected: difference.expected,
                found: difference.found,
            }),
        seeds: sum.seeds.to_string(),
        events: sum.events.to_string(),
        events_hash: hex::encode(sum.last.events_hash),
        rounds: sum.rounds.to_string(),
        crashes: sum.crashes.to_string(),
        refused: sum.refused.to_string(),
    }
}

fn text(sum: &NetworkTotals, arguments: &Sim) -> String {
    let word = match sum.difference {
        None => print::coloured("agreed", Colour::Green),
        Some(_) => print::coloured("disagreed", Colour::Red),
    };
    let mut text = format!(
        "{word}: {}, each twice, from seed {}\n",
        counted(sum.seeds, "seed"),
        arguments.seed
    );
    let mut row = |name: &str, value: &str| text.push_str(&format!("  {name:<14}{value}\n"));
    row("events", &grouped(sum.events));
    row("rounds", &grouped(sum.rounds));
    row("power losses", &grouped(sum.crashes));
    let kinds = counted(Behaviour::ALL.len().saturating_sub(1), "kind");
    row(
        "faulty rounds",
        &format!("{} of {kinds}", grouped(sum.proposals)),
    );
    row("refusals", &grouped(sum.refused));
    row("state root", &hex::encode(sum.last.state_root));
    if let Some((seed, difference)) = &sum.difference {
        text.push_str(&format!(
            "first difference: seed {seed}, block {}, validator {}\n  {}\n    expected: {}\n    \
             found:    {}\nreproduce: lockstep sim --network --seed {seed} --blocks {}\n",
            grouped(difference.height.0),
            difference.validator,
            difference.field,
            difference.expected,
            difference.found,
            arguments.blocks,
        ));
    }
    text
}
