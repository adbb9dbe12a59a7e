//! Checks what opening refuses and with which message.

use crate::simulated_file::SimulatedFile;
use crate::{ExpectedChain, folder, open, tiny};
use redb_store::{RedbStore, Settings};
use std::fs;
use std::path::Path;
use vm::Fault;

fn refused(path: &Path) -> String {
    match RedbStore::open(path, Settings::default()) {
        Err(Fault::Store(cause)) => {
            let named = cause.strip_prefix(&format!("redb at {}: ", path.display()));
            named.expect("the file is named").to_owned()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

#[test]
fn a_store_has_one_writer() {
    let path = folder("one-writer").join("store");
    let mut store = RedbStore::open(&path, Settings::default()).unwrap();
    ExpectedChain::default().continue_to(&mut store, &tiny(1), 2);
    let cause = refused(&path);
    assert!(cause.starts_with("it is open already"), "{cause}");
    drop(store);
    RedbStore::open(&path, Settings::default()).unwrap();
}

#[test]
fn paths_that_cannot_be_are_refused() {
    let home = folder("paths");
    assert!(refused(&home).contains("cannot be opened"));
    assert!(refused(&home.join("none").join("store")).contains("cannot be opened"));
    fs::write(home.join("file"), "").unwrap();
    assert!(refused(&home.join("file").join("store")).contains("cannot be opened"));
    let none = Settings {
        keep_blocks: Some(0),
        ..Settings::default()
    };
    assert!(RedbStore::open(&home.join("store"), none).is_err());
}

#[test]
fn files_of_other_programs_are_refused_and_not_changed() {
    let path = folder("others").join("file");
    let redb = {
        let database = redb::Database::create(&path).unwrap();
        drop(database);
        fs::read(&path).unwrap()
    };
    for (bytes, expected) in [
        (b"GIF89a".to_vec(), "something else"),
        (vec![b'x'; 12_288], "something else"),
        (vec![0; 100_000], "something else"),
        (redb, "redb file of something else"),
        (b"lockstep/redb-store/3\n".repeat(1000), "the newer build"),
        (b"lockstep/redb-store/0\n".repeat(9), "node replay"),
        (b"lockstep/redb-store/1\n".repeat(1000), "header is damaged"),
        (b"lockstep/redb-store/2\n".repeat(1000), "header is damaged"),
        (b"LSblock1".repeat(9000), "something else"),
    ] {
        fs::write(&path, &bytes).unwrap();
        let cause = refused(&path);
        assert!(cause.contains(expected), "{cause}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{expected}");
    }
    // A file without a byte is a new store.
    fs::write(&path, "").unwrap();
    RedbStore::open(&path, Settings::default()).unwrap();
}

/// A store at rest, closed or killed.
fn at_rest(is_closed: bool) -> (Vec<u8>, ExpectedChain) {
    let file = SimulatedFile::default();
    let mut store = open(&file).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, &tiny(2), 4);
    let killed = file.bytes();
    drop(store);
    let bytes = if is_closed { file.bytes() } else { killed };
    (bytes, known)
}

#[test]
fn a_file_that_was_cut_off_is_a_fault() {
    for is_closed in [true, false] {
        let (bytes, _) = at_rest(is_closed);
        let lengths = (0..bytes.len()).step_by(2048);
        for length in lengths.chain([22, 12_289, bytes.len() - 1]).skip(1) {
            let cut = SimulatedFile::of(bytes[..length].to_vec());
            let Err(Fault::Store(cause)) = open(&cut) else {
                panic!("{length} bytes opened");
            };
            let reasons = ["is cut off", "something else", "header is damaged"];
            let named = cause.strip_prefix("redb at simulated: ").expect("the name");
            assert!(
                reasons.iter().any(|reason| named.contains(reason)),
                "{cause}"
            );
        }
    }
}

/// As a copy or a file system can leave them.
#[test]
fn bytes_behind_the_end_are_a_fault_or_change_nothing() {
    for is_closed in [true, false] {
        let (bytes, known) = at_rest(is_closed);
        for added in [1, 100, 4096, 2 * 4096, 50 * 4096, 600 * 4096] {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + added, 0);
            match open(&SimulatedFile::of(longer)) {
                Ok(store) => assert_eq!(known.check(&store), Some(4), "{added}"),
                Err(fault) => assert!(fault.to_string().contains("redb at simulated"), "{fault}"),
            }
        }
    }
}
