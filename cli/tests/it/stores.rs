//! Tests `--store redb:FILE` of `lockstep sim` and `lockstep node replay`.

use crate::{lockstep, scratch};
use node::Store as _;
use redb_store::{RedbStore, Settings};
use serde_json::Value;
use std::path::Path;

/// Key of the record of the last checkpoint of the tree: docs/spec/state.md, "Records of the tree".
const TREE_CHECKPOINT: [u8; 1] = [3];

fn sim(seed: &str, rest: &[&str]) -> Value {
    let fixed = [
        "sim", "--json", "--blocks", "4", "--nodes", "3", "--seed", seed,
    ];
    let ran = lockstep(&[&fixed, rest].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

#[test]
fn a_store_of_redb_changes_no_root_and_replays() {
    let folder = scratch("redb").display().to_string();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| format!("{folder}/{name}");
    let (archive, store) = (path("chain.blocks"), format!("redb:{folder}/node"));
    let line = sim("7", &["--store", &store, "--archive", &archive]);
    assert_eq!(line["agreed"], true);
    assert_eq!(line["executors"][0], "interpreter, warm cache, redb");
    assert_eq!(line["state_root"], sim("7", &[])["state_root"]);
    // As a node does, it keeps the tree, so that an opening need not read every value.
    let file = RedbStore::open(Path::new(&path("node")), Settings::default()).unwrap();
    assert!(file.record(&TREE_CHECKPOINT).unwrap().is_some());
    drop(file);
    let again = lockstep(&["sim", "--blocks", "1", "--store", &store]);
    assert_eq!(again.code, 4);
    assert!(
        again.stderr.contains("contains a chain already"),
        "{again:?}"
    );
    // First into a new file, then into the same file, which has the whole chain.
    let replayed = format!("redb:{folder}/replayed");
    for transactions in [line["transactions"].clone(), 0.into()] {
        let ran = lockstep(&["node", "replay", &archive, "--store", &replayed, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.json()["state_root"], line["state_root"]);
        assert_eq!(ran.json()["transactions"], transactions);
    }
    // An archive of another chain.
    let other = path("other.blocks");
    sim("8", &["--archive", &other]);
    let ran = lockstep(&["node", "replay", &other, "--store", &replayed]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(
        ran.stderr.contains("the store is of another chain, "),
        "{ran:?}"
    );
}

#[test]
fn a_file_that_is_no_store_is_named() {
    let path = crate::file("no-store.redb", "hello");
    let ran = lockstep(&["sim", "--blocks", "1", "--store", &format!("redb:{path}")]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains(&path), "{ran:?}");
    assert!(ran.stderr.contains("a file of something else"), "{ran:?}");
    let ran = lockstep(&["sim", "--blocks", "1", "--store", "redb:/"]);
    assert_eq!(ran.code, 4, "{ran:?}");
}
