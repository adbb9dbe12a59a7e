//! Compares the journal with a model under random writes, checkpoints and reverts.

use crate::host_script::World;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use vm::unstable::state::{Account, Checkpoint, Journal};
use vm::{Address, CodeHash, Event, Fault, StateDiff, StateView, key};

/// One operation on a journal; there are few keys, so that operations share them.
#[derive(Clone, Debug)]
enum JournalOperation {
    Read(u8),
    Write(u8, Option<u8>),
    Touch(u8),
    Emit(u8),
    Checkpoint,
    Revert,
    Keep,
}

fn operation() -> impl Strategy<Value = JournalOperation> {
    prop_oneof![
        (0_u8..6).prop_map(JournalOperation::Read),
        (0_u8..6, prop::option::of(0_u8..3))
            .prop_map(|(key, value)| JournalOperation::Write(key, value)),
        (0_u8..6).prop_map(JournalOperation::Touch),
        any::<u8>().prop_map(JournalOperation::Emit),
        Just(JournalOperation::Checkpoint),
        Just(JournalOperation::Revert),
        Just(JournalOperation::Keep),
    ]
}

/// A state that is copied as a whole at each checkpoint.
#[derive(Clone, Default)]
struct JournalModel {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    events: Vec<u8>,
}

fn event(number: u8) -> Event {
    Event {
        address: Address([number; 32]),
        topics: Vec::new(),
        data: vec![number],
    }
}

fn diff_of(old: &BTreeMap<Vec<u8>, Vec<u8>>, new: &BTreeMap<Vec<u8>, Vec<u8>>) -> StateDiff {
    let keys: BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).collect();
    let changed = keys
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key));
    changed
        .map(|key| (key.clone(), new.get(key).cloned()))
        .collect()
}

/// A journal and its model, with the checkpoints and the access set that the journal must have.
struct JournalAndModel {
    world: World,
    journal: Journal,
    model: JournalModel,
    checkpoints: Vec<(Checkpoint, JournalModel)>,
    touched: BTreeSet<u8>,
    read: BTreeSet<Vec<u8>>,
    written: BTreeSet<Vec<u8>>,
}

