//! Runs `lockstep node`; its `replay` executes an archive and reports the first difference.

use crate::args::{Node, NodeCommand, Replay as Arguments};
use crate::chain::site::{self, SiteLine};
use crate::chain::store::StoreName;
use crate::chain::upgrade_file::{self, UpgradeLine};
use crate::commands::{case, store, upgrade};
use crate::failure::{CommandResult, Failure, Verdict};
use crate::output::{self, SideFile};
use crate::print::{self, Colour};
use crate::progress::ProgressTimer;
use crate::text::{counted, grouped, printable_path};
use node::archive::{ArchiveError, ArchiveReader};
use node::{CachePolicy, ChainSpec, Parts, Store, UpgradeDocument};
use node_sim::replay::{Replay, ReplayDifference, ReplayError, ReplaySummary, Traced};
use serde::Serialize;
use std::io::BufReader;
use std::path::Path;

#[derive(Serialize)]
struct ReplayLine<'a> {
    agreed: bool,
    height: u64,
    state_root: String,
    first_difference: Option<ReplayDifferenceLine<'a>>,
    /// Number of blocks of the archive that were compared.
    compared: u64,
    /// How many of them the store had already; they are not executed again.
    stored: u64,
    transactions: u64,
    gas_used: String,
    bisection: Option<BisectionLine<'a>>,
    chain_id: String,
    /// Upgrades by the genesis and the upgrade documents, with their heights.
    upgrades: Vec<UpgradeLine>,
}

/// Result of `--bisect`; absent if the difference is not in a transaction.
#[derive(Serialize)]
struct BisectionLine<'a> {
    /// True if R has the found outcome: the archive is wrong.
    reference_agrees: bool,
    site: Option<SiteLine<'a>>,
    /// Number of state keys in the case file.
    keys: usize,
}

#[derive(Serialize)]
struct ReplayDifferenceLine<'a> {
    height: u64,
    /// Index in the block; `None` if the difference is in the block as a whole.
    transaction: Option<u32>,
    tx_id: Option<String>,
    field: &'static str,
    recorded: &'a str,
    found: &'a str,
}

/// Runs a command of `lockstep node`.
///
/// # Errors
/// [`Failure::Environment`] if the archive cannot be read or this machine fails.
pub(crate) fn run(arguments: &Node) -> CommandResult {
    match &arguments.command {
        NodeCommand::Replay(arguments) => replay(arguments),
        NodeCommand::Case(arguments) => case::run(arguments),
        NodeCommand::Upgrade(arguments) => upgrade::run(arguments),
        NodeCommand::Snapshot(arguments) => store::snapshot(arguments),
        NodeCommand::Restore(arguments) => store::restore(arguments),
        NodeCommand::Accept(arguments) => store::accept(arguments),
    }
}

fn replay(arguments: &Arguments) -> CommandResult {
    let store = StoreName::parse(&arguments.store)?.open()?;
    let documents = upgrade_file::read(&arguments.upgrades.files)?;
    let file = SideFile::create(arguments.out.as_deref(), "the case")?;
    let applied = apply(arguments, &documents, store);
    let Applied {
        chain,
        replayed,
        traced,
        ended,
    } = applied.map_err(|error| failure(&arguments.archive, error))?;
    // If nothing was compared, the object says so, since a script reads it before the exit code.
    let printed = if arguments.json && (ended.is_ok() || replayed.compared == 0) {
        print::json(&ReplayLine {
            agreed: ended.is_ok() && replayed.first_difference.is_none(),
            bisection: traced.as_ref().map(bisection),
            chain_id: hex::encode(chain.genesis().chain_id()),
            upgrades: upgrade_file::lines(&chain.upgrades()),
            ..line(&replayed)
        })
    } else if !arguments.json && ended.is_ok() {
        let mut text = text(&replayed);
        if arguments.bisect && replayed.first_difference.is_some() {
            text.push_str(&traced_text(traced.as_ref(), arguments));
        }
        print::out(&text)
    } else {
        Ok(())
    };
    let printed = printed.map_err(Failure::from);
    let written = match &traced {
        Some(traced) => file.write(|output| traced.case.write(output)),
        None => Ok(()),
    };
    let verdict = match replayed.first_difference {
        None => Verdict::Passed,
        Some(_) => Verdict::Failed,
    };
    let ended = ended.map_err(|error| stopped(&arguments.archive, &replayed, error));
    verdict.after([ended, printed, written])
}

/// What a replay did before it ended, and how it ended.
struct Applied {
    chain: ChainSpec,
    replayed: ReplaySummary,
    traced: Option<Traced>,
    ended: Result<(), ReplayError>,
}

