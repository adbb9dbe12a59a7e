//! Enforces that each command of each page is run by a program, or left out with a reason.

use crate::tidy::{files, report};
use conformance::pages::{Plan, steps};

/// Pages of which `--bin pages` runs the commands.
fn is_run(name: &str) -> bool {
    name == "README.md" || name == "contracts/README.md" || name.starts_with("docs/")
}

#[test]
fn every_command_of_a_page_is_run_or_left_with_a_reason() {
    let mut breaches = Vec::new();
    let mut run = 0_usize;
    for (name, text) in files(".md") {
        for step in steps(&name, &text) {
            let place = format!("{name}:{}: {}", step.line, step.shown);
            match step.plan {
                Plan::Unknown => breaches.push(format!("{place}: nothing runs it")),
                Plan::Run { .. } if !is_run(&name) => {
                    breaches.push(format!("{place}: `--bin pages` does not read this page"));
                }
                Plan::Run { .. } | Plan::Write { .. } => run += 1,
                Plan::Leave(_) => {}
            }
        }
    }
    assert!(run > 20, "{run} commands: the reader is broken");
    report(breaches);
}
