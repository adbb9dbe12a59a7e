//! Tests `lockstep node snapshot`, `restore` and `accept`.

use crate::{CommandOutput, lockstep, scratch};
use std::fs;

/// A store of a simulated chain, and the folder that it is in.
fn store(name: &str) -> (String, String) {
    let folder = scratch(name).display().to_string();
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let store = format!("redb:{folder}/node");
    let archive = format!("{folder}/chain.blocks");
    let ran = lockstep(&[
        "sim",
        "--blocks",
        "4",
        "--nodes",
        "1",
        "--seed",
        "3",
        "--store",
        &store,
        "--archive",
        &archive,
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    (folder, store)
}

#[test]
fn a_snapshot_is_restored_under_its_app_hash_and_takes_the_next_blocks() {
    let (folder, store) = store("snapshot");
    let out = format!("{folder}/node.snapshot");
    let ran = snapshot(&store, &out);
    assert_eq!(ran.code, 0, "{ran:?}");
    let taken = ran.json();
    let chunks = taken["chunks"].as_u64().unwrap();
    assert!(chunks > 1, "{taken}");
    let hash = taken["app_hash"].as_str().unwrap();
    let restored = format!("redb:{folder}/restored");
    let restore = |hash: &str| {
        lockstep(&[
            "node",
            "restore",
            &out,
            "--trusted",
            hash,
            "--store",
            &restored,
            "--json",
        ])
    };
    // Not the hash of this block: nothing is written.
    let ran = restore(&"ab".repeat(32));
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("has the trusted hash"), "{ran:?}");
    assert_eq!(restore("ab").code, 2);
    // A damaged chunk is named, and those before it stay.
    let last = format!("{out}/chunk-{:05}", chunks - 1);
    let whole = fs::read(&last).unwrap();
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    fs::write(&last, damaged).unwrap();
    let ran = restore(hash);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains(&last), "{ran:?}");
    fs::remove_file(&last).unwrap();
    let ran = restore(hash);
    assert!(ran.stderr.contains("is not whole"), "{ran:?}");
    let archive = format!("{folder}/chain.blocks");
    let ran = lockstep(&["node", "replay", &archive, "--store", &restored]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("lockstep node restore"), "{ran:?}");
    fs::write(&last, whole).unwrap();
    let ran = restore(hash);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["written"], 1);
    assert_eq!(line["state_root"], taken["state_root"]);
    assert_eq!(line["entries"], taken["entries"]);
    let again = restore(hash);
    assert!(again.stderr.contains("has block"), "{again:?}");
    // A snapshot of what was restored is the same.
    let second = format!("{folder}/second.snapshot");
    assert_eq!(snapshot(&restored, &second).json(), taken);
    let manifest = |folder: &str| fs::read(format!("{folder}/manifest")).unwrap();
    assert_eq!(manifest(&second), manifest(&out));
}

fn snapshot(store: &str, out: &str) -> CommandOutput {
    let command = ["node", "snapshot", store, "--out", out];
    lockstep(&[&command[..], &["--chunk-kib", "64", "--json"]].concat())
}

#[test]
fn a_snapshot_needs_an_empty_folder_and_a_chain() {
    let (folder, store) = store("snapshot-refused");
    let ran = lockstep(&["node", "snapshot", &store, "--out", &folder]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let out = format!("{folder}/empty");
    let restore = |store: &str| {
        let hash = "00".repeat(32);
        lockstep(&[
            "node",
            "restore",
            &out,
            "--trusted",
            &hash,
            "--store",
            store,
        ])
    };
    let ran = restore(&format!("redb:{folder}/restored"));
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("manifest"), "{ran:?}");
    // What was made for the restore has no block.
    let ran = lockstep(&[
        "node",
        "snapshot",
        &format!("redb:{folder}/restored"),
        "--out",
        &out,
    ]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("no block after its genesis"), "{ran:?}");
    for ran in [
        restore("memory"),
        lockstep(&["node", "snapshot", "memory", "--out", &out]),
        lockstep(&["node", "accept", "memory"]),
    ] {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("on a disk"), "{ran:?}");
    }
    // A wrong path is an error and makes nothing.
    let absent = format!("{folder}/absent");
    let name = format!("redb:{absent}");
    for ran in [
        lockstep(&["node", "snapshot", &name, "--out", &out]),
        lockstep(&["node", "accept", &name]),
    ] {
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(ran.stderr.contains("there is no store"), "{ran:?}");
        assert!(!fs::exists(&absent).unwrap());
    }
}

#[test]
fn accepting_a_store_that_has_lost_nothing_changes_nothing() {
    let (_, store) = store("accept");
    let ran = lockstep(&["node", "accept", &store, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert!(line["acknowledged"].is_null() && line["height"].as_u64().unwrap() >= 4);
}
