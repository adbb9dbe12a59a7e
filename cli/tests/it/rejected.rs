//! Tests that modules outside the profile are rejected with rule, offset, fix and exit code 3.

use crate::{CommandOutput, file, keys, lockstep, sample, scratch};
use serde_json::Value;

/// The rejection of `content`, the same from every command that reads a module.
fn refused(name: &str, content: impl AsRef<[u8]>) -> Value {
    let path = file(name, content);
    let ran = lockstep(&["check", &path, "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let rejection = ran.json()["rejection"].clone();
    let shape = [
        "code", "function", "help", "location", "message", "name", "offset", "path",
    ];
    assert_eq!(keys(&rejection), shape);
    assert!(rejection["offset"].is_u64());
    assert!(!rejection["help"].as_str().unwrap().is_empty());
    let out = scratch(&format!("{name}.out")).to_str().unwrap().to_owned();
    let others: [&[&str]; 3] = [
        &["run", &path, "--json"],
        &["inspect", &path, "--json"],
        &["meter", &path, "-o", &out, "--json"],
    ];
    for arguments in others {
        let other = lockstep(arguments);
        assert_eq!(other.code, 3, "{other:?}");
        assert_eq!(other.json()["rejection"], rejection, "{arguments:?}");
    }
    assert!(!scratch(&format!("{name}.out")).exists());
    rejection
}

fn assembled(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("assembles")
}

#[track_caller]
fn check(text: &str, name: &str, code: &str) -> Value {
    let rejection = refused(&format!("refused-{name}.wasm"), assembled(text));
    assert_eq!(
        (rejection["name"].as_str(), rejection["code"].as_str()),
        (Some(name), Some(code))
    );
    rejection
}

#[test]
fn simd_is_rejected_with_function_and_offset() {
    let text = "(module (func) (func $lanes (drop (v128.const i64x2 1 2))))";
    let rejection = check(text, "Simd", "R0064");
    assert_eq!(rejection["function"]["index"], 1);
    assert_eq!(rejection["function"]["name"], "lanes");
    assert!(rejection["offset"].as_u64().unwrap() > 8);
}

#[test]
fn several_results_are_rejected_with_the_flags_that_avoid_them() {
    let texts = [
        "(module (func (result i64 i64) i64.const 1 i64.const 2))",
        "(module (func (block (result i64 i64) i64.const 1 i64.const 2) drop drop))",
        "(module (func i64.const 1 (block (param i64) drop)))",
        "(module (func (result i64 i64) i64.const 1 i64.const 2 i64.mul_wide_u))",
    ];
    for text in texts {
        let rejection = check(text, "MultiValue", "R0073");
        let help = rejection["help"].as_str().unwrap();
        for flag in [
            "-C target-feature=-multivalue",
            "-mno-multivalue",
            "wasm-opt",
        ] {
            assert!(help.contains(flag), "{help}");
        }
    }
    let explained = lockstep(&["explain", "R0073"]);
    assert!(
        explained.stdout.contains("no compiler emits"),
        "{explained:?}"
    );
}

#[test]
fn threads_are_rejected() {
    check("(module (memory 1 1 shared))", "Threads", "R0066");
}

#[test]
fn a_wasi_import_is_rejected() {
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#;
    check(text, "WasiImport", "R0096");
}

#[test]
fn a_float_import_is_rejected() {
    let text = r#"(module (import "lockstep" "input" (func (param f32 f64) (result f32))))"#;
    check(text, "ImportType", "R0098");
}

#[test]
fn an_import_that_the_host_lacks_is_rejected() {
    check(
        r#"(module (import "env" "print" (func (param i32))))"#,
        "UnknownImport",
        "R0097",
    );
}

#[test]
fn a_component_is_rejected_as_such() {
    let rejection = refused("component.wasm", b"\0asm\x0d\0\x01\0");
    assert_eq!(rejection["name"], "Component");
    assert_eq!(rejection["code"], "R0003");
}

#[test]
fn a_truncated_module_is_malformed_wherever_it_is_cut() {
    let whole = std::fs::read(sample("math.wasm")).unwrap();
    for cut in [0, 1, 4, 7, 100, whole.len() / 2, whole.len() - 1] {
        let path = file("truncated.wasm", &whole[..cut]);
        let ran = lockstep(&["check", &path, "--json"]);
        assert_eq!(ran.code, 3, "cut at {cut}: {ran:?}");
        assert_eq!(ran.json()["rejection"]["name"], "Malformed", "cut at {cut}");
    }
}

#[test]
fn a_text_that_does_not_assemble_is_malformed_at_the_offset_of_the_error() {
    let text = "(module\n  (fnc))\n";
    let rejection = refused("broken.wat", text);
    assert_eq!(rejection["name"], "Malformed");
    assert_eq!(rejection["offset"], text.find("fnc").unwrap());
    assert!(
        rejection["message"]
            .as_str()
            .unwrap()
            .contains("line 2, column 4"),
        "{rejection}"
    );
}

#[test]
fn a_file_above_the_limit_is_rejected_for_its_size() {
    let limit = usize::try_from(vm::unstable::limits::Limits::V1.module_bytes_max).unwrap();
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.resize(limit + 1, 0);
    assert_eq!(refused("large.wasm", &bytes)["name"], "ModuleBytes");
    // Of a text, too, only the beginning is read.
    assert_eq!(
        refused("large.wat", vec![b' '; 5 * limit])["name"],
        "ModuleBytes"
    );
}

#[test]
fn an_unreadable_file_is_no_rejection() {
    let folder = scratch("").to_str().unwrap().to_owned();
    let missing = scratch("missing.wasm").to_str().unwrap().to_owned();
    for path in [folder, missing] {
        for command in ["check", "run", "inspect"] {
            let ran = lockstep(&[command, &path, "--json"]);
            assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{command} {path}");
        }
    }
}

#[test]
fn the_text_has_rule_location_reason_and_fix() {
    let text = "(module (func $lanes (drop (v128.const i64x2 1 2))))";
    let path = file("refused-text.wat", text);
    let check = lockstep(&["check", &path]);
    let run = lockstep(&["run", &path]);
    for CommandOutput {
        code,
        stdout,
        stderr,
    } in [check, run]
    {
        assert_eq!(code, 3);
        let printed = format!("{stdout}{stderr}");
        assert!(printed.contains("error[R0064 Simd]: "), "{printed}");
        assert!(printed.contains("function 0 (lanes), offset "), "{printed}");
        assert!(printed.contains("\n  help: "), "{printed}");
        assert!(printed.contains("lockstep explain R0064"), "{printed}");
    }
}

#[test]
fn control_characters_in_names_are_escaped() {
    let text = "(module (func $\"\\1b[31mred\" (drop (v128.const i64x2 1 2))))";
    let ran = lockstep(&["check", &file("escape.wat", text)]);
    assert_eq!(ran.code, 3);
    assert!(!ran.stdout.contains('\x1b'), "{:?}", ran.stdout);
    assert!(ran.stdout.contains("\\u{1b}[31mred"), "{}", ran.stdout);
}

#[test]
fn a_rust_name_is_demangled() {
    let text =
        "(module (func $_ZN4core3fmt5write17h0123456789abcdefE (drop (v128.const i64x2 1 2))))";
    let rejection = refused("mangled.wat", text);
    assert_eq!(rejection["function"]["name"], "core::fmt::write");
}

/// A fixed pseudo-random sequence, so that a failure is reproducible.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).unwrap()
}

#[test]
fn damaged_modules_are_rejected_without_a_crash() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for name in ["math.wasm", "store.wasm"] {
        let whole = std::fs::read(sample(name)).unwrap();
        let damaged: Vec<String> = (0..150)
            .map(|number| {
                let mut bytes = whole.clone();
                for _ in 0..=number % 4 {
                    let index = next(&mut state) % bytes.len();
                    bytes[index] = u8::try_from(next(&mut state) % 256).unwrap();
                }
                file(&format!("damaged-{number}-{name}"), bytes)
            })
            .collect();
        let arguments = ["check", "--json"]
            .into_iter()
            .chain(damaged.iter().map(String::as_str));
        let ran = lockstep(&arguments.collect::<Vec<_>>());
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert_eq!(ran.stdout.lines().count(), damaged.len());
    }
}
