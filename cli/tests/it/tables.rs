//! Tests the output of `lockstep schedule`, `explain` and `meter` that scripts read.

use crate::{file, is_hex, keys, lockstep, sample, scratch};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn the_schedule_has_a_number_for_every_operator_and_dynamic_price() {
    let ran = lockstep(&["schedule", "--json"]);
    assert_eq!(ran.code, 0);
    let line = ran.json();
    assert_eq!(keys(&line), ["id", "prices"]);
    assert!(is_hex(&line["id"], 32));
    let prices = line["prices"].as_object().unwrap();
    assert!(
        prices
            .values()
            .all(|price| price.as_u64().is_some_and(|price| price < 1 << 53))
    );
    for row in vm::Rules::v1().operators() {
        assert!(prices.contains_key(row.name), "{}", row.name);
    }
    let dynamic =
        "function.entry function.entry.per_slot function.first function.first.per_operator
        function.first.per_target memory.grow.per_page memory.copy.per_byte
        memory.fill.per_byte frame.base frame.per_code_byte frame.per_declaration frame.per_page
        frame.per_data_byte frame.per_segment frame.per_item upload.base
        upload.per_byte tx.base tx.per_byte
        tx.signature.ed25519 tx.signature.secp256k1";
    for name in dynamic.split_whitespace() {
        assert!(prices.contains_key(name), "{name}");
    }
    for row in &vm::Rules::v1().host {
        for part in ["base", "per_byte", "per_value_byte", "cold"] {
            assert!(
                prices.contains_key(&format!("host.{}.{part}", row.name)),
                "{}",
                row.name
            );
        }
    }
}

#[test]
fn the_schedule_keeps_its_order() {
    let stdout = lockstep(&["schedule", "--json"]).stdout;
    let at = |name: &str| stdout.find(&format!("\"{name}\":")).unwrap();
    assert!(at("unreachable") < at("i32.add"));
    assert!(at("i32.add") < at("function.entry"));
    assert!(at("function.entry") < at("upload.base"));
}

#[test]
fn the_text_of_the_schedule_has_the_same_prices() {
    let prices = lockstep(&["schedule", "--json"]).json()["prices"].clone();
    let text = lockstep(&["schedule"]).stdout;
    assert_eq!(prices["i32.add"], 10);
    let group = text
        .split("\n\n")
        .find(|group| group.split_whitespace().any(|word| word == "i32.add"));
    assert!(group.unwrap().starts_with("operators at 10\n"), "{text}");
    assert!(
        text.split_whitespace()
            .any(|word| word == "tx.signature.ed25519")
    );
}

#[test]
fn every_listed_code_is_explained() {
    let listed = lockstep(&["explain", "--json"]);
    assert_eq!(listed.code, 0);
    let entries: Vec<Value> = listed
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let codes: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), entries.len(), "codes are unique");
    for rule in vm::unstable::rejection::Rule::ALL {
        assert!(codes.contains(rule.code().as_str()));
    }
    for entry in &entries {
        assert!(
            !entry["explanation"].as_str().unwrap().is_empty(),
            "{entry}"
        );
    }
    for asked in [
        "R0001",
        "r0001",
        "Malformed",
        "T8",
        "8",
        "StackOverflow",
        "REENTRY",
        "S17",
    ] {
        let ran = lockstep(&["explain", asked]);
        assert_eq!(ran.code, 0, "{asked}");
        assert!(ran.stdout.lines().count() >= 3, "{}", ran.stdout);
    }
    assert_eq!(
        lockstep(&["explain", "8", "--json"]).json()["name"],
        "StackOverflow"
    );
}

