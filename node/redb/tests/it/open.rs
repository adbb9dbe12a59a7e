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
        (b"lockstep/redb-store/2\n".repeat(1000), "the newer build"),
        (b"lockstep/redb-store/0\n".repeat(9), "node replay"),
        (b"lockstep/redb-store/1\n".repeat(1000), "header is damaged"),
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

#[test]
fn a_file_that_was_cut_off_is_a_fault_or_has_all_of_the_last_commit() {
    for is_closed in [true, false] {
        let file = SimulatedFile::default();
        let mut store = open(&file).unwrap();
        let mut known = ExpectedChain::default();
        known.continue_to(&mut store, &tiny(2), 4);
        if is_closed {
            drop(store);
        } else {
            std::mem::forget(store);
        }
        let bytes = file.bytes();
        let mut faults = 0;
        let lengths = (0..bytes.len()).step_by(2048).chain([1, 22, 4095, 12_289]);
        for length in lengths.filter(|length| *length > 0) {
            let cut = SimulatedFile::of(bytes[..length].to_vec());
            match open(&cut).and_then(|store| {
                node::recomputed_root(&store)?;
                Ok(store)
            }) {
                Ok(store) => assert_eq!(known.check(&store), Some(4), "{length}"),
                Err(Fault::Store(cause)) => {
                    assert!(cause.starts_with("redb at simulated: "), "{cause}");
                    faults += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(faults > bytes.len() / 4096, "{faults}");
        // Zeros behind the end, as a file system leaves after a crash, are damage as well.
        let mut longer = bytes.clone();
        longer.resize(bytes.len() + 100, 0);
        assert!(open(&SimulatedFile::of(longer)).is_err());
    }
}
