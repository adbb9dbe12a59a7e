//! Tests `lockstep sim --archive` and `lockstep node replay`: equal roots and damaged archives.

use crate::{archive, lockstep};
use serde_json::Value;
use std::fs;

#[test]
fn an_archive_replays_to_the_simulated_root_on_both_engines() {
    let (path, report) = archive("agreed.blocks");
    for engine in ["interpreter", "reference"] {
        let ran = lockstep(&["node", "replay", &path, "--engine", engine, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let line = ran.json();
        assert_eq!(line["agreed"], true);
        assert_eq!(line["first_difference"], Value::Null);
        for field in ["height", "state_root", "transactions", "gas_used"] {
            assert_eq!(line[field], report[field], "{field}");
        }
    }
    let text = lockstep(&["node", "replay", &path]);
    assert!(
        text.stdout.starts_with("agreed: 4 blocks replayed\n"),
        "{text:?}"
    );
}

#[test]
fn a_file_that_is_not_an_archive_is_an_error_and_not_a_difference() {
    let (path, _) = archive("damaged.blocks");
    let bytes = fs::read(&path).unwrap();
    let cases = [
        (b"hello".to_vec(), "not an archive of blocks"),
        (bytes[..bytes.len() - 1].to_vec(), "is cut off"),
        (
            [&bytes[..100], &[bytes[100] ^ 1], &bytes[101..]].concat(),
            "is damaged",
        ),
    ];
    for (content, expected) in cases {
        fs::write(&path, content).unwrap();
        let ran = lockstep(&["node", "replay", &path]);
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(ran.stderr.contains(expected), "{ran:?}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(lockstep(&["node", "replay", &path]).code, 4);
    assert_eq!(
        lockstep(&["node", "replay", &path, "--store", "disk"]).code,
        2
    );
}

#[test]
fn an_archive_that_cannot_be_written_is_an_error() {
    let ran = lockstep(&[
        "sim",
        "--blocks",
        "1",
        "--nodes",
        "1",
        "--archive",
        "no/such/folder/chain.blocks",
    ]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("cannot write the archive"), "{ran:?}");
}
