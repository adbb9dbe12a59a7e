//! The contract that most cases call: each entry is a loop of one host function.
//!
//! Memory: the input at 0 (target, count, bytes, first), names at 48, an address or a salt at 64,
//! amounts of 0 at 96 and 1 at 112, the key before 384, a value at 65,536, output at 131,072.

use crate::Done;

const IMPORTS: &[(&str, &str)] = &[
    ("input", "(param i32 i32) (result i32)"),
    ("return", "(param i32 i32)"),
    ("revert", "(param i32 i32)"),
    ("returned", "(param i32 i32) (result i32)"),
    ("self", "(param i32)"),
    ("storage_read", "(param i32 i32 i32 i32) (result i32)"),
    ("storage_write", "(param i32 i32 i32 i32)"),
    ("storage_remove", "(param i32 i32) (result i32)"),
    ("storage_has", "(param i32 i32) (result i32)"),
    (
        "storage_scan",
        "(param i32 i32 i32 i32 i32 i32 i32) (result i32)",
    ),
    ("emit_event", "(param i32 i32 i32 i32)"),
    ("transfer", "(param i32 i32) (result i32)"),
    ("set_code", "(param i32) (result i32)"),
    (
        "call",
        "(param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)",
    ),
    (
        "deploy",
        "(param i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)",
    ),
];

const BYTES: &str = "(i32.load (i32.const 36))";
const KEY: &str = "(i32.sub (i32.const 384) (global.get $key_bytes)) (global.get $key_bytes)";
/// Makes the input of the frame the beginning of what it passes on.
const PASS_ON: &str = "(memory.copy (i32.const 65536) (i32.const 0) (i32.const 44))";

/// Calls entry `name`, two bytes at `at`, of the target with `bytes` of input.
fn call(flags: u32, at: u32, bytes: &str) -> String {
    format!(
        "(call $call (i32.const {flags}) (i32.const 0) (i32.const {at}) (i32.const 2)
           (i32.const 65536) {bytes} (i32.const 96) (i64.const -1))"
    )
}

/// A loop over the keys of the input.
fn over_keys(body: &str) -> String {
    format!(
        "(call $load) (local.set $i (i32.load (i32.const 40)))
         (local.set $n (i32.add (local.get $i) (i32.load (i32.const 32))))
         (loop $l (call $key (local.get $i)) {body}
           (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
             (local.get $n))))"
    )
}

/// Name of each entry with its body.
fn entries() -> Vec<(&'static str, String)> {
    [loops(), calls(), reverted()].concat()
}

fn write() -> String {
    format!("(call $storage_write {KEY} (i32.const 65536) {BYTES})")
}

fn emit() -> String {
    format!("(call $emit_event (i32.const 1024) (i32.const 4) (i32.const 65536) {BYTES})")
}

/// Loops of a host function that is no call.
fn loops() -> Vec<(&'static str, String)> {
    let long = "(global.set $key_bytes (i32.const 256))";
    let read = format!("(drop (call $storage_read {KEY} (i32.const 65536) (i32.const 65536)))");
    let (write, emit) = (write(), emit());
    let remove = format!("(drop (call $storage_remove {KEY}))");
    let has = format!("(drop (call $storage_has {KEY}))");
    let first = "(call $key (i32.const 0))";
    let scan = format!(
        "(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) {BYTES}
           (i32.const 131072) (i32.const 196608)))"
    );
    vec![
        ("init", String::new()),
        ("spin", over_keys("")),
        ("read", over_keys(&read)),
        ("write", over_keys(&write)),
        ("remove", over_keys(&remove)),
        (
            "churn",
            over_keys(&format!(
                "{write} {remove} (i32.store (i32.const 36) (i32.const 8))"
            )),
        ),
        ("has", over_keys(&has)),
        ("has_one", over_keys(&format!("{first} {has}"))),
        ("write_one", over_keys(&format!("{first} {write}"))),
        ("read_long", format!("{long} {}", over_keys(&read))),
        ("write_long", format!("{long} {}", over_keys(&write))),
        ("scan", over_keys(&scan)),
        ("emit", over_keys(&emit)),
        (
            "transfer",
            over_keys(
                "(i32.store (i32.const 64) (local.get $i))
                 (drop (call $transfer (i32.const 64) (i32.const 112)))",
            ),
        ),
        (
            "deploy",
            over_keys(
                "(i32.store (i32.const 64) (local.get $i))
                 (drop (call $deploy (i32.const 0) (i32.const 64) (i32.const 48) (i32.const 2)
                   (i32.const 0) (i32.const 0) (i32.const 96) (i64.const -1) (i32.const 400)))",
            ),
        ),
        (
            "set_code",
            over_keys("(drop (call $set_code (i32.const 0)))"),
        ),
    ]
}