#[test]
fn the_error_for_an_unknown_code_suggests_the_closest_one() {
    let ran = lockstep(&["explain", "StackOverfow"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("StackOverflow"), "{}", ran.stderr);
    assert_eq!(lockstep(&["explain", "somethingelseentirely"]).code, 2);
}

#[test]
fn meter_writes_a_valid_module_with_the_gas_global() {
    let out = scratch("metered.wasm");
    let path = out.to_str().unwrap();
    let ran = lockstep(&["meter", &sample("math.wasm"), "-o", path, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(
        keys(&line),
        ["code_hash", "in_bytes", "out_bytes", "rules_id"]
    );
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(line["out_bytes"], json!(bytes.len()));
    wasmparser::validate(&bytes).expect("any engine accepts it");
    let exports = wasmparser::Parser::new(0)
        .parse_all(&bytes)
        .find_map(|payload| match payload.unwrap() {
            wasmparser::Payload::ExportSection(reader) => Some(reader),
            _ => None,
        });
    let names: Vec<&str> = exports
        .unwrap()
        .into_iter()
        .map(|export| export.unwrap().name)
        .collect();
    assert!(
        names.contains(&"$gas") && names.contains(&"factorial"),
        "{names:?}"
    );
    let text = lockstep(&["meter", &sample("math.wasm"), "-o", path]);
    assert_eq!(text.code, 0);
    assert!(
        text.stdout.contains("exported global \"$gas\""),
        "{}",
        text.stdout
    );
}

#[test]
fn meter_replaces_a_file_and_leaves_no_temporary_file() {
    let folder = scratch("meter-folder");
    std::fs::create_dir_all(&folder).unwrap();
    let input = file("meter-in.wat", "(module (func (export \"f\")))");
    let out = folder.join("out.wasm");
    std::fs::write(&out, "old").unwrap();
    assert_eq!(
        lockstep(&["meter", &input, "-o", out.to_str().unwrap()]).code,
        0
    );
    assert!(std::fs::read(&out).unwrap().starts_with(b"\0asm"));
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1);
    let nowhere = folder.join("missing/out.wasm");
    let ran = lockstep(&["meter", &input, "-o", nowhere.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
    let onto_folder = lockstep(&["meter", &input, "-o", folder.to_str().unwrap()]);
    assert_eq!(onto_folder.code, 4);
}

#[test]
fn meter_lowers_bulk_operators_if_requested() {
    let text = "(module (memory 1) (func (export \"f\")
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))))";
    let input = file("meter-bulk.wat", text);
    let out = scratch("meter-bulk.wasm");
    let path = out.to_str().unwrap();
    let mvp = || {
        let features = wasmparser::WasmFeatures::WASM1;
        wasmparser::Validator::new_with_features(features)
            .validate_all(&std::fs::read(&out).unwrap())
            .is_ok()
    };
    assert_eq!(lockstep(&["meter", &input, "-o", path]).code, 0);
    assert!(!mvp(), "the operator is kept");
    let lowered = ["meter", &input, "-o", path, "--lower-bulk"];
    assert_eq!(lockstep(&lowered).code, 0);
    assert!(mvp(), "an engine without bulk operators takes it");
}

#[test]
fn meter_lowers_wide_arithmetic_unless_it_is_kept() {
    let text = "(module (func (export \"f\") (param i64) (result i64)
        local.get 0 local.get 0 i64.mul_wide_u i64.add))";
    let input = file("meter-wide.wat", text);
    let out = scratch("meter-wide.wasm");
    let path = out.to_str().unwrap();
    let valid = |more: wasmparser::WasmFeatures| {
        let features = wasmparser::WasmFeatures::WASM1 | more;
        wasmparser::Validator::new_with_features(features)
            .validate_all(&std::fs::read(&out).unwrap())
            .is_ok()
    };
    let none = wasmparser::WasmFeatures::empty();
    assert_eq!(lockstep(&["meter", &input, "-o", path]).code, 0);
    assert!(valid(none), "an engine without wide arithmetic takes it");
    let kept = ["meter", &input, "-o", path, "--keep-wide"];
    assert_eq!(lockstep(&kept).code, 0);
    assert!(!valid(none), "the operator is kept");
    assert!(valid(wasmparser::WasmFeatures::WIDE_ARITHMETIC));
}
