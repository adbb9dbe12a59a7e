//! Tests that changes over a store read as the same state committed.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_types,
    reason = "a test that overflows or truncates fails, and one measures time"
)]

use super::Base;
use crate::cache::CodeCache;
use crate::header::{BlockResult, Header, Tip};
use crate::layers::Layers;
use crate::overlay::Overlay;
use crate::receipt::Receipt;
use crate::store::{Commit, MemoryStore, Store};
use crate::transaction::Signed;
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm::{Entries, Event, Fault, Height, StateDiff, StateView};

/// One byte: few keys, so that blocks change the same ones.
const KEYS: u8 = 64;

#[derive(Clone, Debug)]
enum Move {
    /// Another block on top.
    Push(StateDiff),
    /// The last block is left for another branch.
    Pop,
    /// The oldest block becomes final.
    Commit,
}

fn key(number: u8) -> Vec<u8> {
    vec![number / 4, number % 4]
}

/// Changes of a block; runs of removals are frequent.
fn diff() -> impl Strategy<Value = StateDiff> {
    let change = (0..KEYS, proptest::option::of(0..4_u8));
    let single = vec(change, 0..6).prop_map(|changes| {
        let value = |value: u8| vec![value; usize::from(value)];
        let changes = changes.into_iter();
        changes
            .map(|(number, written)| (key(number), written.map(value)))
            .collect::<StateDiff>()
    });
    let removed = (0..KEYS, 0..KEYS)
        .prop_map(|(start, count)| (start..KEYS.min(start + count)).map(|at| (key(at), None)));
    (single, removed, any::<bool>()).prop_map(|(mut changes, removed, with_run)| {
        if with_run {
            for (key, value) in removed {
                changes.entry(key).or_insert(value);
            }
        }
        changes
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => diff().prop_map(Move::Push),
        1 => Just(Move::Pop),
        1 => Just(Move::Commit),
    ];
    vec(one, 1..12)
}

fn apply(store: &mut MemoryStore, diff: &StateDiff) {
    let height = store.tip().unwrap().map_or(0, |tip| tip.height.0 + 1);
    let result = BlockResult {
        state_root: [0; 32],
        receipts_root: [0; 32],
        gas_used: 0,
    };
    let tip = Tip {
        height: Height(height),
        hash: [0; 32],
        time_ms: 0,
        result,
    };
    let commit = Commit {
        diff: diff.clone(),
        tip,
        header: None,
        receipts: Vec::new(),
        transactions: Vec::new(),
        events: Vec::new(),
        records: Vec::new(),
    };
    store.commit(commit).unwrap();
}

/// The store, the changes of blocks above it, and the index that has to agree with them.
struct Model {
    store: MemoryStore,
    path: Vec<Arc<StateDiff>>,
    layers: Layers,
}

impl Model {
    fn new() -> Self {
        let mut store = MemoryStore::new();
        let stored = (0..KEYS).filter(|number| number % 5 != 0);
        let genesis = stored.map(|number| (key(number), Some(vec![number])));
        apply(&mut store, &genesis.collect());
        Self {
            store,
            path: Vec::new(),
            layers: Layers::default(),
        }
    }

    /// The same state, committed.
    fn committed(&self) -> MemoryStore {
        let mut store = self.store.clone();
        for diff in &self.path {
            apply(&mut store, diff);
        }
        store
    }

    fn make(&mut self, step: &Move) {
        match step {
            Move::Push(diff) => {
                // As of a block: no key has its old value.
                let committed = self.committed();
                let mut net = diff.clone();
                net.retain(|key, value| committed.read(key).unwrap() != *value);
                let net = Arc::new(net);
                self.layers.push(&net);
                self.path.push(net);
            }
            Move::Pop => {
                self.layers.pop();
                self.path.pop();
            }
            Move::Commit if self.path.is_empty() => {}
            Move::Commit => {
                let oldest = self.path.remove(0);
                apply(&mut self.store, &oldest);
                self.layers.pop_oldest();
            }
        }
    }
}

/// Compares every read with the committed state, without and with changes of a block above.
fn compare(model: &Model, above: &StateDiff) {
    let committed = model.committed();
    let (cache, rules) = (CodeCache::default(), Arc::new(crate::rules::version_1()));
    let expected = Overlay::new(&committed, &cache, &rules).within(above.clone());
    let bases = [
        Base::indexed(&model.store, &model.layers),
        Base::path(&model.store, &model.path),
    ];
    let bounds = [0, 1, 7, 20, 21, KEYS - 1, KEYS].map(|number| (number, key(number)));
    for base in bases {
        let view = Overlay::above(base, &cache, &rules).within(above.clone());
        for number in 0..KEYS {
            let key = key(number);
            assert_eq!(base.read(&key), committed.read(&key));
            assert_eq!(base.contains(&key), committed.contains(&key));
        }
        for (_, start) in &bounds {
            for (_, end) in &bounds {
                for limit in [0, 1, 2, 5, usize::MAX] {
                    let range = start.as_slice()..end.as_slice();
                    let scanned = committed.scan(start, Some(end), limit);
                    assert_eq!(base.scan(&range, limit), scanned, "{range:?} {limit}");
                    let walked = view.walk(range.clone(), limit);
                    assert_eq!(
                        walked,
                        expected.walk(range.clone(), limit),
                        "{range:?} {limit}"
                    );
                    assert_eq!(view.scan(range.clone(), limit), expected.scan(range, limit));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn changes_over_a_store_read_as_the_same_state_committed(
        moves in moves(),
        above in diff(),
    ) {
        let mut model = Model::new();
        for step in &moves {
            model.make(step);
            compare(&model, &above);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    /// A walk relies on it: the store is not asked about what the block removed.
    #[test]
    fn a_block_has_only_removals_of_keys_that_were_there_when_it_began(
        moves in moves(),
        transactions in vec(diff(), 1..6),
    ) {
        let mut model = Model::new();
        for step in &moves {
            model.make(step);
        }
        let (cache, rules) = (CodeCache::default(), Arc::new(crate::rules::version_1()));
        for base in [
            Base::indexed(&model.store, &model.layers),
            Base::path(&model.store, &model.path),
        ] {
            let mut overlay = Overlay::above(base, &cache, &rules);
            for transaction in &transactions {
                // Accounts would have to decode.
                let changes = transaction.iter().filter(|(key, _)| key[0] != vm::key::ACCOUNT);
                for (key, value) in changes {
                    overlay.write(key.clone(), value.clone());
                }
                overlay.finish_transaction().unwrap();
                for (key, value) in overlay.block_changes() {
                    assert!(value.is_some() || base.contains(key).unwrap(), "{key:?}");
                }
            }
        }
    }
}

/// A store that counts the entries that its scans return.
struct CountingStore {
    inner: MemoryStore,
    entries: Cell<usize>,
}

impl Store for CountingStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let found = self.inner.scan(start, end, limit)?;
        self.entries.set(self.entries.get() + found.len());
        Ok(found)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.inner.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.inner.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.inner.events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.inner.commit(commit)
    }
}

/// A contract pays once for removing a key. Scans over what blocks that are not final removed would
/// otherwise read it from the store each time, unpaid.
#[test]
fn keys_removed_in_earlier_blocks_cost_later_scans_nothing() {
    const COUNT: u32 = 10_000;
    let key = |number: u32| format!("{number:08}").into_bytes();
    let mut inner = MemoryStore::new();
    let all = (0..COUNT).map(|number| (key(number), Some(vec![1])));
    apply(&mut inner, &all.collect());
    let store = CountingStore {
        inner,
        entries: Cell::new(0),
    };
    let mut layers = Layers::default();
    // Two blocks remove all but the last key, in turn.
    for block in 0..2 {
        let removed = (0..COUNT - 1).filter(|number| number % 2 == block);
        layers.push(&Arc::new(
            removed.map(|number| (key(number), None)).collect(),
        ));
    }
    let last = vec![(key(COUNT - 1), vec![1])];
    let scan = |start: u32, limit| {
        store.entries.set(0);
        let (start, end) = (key(start), key(COUNT));
        let base = Base::indexed(&store, &layers);
        assert_eq!(base.scan(&(&start..&end), limit).unwrap(), last);
        store.entries.get()
    };
    let first = scan(100, 1);
    assert!(first >= COUNT as usize - 101, "{first}");
    for start in [100, 101, 5_000, COUNT - 2, 99] {
        let read = scan(start, 1);
        assert!(read <= 4, "{start}: {read}");
    }
    // A scan that begins before all gaps finds a longer one.
    scan(0, 1);
    assert!(scan(0, 1) <= 4);
}

/// Between two removed keys there may be one with a value: such short runs are gaps, too.
#[test]
fn the_stored_value_of_a_removed_key_is_read_once() {
    const COUNT: u8 = 60;
    let mut inner = MemoryStore::new();
    let all = (0..COUNT).map(|number| (vec![number], Some(vec![1; 9])));
    apply(&mut inner, &all.collect());
    let store = CountingStore {
        inner,
        entries: Cell::new(0),
    };
    let mut layers = Layers::default();
    let removed = (0..COUNT).filter(|number| number % 3 != 2);
    layers.push(&Arc::new(removed.map(|key| (vec![key], None)).collect()));
    let base = Base::indexed(&store, &layers);
    let mut turns = [0_usize; 2];
    for turn in &mut turns {
        store.entries.set(0);
        for number in 0..COUNT / 3 {
            let (start, found) = ([number * 3], vec![number * 3 + 2]);
            let range = start.as_slice()..[COUNT].as_slice();
            assert_eq!(base.scan(&range, 1).unwrap(), [(found, vec![1; 9])]);
        }
        *turn = store.entries.get();
    }
    let [first, again] = turns;
    assert!(first >= usize::from(COUNT), "{first}");
    assert_eq!(again, usize::from(COUNT / 3));
}

/// Keys of one length in the order of their numbers.
fn wide_key(number: u32) -> Vec<u8> {
    format!("{number:08}").into_bytes()
}

/// Every second of `count` stored keys is removed by a block that is not final.
fn every_second_removed(count: u32) -> (CountingStore, Layers) {
    let mut inner = MemoryStore::new();
    let all = (0..count).map(|number| (wide_key(number), Some(vec![1; 9])));
    apply(&mut inner, &all.collect());
    let mut layers = Layers::default();
    let removed = (0..count).filter(|number| number % 2 == 1);
    let removed = removed.map(|number| (wide_key(number), None));
    layers.push(&Arc::new(removed.collect()));
    let entries = Cell::new(0);
    (CountingStore { inner, entries }, layers)
}

/// A scan of many entries reads ahead only up to the next gap, and the gaps outlive a final block.
#[test]
fn a_scan_of_many_entries_reads_no_removed_one_twice() {
    const COUNT: u32 = 10_000;
    const LIMIT: usize = 32;
    let (mut store, mut layers) = every_second_removed(COUNT);
    let end = wide_key(COUNT);
    let scan_all = |store: &mut CountingStore, layers: &Layers| {
        store.entries.set(0);
        let base = Base::indexed(&*store, layers);
        let (mut next, mut found) = (vec![0], 0);
        loop {
            let entries = base.scan(&(&*next..&end), LIMIT).unwrap();
            found += entries.len();
            let Some((last, _)) = entries.last() else {
                break;
            };
            next = [last.as_slice(), &[0]].concat();
        }
        (found, store.entries.get())
    };
    let kept = COUNT as usize / 2;
    let (found, read) = scan_all(&mut store, &layers);
    assert_eq!(found, kept);
    assert!(read <= 4 * COUNT as usize, "{read}");
    assert_eq!(scan_all(&mut store, &layers), (kept, kept));
    // The next block writes one key of a gap, and the first block becomes final.
    let rewritten = [(wide_key(3), Some(vec![2]))];
    let rewritten: StateDiff = rewritten.into_iter().collect();
    layers.push(&Arc::new(rewritten.clone()));
    let removed = (0..COUNT).filter(|number| number % 2 == 1);
    let removed = removed.map(|number| (wide_key(number), None));
    apply(&mut store.inner, &removed.collect());
    layers.pop_oldest();
    assert_eq!(scan_all(&mut store, &layers), (kept + 1, kept));
    // It is stored now, and in no gap.
    apply(&mut store.inner, &rewritten);
    layers.pop_oldest();
    assert_eq!(scan_all(&mut store, &layers), (kept + 1, kept + 1));
}

/// Otherwise each scan would pay for none of the gaps that earlier scans noted.
#[test]
fn the_cost_of_noting_a_gap_hardly_grows_with_the_number_of_gaps() {
    let time = |count: u32| {
        let (store, layers) = every_second_removed(count);
        let base = Base::indexed(&store, &layers);
        let end = wide_key(count);
        let start = Instant::now();
        // Each gap is below all others.
        for number in (0..count - 2).rev().filter(|number| number % 2 == 1) {
            let start = wide_key(number);
            assert_eq!(base.scan(&(&start..&end), 1).unwrap().len(), 1);
        }
        start.elapsed().max(Duration::from_micros(100)) / (count / 2)
    };
    // In proportion to the gaps it would be 64 times as long.
    let is_small = |_| time(64 * 1_000) <= 16 * time(1_000);
    assert!((0..3).any(is_small), "three times in a row");
}
