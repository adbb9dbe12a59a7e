//! Writes the sections of the page: verdict, difference, figures, plots, how to reproduce it.

use super::bars::{Bar, bars};
use super::columns::{Column, ColumnPlot, PartKind};
use super::lines::{LinePlot, PlotLine};
use super::markup::{card, escaped};
use super::scale::{BYTES, COUNT, GAS, PRICE, TIME, figure, share};
use super::timing::{BlockTimes, Timing};
use super::{COLUMNS_MAX, divergence};
use crate::text::{counted, grouped};
use node::ReceiptExit;
use node_sim::simulate::figures::{BlockFigures, TargetFigures};
use node_sim::simulate::{Plan, Report};

/// Number of executor colours in the style sheet; with more executors they repeat.
const EXECUTOR_COLOURS: usize = 8;

/// Data of the plots: at most [`COLUMNS_MAX`] rows of each kind, for the same blocks.
struct PlotData<'a> {
    report: &'a Report,
    blocks: Vec<BlockFigures>,
    times: Vec<BlockTimes>,
}

/// All sections of the page.
pub(super) fn all(report: &Report, timing: &Timing, plan: &Plan) -> String {
    let data = PlotData {
        report,
        blocks: report.figures.blocks.folded(COLUMNS_MAX),
        times: timing.blocks().folded(COLUMNS_MAX),
    };
    let difference = report.first_difference.as_ref();
    [
        verdict(report),
        difference.map(divergence::divergence).unwrap_or_default(),
        tiles(report),
        "<div class=\"cards\">\n".to_owned(),
        gas(&data),
        outcomes(&data),
        targets(report),
        state(&data),
        executors(report, timing),
        price(&data),
        "</div>\n".to_owned(),
        repeat(report, plan),
    ]
    .concat()
}

fn verdict(report: &Report) -> String {
    let nodes = counted(report.executors.len(), "executor");
    let (class, word) = if report.agreed {
        ("good", format!("{nodes} agree"))
    } else {
        ("bad", "executors disagree".to_owned())
    };
    format!(
        "<header>\n<h1>Lockstep simulation</h1>\n<p><strong class=\"{class}\">{word}</strong> {}, \
         compared after each of {}</p>\n</header>\n",
        counted(report.height.0, "block"),
        counted(report.transactions, "transaction"),
    )
}

fn tiles(report: &Report) -> String {
    let last = report.figures.blocks.rows().last();
    let failures = report
        .by_exit
        .iter()
        .skip(1)
        .fold(0_u64, |sum, count| sum.saturating_add(*count));
    let rows = [
        ("blocks", grouped(report.height.0)),
        ("transactions", grouped(report.transactions)),
        ("did not return", percent(failures, report.transactions)),
        ("gas", figure(&GAS, report.gas_used)),
        ("state keys", grouped(last.map_or(0, |row| row.state_keys))),
        (
            "state",
            figure(&BYTES, last.map_or(0, |row| row.state_bytes)),
        ),
    ];
    let tiles: String = rows
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(value)))
        .collect();
    format!("<dl class=\"tiles\">\n{tiles}</dl>\n")
}

