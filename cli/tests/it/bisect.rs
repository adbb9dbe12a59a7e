//! Tests `sim --plant`, `sim --case`, `node replay --bisect` and `node case`; and that language and
//! time zone do not change the output of a simulation.

use crate::lockstep;
use node::archive::{ArchiveReader, ArchiveWriter};
use node_sim::simulate::injected::INJECTED_FAULTS;
use serde_json::Value;
use std::fs;
use std::process::Command;

fn path(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn an_injected_fault_is_found_and_its_case_file_replays_alone() {
    let case = path("injected.case");
    let simulate = [
        "sim",
        "--blocks",
        "8",
        "--seed",
        "7",
        "--plant",
        "wrong-opcode",
    ];
    let ran = lockstep(&[&simulate[..], &["--nodes", "2", "--case", &case, "--json"]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["agreed"], false);
    assert_eq!(line["executors"][2], "wrong-opcode");
    assert_eq!(line["first_difference"]["nodes"][1], 2);
    let site = &line["site"];
    assert_eq!(site["part"], "instruction");
    assert_eq!(site["instruction"]["operator"], "i64.add");
    assert_ne!(site["left"], site["right"]);

    let ran = lockstep(&["node", "case", &case, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let alone = ran.json();
    assert_eq!(alone["height"], line["first_difference"]["height"]);
    assert_eq!(alone["tx_id"], line["first_difference"]["tx_id"]);
    assert_eq!(alone["found"]["by"], "wrong-opcode");
    assert_eq!(alone["mismatches"], Value::Array(Vec::new()));

    let text = lockstep(&[&simulate[..], &["--nodes", "1"]].concat());
    assert_eq!(text.code, 1, "{text:?}");
    let expected = "first instruction that differs\n  i64.add at offset ";
    assert!(text.stdout.contains(expected), "{text:?}");
}

#[test]
fn every_injected_fault_is_in_the_help_and_other_names_are_a_usage_error() {
    let help = lockstep(&["sim", "--help"]);
    for fault in &INJECTED_FAULTS {
        assert!(help.stdout.contains(fault.name), "{}", fault.name);
        assert!(help.stdout.contains(fault.summary), "{}", fault.name);
    }
    assert_eq!(lockstep(&["sim", "--plant", "none"]).code, 2);
    assert_eq!(lockstep(&["sim", "--network", "--plant", "clock"]).code, 2);
}

/// A simulated archive in which the gas used by one transaction of block 4 is one too high.
fn changed(name: &str) -> String {
    let path = path(name);
    let simulate = ["sim", "--json", "--blocks", "5", "--nodes", "1"];
    let ran = lockstep(&[&simulate[..], &["--archive", &path]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let bytes = fs::read(&path).unwrap();
    let mut reader = ArchiveReader::new(bytes.as_slice()).unwrap();
    let mut writer = ArchiveWriter::new(Vec::new(), reader.genesis()).unwrap();
    while let Some(mut block) = reader.next_block().unwrap() {
        if block.block.header.height.0 == 4 {
            block.entries[2].receipt.gas_used += 1;
        }
        writer.push(&block).unwrap();
    }
    fs::write(&path, writer.finish().unwrap()).unwrap();
    path
}

#[test]
fn a_wrong_archive_yields_a_case_file() {
    let (archive, case) = (changed("changed.blocks"), path("changed.case"));
    let replay = ["node", "replay", &archive, "--bisect", "--out", &case];
    let ran = lockstep(&[&replay[..], &["--json"]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = ran.json();
    let difference = &line["first_difference"];
    assert_eq!(
        (&difference["height"], &difference["transaction"]),
        (&4.into(), &2.into())
    );
    assert_eq!(line["bisection"]["reference_agrees"], true);
    assert_eq!(line["bisection"]["site"], Value::Null);

    for engine in ["interpreter", "reference"] {
        let ran = lockstep(&["node", "case", &case, "--engine", engine, "--json"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let alone = ran.json();
        assert_eq!(
            (&alone["height"], &alone["transaction"]),
            (&4.into(), &2.into())
        );
        assert_eq!(alone["tx_id"], difference["tx_id"]);
        assert_eq!(alone["expected"]["by"], "archive");
        assert_eq!(alone["mismatches"][0]["field"], "receipt.gas_used");
        assert_eq!(alone["mismatches"][0]["here"], alone["found"]["gas_used"]);
    }
    let text = lockstep(&replay);
    assert_eq!(text.code, 1, "{text:?}");
    assert!(
        text.stdout
            .contains("the reference engine agrees with the found result"),
        "{text:?}"
    );
    assert!(text.stdout.contains("lockstep node case "), "{text:?}");
    let text = lockstep(&["node", "case", &case]);
    assert!(
        text.stdout
            .starts_with("disagreed: block 4, transaction 2, "),
        "{text:?}"
    );
    let without = lockstep(&["node", "replay", &archive, "--json"]);
    assert_eq!(
        (without.code, &without.json()["bisection"]),
        (1, &Value::Null)
    );
    assert_eq!(
        lockstep(&["node", "replay", &archive, "--out", &case]).code,
        2
    );
}

#[test]
fn a_file_that_is_not_a_case_file_is_an_error() {
    let file = path("none.case");
    fs::write(&file, b"lockstep/archive/1\n").unwrap();
    let ran = lockstep(&["node", "case", &file]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("not a case"), "{ran:?}");
    assert_eq!(lockstep(&["node", "case", &path("absent.case")]).code, 4);
}

#[test]
fn language_and_time_zone_do_not_change_the_output() {
    let simulate = |environment: [(&str, &str); 3]| {
        let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(["sim", "--blocks", "4", "--nodes", "2", "--json"])
            .envs(environment)
            .output()
            .expect("the binary starts");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let plain = simulate([("LANG", "C"), ("LC_ALL", "C"), ("TZ", "UTC")]);
    let turkish = [
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("TZ", "Asia/Kathmandu"),
    ];
    let arabic = [("LANG", "ar_EG"), ("LC_ALL", "ar_EG"), ("TZ", "<-13>13")];
    assert_eq!(simulate(turkish), plain);
    assert_eq!(simulate(arabic), plain);
}
