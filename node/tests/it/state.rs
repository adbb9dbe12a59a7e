//! Tests that caches, restarts, stores and observers change no receipt and no root.

use crate::chain::{Chain, TIME_MS, alice, bob, call, genesis};
use node::limits::Limits;
use node::{
    CachePolicy, CodeCache, Commit, Executed, Genesis, Invalid, LogStore, MemoryStore, NoObserver,
    Node, Observer, Overlay, Parts, Payload, SecretKey, Store,
};
use node_sim::disk::SimulatedDisk;
use node_sim::simulate::samples::PROBE;
use reference::Reference;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::CodeHash;
use vm::{Height, Rulebook, Rules, StateDiff, StateView, key};

fn parts(cache: CachePolicy) -> Parts {
    Parts {
        engine: Box::new(Reference::new()),
        rules: node::rules::rulebook(),
        cache,
    }
}

fn open(cache: CachePolicy, store: Box<dyn Store>) -> Node {
    Node::open(
        parts(cache),
        genesis(&node::rules::version_1(), Limits::v1()),
        store,
    )
    .unwrap()
}

/// The blocks of a chain with uploads, deploys and calls.
fn blocks() -> Vec<node::Block> {
    let mut chain = Chain::new();
    let mut blocks = Vec::new();
    let code_hash = PROBE.code_hash();
    let (salt, entry) = ([1; 32], "init".to_owned());
    let contract =
        vm::unstable::frames::contract_address(&chain.alice.address(), &code_hash, &salt);
    let payloads = vec![
        Payload::Upload(PROBE.bytes.to_vec()),
        Payload::Deploy {
            code_hash,
            salt,
            entry,
            input: Vec::new(),
            value: 10,
        },
        call(contract, "gas", Vec::new()),
        call(contract, "pages", Vec::new()),
        call(contract, "undo", Vec::new()),
        call(contract, "digest", vec![1]),
    ];
    for payload in payloads {
        let first = chain.sign(&chain.alice, 0, payload.clone());
        let second = chain.sign(&chain.bob, 0, payload);
        let block = chain.block(vec![first, second]);
        chain.apply(block.transactions.clone());
        blocks.push(block);
    }
    blocks
}

#[derive(Default)]
struct RootCollector(Vec<[u8; 32]>);

impl Observer for RootCollector {
    fn wants_roots(&self) -> bool {
        true
    }

    fn transaction(&mut self, index: u32, executed: &Executed, root: Option<[u8; 32]>) {
        assert_eq!(index as usize, self.0.len() % 2);
        assert!(executed.fee > 0);
        self.0.push(root.unwrap());
    }
}

#[test]
fn no_cache_policy_and_no_observer_changes_a_result() {
    let blocks = blocks();
    let run = |cache, observe: bool| {
        let mut node = open(cache, Box::new(MemoryStore::new()));
        let mut roots = RootCollector::default();
        let mut nothing = NoObserver;
        let results: Vec<_> = blocks
            .iter()
            .map(|block| {
                let observer: &mut dyn Observer = if observe { &mut roots } else { &mut nothing };
                let valid = node.validate(block.clone()).unwrap();
                node.apply(&valid, observer).unwrap()
            })
            .collect();
        node.scrub().unwrap();
        (results, roots.0)
    };
    let (expected, roots) = run(CachePolicy::Disabled, true);
    assert_eq!(roots.len(), 12);
    for cache in [CachePolicy::Cold, CachePolicy::OneEntry, CachePolicy::Warm] {
        assert_eq!(
            run(cache, false),
            (expected.clone(), Vec::new()),
            "{cache:?}"
        );
        assert_eq!(
            run(cache, true),
            (expected.clone(), roots.clone()),
            "{cache:?}"
        );
    }
}

#[test]
fn a_restart_changes_nothing() {
    let blocks = blocks();
    let mut straight = open(CachePolicy::Warm, Box::new(MemoryStore::new()));
    let mut restarted = open(CachePolicy::Warm, Box::new(MemoryStore::new()));
    for block in blocks {
        let valid = straight.validate(block).unwrap();
        let expected = straight.apply(&valid, &mut NoObserver).unwrap();
        assert_eq!(restarted.apply(&valid, &mut NoObserver).unwrap(), expected);
        restarted = open(CachePolicy::Warm, restarted.into_store());
        assert_eq!(restarted.tip(), straight.tip());
        let receipts = restarted
            .store()
            .receipts(valid.header().height)
            .unwrap()
            .unwrap();
        assert_eq!(
            node::receipt::receipts_root(&receipts),
            expected.receipts_root
        );
    }
}

