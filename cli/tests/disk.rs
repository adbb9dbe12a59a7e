//! Tests `--store rocksdb:PATH` of `lockstep sim` and `lockstep node replay`.
#![cfg(test)]

use serde_json::Value;
use std::process::{Command, Output};

fn lockstep(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(arguments)
        .output()
        .expect("the binary starts")
}

/// The JSON object that a successful command prints.
fn json(arguments: &[&str]) -> Value {
    let ran = lockstep(arguments);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

fn sim(rest: &[&str]) -> Value {
    let fixed = [
        "sim", "--json", "--blocks", "4", "--nodes", "3", "--seed", "7",
    ];
    json(&[&fixed, rest].concat())
}

#[test]
fn a_store_on_disk_changes_no_root_and_replays() {
    let folder = format!("{}/on-disk", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| format!("{folder}/{name}");
    let (archive, store) = (path("chain.blocks"), format!("rocksdb:{folder}/node"));
    let line = sim(&["--store", &store, "--archive", &archive]);
    assert_eq!(line["agreed"], true);
    assert_eq!(line["executors"][0], "interpreter, warm cache, rocksdb");
    let compacted = line["executors"][1].as_str().expect("a name");
    assert!(compacted.ends_with(", rocksdb compacted after every block"));
    assert_eq!(line["state_root"], sim(&[])["state_root"]);
    let again = lockstep(&["sim", "--blocks", "1", "--store", &store]);
    assert_eq!(again.status.code(), Some(4));
    let errors = String::from_utf8_lossy(&again.stderr);
    assert!(errors.contains("contains a chain already"), "{errors}");
    // First into a new folder, then into the same folder, which has the whole chain.
    for transactions in [line["transactions"].clone(), 0.into()] {
        let store = format!("rocksdb:{folder}/replayed");
        let replayed = json(&["node", "replay", &archive, "--store", &store, "--json"]);
        assert_eq!(replayed["state_root"], line["state_root"]);
        assert_eq!(replayed["transactions"], transactions);
    }
}
