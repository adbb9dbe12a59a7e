//! Tests `lockstep inspect`: contents, code with charges, interface.

use crate::{file, is_hex, lockstep, sample};
use serde_json::{Value, json};

#[test]
fn the_output_has_sections_limits_and_imported_host_functions() {
    let ran = lockstep(&["inspect", &sample("store.wasm"), "--json"]);
    assert_eq!(ran.code, 0);
    let facts = ran.json();
    assert!(is_hex(&facts["code_hash"], 32));
    let sections = facts["sections"].as_array().unwrap();
    assert!(sections.iter().any(|section| section["name"] == "code"));
    let limits = facts["limits"].as_array().unwrap();
    assert!(
        limits
            .iter()
            .all(|limit| limit["used"].as_u64() <= limit["maximum"].as_u64())
    );
    let imports = facts["imports"].as_array().unwrap();
    let write = imports
        .iter()
        .find(|import| import["name"] == "lockstep.storage_write")
        .unwrap();
    assert_eq!(write["mutates"], true);
    let exports = facts["exports"].as_array().unwrap();
    assert!(exports.iter().any(|export| export["kind"] == "entry"));
    let text = lockstep(&["inspect", &sample("store.wasm")]).stdout;
    for title in [
        "sections",
        "imported host functions",
        "entries",
        "limits",
        "functions, largest first",
    ] {
        assert!(text.contains(&format!("\n{title}\n")), "{title}: {text}");
    }
}

#[test]
fn a_module_without_imports_can_only_compute() {
    let text = lockstep(&["inspect", &sample("math.wasm")]).stdout;
    assert!(text.contains("can only compute"), "{text}");
}

#[test]
fn code_has_prices_and_the_charge_of_each_metering_block_at_its_start() {
    let text = "(module (memory 1) (func $get (export \"get\") (param $at i32) (result i32)
        (i32.add (i32.load offset=4 (local.get $at)) (i32.const 1))))";
    let path = file("code.wat", text);
    let ran = lockstep(&["inspect", &path, "--code", "--json"]);
    assert_eq!(ran.code, 0);
    let listing = ran.json();
    assert_eq!(
        (&listing["index"], &listing["name"]),
        (&json!(0), &json!("get"))
    );
    let rows: Vec<(&str, &Value, u64)> = listing["operators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["operator"].as_str().unwrap(),
                &row["charge"],
                row["price"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("local.get 0", &json!("30"), 10),
        ("i32.load offset=4", &Value::Null, 20),
        ("i32.const 1", &json!("20"), 10),
        ("i32.add", &Value::Null, 10),
        ("end", &Value::Null, 0),
    ];
    assert_eq!(rows, expected);
    let shown = lockstep(&["inspect", &path, "--code"]).stdout;
    assert!(
        shown.starts_with("function 0 (get) (i32) -> i32"),
        "{shown}"
    );
    assert!(shown.contains("i32.load offset=4"), "{shown}");
}

#[test]
fn an_interface_is_printed_if_the_module_has_one() {
    let with = r#"(module (@custom "lockstep.interface" "{\"name\":\"counter\"}"))"#;
    let path = file("interface.wat", with);
    let line = lockstep(&["inspect", &path, "--interface", "--json"]).json();
    assert_eq!(line["interface"], json!({ "name": "counter" }));
    let text = lockstep(&["inspect", &path, "--interface"]).stdout;
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({ "name": "counter" })
    );
    let none = lockstep(&["inspect", &sample("math.wasm"), "--interface", "--json"]);
    assert_eq!(
        (none.code, none.json()["interface"].clone()),
        (0, Value::Null)
    );
    let text = lockstep(&["inspect", &sample("math.wasm"), "--interface"]).stdout;
    assert!(text.contains("no interface"), "{text}");
}

/// The samples with an interface section.
const DESCRIBED: [&str; 12] = [
    "amm",
    "committee",
    "counter",
    "escrow",
    "groth16",
    "multisig",
    "names",
    "nft",
    "orderbook",
    "passkey",
    "token",
    "upgradeable",
];

#[test]
fn the_interface_of_every_sample_has_a_wit_function_for_each_entry() {
    for name in DESCRIBED {
        let path = sample(&format!("{name}.wasm"));
        let shown = lockstep(&["inspect", &path, "--interface", "--wit"]).stdout;
        let line = lockstep(&["inspect", &path, "--interface", "--json"]).json();
        let entries = line["interface"]["entries"].as_array().unwrap().len();
        assert_eq!(shown.matches(": func(").count(), entries, "{shown}");
        assert_eq!(shown.matches('{').count(), shown.matches('}').count());
    }
}

/// The crate wit-parser 0.254 parsed this output and those of the other samples.
#[test]
fn an_interface_in_wit_equals_the_reviewed_one() {
    let path = sample("counter.wasm");
    let shown = lockstep(&["inspect", &path, "--interface", "--wit"]).stdout;
    assert_eq!(shown, include_str!("counter.wit"));
}