#[test]
fn a_store_with_a_foreign_change_is_a_fault() {
    let mut store = MemoryStore::new();
    let chain = Chain::new();
    let genesis = genesis(&node::rules::version_1(), Limits::v1());
    let mut diff: StateDiff = genesis.state();
    diff.insert(key::account(&vm::Address([1; 32])), Some(vec![1]));
    let commit = Commit {
        diff,
        tip: *chain.node.tip(),
        header: None,
        receipts: Vec::new(),
        transactions: Vec::new(),
        events: Vec::new(),
        records: Vec::new(),
    };
    store.commit(commit).unwrap();
    assert!(Node::open(parts(CachePolicy::Warm), genesis, Box::new(store)).is_err());
}

#[test]
fn a_chain_whose_rules_have_no_transaction_prices_has_no_blocks() {
    let rules = Rules::v1();
    let genesis = genesis(&rules, Limits::v1());
    let parts = Parts {
        rules: Rulebook::default().with(rules),
        ..parts(CachePolicy::Warm)
    };
    let node = Node::open(parts, genesis, Box::new(MemoryStore::new())).unwrap();
    assert!(node.rules_at(Height(1)).is_err());
    let empty = node.propose(Vec::new(), TIME_MS + 1, vm::Address([0; 32]));
    let refused = node.validate(empty).unwrap_err();
    assert!(matches!(refused, Invalid::RulesUnknown(_)), "{refused}");
}

#[test]
fn a_store_of_another_chain_is_a_fault() {
    let store = open(CachePolicy::Warm, Box::new(MemoryStore::new())).into_store();
    let other = Genesis::new(
        "other",
        TIME_MS,
        *node::rules::version_1().id(),
        Limits::v1(),
        &BTreeMap::new(),
    )
    .unwrap();
    assert!(Node::open(parts(CachePolicy::Warm), other, store).is_err());
}

#[test]
fn stored_code_with_another_hash_is_a_fault() {
    let rules = Arc::new(node::rules::version_1());
    let mut store = MemoryStore::new();
    let chain = Chain::new();
    let diff: StateDiff = [(key::code(&CodeHash([7; 32])), Some(PROBE.bytes.to_vec()))].into();
    let commit = Commit {
        diff,
        tip: *chain.node.tip(),
        header: None,
        receipts: Vec::new(),
        transactions: Vec::new(),
        events: Vec::new(),
        records: Vec::new(),
    };
    store.commit(commit).unwrap();
    let cache = CodeCache::new(CachePolicy::Warm, &node::rules::rulebook());
    let overlay = Overlay::new(&store, &cache, &rules);
    assert!(overlay.code(&CodeHash([7; 32])).is_err());
    assert!(overlay.code(&CodeHash([8; 32])).unwrap().is_none());
}

#[test]
fn commits_are_in_order() {
    let mut store = MemoryStore::new();
    let tip = *Chain::new().node.tip();
    let commit = |height| {
        let tip = node::Tip {
            height: Height(height),
            ..tip
        };
        Commit {
            diff: StateDiff::new(),
            tip,
            header: None,
            receipts: Vec::new(),
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        }
    };
    assert!(store.commit(commit(1)).is_err());
    store.commit(commit(0)).unwrap();
    assert!(store.commit(commit(0)).is_err());
    assert!(store.commit(commit(2)).is_err());
    store.commit(commit(1)).unwrap();
    assert_eq!(store.tip().unwrap().unwrap().height, Height(1));
}

