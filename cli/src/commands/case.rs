//! Runs `lockstep node case`: replays one transaction from a case file (a reproducer).

use crate::args::CaseArguments as Arguments;
use crate::chain::case_file;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::print::{self, Colour};
use crate::text::{counted, grouped, printable};
use node::Payload;
use node_sim::case::{Case, CaseReplay, Outcome};
use node_sim::simulate::Mismatch;
use serde::Serialize;

#[derive(Serialize)]
struct CaseLine<'a> {
    agreed: bool,
    height: u64,
    transaction: u32,
    tx_id: String,
    kind: &'static str,
    contract: Option<String>,
    entry: Option<&'a str>,
    engine: &'a str,
    /// Number of state keys in the case file.
    keys: usize,
    expected: OutcomeLine<'a>,
    /// Recorded outcome of the executor that disagreed.
    found: OutcomeLine<'a>,
    /// Outcome of this replay; `None` if it read a key that is not in the case file.
    here: Option<OutcomeLine<'a>>,
    /// First key that was read and is not in the case file.
    beyond: Option<String>,
    mismatches: Vec<CaseMismatchLine<'a>>,
}

#[derive(Serialize)]
struct OutcomeLine<'a> {
    by: &'a str,
    exit: &'static str,
    code: u16,
    gas_used: String,
    diff_hash: String,
}

#[derive(Serialize)]
struct CaseMismatchLine<'a> {
    field: &'static str,
    key: Option<&'a str>,
    expected: &'a str,
    here: &'a str,
}

/// Replays a case file and reports whether the outcome is the expected one.
///
/// # Errors
/// `Failure::Environment` if the file is not a case file or this machine fails.
pub(crate) fn run(arguments: &Arguments) -> CommandResult {
    let file = &arguments.file;
    let rules = node::rules::rulebook();
    let case = case_file::read(file, &rules)?;
    let valid = case
        .validate(&rules)
        .map_err(|error| case_file::unusable(file, &error))?;
    let engine = (arguments.engine.make)();
    let replayed = case
        .replay(engine.as_ref(), &rules, &valid)
        .map_err(|error| case_file::unusable(file, &error))?;
    let printed = if arguments.json {
        print::json(&line(&case, engine.name(), &replayed))
    } else {
        print::out(&text(&case, engine.name(), &replayed))
    };
    let verdict = if agrees(&replayed) {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    verdict.after([printed.map_err(Failure::from)])
}

fn agrees(replayed: &CaseReplay) -> bool {
    match replayed {
        CaseReplay::Ran { mismatches, .. } => mismatches.is_empty(),
        CaseReplay::MissingKey(_) => false,
    }
}

const fn kind(payload: &Payload) -> &'static str {
    match payload {
        Payload::Transfer { .. } => "transfer",
        Payload::Upload(_) => "upload",
        Payload::Deploy { .. } => "deploy",
        Payload::Call { .. } => "call",
    }
}

fn outcome(outcome: &Outcome) -> OutcomeLine<'_> {
    OutcomeLine {
        by: &outcome.by,
        exit: outcome.receipt.exit.name(),
        code: outcome.receipt.code,
        gas_used: outcome.receipt.gas_used.to_string(),
        diff_hash: hex::encode(outcome.diff_hash),
    }
}

fn line<'a>(case: &'a Case, engine: &'a str, replayed: &'a CaseReplay) -> CaseLine<'a> {
    let payload = &case.transaction.transaction.payload;
    let contract = match payload {
        Payload::Call { contract, .. } => Some(hex::encode(contract)),
        _ => None,
    };
    let (here, mismatches, beyond) = match replayed {
        CaseReplay::Ran {
            outcome: here,
            mismatches,
        } => (Some(outcome(here)), mismatches.as_slice(), None),
        CaseReplay::MissingKey(key) => (None, &[][..], Some(hex::encode(key))),
    };
    let mismatch = |mismatch: &'a Mismatch| CaseMismatchLine {
        field: mismatch.field,
        key: mismatch.key.as_deref(),
        expected: &mismatch.left,
        here: &mismatch.right,
    };
    CaseLine {
        agreed: agrees(replayed),
        height: case.block.height.0,
        transaction: case.index,
        tx_id: hex::encode(case.transaction.transaction.id()),
        kind: kind(payload),
        contract,
        entry: payload.invocation().map(|(entry, _)| entry),
        engine,
        keys: case.state.len(),
        expected: outcome(&case.expected),
        found: outcome(&case.found),
        here,
        beyond,
        mismatches: mismatches.iter().map(mismatch).collect(),
    }
}

fn text(case: &Case, engine: &str, replayed: &CaseReplay) -> String {
    let word = match agrees(replayed) {
        true => print::coloured("agreed", Colour::Green),
        false => print::coloured("disagreed", Colour::Red),
    };
    let payload = &case.transaction.transaction.payload;
    let entry = payload.invocation().map_or(String::new(), |(entry, _)| {
        format!(" of {}", printable(entry))
    });
    let mut text = format!(
        "{word}: block {}, transaction {}, {}{entry}\n",
        grouped(case.block.height.0),
        case.index,
        kind(payload)
    );
    let mut row = |name: &str, value: &str| text.push_str(&format!("  {name:<14}{value}\n"));
    row(
        "transaction",
        &hex::encode(case.transaction.transaction.id()),
    );
    row("engine", engine);
    row("read set", &counted(case.state.len(), "key"));
    let mut show = |name: &str, outcome: &Outcome| {
        let receipt = &outcome.receipt;
        let gas = grouped(receipt.gas_used);
        let by = printable(&outcome.by);
        row(
            name,
            &format!("{}, {gas} gas, by {by}", receipt.exit.name()),
        );
    };
    show("expected", &case.expected);
    show("found", &case.found);
    match replayed {
        CaseReplay::MissingKey(key) => {
            let key = hex::encode(key);
            text.push_str(&format!(
                "  reads a state key that is not in the case file: {key}\n"
            ));
        }
        CaseReplay::Ran {
            outcome,
            mismatches,
        } => {
            show("here", outcome);
            for mismatch in mismatches {
                text.push_str(&mismatch_text(mismatch));
            }
        }
    }
    text
}

fn mismatch_text(mismatch: &Mismatch) -> String {
    let key = mismatch.key.as_ref().map(|key| format!(" {key}"));
    format!(
        "  {}{}\n    expected: {}\n    here:     {}\n",
        mismatch.field,
        key.unwrap_or_default(),
        mismatch.left,
        mismatch.right
    )
}