fn apply(
    arguments: &Arguments,
    documents: &[UpgradeDocument],
    store: Box<dyn Store>,
) -> Result<Applied, ReplayError> {
    let input = output::input(&arguments.archive).map_err(ArchiveError::from)?;
    let reader = ArchiveReader::new(BufReader::new(input))?;
    let make = arguments.engine.make;
    let parts = Parts {
        engine: make(),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let mut replay = Replay::upgrading(reader, documents, parts, store)?;
    if arguments.bisect {
        replay = replay.bisecting(Box::new(move || make()));
    }
    let mut timer = ProgressTimer::start();
    let ended = loop {
        match replay.step() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        if timer.is_due() {
            let replayed = replay.replayed();
            print::progress(&format!(
                "{} compared  {}",
                counted(replayed.compared, "block"),
                counted(replayed.transactions, "transaction")
            ));
        }
    };
    print::progress_end();
    Ok(Applied {
        chain: replay.chain().clone(),
        replayed: replay.replayed().clone(),
        traced: replay.traced().cloned(),
        ended,
    })
}

fn bisection(traced: &Traced) -> BisectionLine<'_> {
    BisectionLine {
        reference_agrees: traced.divergence.is_none(),
        site: traced.divergence.as_ref().map(site::line),
        keys: traced.case.state.len(),
    }
}

fn traced_text(traced: Option<&Traced>, arguments: &Arguments) -> String {
    let Some(traced) = traced else {
        return "bisection: the difference is not in a transaction\n".to_owned();
    };
    let mut text = match &traced.divergence {
        None => "bisection: the reference engine agrees with the found result; the recorded one \
                 in the archive is wrong\n"
            .to_owned(),
        Some(site) => format!(
            "bisection: {}",
            site::text(site, ("reference", &traced.case.found.by))
        ),
    };
    if let Some(path) = &arguments.out {
        let path = printable_path(path);
        text.push_str(&format!(
            "replay this transaction: lockstep node case {path}\n"
        ));
    }
    text
}

fn failure(file: &Path, error: ReplayError) -> Failure {
    let file = printable_path(file);
    match error {
        ReplayError::Fault(fault) => fault.into(),
        ReplayError::Archive(ArchiveError::Io(error)) => {
            Failure::Environment(format!("cannot read {file}: {error}"))
        }
        error => Failure::Environment(format!("{file}: {error}")),
    }
}

/// The failure of a replay that ended early, with what was compared before.
fn stopped(file: &Path, replayed: &ReplaySummary, error: ReplayError) -> Failure {
    let before = match replayed.compared {
        0 => String::new(),
        blocks => format!("\n{} before it: no difference", counted(blocks, "block")),
    };
    match failure(file, error) {
        Failure::Environment(text) => Failure::Environment(text + &before),
        other => other,
    }
}

fn line(replayed: &ReplaySummary) -> ReplayLine<'_> {
    ReplayLine {
        agreed: replayed.first_difference.is_none(),
        height: replayed.height.0,
        state_root: hex::encode(replayed.state_root),
        first_difference: replayed.first_difference.as_ref().map(difference_line),
        compared: replayed.compared,
        stored: replayed.stored,
        transactions: replayed.transactions,
        gas_used: replayed.gas_used.to_string(),
        bisection: None,
        chain_id: String::new(),
        upgrades: Vec::new(),
    }
}

fn difference_line(difference: &ReplayDifference) -> ReplayDifferenceLine<'_> {
    ReplayDifferenceLine {
        height: difference.height.0,
        transaction: difference.transaction,
        tx_id: difference.tx_id.map(hex::encode),
        field: difference.field,
        recorded: &difference.recorded,
        found: &difference.found,
    }
}

fn text(replayed: &ReplaySummary) -> String {
    let word = match replayed.first_difference {
        None => print::coloured("agreed", Colour::Green),
        Some(_) => print::coloured("disagreed", Colour::Red),
    };
    let mut text = format!(
        "{word}: {} replayed\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}\n",
        counted(replayed.compared, "block"),
        "compared",
        compared(replayed),
        "transactions",
        grouped(replayed.transactions),
        "gas used",
        grouped(replayed.gas_used),
        "state root",
        hex::encode(replayed.state_root),
    );
    if let Some(difference) = &replayed.first_difference {
        let location = match (difference.transaction, difference.tx_id) {
            (Some(number), Some(tx_id)) => {
                format!("transaction {number} ({})", hex::encode(tx_id))
            }
            _ => "the block as a whole".to_owned(),
        };
        text.push_str(&format!(
            "first difference: block {}, {location}\n  {}\n    recorded: {}\n    found:    {}\n",
            grouped(difference.height.0),
            difference.field,
            difference.recorded,
            difference.found,
        ));
    }
    text
}

fn compared(replayed: &ReplaySummary) -> String {
    let executed = replayed.compared.saturating_sub(replayed.stored);
    format!(
        "{} with {} execution, {} with the store",
        grouped(executed),
        if executed == 1 { "its" } else { "their" },
        grouped(replayed.stored)
    )
}
