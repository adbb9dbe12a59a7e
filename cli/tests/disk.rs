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

#[test]
fn a_lost_block_is_named_and_accepted_and_a_snapshot_moves_between_stores() {
    let folder = format!("{}/accepted", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let archive = format!("{folder}/chain.blocks");
    let store = format!("rocksdb:{folder}/node");
    let line = sim(&["--archive", &archive]);
    let replay = || lockstep(&["node", "replay", &archive, "--store", &store, "--json"]);
    assert_eq!(replay().status.code(), Some(0));
    let log = std::fs::read_dir(format!("{folder}/node"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .max()
        .expect("a log");
    let mut bytes = std::fs::read(&log).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[used - 40] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let refused = replay();
    assert_eq!(refused.status.code(), Some(4));
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains("was acknowledged"), "{errors}");
    assert!(errors.contains("lockstep node accept"), "{errors}");
    let accepted = json(&["node", "accept", &store, "--json"]);
    let last = accepted["acknowledged"].as_u64().expect("a height");
    assert_eq!(accepted["height"].as_u64(), last.checked_sub(1));
    assert_eq!(replay().status.code(), Some(0));
    let out = format!("{folder}/node.snapshot");
    let taken = json(&["node", "snapshot", &store, "--out", &out, "--json"]);
    assert_eq!(taken["state_root"], line["state_root"]);
    let trusted = taken["app_hash"].as_str().expect("a hash");
    for restored in [
        format!("rocksdb:{folder}/new"),
        format!("redb:{folder}/file"),
    ] {
        let arguments = ["node", "restore", &out, "--trusted", trusted, "--store"];
        let line = json(&[&arguments[..], &[&restored, "--json"]].concat());
        assert_eq!(line["height"].as_u64(), Some(last));
        let again = json(&["node", "accept", &restored, "--json"]);
        assert_eq!(again["height"].as_u64(), Some(last));
    }
}
