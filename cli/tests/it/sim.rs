//! Tests `lockstep sim`: agreement, one root for each seed, and its stores.

use crate::{is_hex, keys, lockstep};
use serde_json::Value;
use std::fs;

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
fn figures_by_block_and_by_target_add_up_to_the_totals() {
    let line = sim(&["--seed", "7"]);
    let sum = |rows: &Value, of: &dyn Fn(&Value) -> u64| -> u64 {
        rows.as_array().unwrap().iter().map(of).sum()
    };
    let gas = |row: &Value| row["gas_used"].as_str().unwrap().parse().unwrap();
    let total = gas(&line);
    assert_eq!(line["blocks_per_row"], 1);
    let heights: Vec<&Value> = line["blocks"].as_array().unwrap().iter().collect();
    assert_eq!(heights.len(), 3);
    assert_eq!(heights[2]["height"], 3);
    assert_eq!(sum(&line["blocks"], &gas), total);
    assert_eq!(sum(&line["targets"], &gas), total);
    let transactions = |row: &Value| row["transactions"].as_u64().unwrap();
    assert_eq!(sum(&line["blocks"], &transactions), transactions(&line));
    let exits = |row: &Value| -> u64 {
        let exits = row["exits"].as_object().unwrap();
        exits.values().map(|count| count.as_u64().unwrap()).sum()
    };
    assert_eq!(sum(&line["targets"], &exits), transactions(&line));
    let failures = |row: &Value| row["failures"].as_u64().unwrap();
    let returned = line["exits"]["return"].as_u64().unwrap();
    assert_eq!(
        sum(&line["blocks"], &failures),
        transactions(&line) - returned
    );
}

#[test]
fn a_report_is_one_page_and_does_not_change_the_output() {
    let path = format!("{}/run.html", env!("CARGO_TARGET_TMPDIR"));
    let plain = sim(&["--nodes", "2"]);
    assert_eq!(sim(&["--nodes", "2", "--report", &path]), plain);
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>\n") && page.ends_with("</html>\n"));
    assert!(page.contains(plain["state_root"].as_str().unwrap()));
    let nowhere = lockstep(&[
        "sim",
        "--blocks",
        "1",
        "--report",
        "no/such/folder/run.html",
    ]);
    assert_eq!(nowhere.code, 4, "{nowhere:?}");
    assert!(nowhere.stderr.contains("cannot write the report"));
    assert_eq!(lockstep(&["sim", "--network", "--report", &path]).code, 2);
}

#[test]
fn an_unknown_store_is_a_usage_error() {
    let ran = lockstep(&["sim", "--store", "disk"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("`rocksdb:PATH`"), "{}", ran.stderr);
    assert_eq!(lockstep(&["sim", "--nodes", "0"]).code, 2);
}

#[cfg(not(feature = "rocksdb"))]
#[test]
fn a_build_without_rocksdb_says_how_to_build_one_with_it() {
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

#[test]
fn coverage_has_a_count_or_a_reason_for_each_sentence_and_changes_no_root() {
    assert!(!keys(&sim(&[])).contains(&"coverage"));
    let line = sim(&["--coverage"]);
    assert_eq!(line["state_root"], sim(&[])["state_root"]);
    let rows = line["coverage"].as_array().unwrap();
    assert!(rows.len() > 900, "{}", rows.len());
    let of = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    assert!(of("transactions-encoding-5")["count"].as_u64() > Some(0));
    assert_eq!(of("host-block-hash-9")["count"], 0);
    let stores = of("blocks-store-redb-1");
    assert_eq!(stores["count"], Value::Null);
    assert!(stores["why"].is_string() && stores["covered_by"].is_array());
    let text = lockstep(&["sim", "--blocks", "3", "--coverage"]);
    assert!(text.stdout.contains("sentences reached"), "{text:?}");
    assert_eq!(lockstep(&["sim", "--network", "--coverage"]).code, 2);
}
