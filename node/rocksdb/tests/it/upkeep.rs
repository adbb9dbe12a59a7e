//! Checks pruning, and the restoring of backups.

use crate::{ExpectedChain, filled, folder};
use node::{MemoryStore, Store};
use node_sim::synthetic::Synthetic;
use rocksdb_store::{RocksStore, Settings};
use vm::Height;

fn keeping(blocks: u64) -> Settings {
    Settings {
        keep_blocks: Some(blocks),
        ..Settings::small()
    }
}

fn kept(store: &RocksStore, height: u64) -> (bool, bool) {
    let receipts = store.receipts(Height(height)).unwrap().is_some();
    (receipts, store.header(Height(height)).unwrap().is_some())
}

#[test]
fn old_blocks_are_pruned_and_the_state_stays() {
    let path = folder("prune");
    let chain = Synthetic::small(4);
    let (store, known) = filled(&path, keeping(5), &chain, 12);
    for height in 0..=12 {
        assert_eq!(kept(&store, height), (height > 7, height > 7), "{height}");
    }
    known.check(&store);
    assert_eq!(store.scrub().unwrap().blocks, 5);
    drop(store);
    // Fewer from now on; pruned blocks stay pruned.
    let store = RocksStore::open(&path, keeping(2)).unwrap();
    assert_eq!(
        (kept(&store, 10), kept(&store, 11)),
        ((false, false), (true, true))
    );
    drop(store);
    let mut store = RocksStore::open(&path, Settings::small()).unwrap();
    known.clone().continue_to(&mut store, &chain, 15);
    assert_eq!(kept(&store, 10), (false, false));
    assert!((11..=15).all(|height| kept(&store, height) == (true, true)));
}

#[test]
fn a_backup_is_a_store_of_its_own() {
    let home = folder("backup");
    let chain = Synthetic::small(5);
    let (mut store, mut known) = filled(&home.join("first"), Settings::small(), &chain, 10);
    let copy = home.join("copy");
    store.backup(&copy).unwrap();
    assert!(
        store.backup(&copy).is_err(),
        "an existing folder is not overwritten"
    );
    known.continue_to(&mut store, &chain, 20);
    let mut restored = RocksStore::open(&copy, Settings::small()).unwrap();
    assert_eq!(known.check(&restored), 10);
    assert_eq!(restored.scrub().unwrap().blocks, 11);
    let mut memory = MemoryStore::new();
    let mut again = ExpectedChain::default();
    again.continue_to(&mut memory, &chain, 10);
    again.continue_to(&mut restored, &chain, 20);
    assert_eq!(restored.tip().unwrap(), store.tip().unwrap());
    assert_eq!((known.check(&store), known.check(&restored)), (20, 20));
}
