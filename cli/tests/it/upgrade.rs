//! Tests `lockstep node upgrade` and `--upgrade`: documents that fit, and ones that do not.

use crate::{archive, file, lockstep, scratch};
use node::archive::{ArchiveReader, ArchiveWriter};
use serde_json::Value;

/// An id of rules that no build has.
const OTHER: &str = "abababababababababababababababababababababababababababababababab";

fn path(name: &str) -> String {
    scratch(name).to_str().expect("UTF-8").to_owned()
}

/// Writes the document of an upgrade to [`OTHER`]; returns its path.
fn document(name: &str, chain: &Value, height: u64) -> String {
    let path = path(name);
    let at = format!("{height}={OTHER}");
    let chain = chain.as_str().expect("an id");
    let ran = lockstep(&[
        "node", "upgrade", "--chain", chain, "--at", &at, "--out", &path,
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains(OTHER), "{ran:?}");
    assert!(ran.stdout.contains("not in this build"), "{ran:?}");
    path
}

#[test]
fn a_document_is_text_that_says_what_was_asked_for() {
    let out = path("written.upgrade");
    let chain = "01".repeat(32);
    let rules = lockstep(&["schedule", "--json"]).json()["id"].clone();
    let known = format!("20={}", rules.as_str().expect("an id"));
    let other = format!("7={OTHER}");
    let arguments = [
        "node", "upgrade", "--chain", &chain, "--at", &other, "--at", &known,
    ];
    let ran = lockstep(&[&arguments[..], &["--out", &out, "--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["chain_id"], chain);
    assert_eq!(line["upgrades"][0]["height"], 7);
    assert_eq!(line["upgrades"][1]["rules_id"], rules);
    assert_eq!(line["unknown"], serde_json::json!([OTHER]));
    let text = std::fs::read_to_string(&out).expect("the document");
    let body = format!("lockstep/upgrade/1\nchain {chain}\nupgrade 7 {OTHER}\nupgrade 20 ");
    assert!(text.starts_with(&body), "{text}");
    assert!(
        text.lines()
            .last()
            .is_some_and(|line| line.starts_with("sha256 ")),
        "{text}"
    );
}

#[test]
fn heights_and_ids_that_no_document_has_are_usage_errors() {
    let out = path("never.upgrade");
    let chain = "01".repeat(32);
    let (one, low, high) = (
        format!("1={OTHER}"),
        format!("5={OTHER}"),
        format!("6={OTHER}"),
    );
    let cases: &[(&str, &[&str], &str)] = &[
        (&chain, &[], "--at"),
        ("01", &[&low], "--chain 01"),
        (&chain, &["5"], "HEIGHT=RULES"),
        (&chain, &["x=y"], "HEIGHT=RULES"),
        (&chain, &["5=abc"], "64 hexadecimal digits"),
        (&chain, &[&one], "height 1"),
        (&chain, &[&high, &low], "height 5"),
        (&chain, &[&low, &high], "in force already"),
    ];
    for (chain, upgrades, expected) in cases {
        let mut arguments = vec!["node", "upgrade", "--out", &out, "--chain", chain];
        arguments.extend(upgrades.iter().flat_map(|at| ["--at", at]));
        let ran = lockstep(&arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(expected), "{ran:?}");
    }
    assert!(!scratch("never.upgrade").exists());
}

#[test]
fn a_replay_stops_before_the_block_whose_rules_this_build_lacks() {
    let (archive, report) = archive("upgraded.blocks");
    let chain = &report["chain_id"];
    let late = document("late.upgrade", chain, 9);
    let ran = lockstep(&["node", "replay", &archive, "--upgrade", &late, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(&line["chain_id"], chain);
    assert_eq!(line["upgrades"][0]["height"], 9);
    assert_eq!(line["state_root"], report["state_root"]);
    let store = format!("redb:{}", path("upgraded.redb"));
    let _ = std::fs::remove_file(scratch("upgraded.redb"));
    let early = document("early.upgrade", chain, 3);
    let replay = ["node", "replay", &archive, "--store", &store];
    let ran = lockstep(&[&replay[..], &["--upgrade", &early]].concat());
    assert_eq!(ran.code, 4, "{ran:?}");
    for part in [
        "block 3 needs the rules",
        OTHER,
        "install a build",
        "2 blocks before it",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    assert!(!ran.stderr.contains("this machine failed"), "{ran:?}");
    // The store is intact, at the block before.
    let ran = lockstep(&[&replay[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!((&line["stored"], &line["compared"]), (&2.into(), &4.into()));
    assert_eq!(line["state_root"], report["state_root"]);
    // Now the height of the document is past.
    let ran = lockstep(&[&replay[..], &["--upgrade", &early]].concat());
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("before its height"), "{ran:?}");
    assert!(!ran.stderr.contains("this machine failed"), "{ran:?}");
}

#[test]
fn a_document_that_does_not_fit_is_an_error_that_names_its_file() {
    let (archive, report) = archive("unfit.blocks");
    let right = document("right.upgrade", &report["chain_id"], 9);
    let other = document("other.upgrade", &Value::from("02".repeat(32)), 9);
    let text = std::fs::read_to_string(&right).expect("the document");
    let damaged = file("damaged.upgrade", text.replace("upgrade 9", "upgrade 8"));
    let empty = file("empty.upgrade", "");
    let long = file("long.upgrade", vec![b'x'; 1 << 20]);
    let missing = path("missing.upgrade");
    let _ = std::fs::remove_file(&missing);
    let cases = [
        (&other, "is for the chain"),
        (&damaged, "is damaged or was changed"),
        (&empty, "does not begin with"),
        (&long, "is longer than"),
        (&missing, "cannot read"),
    ];
    for (file, expected) in cases {
        let replay = ["node", "replay", &archive, "--upgrade", file];
        let proof = [
            "proof",
            "make",
            &archive,
            "--height",
            "2",
            "--receipt",
            "0",
            "--upgrade",
        ];
        let out = path("unfit.proof");
        let proof = [&proof[..], &[file, "--out", &out]].concat();
        for arguments in [&replay[..], &proof, &["sim", "--upgrade", file]] {
            let ran = lockstep(arguments);
            assert_eq!(ran.code, 4, "{ran:?}");
            assert!(ran.stderr.contains(expected), "{ran:?}");
            assert!(!ran.stderr.contains("this machine failed"), "{ran:?}");
        }
    }
}

#[test]
fn a_simulation_needs_the_rules_of_the_heights_that_it_reaches() {
    let simulated = ["sim", "--json", "--blocks", "4", "--nodes", "1"];
    let plain = lockstep(&simulated).json();
    let chain = &plain["chain_id"];
    let beyond = document("beyond.upgrade", chain, 5);
    let ran = lockstep(&[&simulated[..], &["--upgrade", &beyond]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["state_root"], plain["state_root"]);
    let reached = document("reached.upgrade", chain, 4);
    let ran = lockstep(&[&simulated[..], &["--upgrade", &reached]].concat());
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("block 4 needs the rules"), "{ran:?}");
    let ran = lockstep(&["sim", "--network", "--upgrade", &beyond]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_replay_without_the_document_stops_at_its_height_and_asks_for_it() {
    let (archive, _) = archive("undocumented.blocks");
    let bytes = std::fs::read(&archive).expect("the archive");
    let mut reader = ArchiveReader::new(bytes.as_slice()).expect("an archive");
    let mut writer = ArchiveWriter::new(Vec::new(), reader.genesis()).expect("a genesis");
    while let Some(mut block) = reader.next_block().expect("a block") {
        if block.block.header.height.0 == 3 {
            block.block.header.rules_id = [0xab; 32];
        }
        writer.push(&block).expect("memory");
    }
    let changed = file("undocumented.blocks", writer.finish().expect("memory"));
    let ran = lockstep(&["node", "replay", &changed]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let rules = lockstep(&["schedule", "--json"]).json()["id"].clone();
    let parts = [
        "block 3",
        OTHER,
        rules.as_str().expect("an id"),
        "--upgrade",
        "2 blocks before",
    ];
    for part in parts {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    assert!(!ran.stderr.contains("this machine failed"), "{ran:?}");
}