fn percent(part: u64, whole: u64) -> String {
    // To the nearest tenth, so that shares add up to 100 %.
    let tenths = share(part, whole, 2_000).saturating_add(1) / 2;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Label under the axis, and the block numbers of a row in words.
fn span(row: &BlockFigures) -> (String, String) {
    let last = row.height.0.saturating_add(row.blocks.saturating_sub(1));
    let label = grouped(row.height.0);
    if last == row.height.0 {
        let words = format!("block {label}");
        (label, words)
    } else {
        let words = format!("blocks {label} to {}", grouped(last));
        (label, words)
    }
}

fn per_block(sum: u64, row: &BlockFigures) -> u64 {
    sum.checked_div(row.blocks).unwrap_or_default()
}

fn gas(data: &PlotData<'_>) -> String {
    let columns: Vec<Column> = data
        .blocks
        .iter()
        .map(|row| {
            let (label, words) = span(row);
            let gas = per_block(row.gas_used, row);
            let title = format!("{words}: {} a block", figure(&GAS, gas));
            Column {
                parts: vec![gas],
                title,
                label,
            }
        })
        .collect();
    let report = data.report;
    let mean = report
        .gas_used
        .checked_div(report.height.0)
        .unwrap_or_default();
    let title = format!("A block uses {} on average", figure(&GAS, mean));
    let largest = data
        .blocks
        .iter()
        .max_by_key(|row| per_block(row.gas_used, row));
    let note = largest.map_or_else(String::new, |row| {
        format!(
            "Most: {} a block in {}. Block 1 uploads the samples, block 2 deploys them.",
            figure(&GAS, per_block(row.gas_used, row)),
            span(row).1
        )
    });
    let plot = ColumnPlot {
        summary: title.clone(),
        units: &GAS,
        what: "",
        kinds: &[("n0".to_owned(), "gas")],
        columns: &columns,
    };
    card(&title, &note, &plot.draw())
}

/// The exits with their CSS classes.
fn exits() -> Vec<PartKind> {
    let exits = (0_u64..).zip(ReceiptExit::ALL);
    exits
        .map(|(index, exit)| (format!("e{index}"), exit.name()))
        .collect()
}

/// Counts by exit in words, without those that are 0.
fn counts(by_exit: &[u64; 6]) -> String {
    let counts = ReceiptExit::ALL.iter().zip(by_exit);
    let counts: Vec<String> = counts
        .filter(|(_, count)| **count > 0)
        .map(|(exit, count)| format!("{} {}", grouped(count), exit.name()))
        .collect();
    counts.join(", ")
}

fn outcomes(data: &PlotData<'_>) -> String {
    let columns: Vec<Column> = data
        .blocks
        .iter()
        .map(|row| {
            let (label, words) = span(row);
            Column {
                parts: row.by_exit.to_vec(),
                title: format!("{words}: {}", counts(&row.by_exit)),
                label,
            }
        })
        .collect();
    let report = data.report;
    let returned = report.by_exit.first().copied().unwrap_or_default();
    let title = format!(
        "{} of the transactions return",
        percent(returned, report.transactions)
    );
    let note = "The others fail on purpose: every executor must report the same failure.";
    let wide = data.blocks.iter().any(|row| row.blocks > 1);
    let kinds = exits();
    let plot = ColumnPlot {
        summary: title.clone(),
        units: &COUNT,
        what: if wide {
            "transactions per column"
        } else {
            "transactions"
        },
        kinds: &kinds,
        columns: &columns,
    };
    card(&title, note, &plot.draw())
}

fn targets(report: &Report) -> String {
    let mut targets: Vec<&TargetFigures> = report.figures.targets.iter().collect();
    targets.sort_by_key(|target| core::cmp::Reverse(target.transactions()));
    let kinds = exits();
    let rows: Vec<Bar> = targets
        .iter()
        .map(|target| {
            let parts = kinds.iter().zip(target.by_exit);
            Bar {
                name: target.name.to_owned(),
                parts: parts
                    .map(|((class, _), count)| (class.clone(), count))
                    .collect(),
                figure: grouped(target.transactions()),
                title: format!(
                    "{}: {}; {}",
                    target.name,
                    counts(&target.by_exit),
                    figure(&GAS, target.gas_used)
                ),
            }
        })
        .collect();
    let title = targets.first().map_or_else(
        || "No transactions".to_owned(),
        |most| format!("Most transactions are for {}", most.name),
    );
    let note = "Transactions by target (a sample contract or a kind of transaction) and by exit.";
    card(&title, note, &bars(&rows, &kinds))
}

fn state(data: &PlotData<'_>) -> String {
    let columns: Vec<(String, String)> = data
        .blocks
        .iter()
        .map(|row| {
            let (label, words) = span(row);
            let size = figure(&BYTES, row.state_bytes);
            let keys = counted(row.state_keys, "key");
            (format!("{words}: {size}, {keys}"), label)
        })
        .collect();
    let bytes = data.blocks.iter().map(|row| Some(row.state_bytes));
    let lines = [PlotLine {
        class: "n0".to_owned(),
        name: "state".to_owned(),
        values: bytes.collect(),
    }];
    let last = data.blocks.last();
    let title = format!(
        "The state ends at {} in {}",
        figure(&BYTES, last.map_or(0, |row| row.state_bytes)),
        counted(last.map_or(0, |row| row.state_keys), "key")
    );
    let plot = LinePlot {
        summary: title.clone(),
        units: &BYTES,
        what: "keys and values",
        lines: &lines,
        columns: &columns,
    };
    let note = "Size of keys and values after each block, without the overhead of the store and \
                the tree. Most of it is the code of the sample contracts.";
    card(&title, note, &plot.draw())
}

fn colour(executor: usize) -> String {
    let colour = executor.checked_rem(EXECUTOR_COLOURS).unwrap_or_default();
    format!("n{colour}")
}

/// Picoseconds for 1,000 gas; `None` if `gas` is 0.
fn picoseconds(nanoseconds: u64, gas: u64) -> Option<u64> {
    (gas > 0).then(|| share(nanoseconds, gas, 1_000_000))
}

fn executors(report: &Report, timing: &Timing) -> String {
    let rows: Vec<Bar> = report
        .executors
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let total = timing.total(number);
            let price = picoseconds(total, report.gas_used).unwrap_or_default();
            Bar {
                name: format!("node {number}: {name}"),
                parts: vec![(colour(number), total)],
                figure: figure(&TIME, total),
                title: format!(
                    "{name}: {}, {}",
                    figure(&TIME, total),
                    figure(&PRICE, price)
                ),
            }
        })
        .collect();
    let fastest = report
        .executors
        .iter()
        .enumerate()
        .min_by_key(|(number, _)| timing.total(*number));
    let title = fastest.map_or_else(String::new, |(number, name)| {
        format!("Node {number} is the fastest: {name}")
    });
    let note = "Time of each executor for all blocks: signatures, execution, a state root after \
                each transaction, commit. Other work on this machine is included, restarts are \
                not.";
    let mut inside = bars(&rows, &[]);
    inside.push_str(&price_table(report, timing));
    card(&title, note, &inside)
}

