//! Checks `lockstep sim`: agreement, one root a seed, and its stores.

use crate::{is_hex, keys, lockstep};
use serde_json::Value;

fn sim(rest: &[&str]) -> Value {
    let mut arguments = vec!["sim", "--json", "--blocks", "3"];
    arguments.extend(rest);
    let ran = lockstep(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

#[test]
fn nodes_agree_and_a_seed_has_one_root() {
    let line = sim(&["--seed", "7"]);
    for key in ["agreed", "height", "state_root", "first_difference"] {
        assert!(keys(&line).contains(&key), "{key}");
    }
    assert_eq!(line["agreed"], true);
    assert!(line["height"].is_u64());
    assert!(is_hex(&line["state_root"], 32));
    assert_eq!(line["first_difference"], Value::Null);
    assert_eq!(sim(&["--seed", "7"])["state_root"], line["state_root"]);
    assert_eq!(
        sim(&["--seed", "7", "--nodes", "2"])["state_root"],
        line["state_root"]
    );
    assert_ne!(sim(&["--seed", "8"])["state_root"], line["state_root"]);
}

#[test]
fn stores_that_are_not_there_are_named() {
    let ran = lockstep(&["sim", "--store", "disk"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("`rocksdb:PATH`"), "{}", ran.stderr);
    assert_eq!(lockstep(&["sim", "--nodes", "0"]).code, 2);
}

#[cfg(not(feature = "rocksdb"))]
#[test]
fn a_build_without_rocksdb_says_how_to_make_one() {
    for command in [
        &["sim", "--store", "rocksdb:somewhere"][..],
        &["node", "replay", "chain.blocks", "--store", "rocksdb:x"],
    ] {
        let ran = lockstep(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        for needed in [
            "cargo build --release -p cli --features rocksdb",
            "g++",
            "libclang",
        ] {
            assert!(ran.stderr.contains(needed), "{}", ran.stderr);
        }
    }
}

#[test]
fn networks_agree_and_a_seed_has_one_history() {
    let network = |seed: &str| {
        let ran = lockstep(&["sim", "--network", "--seed", seed, "--seeds", "2", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    };
    let line = network("5");
    assert_eq!(line["agreed"], true);
    assert_eq!((&line["height"], &line["seeds"]), (&8.into(), &"2".into()));
    assert_eq!(network("5"), line);
    assert_ne!(network("6")["events_hash"], line["events_hash"]);
    assert_eq!(lockstep(&["sim", "--seeds", "2"]).code, 2);
    assert_eq!(lockstep(&["sim", "--network", "--nodes", "2"]).code, 2);
}
