//! Checks that three stores stay equal under random commits, reads, scans, flushes and restarts.

use crate::folder;
use node::{LogStore, MemoryStore, Record, Store, recomputed_root};
use node_sim::disk::SimulatedDisk;
use node_sim::synthetic::{SplitMix, Synthetic, state_key};
use rocksdb_store::{RocksStore, Settings};
use std::collections::BTreeMap;
use tree::Tree;
use vm::Height;

const SEEDS: u64 = 4;
const BLOCKS: u64 = 40;

#[test]
fn rocksdb_the_log_and_memory_return_the_same() {
    for seed in 0..SEEDS {
        let path = folder(&format!("model-{seed}"));
        let chain = Synthetic {
            keys: 300,
            ..Synthetic::small(seed)
        };
        let mut random = SplitMix(seed);
        let mut tree = Tree::new();
        let mut memory = MemoryStore::new();
        let disk = SimulatedDisk::new(seed);
        let mut log = LogStore::open(disk.clone()).unwrap();
        let mut rocks = RocksStore::open(&path, Settings::small()).unwrap();
        let mut records = BTreeMap::new();
        for height in 0..=BLOCKS {
            let commit = chain.next(memory.tip().unwrap().as_ref(), &mut tree);
            records.extend(commit.records.iter().cloned());
            let (transactions, events) = (commit.transactions.clone(), commit.events.clone());
            memory.commit(commit.clone()).unwrap();
            log.commit(commit.clone()).unwrap();
            rocks.commit(commit.clone()).unwrap();
            // The same block again is not the next one, for any store.
            assert!(rocks.commit(commit).is_err());
            let besides: Vec<Record> =
                vec![(vec![98], None), (vec![99], Some(vec![height as u8; 9]))];
            rocks.write_records(besides.clone()).unwrap();
            records.extend(besides);
            match random.below(8) {
                0 => {
                    drop(rocks);
                    rocks = RocksStore::open(&path, Settings::small()).unwrap();
                    log = LogStore::open(disk.clone()).unwrap();
                }
                1 => rocks.compact().unwrap(),
                _ => {}
            }
            for other in [&log as &dyn Store, &rocks] {
                compare(&memory, other, &mut random, height);
            }
            for (key, record) in &records {
                assert_eq!(&rocks.record(key).unwrap(), record);
            }
            let found = rocks.transactions(Height(height)).unwrap();
            assert_eq!(found, Some(transactions));
            assert_eq!(rocks.events(Height(height)).unwrap(), Some(events));
            assert_eq!(
                rocks.header(Height(height)).unwrap(),
                memory.header(Height(height)).unwrap()
            );
        }
        assert!(rocks.keeps_records() && records.len() > 10);
        assert_eq!(recomputed_root(&rocks).unwrap(), tree.root().0);
        assert_eq!(rocks.scrub().unwrap().height, Height(BLOCKS));
    }
}

fn compare(model: &dyn Store, other: &dyn Store, random: &mut SplitMix, height: u64) {
    assert_eq!(other.tip().unwrap(), model.tip().unwrap());
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
        let limit = random.below(40) as usize;
        assert_eq!(
            other.scan(&key, end, limit).unwrap(),
            model.scan(&key, end, limit).unwrap()
        );
    }
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    assert_eq!(all(other), all(model));
}