/// The figures of the bars as a table.
fn price_table(report: &Report, timing: &Timing) -> String {
    let rows: String = (0..report.executors.len())
        .map(|number| {
            let total = timing.total(number);
            let price = picoseconds(total, report.gas_used).unwrap_or_default();
            let per_block = total.checked_div(report.height.0).unwrap_or_default();
            format!(
                "<tr><td>node {number}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&figure(&TIME, per_block)),
                escaped(&figure(&PRICE, price))
            )
        })
        .collect();
    format!(
        "<table><thead><tr><th></th><th>per block</th><th>per gas</th></tr></thead>\n<tbody>\n\
         {rows}</tbody></table>\n"
    )
}

fn price(data: &PlotData<'_>) -> String {
    let pairs = || data.blocks.iter().zip(&data.times);
    let at = |(row, times): (&BlockFigures, &BlockTimes), executor: usize| {
        let nanoseconds = times.nanoseconds.get(executor)?;
        picoseconds(*nanoseconds, row.gas_used)
    };
    let executors = || data.report.executors.iter().enumerate();
    let lines: Vec<PlotLine> = executors()
        .map(|(number, name)| PlotLine {
            class: colour(number),
            name: format!("node {number}: {name}"),
            values: pairs().map(|pair| at(pair, number)).collect(),
        })
        .collect();
    let columns: Vec<(String, String)> = pairs()
        .map(|pair| {
            let (label, mut words) = span(pair.0);
            for (number, _) in executors() {
                if let Some(price) = at(pair, number) {
                    words.push_str(&format!("\nnode {number}: {}", figure(&PRICE, price)));
                }
            }
            (words, label)
        })
        .collect();
    let title = "Time for 1,000 gas, block by block";
    let plot = LinePlot {
        summary: title.to_owned(),
        units: &PRICE,
        what: "",
        lines: &lines,
        columns: &columns,
    };
    let note = "Horizontal lines mean that gas is proportional to time. The interpreter's target \
                is 100 ns for 1,000 gas; a block also has signatures and state roots.";
    card(title, note, &plot.draw())
}

fn repeat(report: &Report, plan: &Plan) -> String {
    format!(
        "<footer>\n<p>State root after block {}</p>\n<pre>{}</pre>\n<p>Reproduce it: \
         everything except the times is the same on every machine.</p>\n<pre>lockstep sim \
         --nodes {} --blocks {} --seed {} --report report.html</pre>\n<p>lockstep {}</p>\n\
         </footer>\n",
        grouped(report.height.0),
        hex::encode(report.state_root),
        report.executors.len(),
        plan.blocks,
        plan.seed,
        env!("CARGO_PKG_VERSION"),
    )
}