#[test]
fn an_overlay_reads_scans_and_nets_like_the_state_it_represents() {
    let rules = Arc::new(node::rules::version_1());
    let raw = |byte: u8| key::value(&vm::Address([1; 32]), &[byte]);
    let mut store = MemoryStore::new();
    let diff = [1, 2, 3, 5]
        .map(|byte| (raw(byte), Some(vec![byte])))
        .into();
    let tip = *Chain::new().node.tip();
    store
        .commit(Commit {
            diff,
            tip,
            header: None,
            receipts: Vec::new(),
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        })
        .unwrap();
    let cache = CodeCache::new(CachePolicy::Warm, &node::rules::rulebook());
    let mut overlay = Overlay::new(&store, &cache, &rules);
    overlay.write(raw(2), None);
    overlay.write(raw(4), Some(vec![40]));
    overlay.write(raw(5), Some(vec![5]));
    overlay.write(raw(6), None);
    let net = overlay.finish_transaction().unwrap();
    assert_eq!(net.diff, [(raw(2), None), (raw(4), Some(vec![40]))].into());
    overlay.write(raw(1), Some(vec![10]));
    overlay.write(raw(4), None);
    let scan = |limit| {
        let entries = overlay.scan(&raw(0)..&raw(9), limit).unwrap();
        entries
            .into_iter()
            .map(|(key, value)| (key[33], value[0]))
            .collect::<Vec<_>>()
    };
    assert_eq!(scan(9), [(1, 10), (3, 3), (5, 5)]);
    assert_eq!(scan(2), [(1, 10), (3, 3)]);
    assert_eq!(scan(0), []);
    assert!(overlay.scan(&raw(9)..&raw(0), 9).unwrap().is_empty());
    // A walk yields the key that an earlier transaction of the block removed, not the one that the
    // block created and removed.
    let walked = overlay.walk(&raw(0)..&raw(9), 9).unwrap();
    let walked: Vec<(u8, Option<u8>)> = walked
        .into_iter()
        .map(|(key, value)| (key[33], value.map(|value| value[0])))
        .collect();
    let expected = [(1, Some(10)), (2, None), (3, Some(3)), (5, Some(5))];
    assert_eq!(walked, expected);
    overlay.finish_transaction().unwrap();
    // A key created and removed inside the block is not in the diff.
    assert_eq!(
        overlay.into_diff().unwrap(),
        [(raw(1), Some(vec![10])), (raw(2), None)].into()
    );
}

#[test]
fn the_genesis_document_identifies_the_chain() {
    let rules = node::rules::version_1();
    let one = genesis(&rules, Limits::v1());
    assert_eq!(
        one.chain_id(),
        vm::unstable::host::crypto::sha256(&one.document())
    );
    let other = genesis(
        &rules,
        Limits {
            block_gas: 1,
            ..Limits::v1()
        },
    );
    assert_ne!(one.chain_id(), other.chain_id());
    let too_much: BTreeMap<vm::Address, u128> =
        [(alice().address(), u128::MAX), (bob().address(), 1)].into();
    assert!(Genesis::new("test", 0, *rules.id(), Limits::v1(), &too_much).is_err());
    let long = "n".repeat(65);
    assert!(Genesis::new(&long, 0, *rules.id(), Limits::v1(), &BTreeMap::new()).is_err());
    let unfunded: BTreeMap<vm::Address, u128> = [(SecretKey::ed25519(b"").address(), 0)].into();
    let empty = Genesis::new("", 0, *rules.id(), Limits::v1(), &unfunded).unwrap();
    // Only the rules: an account with balance 0 is absent.
    assert_eq!(empty.state().len(), 1);
}

/// Fails to compile if a type lacks the trait.
#[test]
fn a_node_moves_between_threads_and_what_it_reads_from_is_shared() {
    const fn moves<T: Send + ?Sized>() {}
    const fn is_shared<T: Sync>() {}
    moves::<Node>();
    moves::<dyn Store>();
    moves::<dyn vm::Engine>();
    is_shared::<CodeCache>();
    is_shared::<MemoryStore>();
    is_shared::<LogStore<SimulatedDisk>>();
}

#[test]
fn an_execution_that_is_dropped_leaves_the_node_at_the_last_block() {
    struct WithRoots(Vec<[u8; 32]>);
    impl Observer for WithRoots {
        fn wants_roots(&self) -> bool {
            true
        }
        fn transaction(&mut self, _: u32, _: &Executed, root: Option<[u8; 32]>) {
            self.0.extend(root);
        }
    }
    let mut chain = Chain::new();
    let mut straight = Chain::new();
    for amount in 1..4 {
        let [alice, bob] = [&chain.alice, &chain.bob].map(|key| {
            let to = vm::Address([0x77; 32]);
            chain.sign(key, 0, Payload::Transfer { to, amount })
        });
        let other = chain.block(vec![bob.clone(), alice.clone(), bob.clone()]);
        let block = chain.block(vec![alice, bob]);
        let other = chain.node.validate(other).unwrap();
        let valid = chain.node.validate(block.clone()).unwrap();
        let _dropped = chain.node.execute(&valid, &mut NoObserver).unwrap();
        let mut roots = WithRoots(Vec::new());
        let stale = chain.node.execute(&other, &mut roots).unwrap();
        assert_eq!(roots.0.len(), 3);
        let pending = chain.node.execute(&valid, &mut NoObserver).unwrap();
        assert!(chain.node.commit(stale).is_err(), "not the last execution");
        let result = chain.node.commit(pending).unwrap();
        chain.node.scrub().unwrap();
        let valid = straight.node.validate(block).unwrap();
        let expected = straight.node.apply(&valid, &mut NoObserver).unwrap();
        assert_eq!(result, expected);
        assert_eq!(chain.node.tree().root(), straight.node.tree().root());
    }
}