/// Chains of frames: each calls the contract itself, with the input that it got.
fn calls() -> Vec<(&'static str, String)> {
    let itself = "(call $self (i32.const 0))";
    vec![
        ("call", over_keys(&format!("(drop {})", call(1, 48, BYTES)))),
        (
            "call_no_entry",
            over_keys(&format!("(drop {})", call(1, 50, BYTES))),
        ),
        (
            "call_self",
            format!(
                "(call $load) {itself} {}",
                over_keys(&format!("{itself} (drop {})", call(0, 48, BYTES)))
            ),
        ),
        (
            "depth",
            format!(
                "(call $load) {itself} {PASS_ON}
                 (if {} (then {}))",
                call(1, 52, "(i32.const 65536)"),
                over_keys(&format!("{itself} (drop {})", call(1, 52, BYTES)))
            ),
        ),
        (
            "de",
            format!(
                "(call $load) {itself} {PASS_ON} (drop {})
                 (drop (call $returned (i32.const 131072) (i32.const 65536)))
                 (call $return (i32.const 131072) (i32.const 65536))",
                call(1, 54, "(i32.const 65536)")
            ),
        ),
        (
            "deep_loop",
            over_keys(&format!(
                "{itself} (drop {})",
                call(1, 54, "(i32.const 65536)")
            )),
        ),
    ]
}

/// Frames that revert what they did: alone, and in a chain.
fn reverted() -> Vec<(&'static str, String)> {
    let (write, emit) = (write(), emit());
    // One frame of a chain: writes eight keys, calls itself, and reverts.
    let few = "(i32.store (i32.const 32) (i32.const 8)) (i32.store (i32.const 40) (i32.const 0))";
    let pause = |at| format!("(drop {})", call(1, at, "(i32.const 44)"));
    let frame = format!("{few} {PASS_ON} (call $self (i32.const 0))");
    vec![
        (
            "wr",
            format!(
                "{} (call $revert (i32.const 0) (i32.const 0))",
                over_keys(&write)
            ),
        ),
        ("undo_loop", over_keys(&format!("{frame} {}", pause(56)))),
        (
            "du",
            format!(
                "{} {frame} {} (call $revert (i32.const 0) (i32.const 0))",
                over_keys(&write),
                pause(58)
            ),
        ),
        (
            "deep_undo_loop",
            over_keys(&format!("{frame} {}", pause(58))),
        ),
        (
            "em",
            format!(
                "{} (call $revert (i32.const 0) (i32.const 0))",
                over_keys(&emit)
            ),
        ),
        ("emit_loop", over_keys(&format!("{frame} {}", pause(60)))),
    ]
}

/// The module.
pub(super) fn module() -> Done<Vec<u8>> {
    let imports = IMPORTS.iter().map(|(name, signature)| {
        format!("(import \"lockstep\" \"{name}\" (func ${name} {signature}))\n")
    });
    let entries = entries();
    // The entry that a refused call at the last depth names.
    let functions = entries.iter().map(|(name, body)| {
        let alias = if *name == "depth" {
            "(export \"dp\")"
        } else {
            ""
        };
        format!("(func (export \"{name}\") {alias} (local $i i32) (local $n i32) {body})\n")
    });
    let text = format!(
        r#"(module {} (memory 6 6) (global $key_bytes (mut i32) (i32.const 4))
          (data (i32.const 48) "goxxdpdewrduem") (data (i32.const 112) "\01")
          (func $load (drop (call $input (i32.const 0) (i32.const 44))))
          (func $key (param $i i32)
            (i32.store8 (i32.const 383) (local.get $i))
            (i32.store8 (i32.const 382) (i32.shr_u (local.get $i) (i32.const 8)))
            (i32.store8 (i32.const 381) (i32.shr_u (local.get $i) (i32.const 16))))
          {})"#,
        imports.collect::<String>(),
        functions.collect::<String>()
    );
    Ok(wat::parse_str(text)?)
}
