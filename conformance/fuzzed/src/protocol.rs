//! Reads the lines of an engine that is another program.
#![expect(
    clippy::expect_used,
    reason = "a property that is not true must stop the fuzzer"
)]

use conformance::foreign::Served;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use vectors::foreign::connection::{Connection, Link};
use vectors::foreign::run;
use vectors::source::Set;

/// One vector in so many is run.
const STEP: usize = 240;

/// Vectors of some guests that call the host, return and trap.
fn set() -> &'static Set {
    static SET: OnceLock<Set> = OnceLock::new();
    SET.get_or_init(|| {
        let mut set = Set::embedded().expect("the embedded vectors are read");
        set.keep(&["call", "message"]);
        // The inputs of probes are long.
        let is_short = |name: &str| !name.starts_with("probe ");
        set.choose(|position, name| position.checked_rem(STEP) == Some(0) && is_short(name));
        set
    })
}

/// An engine whose lines are given.
struct Lines(VecDeque<String>);

impl Link for Lines {
    fn exchange(&mut self, _: &str, reply_bytes_max: usize) -> Result<String, String> {
        match self.0.pop_front() {
            Some(line) if line.len() <= reply_bytes_max => Ok(line),
            Some(_) => Err("a long line".to_owned()),
            None => Err("the program ended".to_owned()),
        }
    }
}

/// Lines of an engine, from its hello on: results, failed vectors, or an error with the name of
/// the vector.
pub fn lines(bytes: &[u8]) {
    let lines = String::from_utf8_lossy(bytes);
    let lines = lines.lines().map(str::to_owned).collect();
    let opened = Connection::open(Box::new(Lines(lines)), &node::rules::version_1());
    let Ok(connection) = opened else {
        return;
    };
    let set = set();
    let (observed, broken) = run::run(set, connection, &mut |_, _| ());
    let names = set.vectors().map(|vector| &vector.name);
    assert!(
        observed
            .iter()
            .map(|of| &of.name)
            .eq(names.take(observed.len()))
    );
    match broken {
        Some(error) => {
            let next = set.vectors().nth(observed.len());
            assert_eq!(next.map(|vector| &vector.name), Some(&error.location));
        }
        None => assert_eq!(observed.len(), set.vectors().count()),
    }
}

/// An engine of this project, whose lines are kept.
struct Kept {
    served: Served,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Link for Kept {
    fn exchange(&mut self, line: &str, _: usize) -> Result<String, String> {
        let reply = self.served.line(line).map_err(|error| error.to_string())?;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(reply.clone());
        Ok(reply)
    }
}

/// The lines with which an engine of this project runs the vectors.
#[must_use]
pub fn sample() -> Vec<u8> {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Kept {
        served: Served::new(None),
        lines: Arc::clone(&lines),
    };
    let opened = Connection::open(Box::new(kept), &node::rules::version_1());
    let (_, broken) = run::run(set(), opened.expect("it says hello"), &mut |_, _| ());
    assert_eq!(broken, None);
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.join("\n").into_bytes()
}
