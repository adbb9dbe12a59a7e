//! Takes a snapshot while blocks are committed, and restores it.

use crate::{ExpectedChain, filled, folder};
use node::snapshot::{MANIFEST, Restore, SnapshotOptions, app_hash, chunk_name, write};
use node::{MemoryStore, Store};
use node_sim::memory_files::MemoryFiles;
use node_sim::synthetic::Synthetic;
use rocksdb_store::{RocksStore, Settings};
use std::fs;

const TAKEN: u64 = 6;

#[test]
fn a_snapshot_taken_while_blocks_are_committed_restores_the_state_of_its_block() {
    let home = folder("snapshots");
    let chain = Synthetic::small(12);
    let (mut store, mut known) = filled(&home.join("first"), Settings::small(), &chain, TAKEN);
    let snapshot = store.snapshot().unwrap();
    let other = store.snapshot().unwrap();
    known.continue_to(&mut store, &chain, TAKEN + 20);
    store.compact().unwrap();
    let mut files = MemoryFiles::default();
    let options = SnapshotOptions {
        chunk_bytes: 20_000,
        ..SnapshotOptions::default()
    };
    let manifest = write(snapshot.as_ref(), &mut files, &options, &mut |_| {}).unwrap();
    assert_eq!(manifest.tip, known.tips[TAKEN as usize]);
    assert!(manifest.chunks() > 4);
    // A view is removed with it, and at the next opening if nothing removed it.
    let views = home.join("first").join("snapshots");
    assert_eq!(fs::read_dir(&views).unwrap().count(), 2);
    drop(snapshot);
    assert_eq!(fs::read_dir(&views).unwrap().count(), 1);
    std::mem::forget(other);
    drop(store);
    RocksStore::open(&home.join("first"), Settings::small()).unwrap();
    assert!(!views.exists());

    let path = home.join("second");
    let trusted = app_hash(&manifest.tip.result);
    for index in 0..manifest.chunks() {
        let mut store = RocksStore::open(&path, Settings::small()).unwrap();
        assert_eq!(store.tip().unwrap(), None);
        let mut restore = Restore::open(&mut store, &files.0[MANIFEST], &trusted).unwrap();
        restore.chunk(index, &files.0[&chunk_name(index)]).unwrap();
        if index > 0 {
            let refused = store.commit(chain.next(None, &mut tree::Tree::new()));
            let cause = refused.unwrap_err().to_string();
            assert!(cause.contains("lockstep node restore"), "{cause}");
        }
    }
    let mut store = RocksStore::open(&path, Settings::small()).unwrap();
    let restore = Restore::open(&mut store, &files.0[MANIFEST], &trusted).unwrap();
    assert_eq!(restore.finish().unwrap(), manifest.tip);
    let mut again = ExpectedChain::default();
    again.continue_to(&mut MemoryStore::new(), &chain, TAKEN);
    again.check(&store);
    again.continue_to(&mut store, &chain, TAKEN + 9);
    drop(store);
    let store = RocksStore::open(&path, Settings::small()).unwrap();
    assert_eq!(known.check(&store), TAKEN + 9);
    assert_eq!(store.chain_id().unwrap(), Some([0; 32]));
    store.scrub().unwrap();
}
