//! Runs the check of a mutant on the patched and on the unpatched copy.

use crate::mutants::{Mutant, Tree};
use std::io;
use std::process::{Command, Output};

/// Verdict on a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These tests failed.
    Found(Vec<String>),
    /// The check passed, so no test found the bug.
    Survived,
    /// Inconclusive: the patch does not apply or build, or no test ran.
    Broken(String),
}

/// Number of lines that are shown of a failed command.
const LINES_SHOWN: usize = 12;

/// Applies the mutant, builds, runs its check, and reverts the patch.
#[must_use]
pub fn try_mutant(tree: &Tree, mutant: &Mutant) -> Verdict {
    if let Err(error) = tree.patch(&mutant.patch) {
        return Verdict::Broken(error.to_string());
    }
    let verdict = check(tree, &mutant.check);
    match tree.revert(&mutant.patch) {
        Ok(()) => verdict,
        Err(error) => Verdict::Broken(error.to_string()),
    }
}

/// Runs a check on the unpatched copy: a check that fails there proves nothing about a mutant.
///
/// # Errors
/// Why the check proves nothing.
pub fn try_clean(tree: &Tree, arguments: &[String]) -> Result<(), String> {
    match check(tree, arguments) {
        Verdict::Survived => Ok(()),
        Verdict::Found(tests) => Err(format!("fails without a patch: {}", tests.join(", "))),
        Verdict::Broken(why) => Err(why),
    }
}

fn check(tree: &Tree, arguments: &[String]) -> Verdict {
    match cargo(tree, arguments, &["--no-run"]) {
        Ok(built) if built.status.success() => {}
        Ok(built) => {
            return Verdict::Broken(format!("does not build: {}", last_lines(&built.stderr)));
        }
        Err(error) => return Verdict::Broken(format!("cargo: {error}")),
    }
    match cargo(tree, arguments, &["--no-fail-fast"]) {
        Ok(ran) => judge(
            ran.status.success(),
            &String::from_utf8_lossy(&ran.stdout),
            &last_lines(&ran.stderr),
        ),
        Err(error) => Verdict::Broken(format!("cargo: {error}")),
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

fn judge(passes: bool, printed: &str, errors: &str) -> Verdict {
    let failed: Vec<String> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(str::to_owned)
        .collect();
    let ran = printed
        .lines()
        .any(|line| line.starts_with("test ") && line.contains(" ... "));
    match (passes, ran) {
        (false, _) if !failed.is_empty() => Verdict::Found(failed),
        (false, _) => Verdict::Broken(format!("ended without a failing test: {errors}")),
        (true, true) => Verdict::Survived,
        (true, false) => Verdict::Broken("the check runs no test".to_owned()),
    }
}

fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LINES_SHOWN);
    lines.get(skipped..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};

    const PASSES: &str = "test calls::a ... ok\n\ntest result: ok. 1 passed; 0 failed\n";
    const FAILS: &str = "test calls::a ... ok\ntest calls::b ... FAILED\n";

    #[test]
    fn a_failing_test_finds_a_mutant() {
        let found = Verdict::Found(vec!["calls::b".to_owned()]);
        assert_eq!(judge(false, FAILS, ""), found);
        assert_eq!(judge(true, PASSES, ""), Verdict::Survived);
    }

    #[test]
    fn an_abort_or_an_empty_filter_is_inconclusive() {
        let aborted = judge(false, PASSES, "signal: 6");
        assert!(matches!(aborted, Verdict::Broken(why) if why.contains("signal: 6")));
        let empty = judge(true, "test result: ok. 0 passed; 0 failed\n", "");
        assert!(matches!(empty, Verdict::Broken(_)));
    }
}
