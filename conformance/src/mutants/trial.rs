//! Runs the checks of a mutant on the patched and on the unpatched copy.

use crate::mutants::{Check, Mutant, Tree};
use std::io;
use std::process::{Command, Output};

/// Verdict on a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tests of these checks failed, and no other check survived.
    Found(Vec<OracleFinding>),
    /// All checks passed, so no test found the bug.
    Survived,
    /// Inconclusive: the patch does not apply or build, or no test ran.
    Broken(String),
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OracleFinding {
    /// The oracle: [`Check::oracle`].
    pub oracle: String,
    /// Tests that failed; none if the check passed.
    pub tests: Vec<String>,
    /// What the first one printed: the place of the failure, and its message.
    pub place: String,
}

/// Result of one check.
enum Checked {
    Failed(OracleFinding),
    Passed,
    Broken(String),
}

/// Number of lines that are shown of a failed command.
const LINES_SHOWN: usize = 12;

/// Applies the mutant, builds, runs its checks, and reverts the patch. Of several checks one must
/// find it; the result names all that do.
#[must_use]
pub fn try_mutant(tree: &Tree, mutant: &Mutant) -> Verdict {
    if let Err(error) = tree.patch(&mutant.patch) {
        return Verdict::Broken(error.to_string());
    }
    let verdict = run_checks(tree, &mutant.checks);
    match tree.revert(&mutant.patch) {
        Ok(()) => verdict,
        Err(error) => Verdict::Broken(error.to_string()),
    }
}

fn run_checks(tree: &Tree, checks: &[Check]) -> Verdict {
    let mut findings = Vec::new();
    for check in checks {
        match run_check(tree, check) {
            Checked::Failed(finding) => findings.push(finding),
            Checked::Passed => {}
            Checked::Broken(why) => return Verdict::Broken(format!("{}: {why}", check.line())),
        }
    }
    match findings.is_empty() {
        true => Verdict::Survived,
        false => Verdict::Found(findings),
    }
}

/// Runs a check on the unpatched copy: a check that fails there proves nothing about a mutant.
///
/// # Errors
/// Why the check proves nothing.
pub fn try_clean(tree: &Tree, check: &Check) -> Result<(), String> {
    match run_check(tree, check) {
        Checked::Passed => Ok(()),
        Checked::Failed(found) => {
            let tests = found.tests.join(", ");
            Err(format!("fails without a patch: {tests}: {}", found.place))
        }
        Checked::Broken(why) => Err(why),
    }
}

fn run_check(tree: &Tree, check: &Check) -> Checked {
    let arguments = &check.arguments;
    match cargo(tree, arguments, &["--no-run"]) {
        Ok(built) if built.status.success() => {}
        Ok(built) => {
            return Checked::Broken(format!("does not build: {}", last_lines(&built.stderr)));
        }
        Err(error) => return Checked::Broken(format!("cargo: {error}")),
    }
    match cargo(tree, arguments, &["--no-fail-fast"]) {
        Ok(ran) => judge(
            check,
            ran.status.success(),
            &String::from_utf8_lossy(&ran.stdout),
            &last_lines(&ran.stderr),
        ),
        Err(error) => Checked::Broken(format!("cargo: {error}")),
    }
}

/// `cargo test` with `options` before the other arguments.
fn cargo(tree: &Tree, arguments: &[String], options: &[&str]) -> io::Result<Output> {
    let (first, rest) = arguments.split_first().unzip();
    Command::new("cargo")
        .current_dir(tree.copy())
        .env("CARGO_TARGET_DIR", tree.build())
        // Patches change a few lines of a large crate one after the other, and few tests run.
        .env("CARGO_INCREMENTAL", "1")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .args(first)
        .arg("--locked")
        .args(options)
        .args(rest.unwrap_or_default())
        .output()
}

fn judge(check: &Check, passes: bool, printed: &str, errors: &str) -> Checked {
    let failed: Vec<String> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(str::to_owned)
        .collect();
    let ran = printed
        .lines()
        .any(|line| line.starts_with("test ") && line.contains(" ... "));
    match (passes, ran) {
        (false, _) if !failed.is_empty() => Checked::Failed(OracleFinding {
            oracle: check.oracle(),
            place: failed
                .first()
                .map_or(String::new(), |first| place(printed, first)),
            tests: failed,
        }),
        (false, _) => Checked::Broken(format!("ended without a failing test: {errors}")),
        (true, true) => Checked::Passed,
        (true, false) => Checked::Broken("the check runs no test".to_owned()),
    }
}

/// Where a test failed, and the first line of its message.
fn place(printed: &str, test: &str) -> String {
    let begin = format!("---- {test} stdout ----");
    let mut lines = printed.lines().skip_while(|line| **line != *begin);
    let Some(panicked) = lines.find_map(|line| line.split_once(" panicked at ")) else {
        return String::new();
    };
    let at = panicked.1.trim_end_matches(':');
    let message = lines.next().unwrap_or_default().trim();
    format!("{at}: {message}")
}

fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LINES_SHOWN);
    lines.get(skipped..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Check, Checked, judge};

    const PASSES: &str = "test calls::a ... ok\n\ntest result: ok. 1 passed; 0 failed\n";
    const FAILS: &str = "test calls::a ... ok\ntest calls::b ... FAILED\n\nfailures:\n\n\
                         ---- calls::b stdout ----\n\n\
                         thread 'calls::b' panicked at vm/tests/it/calls.rs:7:5:\n\
                         block 3, transaction 5: event\n";

    fn judged(passes: bool, printed: &str, errors: &str) -> Checked {
        let words = "test -p lockstep-node-sim --test it simulator";
        let arguments = words.split(' ').map(str::to_owned).collect();
        judge(&Check { arguments }, passes, printed, errors)
    }

    #[test]
    fn a_failing_test_finds_a_mutant_at_a_place() {
        let Checked::Failed(found) = judged(false, FAILS, "") else {
            panic!("found");
        };
        assert_eq!(found.oracle, "simulator");
        assert_eq!(found.tests, ["calls::b"]);
        let place = "vm/tests/it/calls.rs:7:5: block 3, transaction 5: event";
        assert_eq!(found.place, place);
        assert!(matches!(judged(true, PASSES, ""), Checked::Passed));
    }

    #[test]
    fn an_abort_or_an_empty_filter_is_inconclusive() {
        let aborted = judged(false, PASSES, "signal: 6");
        assert!(matches!(aborted, Checked::Broken(why) if why.contains("signal: 6")));
        let empty = judged(true, "test result: ok. 0 passed; 0 failed\n", "");
        assert!(matches!(empty, Checked::Broken(_)));
    }
}
