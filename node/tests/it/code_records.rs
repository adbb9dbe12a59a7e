//! Tests the records beside codes: what they save, and that loss, rot and other rules only cost
//! time.

use crate::chain::{Chain, PROPOSER, alice, bob, call, genesis};
use node::digest::sha256;
use node::limits::Limits;
use node::{
    CachePolicy, CodeCache, Commit, Header, MemoryStore, Node, Overlay, Parts, Payload, Receipt,
    ReceiptExit, Record, Signed, Store, Tip,
};
use node_sim::simulate::samples::PROBE;
use node_sim::synthetic::commit;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use vm::unstable::rules::Version;
use vm::{CodeHash, Entries, Event, Fault, Height, Interpreter, Rules, StateView as _, key};

const LENGTH: u8 = 16;
const FORM: u8 = 17;
const COMPLETE: u8 = 18;

/// What a store has done.
#[derive(Default)]
struct Counts {
    /// Bytes of codes that were read.
    code_bytes: AtomicU64,
    /// Commits drop records of codes.
    loses_records: AtomicBool,
}

/// A store that keeps records, and counts reads of codes; clones have the same content.
#[derive(Clone, Default)]
struct CountingStore(Arc<Mutex<MemoryStore>>, Arc<Counts>);

impl CountingStore {
    fn inner(&self) -> MutexGuard<'_, MemoryStore> {
        self.0.lock().unwrap()
    }

    fn is_code_record(record: &Record) -> bool {
        [LENGTH, FORM, COMPLETE].contains(&record.0[0])
    }

    fn remove(&self, key: Vec<u8>) {
        self.inner().write_records(vec![(key, None)]).unwrap();
    }
}

impl Store for CountingStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.inner().read(key)?;
        if key[0] == key::CODE {
            let bytes = value.as_ref().map_or(0, Vec::len) as u64;
            self.1.code_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(value)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.inner().scan(start, end, limit)
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.inner().record(key)
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        self.inner().write_records(records)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        Store::tip(&*self.inner())
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner().chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        Store::header(&*self.inner(), height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.inner().transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner().receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.inner().events(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        if self.1.loses_records.load(Ordering::Relaxed) {
            commit
                .records
                .retain(|record| !Self::is_code_record(record));
        }
        self.inner().commit(commit)
    }
}

/// A chain whose node caches no module.
fn chain_on(store: &CountingStore) -> Chain {
    let rules = Arc::new(node::rules::version_1());
    let parts = Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Disabled,
    };
    let genesis = genesis(&rules, Limits::v1());
    Chain {
        node: Node::open(parts, genesis, Box::new(store.clone())).unwrap(),
        rules,
        alice: alice(),
        bob: bob(),
        proposer: PROPOSER,
    }
}

fn record_keys(code_hash: &[u8; 32]) -> [Vec<u8>; 2] {
    [LENGTH, FORM].map(|kind| [&[kind], code_hash.as_slice()].concat())
}

#[test]
fn a_code_that_no_cache_has_is_not_checked_again() {
    let store = CountingStore::default();
    let mut chain = chain_on(&store);
    let contract = chain.deploy(PROBE.bytes, "init", Vec::new());
    for entry in ["gas", "pages", "undo"] {
        chain.alone(call(contract, entry, Vec::new()));
    }
    assert_eq!(chain.node.cache().checks(), 0);
    let mut reopened = chain_on(&store);
    reopened.alone(call(contract, "gas", Vec::new()));
    assert_eq!(reopened.node.cache().checks(), 0);
}

#[test]
fn a_loop_of_set_code_reads_no_code() {
    let store = CountingStore::default();
    let mut chain = chain_on(&store);
    let large = large();
    assert_eq!(
        chain.alone(Payload::Upload(large.clone())).receipt.exit,
        ReceiptExit::Return
    );
    let hash: String = sha256(&[&large])
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let program = wat::parse_str(format!(
        r#"(module
            (import "lockstep" "set_code" (func $set_code (param i32) (result i32)))
            (memory 1 1)
            (data (i32.const 0) "{hash}")
            (func (export "init"))
            (func (export "go")
                (loop $again
                    (drop (call $set_code (i32.const 0)))
                    (br $again))))"#
    ))
    .unwrap();
    let contract = chain.deploy(&program, "init", Vec::new());
    let before = store.1.code_bytes.load(Ordering::Relaxed);
    let executed = chain.alone(call(contract, "go", Vec::new()));
    assert_eq!(executed.receipt.exit, ReceiptExit::OutOfGas);
    let read = store.1.code_bytes.load(Ordering::Relaxed) - before;
    // The program itself: for its frame, and by the scrub of the test's block.
    assert!(read <= 4 * program.len() as u64, "{read} bytes of code");
}

