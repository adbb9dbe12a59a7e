//! Starts real processes: one that is killed, a second writer, and one whose disk is full.

use crate::{ExpectedChain, folder};
use node::Store;
use node_sim::synthetic::Synthetic;
use redb_store::{RedbStore, Settings};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The example `kill_loop`, which `cargo test` builds beside the tests.
fn kill_loop() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = folder.join("examples").join("kill_loop");
    assert!(
        path.exists(),
        "build it: cargo build -p lockstep-redb-store --example kill_loop"
    );
    path
}

#[test]
fn a_killed_process_loses_no_synced_block() {
    let path = folder("killed").join("store");
    let ran = Command::new(kill_loop())
        .args([
            "--rounds",
            "20",
            "--seed",
            "3",
            "--milliseconds",
            "60",
            "--path",
        ])
        .arg(&path)
        .output()
        .unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    let errors = String::from_utf8(ran.stderr);
    assert!(ran.status.success(), "{text} {errors:?}");
    assert!(text.starts_with("rounds 20, "), "{text}");
    assert!(text.contains(", lost 0,"), "{text}");
}

#[test]
fn a_second_process_is_refused() {
    let path = folder("second").join("store");
    let mut first = Command::new(kill_loop())
        .arg("write")
        .arg(&path)
        .arg("1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let refused = RedbStore::open(&path, Settings::default());
    first.kill().unwrap();
    first.wait().unwrap();
    let cause = refused.err().expect("a fault").to_string();
    assert!(cause.contains("it is open already"), "{cause}");
    RedbStore::open(&path, Settings::default()).unwrap();
}

/// A limit on the file size simulates a full disk: it needs no privilege, and the system refuses
/// the longer file.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_grow_stops_the_node_and_loses_nothing() {
    let path = folder("full").join("store");
    let script = "trap '' XFSZ; ulimit -f 1500; exec \"$0\" write \"$1\" 7 3000";
    let ran = Command::new("sh")
        .args(["-c", script])
        .arg(kill_loop())
        .arg(&path)
        .output()
        .unwrap();
    let errors = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{errors}");
    assert!(errors.contains("a write failed"), "{errors}");
    let reported = String::from_utf8(ran.stdout).unwrap();
    let reported: u64 = reported.lines().last().expect("a block").parse().unwrap();
    let store = RedbStore::open(&path, Settings::default()).unwrap();
    let height = store.tip().unwrap().unwrap().height.0;
    assert!(
        height >= reported,
        "{reported} was synced, {height} is the last"
    );
    ExpectedChain::up_to(&Synthetic::small(7), height).check(&store);
    store.scrub().unwrap();
}
