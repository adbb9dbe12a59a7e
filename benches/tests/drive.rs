//! Tests the JSON fields of `benches drive`, which scripts read.
#![cfg(test)]

use serde_json::Value;
use std::process::Command;

fn measured(arguments: &[&str]) -> Value {
    let folder = format!("{}/drive", env!("CARGO_TARGET_TMPDIR"));
    let ran = Command::new(env!("CARGO_BIN_EXE_benches"))
        .args(["drive", "--json", "--transfers", "20", "--blocks", "2"])
        .args(["--folder", &folder])
        .args(arguments)
        .output()
        .expect("the binary starts");
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).expect("one line of JSON")
}

#[test]
fn a_driven_chain_is_split_into_calls() {
    for arguments in [
        ["--workers", "0"].as_slice(),
        &["--workers", "2", "--memory"],
    ] {
        let report = measured(arguments);
        assert_eq!(report["transfers"], 20);
        for kind in ["wall_us", "cpu_us"] {
            for call in ["propose", "verify", "finalize", "sibling"] {
                let figure = report[kind][call].as_f64();
                assert!(figure.expect("a number") > 0.0, "{kind} {call}");
            }
        }
    }
}
