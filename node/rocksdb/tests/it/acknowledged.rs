//! Loses acknowledged blocks to damage in the log: a fault that says so, until it is accepted.

use crate::torn::{copy, last_log};
use crate::{ExpectedChain, filled, folder};
use node::{MemoryStore, Store};
use node_sim::synthetic::Synthetic;
use rocksdb_store::{RocksStore, Settings};
use std::fs;
use vm::Fault;

const BLOCKS: u64 = 20;

fn settings() -> Settings {
    Settings {
        open_seconds: 30,
        ..Settings::default()
    }
}

#[test]
fn a_lost_block_that_was_acknowledged_is_a_fault_until_it_is_accepted() {
    let home = folder("lost");
    let chain = Synthetic::small(11);
    let path = home.join("written");
    let (store, known) = filled(&path, settings(), &chain, BLOCKS);
    drop(store);
    let log = last_log(&path);
    let whole = fs::read(path.join(&log)).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut heights = std::collections::BTreeSet::new();
    for part in 0..40 {
        let damaged = home.join("damaged");
        copy(&path, &damaged);
        let mut bytes = whole.clone();
        bytes[used * part / 40 + 3] ^= 0x10;
        fs::write(damaged.join(&log), bytes).unwrap();
        let Err(Fault::Store(cause)) = RocksStore::open(&damaged, settings()) else {
            panic!("part {part} opened");
        };
        assert!(cause.contains("block 20 was acknowledged"), "{cause}");
        assert!(cause.contains("lockstep node accept rocksdb:"), "{cause}");
        // Opening it again does not help, and does not hide it.
        assert!(RocksStore::open(&damaged, settings()).is_err());
        let accepted = RocksStore::accept(&damaged, settings()).unwrap();
        assert_eq!(accepted.acknowledged.map(|height| height.0), Some(BLOCKS));
        let found = accepted.height.map(|height| height.0);
        let named = match found {
            Some(height) => format!("the folder has block {height} as its last"),
            None => "the folder has no block".to_owned(),
        };
        assert!(cause.contains(&named), "{cause}");
        assert!(found < Some(BLOCKS));
        heights.insert(found);
        goes_on(&damaged, &chain, &known, found);
        fs::remove_dir_all(&damaged).unwrap();
    }
    assert!(heights.len() > 10, "{heights:?}");
}

/// The store opens at the block that was accepted, and takes the next ones.
fn goes_on(path: &std::path::Path, chain: &Synthetic, known: &ExpectedChain, found: Option<u64>) {
    let mut store = RocksStore::open(path, settings()).unwrap();
    assert_eq!(store.tip().unwrap().map(|tip| tip.height.0), found);
    let mut again = ExpectedChain::default();
    if let Some(height) = found {
        known.check(&store);
        again.continue_to(&mut MemoryStore::new(), chain, height);
    }
    again.continue_to(&mut store, chain, BLOCKS);
    drop(store);
    let store = RocksStore::open(path, settings()).unwrap();
    assert_eq!(known.check(&store), BLOCKS);
}

#[test]
fn files_of_another_time_or_chain_are_a_fault() {
    let home = folder("other-time");
    let [old, new, other] = ["old", "new", "other"].map(|name| home.join(name));
    drop(filled(&new, settings(), &Synthetic::small(1), 9));
    drop(filled(&old, settings(), &Synthetic::small(1), 5));
    drop(filled(&other, settings(), &Synthetic::small(2), 9));
    for (from, found) in [(&old, "block 5 as its last"), (&other, "another block 9")] {
        fs::copy(new.join("ACKNOWLEDGED"), from.join("ACKNOWLEDGED")).unwrap();
        let refused = RocksStore::open(from, settings()).err().expect("a fault");
        let cause = refused.to_string();
        assert!(cause.contains("block 9 was acknowledged"), "{cause}");
        assert!(cause.contains(found), "{cause}");
    }
    // A store without the file opens, as does one that is ahead of it.
    fs::remove_file(other.join("ACKNOWLEDGED")).unwrap();
    RocksStore::open(&other, settings()).unwrap();
    fs::write(new.join("ACKNOWLEDGED"), [7; 300]).unwrap();
    RocksStore::open(&new, settings()).unwrap();
}
