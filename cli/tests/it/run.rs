//! Tests `lockstep run`: values, gas, exits, arguments, and the effects of a contract entry.

use crate::{CommandOutput, file, is_hex, keys, lockstep, sample};
use serde_json::{Value, json};

/// A module with functions for every kind of exit and for arguments of both types.
const MODULE: &str = r#"(module
    (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
    (import "lockstep" "return" (func $return (param i32 i32)))
    (import "lockstep" "revert" (func $revert (param i32 i32)))
    (import "lockstep" "emit_event" (func $emit (param i32 i32 i32 i32)))
    (import "lockstep" "debug_log" (func $log (param i32 i32)))
    (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
    (import "lockstep" "block_height" (func $height (result i64)))
    (memory (export "memory") 1)
    (data (i32.const 64) "hello\0aworld")
    (func (export "echo")
        (call $emit (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 5))
        (call $log (i32.const 64) (i32.const 11))
        (call $write (i32.const 64) (i32.const 1) (i32.const 65) (i32.const 2))
        (call $return (i32.const 128) (call $input (i32.const 128) (i32.const 8))))
    (func (export "refuse")
        (call $emit (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 5))
        (call $revert (i32.const 64) (i32.const 5)))
    (func (export "outside") (call $return (i32.const 65535) (i32.const 2)))
    (func $inner (unreachable))
    (func (export "stop") (call $inner))
    (func (export "spin") (loop (br 0)))
    (func (export "height") (result i64) (call $height))
    (func (export "same32") (param i32) (result i32) (local.get 0))
    (func (export "same64") (param i64) (result i64) (local.get 0)))"#;

fn run(name: &str, rest: &[&str]) -> CommandOutput {
    let path = file(&format!("run-{name}.wat"), MODULE);
    let mut arguments = vec!["run", &path];
    arguments.extend(rest);
    lockstep(&arguments)
}

#[track_caller]
fn math(rest: &[&str]) -> Value {
    let path = sample("math.wasm");
    let mut arguments = vec!["run", path.as_str()];
    arguments.extend(rest);
    arguments.push("--json");
    lockstep(&arguments).json()
}

fn number(value: &Value) -> u64 {
    value
        .as_str()
        .expect("a decimal string")
        .parse()
        .expect("a decimal string")
}

#[test]
fn factorial_of_five_is_120_with_gas() {
    let path = sample("math.wasm");
    let ran = lockstep(&["run", &path, "factorial", "5", "--gas", "100000", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let line = ran.json();
    for key in [
        "exit",
        "values",
        "trap",
        "gas_used",
        "gas_limit",
        "memory_sha256",
        "frame_gas",
    ] {
        assert!(keys(&line).contains(&key), "{key}");
    }
    assert_eq!(line["exit"], "return");
    assert_eq!(line["values"], json!(["120"]));
    assert_eq!(line["trap"], Value::Null);
    assert_eq!(line["gas_limit"], "100000");
    assert!(number(&line["gas_used"]) > 0);
    assert!(number(&line["frame_gas"]) > 0);
    assert!(is_hex(&line["memory_sha256"], 32));
    let text = lockstep(&["run", &path, "factorial", "5"]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.starts_with("return  120\n"), "{}", text.stdout);
    assert!(
        text.stdout.contains(" of 1,000,000,000\n"),
        "{}",
        text.stdout
    );
}

#[test]
fn gas_is_exactly_that_of_entry_and_operators() {
    // First entry 4,000 + 400 * 4 operators; entry 40 + 3 * 4 slots; three operators of 10, end 0.
    let text = "(module (func (export \"add\") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))";
    let path = file("gas.wat", text);
    let line = lockstep(&["run", &path, "add", "1", "2", "--json"]).json();
    let used = number(&line["gas_used"]);
    assert_eq!(used, 4_000 + 400 * 4 + 40 + 3 * 4 + 30);
    assert_eq!(line["memory_sha256"], Value::Null, "there is no memory");
    let exact = lockstep(&[
        "run",
        &path,
        "add",
        "1",
        "2",
        "--json",
        "--gas",
        &used.to_string(),
    ]);
    assert_eq!(
        (exact.code, exact.json()["exit"].clone()),
        (0, json!("return"))
    );
    let less = (used - 1).to_string();
    let short = lockstep(&["run", &path, "add", "1", "2", "--json", "--gas", &less]);
    assert_eq!(short.code, 1);
    assert_eq!(short.json()["exit"], "out-of-gas");
    assert_eq!(short.json()["gas_used"], json!(less));
}

#[test]
fn negative_arguments_work_with_and_without_two_dashes() {
    assert_eq!(math(&["add", "-1", "2"])["values"], json!(["1"]));
    let path = sample("math.wasm");
    let dashes = lockstep(&["run", &path, "add", "--json", "--", "-1", "-2"]);
    assert_eq!(dashes.json()["values"], json!(["-3"]));
}

#[test]
fn arguments_are_signed_or_unsigned_and_values_are_signed() {
    let value = |function: &str, argument: &str| {
        run("values", &[function, argument, "--json"]).json()["values"][0].clone()
    };
    assert_eq!(value("same32", "4294967295"), "-1");
    assert_eq!(value("same32", "-2147483648"), "-2147483648");
    assert_eq!(value("same64", "18446744073709551615"), "-1");
    assert_eq!(
        value("same64", "-9223372036854775808"),
        "-9223372036854775808"
    );
    let outside = [
        ("same32", "4294967296"),
        ("same32", "-2147483649"),
        ("same64", "18446744073709551616"),
        ("same64", "-9223372036854775809"),
        ("same64", "0x10"),
        ("same64", "1.5"),
        ("same64", ""),
    ];
    for (function, argument) in outside {
        let ran = run("outside", &[function, argument]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{function} {argument}"
        );
    }
}

#[test]
fn unknown_functions_and_wrong_counts_are_usage_errors() {
    let unknown = run("unknown", &["nope"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("same32(i32) -> i32"),
        "{}",
        unknown.stderr
    );
    assert_eq!(run("few", &["same32"]).code, 2);
    assert_eq!(run("many", &["same32", "1", "2"]).code, 2);
    assert_eq!(run("memory", &["memory"]).code, 2);
    assert_eq!(run("entries", &[]).code, 2, "there is more than one entry");
}

#[test]
fn the_interpreter_returns_what_the_reference_returns() {
    for call in [&["spin"][..], &["same32", "7"], &["height"], &["nope"]] {
        let with = |engine: &'static str| {
            let call: Vec<&str> = call.iter().copied().chain(["--engine", engine]).collect();
            let output = run(engine, &call);
            (output.code, output.stdout)
        };
        assert_eq!(with("interpreter"), with("reference"), "{call:?}");
    }
}

#[test]
fn options_that_do_not_exist_or_do_not_fit_are_usage_errors() {
    assert_eq!(run("engine", &["spin", "--engine", "nope"]).code, 2);
    assert_eq!(
        run("gas", &["height", "--gas", "9223372036854775807"]).code,
        0
    );
    assert_eq!(
        run("gas-above", &["height", "--gas", "9223372036854775808"]).code,
        2
    );
    assert_eq!(run("gas-below", &["height", "--gas", "-1"]).code, 2);
    assert_eq!(run("input", &["echo", "--input", "0x"]).code, 2);
    assert_eq!(run("input-odd", &["echo", "--input", "abc"]).code, 2);
}

#[test]
fn a_call_of_an_entry_shows_output_events_writes_and_log() {
    let ran = run("echo", &["echo", "--input", "0102ff", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["exit"], "return");
    assert_eq!(line["values"], json!([]));
    assert_eq!(line["output"], "0102ff");
    let zeros = "00".repeat(32);
    let event = json!({ "address": zeros, "topics": [zeros], "data": hex::encode("hello") });
    assert_eq!(line["events"], json!([event]));
    let write = json!({ "key": hex::encode("h"), "value": hex::encode("el") });
    assert_eq!(line["writes"], json!([write]));
    assert_eq!(line["debug_log"], "hello\nworld");
    let text = run("echo-text", &["echo", "--input", "0102ff"]).stdout;
    assert!(text.contains("\n  output     0102ff\n"), "{text}");
    assert!(
        text.contains("\n  log        hello\n  log        world\n"),
        "{text}"
    );
}

#[test]
fn a_revert_keeps_its_output_and_nothing_else() {
    let ran = run("refuse", &["refuse", "--json"]);
    assert_eq!(ran.code, 1);
    let line = ran.json();
    assert_eq!(line["exit"], "revert");
    assert_eq!(line["output"], hex::encode("hello"));
    assert_eq!(line["events"], json!([]));
    assert_eq!(line["memory_sha256"], Value::Null);
}

#[test]
fn a_trap_shows_code_function_and_offset() {
    let ran = run("stop", &["stop", "--json"]);
    assert_eq!(ran.code, 1);
    let line = ran.json();
    assert_eq!(line["exit"], "trap");
    assert_eq!(line["trap"]["code"], 1);
    assert_eq!(line["trap"]["name"], "Unreachable");
    assert_eq!(line["trap"]["functions"][0]["name"], "inner");
    assert!(line["trap"]["offset"].is_u64(), "{line}");
    assert_eq!(line["memory_sha256"], Value::Null);
    let text = run("stop-text", &["stop"]);
    assert!(
        text.stdout.starts_with("trap  Unreachable (1): "),
        "{}",
        text.stdout
    );
    assert!(text.stdout.contains("(inner), offset "), "{}", text.stdout);
}

#[test]
fn traps_of_the_host_and_of_arithmetic_have_their_codes() {
    assert_eq!(
        run("outside", &["outside", "--json"]).json()["trap"]["name"],
        "MemoryRange"
    );
    assert_eq!(
        math(&["divide", "1", "0"])["trap"]["name"],
        "IntegerDivideByZero"
    );
    let overflow = math(&["divide", "-9223372036854775808", "-1"]);
    assert_eq!(overflow["trap"]["code"], 3);
}

#[test]
fn an_endless_loop_runs_out_of_gas() {
    let ran = run("spin", &["spin", "--gas", "12345", "--json"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()["exit"], "out-of-gas");
    assert_eq!(ran.json()["gas_used"], "12345");
    assert_eq!(
        run("none", &["height", "--gas", "0", "--json"]).json()["exit"],
        "out-of-gas"
    );
}

#[test]
fn the_only_entry_is_the_default_and_runs_after_the_start_function() {
    let text = r#"(module (memory 1) (global $ready (mut i32) (i32.const 0))
        (func $begin (global.set $ready (i32.const 1)))
        (start $begin)
        (func (export "only") (if (i32.eqz (global.get $ready)) (then (unreachable)))))"#;
    let line = lockstep(&["run", &file("only.wat", text), "--json"]).json();
    assert_eq!(
        (&line["exit"], &line["function"]),
        (&json!("return"), &json!("only"))
    );
    let none = file("no-entry.wat", "(module (func (export \"f\") (param i32)))");
    assert_eq!(lockstep(&["run", &none]).code, 2);
}

#[test]
fn an_entry_runs_at_height_one() {
    assert_eq!(
        run("height", &["height", "--json"]).json()["values"],
        json!(["1"])
    );
}

#[test]
fn floats_of_a_function_are_their_bits_with_a_note() {
    let text = "(module (func (export \"same\") (param f64) (result f64) (local.get 0)))";
    let ran = lockstep(&["run", &file("bits.wat", text), "same", "5"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("return  5\n"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("integers with the same bits"),
        "{}",
        ran.stderr
    );
    assert_eq!(run("no-note", &["same64", "5"]).stderr, "");
}

#[test]
fn the_counter_example_of_the_help_text_works() {
    let path = sample("counter.wasm");
    let input = "0500000000000000";
    let ran = lockstep(&["run", &path, "increment", "--input", input, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["output"], input);
    assert_eq!(line["events"][0]["data"], format!("{input}{input}"));
    assert_eq!(line["writes"][0]["value"], input);
}
