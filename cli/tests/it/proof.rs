//! Tests `lockstep proof`: what `make` writes is what `verify` proves, under its header alone.

use crate::{is_hex, lockstep, scratch};
use serde_json::Value;
use std::fs;

/// Simulates into an archive of five blocks; returns its path.
fn archive(name: &str) -> String {
    let path = scratch(name).to_str().unwrap().to_owned();
    let arguments = ["sim", "--blocks", "5", "--nodes", "1", "--archive", &path];
    assert_eq!(lockstep(&arguments).code, 0);
    path
}

/// Makes a proof of block 4; returns its path and the header to trust.
fn made(archive: &str, name: &str, claim: &[&str]) -> (String, String) {
    let path = scratch(name).to_str().unwrap().to_owned();
    let mut arguments = vec!["proof", "make", archive, "--height", "4", "--out", &path];
    arguments.extend(claim);
    arguments.push("--json");
    let ran = lockstep(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["bytes"], fs::metadata(&path).unwrap().len());
    assert!(is_hex(&line["header"], 32), "{line}");
    (path, line["header"].as_str().unwrap().to_owned())
}

fn verified(path: &str, header: &str) -> Value {
    let ran = lockstep(&["proof", "verify", path, "--header", header, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    assert_eq!(
        (&line["proved"], &line["height"]),
        (&true.into(), &4.into())
    );
    line["statement"].clone()
}

#[test]
fn what_is_made_is_verified_and_printed() {
    let archive = archive("proofs.blocks");
    // "rules" under the kind byte of the system, and a key that no chain has.
    let (path, header) = made(&archive, "value.proof", &["--key", "0072756c6573"]);
    let statement = verified(&path, &header);
    assert_eq!(statement["kind"], "value");
    assert_eq!(statement["key"], "0072756c6573");
    assert!(is_hex(&statement["value"], 44), "{statement}");
    let text = lockstep(&["proof", "verify", &path, "--header", &header]);
    assert!(
        text.stdout.starts_with("proved: result of block 4"),
        "{text:?}"
    );

    let (path, header) = made(&archive, "absence.proof", &["--key", "00ff"]);
    assert_eq!(verified(&path, &header)["kind"], "absence");
    let (path, header) = made(&archive, "receipt.proof", &["--receipt", "1"]);
    let statement = verified(&path, &header);
    assert_eq!(
        (&statement["kind"], &statement["transaction"]),
        (&"receipt".into(), &1.into())
    );
    assert!(is_hex(&statement["receipt"]["tx_id"], 32));

    let other = "00".repeat(32);
    let ran = lockstep(&["proof", "verify", &path, "--header", &other, "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(
        ran.json()["error"],
        "the last header is not the trusted one"
    );
    let ran = lockstep(&["proof", "verify", &path, "--header", "00"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_file_that_is_no_proof_is_not_a_proof_that_fails() {
    let archive = archive("damaged.blocks.proofs");
    let (path, header) = made(&archive, "damaged.proof", &["--receipt", "0"]);
    let bytes = fs::read(&path).unwrap();
    let verify = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        lockstep(&["proof", "verify", &path, "--header", &header])
    };
    let cut = verify(&bytes[..bytes.len() - 1]);
    assert_eq!(cut.code, 4);
    assert!(cut.stderr.contains("cut off"), "{cut:?}");
    let other = verify(b"hello");
    assert_eq!(other.code, 4);
    assert!(other.stderr.contains("no proof"), "{other:?}");
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    let changed = verify(&changed);
    assert!([1, 4].contains(&changed.code), "{changed:?}");
}

#[test]
fn what_cannot_be_proved_is_named() {
    let archive = archive("named.blocks");
    let out = scratch("named.proof").to_str().unwrap().to_owned();
    let cases = [
        (
            ["--height", "5", "--receipt", "0"],
            "the header of the next block",
        ),
        (["--height", "6", "--receipt", "0"], "there is no block 6"),
        (
            ["--height", "4", "--receipt", "9999"],
            "there is no receipt 9999",
        ),
    ];
    for (claim, expected) in cases {
        let mut arguments = vec!["proof", "make", &archive, "--out", &out];
        arguments.extend(claim);
        let ran = lockstep(&arguments);
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(ran.stderr.contains(expected), "{ran:?}");
    }
    let ran = lockstep(&["proof", "make", &archive, "--height", "4", "--out", &out]);
    assert_eq!(ran.code, 2, "{ran:?}");
}
