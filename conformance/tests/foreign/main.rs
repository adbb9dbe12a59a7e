//! Runs vectors on wasmi behind the protocol for foreign engines, right and wrong.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

mod hostile;
mod transcript;

use conformance::foreign::{BUGS, EngineBug, Served};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vectors::foreign::connection::{Connection, Link};
use vectors::foreign::process::Process;
use vectors::foreign::run;
use vectors::foreign::wire::EXECUTION_KINDS;
use vectors::report::{self, Report};
use vectors::source::Set;

/// The program of this package that serves wasmi.
const PROGRAM: &str = env!("CARGO_BIN_EXE_wasmi_engine");

/// An engine in this process; keeps all lines.
struct Direct {
    served: Served,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Direct {
    fn new(bug: Option<EngineBug>) -> Self {
        Self {
            served: Served::new(bug),
            lines: Arc::default(),
        }
    }
}

impl Link for Direct {
    fn exchange(&mut self, line: &str, reply_bytes_max: usize) -> Result<String, String> {
        let reply = self.served.line(line).map_err(|error| error.to_string())?;
        assert!(reply.len() <= reply_bytes_max, "{} bytes", reply.len());
        let mut lines = self.lines.lock().unwrap();
        lines.push(format!("> {line}"));
        lines.push(format!("< {reply}"));
        Ok(reply)
    }
}

fn connection(link: impl Link + 'static) -> Connection {
    Connection::open(Box::new(link), &node::rules::version_1()).unwrap()
}

/// The vectors that execute guests: every one of these kinds whose number is a multiple of `step`.
fn set(kinds: &[&str], step: usize) -> Set {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/data");
    let mut set = Set::of_folder(&folder).unwrap();
    set.keep(kinds);
    set.choose(|position, _| position % step == 0);
    set
}

fn report_of(set: &Set, connection: Connection) -> Report {
    let (observed, broken) = run::run(set, connection, &mut |_, _| ());
    assert_eq!(broken, None);
    Report::new(set, vec!["wasmi".to_owned()], observed)
}

#[test]
fn wasmi_behind_the_protocol_returns_every_expected_result() {
    let set = set(&EXECUTION_KINDS, 1);
    let report = report_of(&set, connection(Direct::new(None)));
    assert!(report.vectors > 2_000, "{}", report.vectors);
    assert_eq!(report.first_difference, None);
}

#[test]
fn an_engine_that_takes_the_original_and_meters_by_itself_returns_the_same() {
    let set = set(&EXECUTION_KINDS, 5);
    let direct = Direct {
        served: Served::reference(),
        lines: Arc::default(),
    };
    let lines = Arc::clone(&direct.lines);
    let report = report_of(&set, connection(direct));
    assert_eq!((report.differing, report.vectors > 400), (0, true));
    let lines = lines.lock().unwrap();
    assert!(lines.iter().all(|line| !line.contains("\"instrumented\":")));
}

#[test]
fn a_program_returns_what_the_engine_in_this_process_does() {
    let set = set(&["call", "message"], 23);
    let process = Process::start(PROGRAM, Duration::from_secs(600)).unwrap();
    let there = report_of(&set, connection(process));
    let here = report_of(&set, connection(Direct::new(None)));
    assert_eq!(there.root, here.root);
    assert_eq!((there.differing, there.vectors > 80), (0, true));
}

/// The first unexpected vector of an engine with this bug, and its fields that differ.
fn found(bug: EngineBug) -> (String, Vec<String>) {
    let set = set(&["call"], 3);
    let report = report_of(&set, connection(Direct::new(Some(bug))));
    let unexpected = report::unexpected(&set, &report);
    let (vector, fields) = unexpected.into_iter().next().expect("the bug is found");
    (vector, fields.into_iter().map(|of| of.field).collect())
}

#[test]
fn an_engine_that_rounds_gas_at_traps_sees_the_name_of_a_vector_that_traps() {
    let (vector, fields) = found(EngineBug::GasAtTraps);
    assert_eq!(fields, ["gas_used"], "{vector}");
    let set = set(&["call"], 3);
    let named = set.vectors().find(|of| of.name == vector).unwrap();
    assert_eq!(named.expected["exit"], "trap");
}

#[test]
fn every_other_bug_of_an_engine_is_found_in_a_named_vector() {
    assert_eq!(BUGS.len(), 3, "a bug without a test");
    let (_, fields) = found(EngineBug::ShortDigest);
    assert_eq!(fields, ["memory"]);
    let (_, fields) = found(EngineBug::GasReturned);
    assert!(fields.iter().any(|field| field == "failed"), "{fields:?}");
}