impl JournalAndModel {
    fn new(world: World) -> Self {
        let model = JournalModel {
            values: world.values.clone(),
            events: Vec::new(),
        };
        Self {
            world,
            journal: Journal::default(),
            model,
            checkpoints: Vec::new(),
            touched: BTreeSet::new(),
            read: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    fn apply(&mut self, operation: &JournalOperation) {
        match *operation {
            JournalOperation::Read(key) => {
                self.read.insert(vec![key]);
                let found = self.journal.read(&self.world, &[key]).expect("no fault");
                assert_eq!(found, self.model.values.get(&vec![key]).map(Vec::as_slice));
            }
            JournalOperation::Write(key, value) => {
                let value = value.map(|byte| vec![byte]);
                self.read.insert(vec![key]);
                self.written.insert(vec![key]);
                let written = self.journal.write(&self.world, vec![key], value.clone());
                written.expect("no fault");
                match value {
                    Some(value) => self.model.values.insert(vec![key], value),
                    None => self.model.values.remove(&vec![key]),
                };
            }
            JournalOperation::Touch(key) => {
                assert_eq!(self.journal.touch(&[key]), self.touched.insert(key));
            }
            JournalOperation::Emit(number) => {
                self.journal.emit(event(number), u64::from(number));
                self.model.events.push(number);
            }
            JournalOperation::Checkpoint => {
                self.checkpoints
                    .push((self.journal.checkpoint(), self.model.clone()));
            }
            JournalOperation::Revert => {
                if let Some((checkpoint, model)) = self.checkpoints.pop() {
                    self.journal.revert(checkpoint);
                    self.model = model;
                }
            }
            JournalOperation::Keep => {
                self.checkpoints.pop();
            }
        }
    }

    fn compare(&self) {
        assert_eq!(
            self.journal.diff(),
            diff_of(&self.world.values, &self.model.values)
        );
        let events: Vec<Event> = self
            .model
            .events
            .iter()
            .map(|number| event(*number))
            .collect();
        assert_eq!(self.journal.events(), events);
        let bytes: u64 = self
            .model
            .events
            .iter()
            .map(|number| u64::from(*number))
            .sum();
        assert_eq!(self.journal.event_bytes(), bytes);
        assert_eq!(self.journal.access().reads, self.read);
        assert_eq!(self.journal.access().writes, self.written);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]
    #[test]
    fn a_journal_agrees_with_its_model(old in prop::collection::btree_map(0_u8..6, 0_u8..3, 0..6),
                                       operations in prop::collection::vec(operation(), 0..60)) {
        let values = old.into_iter().map(|(key, value)| (vec![key], vec![value])).collect();
        let mut pair = JournalAndModel::new(World { values, ..World::default() });
        for operation in &operations {
            pair.apply(operation);
            pair.compare();
        }
        let (diff, events) = (pair.journal.diff(), pair.journal.events().to_vec());
        let effects = pair.journal.into_effects();
        prop_assert_eq!(&effects.diff, &diff);
        prop_assert_eq!(effects.events, events);
        let mut world = pair.world.clone();
        world.apply(&diff);
        prop_assert_eq!(world.values, pair.model.values);
    }
}

#[test]
fn a_key_that_was_touched_stays_touched_after_a_revert() {
    let mut journal = Journal::default();
    let checkpoint = journal.checkpoint();
    assert!(journal.touch(b"k"));
    journal.revert(checkpoint);
    assert!(!journal.touch(b"k"));
}

#[test]
fn writes_that_change_nothing_are_not_in_the_diff() {
    let mut world = World::default();
    world.values.insert(b"same".to_vec(), vec![1]);
    world.values.insert(b"back".to_vec(), vec![2]);
    let mut journal = Journal::default();
    let mut write = |key: &[u8], value: Option<Vec<u8>>| {
        journal
            .write(&world, key.to_vec(), value)
            .expect("no fault");
    };
    write(b"same", Some(vec![1]));
    write(b"back", None);
    write(b"back", Some(vec![2]));
    write(b"never", Some(vec![3]));
    write(b"never", None);
    write(b"empty", Some(Vec::new()));
    let diff = journal.into_effects().diff;
    assert_eq!(
        diff,
        StateDiff::from([(b"empty".to_vec(), Some(Vec::new()))])
    );
}

#[test]
fn the_committed_value_is_read_once() {
    /// Counts its reads.
    struct CountingView(std::cell::Cell<u32>);
    impl StateView for CountingView {
        fn read(&self, _: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
            self.0.set(self.0.get() + 1);
            Ok(Some(vec![9]))
        }
        fn scan(&self, _: std::ops::Range<&[u8]>, _: usize) -> Result<vm::Entries, Fault> {
            Ok(Vec::new())
        }
        fn walk(&self, _: std::ops::Range<&[u8]>, _: usize) -> Result<vm::Walked, Fault> {
            Ok(Vec::new())
        }
        fn code(&self, _: &CodeHash) -> Result<Option<std::sync::Arc<vm::CheckedModule>>, Fault> {
            Ok(None)
        }
    }
    let view = CountingView(std::cell::Cell::new(0));
    let mut journal = Journal::default();
    let checkpoint = journal.checkpoint();
    assert_eq!(journal.read(&view, b"k").expect("no fault"), Some(&[9][..]));
    journal.write(&view, b"k".to_vec(), None).expect("no fault");
    assert_eq!(journal.read(&view, b"k").expect("no fault"), None);
    journal.revert(checkpoint);
    assert_eq!(journal.read(&view, b"k").expect("no fault"), Some(&[9][..]));
    assert_eq!(view.0.get(), 1);
}

#[test]
fn an_account_has_one_encoding() {
    let address = Address([3; 32]);
    let account = Account {
        nonce: 1,
        balance: 1 << 100,
        code_hash: Some(CodeHash([7; 32])),
    };
    let mut world = World::default();
    let mut journal = Journal::default();
    journal
        .set_account(&world, &address, &account)
        .expect("no fault");
    assert_eq!(
        journal.account(&world, &address).expect("no fault"),
        account
    );
    let value = account.encode();
    let expected = StateDiff::from([(key::account(&address), value.clone())]);
    assert_eq!(journal.diff(), expected);
    journal
        .set_account(&world, &address, &Account::default())
        .expect("no fault");
    assert!(journal.diff().is_empty(), "the default account is absent");

    let good = value.expect("not the default");
    let longer = [good.clone(), vec![0]].concat();
    let shorter = good[..good.len() - 1].to_vec();
    let mut wrong_option = good.clone();
    wrong_option[24] = 2;
    let default = borsh::to_vec(&Account::default()).expect("encodes");
    for bytes in [longer, shorter, wrong_option, default, Vec::new()] {
        world.values.insert(key::account(&address), bytes.clone());
        let read = Journal::default().account(&world, &address);
        assert!(matches!(read, Err(Fault::Store(_))), "{bytes:?}");
    }
}
