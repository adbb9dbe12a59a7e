//! Looks for an injected bug with four independent checks, and lists which of them found it.
//!
//! * `seeds`: generated modules against the reference;
//! * `single`: single operators and control flow with edge values against the reference;
//! * `sweep`: the catalogue's programs against the reference at every gas limit;
//! * `catalogue`: the exits that the files of the catalogue state, written by hand.

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

/// Number of generated modules in the check `seeds`.
const SEEDS: u64 = 1_200;
/// Catalogue programs that use more gas are not swept here.
const SWEPT_TOTAL_MAX: u64 = 30_000;

/// A check: its name, and a function that returns the first evidence against an engine.
pub type BugCheck = (
    &'static str,
    fn(&dyn Engine, &[Case], &Arc<Rules>) -> Option<String>,
);

/// The checks, cheap ones first.
pub const CHECKS: [BugCheck; 4] = [
    ("catalogue", by_stated_exit),
    ("sweep", by_sweep),
    ("single", by_operators),
    ("seeds", by_seeds),
];

/// The checks that found a bug, with their evidence.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Name of the bug.
    pub bug: &'static str,
    /// The evidence of each check that found it.
    pub evidence: Vec<(&'static str, String)>,
}

/// Looks for `bug` until `enough` checks have found it. The cases must not call the host.
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

/// Cases whose module has no imports: a faulty instrumented module runs without a host.
#[must_use]
pub fn without_host(cases: Vec<Case>) -> Vec<Case> {
    cases
        .into_iter()
        .filter(|case| has_no_imports(&case.program))
        .collect()
}

fn has_no_imports(program: &Program) -> bool {
    program.module.imports().is_empty()
}

fn by_stated_exit(engine: &dyn Engine, cases: &[Case], _rules: &Arc<Rules>) -> Option<String> {
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
    if programs.iter().any(|program| !has_no_imports(program)) {
        return None;
    }
    let found = compare(programs, &[engine], 2, &mut Random::new(seed)).ok()?;
    found.differences.first().map(ToString::to_string)
}

/// The table of results: one line for each bug, one column for each check.
#[must_use]
pub fn table(findings: &[Finding]) -> String {
    let mut lines = format!("{:52}", "injected bug");
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
