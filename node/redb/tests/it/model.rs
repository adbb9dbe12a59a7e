//! Checks that this store, the log and memory stay equal under random commits, reads and restarts.

use crate::simulated_file::SimulatedFile;
use crate::{folder, open};
use node::{LogStore, MemoryStore, Record, Store, recomputed_root};
use node_sim::disk::SimulatedDisk;
use node_sim::synthetic::{SplitMix, Synthetic, state_key};
use redb_store::{RedbStore, Settings};
use std::collections::BTreeMap;
use tree::Tree;
use vm::Height;

const SEEDS: u64 = 4;
const BLOCKS: u64 = 40;

#[test]
fn redb_the_log_and_memory_return_the_same() {
    for seed in 0..SEEDS {
        let chain = Synthetic {
            keys: 300,
            // Some values are longer than a page of the file, and some than eight.
            value_bytes: if seed == 3 { 40_000 } else { 400 },
            ..Synthetic::small(seed)
        };
        let mut random = SplitMix(seed);
        let mut tree = Tree::new();
        let mut memory = MemoryStore::new();
        let disk = SimulatedDisk::new(seed);
        let mut log = LogStore::open(disk.clone()).unwrap();
        let file = SimulatedFile::default();
        let mut redb = open(&file).unwrap();
        assert_eq!(
            (redb.tip().unwrap(), redb.chain_id().unwrap()),
            (None, None)
        );
        assert!(redb.scan(&[], None, 9).unwrap().is_empty());
        let mut records = BTreeMap::new();
        for height in 0..=BLOCKS {
            let commit = chain.next(memory.tip().unwrap().as_ref(), &mut tree);
            records.extend(commit.records.iter().cloned());
            let (transactions, events) = (commit.transactions.clone(), commit.events.clone());
            memory.commit(commit.clone()).unwrap();
            log.commit(commit.clone()).unwrap();
            redb.commit(commit.clone()).unwrap();
            // The same block again is not the next one, for any store.
            assert!(redb.commit(commit).is_err());
            let besides: Vec<Record> =
                vec![(vec![98], None), (vec![99], Some(vec![height as u8; 9]))];
            redb.write_records(besides.clone()).unwrap();
            records.extend(besides);
            if random.below(8) == 0 {
                drop(redb);
                redb = open(&file).unwrap();
                log = LogStore::open(disk.clone()).unwrap();
            }
            for other in [&log as &dyn Store, &redb] {
                compare(&memory, other, &mut random, height);
            }
            for (key, record) in &records {
                assert_eq!(&redb.record(key).unwrap(), record);
            }
            let found = redb.transactions(Height(height)).unwrap();
            assert_eq!(found, Some(transactions));
            assert_eq!(redb.events(Height(height)).unwrap(), Some(events));
            let header = redb.header(Height(height)).unwrap();
            assert_eq!(header, memory.header(Height(height)).unwrap());
        }
        assert!(redb.keeps_records() && records.len() > 10);
        assert_eq!(recomputed_root(&redb).unwrap(), tree.root().0);
        let scrubbed = redb.scrub().unwrap();
        assert_eq!((scrubbed.height.0, scrubbed.blocks), (BLOCKS, BLOCKS + 1));
    }
}

fn compare(model: &dyn Store, other: &dyn Store, random: &mut SplitMix, height: u64) {
    assert_eq!(other.tip().unwrap(), model.tip().unwrap());
    assert_eq!(other.chain_id().unwrap(), Some([0; 32]));
    let near = Height(random.below(height + 2));
    assert_eq!(other.receipts(near).unwrap(), model.receipts(near).unwrap());
    for _ in 0..20 {
        let key = state_key(random.below(320));
        assert_eq!(other.read(&key).unwrap(), model.read(&key).unwrap());
        assert_eq!(other.contains(&key).unwrap(), model.contains(&key).unwrap());
        let bytes = model.value_bytes(&key).unwrap();
        assert_eq!(other.value_bytes(&key).unwrap(), bytes);
        let end = state_key(random.below(320));
        let end = (random.below(3) > 0).then_some(end.as_slice());
        if end.is_some_and(|end| end < key.as_slice()) {
            assert!(other.scan(&key, end, 9).unwrap().is_empty());
            continue;
        }
        let limit = random.below(40) as usize;
        assert_eq!(
            other.scan(&key, end, limit).unwrap(),
            model.scan(&key, end, limit).unwrap()
        );
    }
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    assert_eq!(all(other), all(model));
}

#[test]
fn old_blocks_are_pruned_and_the_state_stays() {
    let chain = Synthetic::small(4);
    let path = folder("prune").join("store");
    let keeping = |blocks| Settings {
        keep_blocks: blocks,
        ..Settings::default()
    };
    let kept = |store: &RedbStore, height: u64| {
        let receipts = store.receipts(Height(height)).unwrap().is_some();
        (receipts, store.header(Height(height)).unwrap().is_some())
    };
    let mut known = crate::ExpectedChain::default();
    let mut store = RedbStore::open(&path, keeping(Some(5))).unwrap();
    known.continue_to(&mut store, &chain, 12);
    for height in 0..=12 {
        assert_eq!(kept(&store, height), (height > 7, height > 7), "{height}");
    }
    assert_eq!(store.scrub().unwrap().blocks, 5);
    drop(store);
    // Fewer from now on; pruned blocks stay pruned, and the chain stays known.
    let store = RedbStore::open(&path, keeping(Some(2))).unwrap();
    assert_eq!(kept(&store, 10), (false, false));
    assert_eq!(kept(&store, 11), (true, true));
    assert_eq!(store.chain_id().unwrap(), Some([0; 32]));
    drop(store);
    let mut store = RedbStore::open(&path, keeping(None)).unwrap();
    known.continue_to(&mut store, &chain, 15);
    assert_eq!(kept(&store, 10), (false, false));
    assert!((11..=15).all(|height| kept(&store, height) == (true, true)));
    assert_eq!(known.check(&store), Some(15));
}
