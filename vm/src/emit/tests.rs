//! Tests that the instrumented module is valid without floats and keeps the indices of the
//! original. Tests in `conformance` compare its behaviour with R.

use super::emit;
use crate::{Rules, check};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

fn emitted(text: &str) -> Vec<u8> {
    let rules = Rules::v1();
    let module = check(&wat::parse_str(text).unwrap(), &rules).unwrap();
    let out = emit(&module, &rules);
    let features = WasmFeatures::WASM1.difference(WasmFeatures::FLOATS)
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY;
    Validator::new_with_features(features)
        .validate_all(&out)
        .unwrap();
    out
}

fn exports(bytes: &[u8]) -> Vec<(String, u32)> {
    Parser::new(0)
        .parse_all(bytes)
        .filter_map(|payload| match payload.unwrap() {
            Payload::ExportSection(section) => Some(section),
            _ => None,
        })
        .flatten()
        .map(|export| {
            export
                .map(|export| (export.name.to_owned(), export.index))
                .unwrap()
        })
        .collect()
}

#[test]
fn appended_items_follow_those_of_the_original() {
    let out = emitted(
        "(module (import \"lockstep\" \"block_height\" (func (result i64)))
           (memory 1) (global (mut i64) (i64.const 7)) (global f32 (f32.const 1))
           (func (export \"f\")) (func $s) (start $s))",
    );
    let expected = [
        ("f", 1),
        ("$gas", 2),
        ("$stack", 3),
        ("$trap", 4),
        ("$memory", 0),
        ("$global.0", 0),
        ("$global.1", 1),
        ("$start", 2),
    ];
    let expected: Vec<(String, u32)> = expected
        .map(|(name, index)| (name.to_owned(), index))
        .into();
    assert_eq!(exports(&out), expected);
}

#[test]
fn floats_are_gone_and_dead_operands_still_validate() {
    emitted(
        "(module (memory 1)
           (func (param f64 i32) (result f64)
             (f64.add (f64.mul (local.get 0) (f64.const 2)) (f64.load (local.get 1))))
           (func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
           (func (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
           (func (param f32) (result i32)
             (block (result i32) (f32.lt (local.get 0) (f32.const 1)) (i32.const 3) i32.add)))",
    );
}

#[test]
fn returns_from_every_depth_reach_the_wrapping_block() {
    emitted(
        "(module (func (param i32) (result i32)
           (block (loop (if (local.get 0) (then (return (i32.const 1))))
             (br_table 0 1 (local.get 0))))
           (br 0 (i32.const 2))))",
    );
}

#[test]
fn the_memory_maximum_is_limited_by_the_profile() {
    for (declared, expected) in [("1", 256), ("1 300", 256), ("1 7", 7)] {
        let out = emitted(&format!("(module (memory {declared}))"));
        let maximum = Parser::new(0)
            .parse_all(&out)
            .find_map(|payload| match payload.unwrap() {
                Payload::MemorySection(section) => section.into_iter().next()?.unwrap().maximum,
                _ => None,
            });
        assert_eq!(maximum, Some(expected), "{declared}");
    }
}
