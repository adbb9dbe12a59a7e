//! Tests `lockstep check`: the keys of its JSON line, warnings, several files.

use crate::{file, is_hex, keys, lockstep, sample};
use serde_json::{Value, json};

const SHAPE: [&str; 8] = [
    "accepted",
    "code_hash",
    "exports",
    "file",
    "floats",
    "imports",
    "rejection",
    "warnings",
];

#[test]
fn an_accepted_module_has_the_frozen_shape() {
    let ran = lockstep(&["check", &sample("math.wasm"), "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let line = ran.json();
    assert_eq!(keys(&line), SHAPE);
    assert_eq!(line["accepted"], true);
    assert!(is_hex(&line["code_hash"], 32));
    assert_eq!(line["floats"], json!({ "operators": 0, "functions": 0 }));
    assert_eq!(line["imports"], json!([]));
    assert!(
        line["exports"]
            .as_array()
            .unwrap()
            .contains(&json!("factorial"))
    );
    assert_eq!(line["rejection"], Value::Null);
}

#[test]
fn imports_are_module_dot_name() {
    let line = lockstep(&["check", &sample("store.wasm"), "--json"]).json();
    assert!(
        line["imports"]
            .as_array()
            .unwrap()
            .contains(&json!("lockstep.storage_read"))
    );
}

#[test]
fn the_code_hash_is_the_sha256_of_the_assembled_bytes() {
    let text = "(module (func (export \"f\")))";
    let as_text = lockstep(&["check", &file("hash.wat", text), "--json"]).json();
    let bytes = wat::parse_str(text).unwrap();
    // The format is detected from the content, not from the file name.
    let as_bytes = lockstep(&["check", &file("hash-binary.wat", &bytes), "--json"]).json();
    let as_other = lockstep(&["check", &file("hash-text.wasm", text), "--json"]).json();
    assert_eq!(as_text["code_hash"], as_bytes["code_hash"]);
    assert_eq!(as_text["code_hash"], as_other["code_hash"]);
    use sha2::Digest;
    assert_eq!(
        as_text["code_hash"],
        hex::encode(sha2::Sha256::digest(&bytes))
    );
}

#[test]
fn default_output_of_rustc_with_std_is_accepted() {
    let line = lockstep(&["check", &sample("std_default.wasm"), "--json"]).json();
    assert_eq!(line["accepted"], true, "{line}");
}

#[test]
fn each_file_has_one_line_and_the_worst_verdict_decides_the_exit_code() {
    let good = sample("math.wasm");
    let bad = file("check-bad.wasm", b"\0asm");
    let missing = crate::scratch("check-missing.wasm")
        .to_str()
        .unwrap()
        .to_owned();
    let ran = lockstep(&["check", &good, &bad, "--json"]);
    assert_eq!(ran.code, 3);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["accepted"], true);
    assert_eq!(lines[1]["accepted"], false);
    assert_eq!(keys(&lines[1]), SHAPE);
    let ran = lockstep(&["check", &missing, &bad, &good, "--json"]);
    assert_eq!(ran.code, 4);
    assert_eq!(ran.stdout.lines().count(), 2);
    assert!(ran.stderr.contains("check-missing.wasm"), "{}", ran.stderr);
}

#[test]
fn all_float_operators_are_counted_including_moves() {
    let text = "(module (func (export \"f\") (param f64) (result i64)
        (i64.trunc_sat_f64_s (f64.add (local.get 0) (f64.const 1))))
        (func (drop (f32.const 0))) (func))";
    let line = lockstep(&["check", &file("floats.wat", text), "--json"]).json();
    assert_eq!(line["accepted"], true);
    assert_eq!(line["floats"], json!({ "operators": 4, "functions": 2 }));
}

#[test]
fn the_policy_reject_reports_the_function_with_the_float() {
    let text = "(module (func $idle) (func $rate (drop (f64.const 1))))";
    let path = file("reject-floats.wat", text);
    let ran = lockstep(&["check", &path, "--floats", "reject", "--json"]);
    assert_eq!(ran.code, 3);
    let line = ran.json();
    assert_eq!(line["rejection"]["name"], "FloatOperator");
    assert_eq!(
        line["rejection"]["function"],
        json!({ "index": 1, "name": "rate" })
    );
    assert_eq!(line["floats"], json!({ "operators": 1, "functions": 1 }));
    assert_eq!(lockstep(&["check", &path, "--floats", "lower"]).code, 0);
    assert_eq!(lockstep(&["check", &path, "--floats", "maybe"]).code, 2);
}

fn warnings(name: &str, text: &str) -> Vec<String> {
    let line = lockstep(&["check", &file(name, text), "--json"]).json();
    assert_eq!(line["accepted"], true, "{line}");
    let warnings = line["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|warning| warning["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_shadow_stack_above_data_is_a_warning() {
    let module = |pointer: u32| {
        format!(
            "(module (memory 2) (global $__stack_pointer (mut i32) (i32.const {pointer}))
                (data (i32.const 1024) \"x\"))"
        )
    };
    assert_eq!(
        warnings("stack-last.wat", &module(66_560)),
        ["stack-not-first"]
    );
    assert_eq!(warnings("stack-first.wat", &module(1_024)), [""; 0]);
}

#[test]
fn an_absolute_path_in_data_is_a_warning_on_standard_error_too() {
    let text = r#"(module (memory 1) (data (i32.const 0) "\00panic at /home/someone/lib.rs\00"))"#;
    assert_eq!(warnings("path.wat", text), ["absolute-path"]);
    let ran = lockstep(&["check", &file("path-text.wat", text)]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("absolute path: /home/someone/lib.rs"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_text_has_the_verdict_entries_and_signatures() {
    let text = "(module (func (export \"go\")) (func (export \"add\") (param i32 i64) (result i64)
        (local.get 1)))";
    let ran = lockstep(&["check", &file("text.wat", text)]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("text.wat: accepted\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\n  entries    go\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\n  exports    add(i32, i64) -> i64\n"),
        "{}",
        ran.stdout
    );
}
