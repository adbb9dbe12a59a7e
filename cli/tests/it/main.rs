//! Runs the built `lockstep` binary like a script: with arguments, and reads exit code and output.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "tests compute with known numbers"
)]

mod bisect;

mod check;

mod conform;

mod diagnosis;

mod foreign;

mod hostile_files;

mod inspect;

mod outputs;

mod proof;

mod rejected;

mod replay;

mod run;

mod sim;

mod snapshot;

mod stores;

mod tables;

mod upgrade;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Exit code and output of one run of the binary.
#[derive(Debug)]
struct CommandOutput {
    code: i32,
    stdout: String,
    stderr: String,
}

impl CommandOutput {
    /// The JSON line on standard output.
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON value ({error}): {self:?}"))
    }
}

/// Simulates 4 blocks into an archive; returns its path and the report.
fn archive(name: &str) -> (String, Value) {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    let ran = lockstep(&[
        "sim",
        "--json",
        "--blocks",
        "4",
        "--nodes",
        "1",
        "--archive",
        &path,
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    (path, ran.json())
}

/// Runs `lockstep` with `arguments`, without a terminal.
fn lockstep(arguments: &[&str]) -> CommandOutput {
    let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(arguments)
        .output()
        .expect("the binary starts");
    CommandOutput {
        code: output
            .status
            .code()
            .expect("the binary is not ended by a signal"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Path of a sample contract.
fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../contracts/wasm")
        .join(name);
    path.to_str().expect("UTF-8").to_owned()
}

/// A path that a test may write to; each test uses its own names.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Writes a file with this content; returns its path.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = scratch(name);
    std::fs::write(&path, content).expect("the test folder is writable");
    path.to_str().expect("UTF-8").to_owned()
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// True if `value` is a string of `bytes` bytes in lower-case hexadecimal digits.
fn is_hex(value: &Value, bytes: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    value
        .as_str()
        .is_some_and(|text| text.len() == 2 * bytes && text.bytes().all(digit))
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let all = lockstep(&["--help"]);
    assert_eq!(all.code, 0);
    assert!(all.stdout.contains("Exit codes"), "{}", all.stdout);
    for command in [
        "check", "run", "meter", "schedule", "inspect", "explain", "sim", "conform", "node",
        "proof",
    ] {
        assert!(all.stdout.contains(command));
        let help = lockstep(&[command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(
            help.stdout.contains(&format!("\n  lockstep {command}")),
            "{}",
            help.stdout
        );
        assert!(help.stdout.contains("--json"), "{}", help.stdout);
    }
}

#[test]
fn an_unknown_command_or_option_is_a_usage_error() {
    for arguments in [
        &["nope"][..],
        &[],
        &["check"],
        &["check", "a.wasm", "--nope"],
        &["run"],
    ] {
        let ran = lockstep(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn output_to_a_pipe_has_no_colours() {
    let ran = lockstep(&["check", &sample("math.wasm")]);
    assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'));
}