/// A module of more than 1 MiB: one custom section.
fn large() -> Vec<u8> {
    let content = [vec![1, b'x'], vec![7; (1 << 20) - 2]].concat();
    [b"\0asm\x01\0\0\0\0\x80\x80\xc0\0".to_vec(), content].concat()
}

/// Codes and their records, in a store.
struct Uploaded {
    store: MemoryStore,
    rules: Arc<Rules>,
    code_hash: CodeHash,
    other: CodeHash,
}

impl Uploaded {
    fn new() -> Self {
        let rules = Arc::new(node::rules::version_1());
        let empty = MemoryStore::new();
        let cache = CodeCache::new(CachePolicy::Disabled, &node::rules::rulebook());
        let mut overlay = Overlay::new(&empty, &cache, &rules);
        let [code_hash, other] = ["go", "other"].map(|entry| {
            let text = format!("(module (func (export \"{entry}\") (local i64)))");
            let bytes = wat::parse_str(text).unwrap();
            overlay.upload(vm::check(&bytes, &rules).unwrap());
            CodeHash(sha256(&[&bytes]))
        });
        overlay.finish_transaction().unwrap();
        let records = overlay.code_records();
        let diff = overlay.into_diff().unwrap();
        let mut store = MemoryStore::new();
        let commit = Commit {
            records,
            ..commit(0, diff)
        };
        store.commit(commit).unwrap();
        Self {
            store,
            rules,
            code_hash,
            other,
        }
    }

    /// Loads the code under `rules`; returns the module as text, the number of checks, and the
    /// records for the next commit.
    fn load(&self, rules: &Arc<Rules>) -> (String, u64, Vec<Record>) {
        let rulebook = node::rules::rulebook().with((**rules).clone());
        let cache = CodeCache::new(CachePolicy::Disabled, &rulebook);
        let overlay = Overlay::new(&self.store, &cache, rules);
        let length = overlay.code_bytes(&self.code_hash).unwrap().unwrap();
        let module = overlay.code(&self.code_hash).unwrap().unwrap();
        assert_eq!(length, module.bytes().len() as u64);
        (
            format!("{module:?}"),
            cache.checks(),
            overlay.code_records(),
        )
    }
}

#[test]
fn rot_in_any_byte_of_a_record_costs_a_check_and_never_yields_another_module() {
    let mut uploaded = Uploaded::new();
    let (expected, checks, records) = uploaded.load(&uploaded.rules);
    assert_eq!((checks, records), (0, Vec::new()));
    for (key, checks_wanted) in record_keys(&uploaded.code_hash.0).into_iter().zip([0, 1]) {
        let whole = uploaded.store.record(&key).unwrap().unwrap();
        let flipped = (0..whole.len()).flat_map(|position| {
            [1, 0x80, 0xff].map(|mask| {
                let mut wrong = whole.clone();
                wrong[position] ^= mask;
                Some(wrong)
            })
        });
        let cut = (0..whole.len()).map(|length| Some(whole[..length].to_vec()));
        let lost = [None, Some([whole.as_slice(), &[0]].concat())];
        let all: Vec<_> = flipped.chain(cut).chain(lost).collect();
        for wrong in all {
            uploaded
                .store
                .write_records(vec![(key.clone(), wrong)])
                .unwrap();
            let (found, checks, records) = uploaded.load(&uploaded.rules);
            assert_eq!((found, checks), (expected.clone(), checks_wanted));
            // The next commit repairs it.
            assert_eq!(records, [(key.clone(), Some(whole.clone()))]);
        }
        let repaired = vec![(key.clone(), Some(whole.clone()))];
        uploaded.store.write_records(repaired).unwrap();
    }
}

#[test]
fn a_record_of_another_code_or_made_under_other_rules_is_not_used() {
    let mut uploaded = Uploaded::new();
    let (expected, ..) = uploaded.load(&uploaded.rules);
    let others = record_keys(&uploaded.other.0);
    for (key, other) in record_keys(&uploaded.code_hash.0).into_iter().zip(others) {
        let whole = uploaded.store.record(&key).unwrap();
        let moved = uploaded.store.record(&other).unwrap();
        uploaded
            .store
            .write_records(vec![(key.clone(), moved)])
            .unwrap();
        assert_eq!(uploaded.load(&uploaded.rules).0, expected);
        uploaded.store.write_records(vec![(key, whole)]).unwrap();
    }
    let version = Version {
        number: 2,
        schedule: uploaded.rules.schedule.clone(),
        ..Version::v1()
    };
    let second = Arc::new(Rules::of(version).unwrap());
    let (found, checks, records) = uploaded.load(&second);
    assert_ne!(found, expected, "checked under the other rules");
    assert_eq!((checks, records.len()), (1, 1));
    uploaded.store.write_records(records).unwrap();
    assert_eq!(uploaded.load(&second).1, 0);
}

