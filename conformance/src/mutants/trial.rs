//! Runs the check of a mutant on the patched copy, and on the copy as it is.

use crate::mutants::{Mutant, Tree};
use std::io;
use std::process::{Command, Output};

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These tests failed.
    Found(Vec<String>),
    /// The check passed: nobody saw the mistake.
    Survived,
    /// Nothing was shown: the patch does not apply, it does not build, or no test ran.
    Broken(String),
}

/// Lines of a failed command that are shown.
const LINES_SHOWN: usize = 12;

/// Applies the mutant, builds, runs its check, and mends the copy.
#[must_use]
pub fn try_mutant(tree: &Tree, mutant: &Mutant) -> Verdict {
    if let Err(error) = tree.patch(&mutant.patch) {
        return Verdict::Broken(error.to_string());
    }
    let verdict = check(tree, &mutant.check);
    match tree.mend(&mutant.patch) {
        Ok(()) => verdict,
        Err(error) => Verdict::Broken(error.to_string()),
    }
}

/// Runs a check on the copy as it is; a check that fails there shows nothing about a mutant.
///
/// # Errors
/// Why nothing is shown.
pub fn try_clean(tree: &Tree, arguments: &[String]) -> Result<(), String> {
    match check(tree, arguments) {
        Verdict::Survived => Ok(()),
        Verdict::Found(tests) => Err(format!("fails without a mistake: {}", tests.join(", "))),
        Verdict::Broken(why) => Err(why),
    }
}

fn check(tree: &Tree, arguments: &[String]) -> Verdict {
    match cargo(tree, arguments, &["--no-run"]) {
        Ok(built) if built.status.success() => {}
        Ok(built) => return Verdict::Broken(format!("does not build: {}", end(&built.stderr))),
        Err(error) => return Verdict::Broken(format!("cargo: {error}")),
    }
    match cargo(tree, arguments, &["--no-fail-fast"]) {
        Ok(ran) => judge(
            ran.status.success(),
            &String::from_utf8_lossy(&ran.stdout),
            &end(&ran.stderr),
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
        // A patch changes a few lines of a large crate, again and again, and few tests are run.
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

fn end(bytes: &[u8]) -> String {
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
    fn a_failing_test_is_what_finds_a_mutant() {
        let found = Verdict::Found(vec!["calls::b".to_owned()]);
        assert_eq!(judge(false, FAILS, ""), found);
        assert_eq!(judge(true, PASSES, ""), Verdict::Survived);
    }

    #[test]
    fn neither_an_abort_nor_an_empty_filter_shows_anything() {
        let aborted = judge(false, PASSES, "signal: 6");
        assert!(matches!(aborted, Verdict::Broken(why) if why.contains("signal: 6")));
        let empty = judge(true, "test result: ok. 0 passed; 0 failed\n", "");
        assert!(matches!(empty, Verdict::Broken(_)));
    }
}
