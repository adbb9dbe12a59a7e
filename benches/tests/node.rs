//! Tests the JSON fields of `benches state` and `benches transfers`, which scripts read.
#![cfg(test)]

use serde_json::Value;
use std::process::Command;

fn measured(arguments: &[&str]) -> Value {
    let folder = format!("{}/{}", env!("CARGO_TARGET_TMPDIR"), arguments[0]);
    let ran = Command::new(env!("CARGO_BIN_EXE_benches"))
        .args(arguments)
        .args(["--json", "--folder", &folder])
        .output()
        .expect("the binary starts");
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).expect("one line of JSON")
}

#[test]
fn state_has_every_field_for_all() {
    // The command fails if they have different roots.
    let report = measured(&["state", "--quick"]);
    assert_eq!(report["keys"], 20_000);
    assert_eq!(report["updates"], 1_000);
    for field in ["cpu_ms", "wall_ms", "bytes_per_block"] {
        for candidate in ["lockstep", "redb", "jmt"] {
            let figure = report[field][candidate].as_f64();
            assert!(figure.expect("a number") > 0.0, "{field} of {candidate}");
        }
    }
    assert_eq!(report["tenth"]["keys"], 2_000);
}

#[test]
fn transfers_are_split_into_parts() {
    let report = measured(&["transfers", "--transfers", "20", "--blocks", "2"]);
    assert_eq!(report["transfers"], 20);
    for part in [
        "total",
        "signatures",
        "execution",
        "store_reads",
        "tree",
        "store",
    ] {
        let figure = report["cpu_us"][part].as_f64();
        assert!(figure.expect("a number") > 0.0, "{part}");
    }
}
