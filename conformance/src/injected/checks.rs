//! Looks for a planted bug with four checks that share little, and prints who found it.
//!
//! * `seeds`: generated modules against the reference;
//! * `single`: single operators and control at the edges against the reference;
//! * `sweep`: the catalogue's programs against the reference at every gas limit;
//! * `catalogue`: the ends that the catalogue's files promise, which no engine of ours wrote.

use super::bugs::Bug;
use crate::catalogue::{Case, describe};
use crate::differential::compare::compare;
use crate::differential::random::Random;
use crate::differential::{generate, single};
use crate::observation::observe;
use crate::program::Program;
use crate::sweep::sweep;
use reference::Reference;
use std::sync::Arc;
use vm::{Engine, Rules};

/// Generated modules that look for a bug.
const SEEDS: u64 = 400;
/// A catalogue program that costs more is not swept here.
const SWEPT_TOTAL_MAX: u64 = 3_000;

/// A check, by name: the first evidence against an engine, if it finds any.
pub type Check = (
    &'static str,
    fn(&dyn Engine, &[Case], &Arc<Rules>) -> Option<String>,
);

/// The checks, cheap ones first.
pub const CHECKS: [Check; 4] = [
    ("catalogue", by_promise),
    ("sweep", by_sweep),
    ("single", by_operators),
    ("seeds", by_seeds),
];

/// Which checks found a bug, with what.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The bug.
    pub bug: &'static str,
    /// The evidence of each check that found it.
    pub evidence: Vec<(&'static str, String)>,
}

/// Looks for `bug` until `enough` checks have found it. Cases must hold no host call.
#[must_use]
pub fn find(bug: &Bug, cases: &[Case], enough: usize) -> Finding {
    let rules = Arc::new(Rules::v1());
    let mut evidence = Vec::new();
    for (name, check) in CHECKS {
        if evidence.len() < enough {
            let found = check(bug.engine.as_ref(), cases, &rules);
            evidence.extend(found.map(|found| (name, found)));
        }
    }
    Finding {
        bug: bug.name,
        evidence,
    }
}

/// Cases whose module imports nothing: a broken emitted module runs without a host.
#[must_use]
pub fn without_host(cases: Vec<Case>) -> Vec<Case> {
    cases
        .into_iter()
        .filter(|case| is_alone(&case.program))
        .collect()
}

fn is_alone(program: &Program) -> bool {
    program.module.imports().is_empty()
}

fn by_promise(engine: &dyn Engine, cases: &[Case], _rules: &Arc<Rules>) -> Option<String> {
    cases.iter().find_map(|Case { program, expected }| {
        let expected = expected.as_ref()?;
        match observe(engine, program, program.probe_gas) {
            Ok(seen) if describe(&seen.exit) == *expected => None,
            Ok(seen) => Some(format!(
                "{}: {} not {expected}",
                program.name,
                describe(&seen.exit)
            )),
            Err(fault) => Some(format!("{}: {fault}", program.name)),
        }
    })
}

fn by_sweep(engine: &dyn Engine, cases: &[Case], _rules: &Arc<Rules>) -> Option<String> {
    cases.iter().find_map(|Case { program, .. }| {
        if observe(&Reference::new(), program, program.probe_gas)
            .ok()?
            .gas_used
            > SWEPT_TOTAL_MAX
        {
            return None;
        }
        match sweep(&[engine], program) {
            Ok(found) => found.differences.first().map(ToString::to_string),
            Err(fault) => Some(format!("{}: {fault}", program.name)),
        }
    })
}

fn by_operators(engine: &dyn Engine, _cases: &[Case], rules: &Arc<Rules>) -> Option<String> {
    let groups = u64::try_from(single::groups()).unwrap_or_default();
    (0..groups).rev().find_map(|group| {
        let programs = single::programs(group, single::Depth::Quick, rules).ok()?;
        first_difference(engine, &programs, group)
    })
}

fn by_seeds(engine: &dyn Engine, _cases: &[Case], rules: &Arc<Rules>) -> Option<String> {
    (0..SEEDS).find_map(|seed| {
        let program = generate::program(seed, rules).ok()?;
        first_difference(engine, &[program], seed)
    })
}

fn first_difference(engine: &dyn Engine, programs: &[Program], seed: u64) -> Option<String> {
    if programs.iter().any(|program| !is_alone(program)) {
        return None;
    }
    let found = compare(programs, &[engine], 2, &mut Random::new(seed)).ok()?;
    found.differences.first().map(ToString::to_string)
}

/// The table: a line each bug, a column each check.
#[must_use]
pub fn table(findings: &[Finding]) -> String {
    let mut lines = format!("{:52}", "planted bug");
    for (name, _) in CHECKS {
        lines.push_str(&format!("{name:>11}"));
    }
    lines.push('\n');
    for finding in findings {
        lines.push_str(&format!("{:52}", finding.bug));
        for (name, _) in CHECKS {
            let found = finding.evidence.iter().any(|(check, _)| *check == name);
            lines.push_str(&format!("{:>11}", if found { "found" } else { "-" }));
        }
        lines.push('\n');
    }
    lines
}
