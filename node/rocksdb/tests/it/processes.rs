//! Starts real processes: one that is killed, a second writer, and one whose disk is full.

use crate::{ExpectedChain, folder};
use node::{MemoryStore, Store};
use node_sim::synthetic::Synthetic;
use rocksdb_store::{RocksStore, Settings};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const KILL_LOOP: &str = env!("CARGO_BIN_EXE_kill_loop");

#[test]
fn a_killed_process_loses_no_synced_block() {
    let path = folder("killed");
    let ran = Command::new(KILL_LOOP)
        .args(["--rounds", "6", "--seed", "3", "--path"])
        .arg(&path)
        .output()
        .unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(
        ran.status.success(),
        "{text} {:?}",
        String::from_utf8(ran.stderr)
    );
    assert!(
        text.starts_with("rounds 6, ") && text.contains(", lost 0,"),
        "{text}"
    );
}

#[test]
fn a_second_process_is_refused() {
    let path = folder("second");
    let mut first = Command::new(KILL_LOOP)
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
    let refused = RocksStore::open(&path, Settings::small());
    first.kill().unwrap();
    first.wait().unwrap();
    let cause = refused.err().expect("a fault").to_string();
    assert!(cause.contains("it is open already"), "{cause}");
    RocksStore::open(&path, Settings::small()).unwrap();
}

/// A limit on the file size simulates a full disk: it needs no privilege, and the write fails at
/// the same point.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_grow_stops_the_node_and_loses_nothing() {
    let path = folder("full");
    let script = "trap '' XFSZ; ulimit -f 700; exec \"$0\" write \"$1\" 7 3000";
    let ran = Command::new("sh")
        .args(["-c", script, KILL_LOOP])
        .arg(&path)
        .output()
        .unwrap();
    let errors = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{errors}");
    assert!(errors.contains("a write failed"), "{errors}");
    let reported = String::from_utf8(ran.stdout).unwrap();
    let reported: u64 = reported.lines().last().expect("a block").parse().unwrap();
    let store = RocksStore::open(&path, Settings::small()).unwrap();
    let height = store.tip().unwrap().unwrap().height.0;
    assert!(
        height >= reported,
        "block {reported} was synced, {height} is the last"
    );
    let mut known = ExpectedChain::default();
    known.continue_to(&mut MemoryStore::new(), &Synthetic::small(7), height);
    known.check(&store);
    store.scrub().unwrap();
}
