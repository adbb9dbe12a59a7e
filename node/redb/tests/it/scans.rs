//! Counts the pages that a scan reads: keys that were deleted cost nothing.

use crate::simulated_file::SimulatedFile;
use node::Store;
use node_sim::synthetic::commit;
use redb_store::{RedbStore, Settings};

/// Keys in the order of their numbers.
fn key(number: u32) -> Vec<u8> {
    let mut bytes = number.to_le_bytes();
    bytes.reverse();
    bytes.repeat(8)
}

#[test]
fn a_scan_over_100_000_deleted_keys_reads_a_few_pages() {
    const DELETED: u32 = 100_000;
    let file = SimulatedFile::default();
    let open = || RedbStore::open_on(Box::new(file.clone()), "simulated", Settings::default());
    let mut store = open().unwrap();
    let value = |number| (key(number), Some(vec![7; 50]));
    store
        .commit(commit(0, (0..DELETED + 100).map(value).collect()))
        .unwrap();
    let reads = |what: &dyn Fn(&RedbStore)| {
        // Without the pages of the commits in memory.
        let store = open().unwrap();
        store.tip().unwrap();
        let before = file.reads();
        what(&store);
        file.reads() - before
    };
    drop(store);
    let whole = reads(&|store| drop(store.scan(&key(0), None, usize::MAX).unwrap()));
    assert!(whole > 1_000, "{whole}");
    // In two blocks, all but a few at both ends.
    for (height, range) in [(1, 50..60_000), (2, 60_000..DELETED)] {
        let mut store = open().unwrap();
        let diff = range.map(|number| (key(number), None)).collect();
        store.commit(commit(height, diff)).unwrap();
    }
    let over = reads(&|store| {
        let found = store
            .scan(&key(40), Some(&key(DELETED + 10)), 1_000)
            .unwrap();
        assert_eq!(found.len(), 20);
    });
    let first = reads(&|store| {
        let found = store.scan(&key(50), None, 1).unwrap();
        assert_eq!(found[0].0, key(DELETED));
    });
    assert!(over < 20 && first < 20, "{over} {first}");
}