#[test]
fn a_store_without_records_of_codes_gets_them_when_it_is_opened() {
    let store = CountingStore::default();
    let mut chain = chain_on(&store);
    let contract = chain.deploy(PROBE.bytes, "init", Vec::new());
    let keys = record_keys(&PROBE.code_hash().0);
    let whole = keys.clone().map(|key| store.record(&key).unwrap());
    let complete = store.record(&[COMPLETE]).unwrap().unwrap();
    let [codes, form, ..] = complete[..] else {
        panic!("it begins with two versions");
    };
    let of_versions = |versions: [u8; 2]| {
        let body = [versions.as_slice(), &complete[2..34]].concat();
        let seal = sha256(&[b"lockstep code record", &[COMPLETE], &body]);
        Some([body.as_slice(), &seal].concat())
    };
    assert_eq!(of_versions([codes, form]), Some(complete.clone()));
    // As a restore or an earlier build leaves a store, and builds with other records.
    let earlier = [
        None,
        of_versions([codes + 1, form]),
        of_versions([codes, form + 1]),
    ];
    for other in earlier {
        for key in keys.clone() {
            store.remove(key);
        }
        let records = vec![(vec![COMPLETE], other)];
        store.inner().write_records(records).unwrap();
        drop(chain_on(&store));
        assert_eq!(keys.clone().map(|key| store.record(&key).unwrap()), whole);
        assert_eq!(store.record(&[COMPLETE]).unwrap(), Some(complete.clone()));
    }
    let mut reopened = chain_on(&store);
    reopened.alone(call(contract, "gas", Vec::new()));
    assert_eq!(reopened.node.cache().checks(), 0);
}

#[test]
fn a_code_whose_records_were_lost_is_checked_once_and_the_next_commit_has_them() {
    let store = CountingStore::default();
    let mut chain = chain_on(&store);
    store.1.loses_records.store(true, Ordering::Relaxed);
    let contract = chain.deploy(PROBE.bytes, "init", Vec::new());
    let keys = record_keys(&PROBE.code_hash().0);
    for key in &keys {
        assert_eq!(store.record(key).unwrap(), None);
    }
    store.1.loses_records.store(false, Ordering::Relaxed);
    let checks = |chain: &Chain| chain.node.cache().checks();
    let before = checks(&chain);
    let lost = chain.alone(call(contract, "gas", Vec::new()));
    assert_eq!(checks(&chain), before + 1);
    assert!(store.record(&keys[1]).unwrap().is_some());
    let kept = chain.alone(call(contract, "gas", Vec::new()));
    assert_eq!(checks(&chain), before + 1);
    assert_eq!(lost.receipt.gas_used, kept.receipt.gas_used);
}

/// The records say what the last final state has, not what an earlier one had.
#[test]
fn a_query_of_a_block_before_the_upload_finds_no_code() {
    let chain = chain_on(&CountingStore::default());
    let store = CountingStore::default();
    let options = node::chain::Options::default();
    let parts = Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Disabled,
    };
    let genesis = genesis(&chain.rules, Limits::v1());
    let adapter = node::Chain::open(parts, genesis, Box::new(store), &options).unwrap();
    let mut chain = chain;
    let deploy = Payload::Deploy {
        code_hash: PROBE.code_hash(),
        salt: [1; 32],
        entry: "init".to_owned(),
        input: Vec::new(),
        value: 0,
    };
    let mut blocks = Vec::new();
    for payload in [Payload::Upload(PROBE.bytes.to_vec()), deploy] {
        let block = chain.block(vec![chain.sign(&chain.alice, 0, payload)]);
        chain.apply(block.transactions.clone());
        blocks.push(block);
    }
    // The second block is executed on the first before that is final.
    for block in &blocks {
        let verdict = adapter.verify(block.clone()).unwrap();
        assert!(
            matches!(verdict, node::chain::Verdict::Valid(_)),
            "{verdict:?}"
        );
    }
    for block in &blocks {
        adapter.finalize(&block.header.hash()).unwrap();
    }
    assert_eq!(adapter.tip().unwrap().result, chain.node.tip().result);
    let message = vm::Message {
        tx_hash: [0; 32],
        caller: chain.alice.address(),
        target: vm::Target::Deploy {
            code_hash: PROBE.code_hash(),
            salt: [2; 32],
        },
        entry: "init".to_owned(),
        input: Vec::new(),
        value: 0,
    };
    let exits = [0, 1, 2].map(|height| {
        let at = node::chain::At::Height(Height(height));
        let outcome = adapter.call(at, &message, vm::Gas(100_000_000)).unwrap();
        format!("{:?}", outcome.exit)
    });
    assert!(exits[0].starts_with("Revert { code: 19,"), "{exits:?}");
    assert!(exits[1].starts_with("Return"), "{exits:?}");
    assert_eq!(exits[1], exits[2]);
}
