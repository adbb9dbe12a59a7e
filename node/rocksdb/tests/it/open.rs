//! Checks what opening refuses and with which message, and that damage is found.

use crate::{filled, folder};
use node::{Store, recomputed_root};
use node_sim::synthetic::Synthetic;
use rocksdb::{DB, Options};
use rocksdb_store::{RocksStore, Settings};
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use vm::{Fault, Height};

fn refused(path: &Path) -> String {
    match RocksStore::open(path, Settings::small()) {
        Err(Fault::Store(cause)) => {
            let named = cause.strip_prefix(&format!("rocksdb at {}: ", path.display()));
            named.expect("the folder is named").to_owned()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

#[test]
fn a_store_has_one_writer() {
    let path = folder("one-writer");
    let (store, _) = filled(&path, Settings::small(), &Synthetic::small(1), 2);
    let cause = refused(&path);
    assert!(cause.starts_with("it is open already"), "{cause}");
    drop(store);
    RocksStore::open(&path, Settings::small()).unwrap();
}

#[test]
fn other_versions_are_named_with_what_to_do() {
    let path = folder("versions");
    drop(filled(&path, Settings::small(), &Synthetic::small(1), 2));
    let mark = path.join("LOCKSTEP");
    assert_eq!(
        fs::read_to_string(&mark).unwrap(),
        "lockstep/rocksdb-store/2\n"
    );
    for (version, advice) in [(3, "the newer build"), (0, "cannot convert")] {
        fs::write(&mark, format!("lockstep/rocksdb-store/{version}\n")).unwrap();
        let cause = refused(&path);
        assert!(cause.contains(&format!("version {version} of")), "{cause}");
        assert!(cause.contains("needs version 2"), "{cause}");
        assert!(
            cause.contains(advice) && cause.contains("replay"),
            "{cause}"
        );
    }
    fs::write(&mark, "lockstep").unwrap();
    assert!(refused(&path).contains("damaged"));
    fs::remove_file(&mark).unwrap();
    assert!(refused(&path).contains("something else"));
    fs::write(&mark, "lockstep/rocksdb-store/2\n").unwrap();
    RocksStore::open(&path, Settings::small()).unwrap();
}

#[test]
fn a_store_of_version_1_gets_the_families_that_it_lacks() {
    let path = folder("version-1");
    let chain = Synthetic::small(8);
    let (store, mut known) = filled(&path, Settings::small(), &chain, 5);
    drop(store);
    // What a build of version 1 had left.
    let names = ["default", "values", "headers", "receipts", "transactions"];
    let names = names.into_iter().chain(["events", "records", "meta"]);
    let mut database = DB::open_cf(&Options::default(), &path, names).unwrap();
    for name in ["transactions", "events", "records"] {
        database.drop_cf(name).unwrap();
    }
    drop(database);
    let mark = path.join("LOCKSTEP");
    fs::write(&mark, "lockstep/rocksdb-store/1\n").unwrap();
    let mut store = RocksStore::open(&path, Settings::small()).unwrap();
    assert_eq!(
        fs::read_to_string(&mark).unwrap(),
        "lockstep/rocksdb-store/2\n"
    );
    assert_eq!(known.check(&store), 5);
    assert_eq!(store.transactions(Height(5)).unwrap(), None);
    assert!(store.receipts(Height(5)).unwrap().is_some());
    known.continue_to(&mut store, &chain, 7);
    assert_eq!(store.transactions(Height(6)).unwrap().unwrap().len(), 3);
    store.scrub().unwrap();
}

#[test]
fn a_folder_that_cannot_be_is_refused() {
    let path = folder("not-a-folder").join("file");
    fs::write(&path, "").unwrap();
    assert!(refused(&path).contains("cannot be"));
    let none = Settings {
        keep_blocks: Some(0),
        ..Settings::small()
    };
    assert!(RocksStore::open(&folder("keep-nothing"), none).is_err());
}

#[test]
fn a_scrub_finds_a_flipped_bit_that_the_cache_hides() {
    let path = folder("rot");
    let chain = Synthetic::small(3);
    let settings = Settings {
        cache_bytes: 64 * 1024 * 1024,
        ..Settings::small()
    };
    let (store, known) = filled(&path, settings.clone(), &chain, 20);
    store.compact().unwrap();
    assert_eq!(known.check(&store), 20);
    let scrubbed = store.scrub().unwrap();
    assert_eq!((scrubbed.height.0, scrubbed.blocks), (20, 21));
    flip(&largest_table(&path));
    assert!(
        recomputed_root(&store).is_ok(),
        "reads come from the cache, which is why a scrub bypasses it"
    );
    let cause = store.scrub().unwrap_err().to_string();
    assert!(cause.contains("orruption"), "{cause}");
    drop(store);
    // After a restart the first read of it fails; a node reads all values at once.
    let store = RocksStore::open(&path, settings).unwrap();
    assert!(matches!(recomputed_root(&store), Err(Fault::Store(_))));
    assert!(store.scan(&[], None, usize::MAX).is_err());
}

/// The largest sorted file.
fn largest_table(path: &Path) -> PathBuf {
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let tables = files.filter(|file| file.path().extension().is_some_and(|end| end == "sst"));
    let largest = tables.max_by_key(|file| file.metadata().unwrap().len());
    largest.expect("a sorted file").path()
}

/// Flips one bit in the middle of a file.
fn flip(path: &Path) {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.read_exact(&mut byte).unwrap();
    byte[0] ^= 1;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&byte).unwrap();
    file.sync_all().unwrap();
}
