//! Drives chains on a store that keeps the pages of the tree: restarts, failures, damage.

use super::{compare_with_straight_run, fault, sibling, verified};
use crate::faults::{ExpectedChain, parts};
use crate::keeping::{KeepingStore, TINY_TREE};
use node::chain::{At, Chain, Options, Subject, Verdict};
use node::{MemoryStore, NoObserver, Node, Store, TreeOptions};
use vm::{Fault, key};

/// Blocks of a run.
const BLOCKS: usize = 14;

fn options(tree: TreeOptions) -> Options {
    Options {
        workers: 2,
        tree,
        ..Options::default()
    }
}

fn open(expected: &ExpectedChain, store: &KeepingStore) -> Result<Chain, Fault> {
    expected.chain(Box::new(store.clone()), &options(TINY_TREE))
}

fn node(expected: &ExpectedChain, store: &KeepingStore, tree: &TreeOptions) -> Result<Node, Fault> {
    let genesis = expected.genesis.clone();
    Node::open_with(parts(), genesis, Box::new(store.clone()), tree)
}

/// Compares values, tree, root and what is stored with a straight run.
fn check(expected: &ExpectedChain, store: &KeepingStore, blocks: usize) {
    compare_with_straight_run(expected, &expected.blocks[..blocks], store);
    let node = node(expected, store, &TINY_TREE).unwrap();
    assert_eq!(node.tip().result, expected.results[blocks]);
    node.scrub().unwrap();
}

/// Verifies two heights and a sibling ahead, makes the next block final; restarts on request.
fn drive(expected: &ExpectedChain, store: &KeepingStore, restart_every: usize) {
    let mut chain = open(expected, store).unwrap();
    for height in 0..BLOCKS {
        let other = sibling(&chain, &expected.blocks[height], Vec::new());
        let ahead = expected.blocks[height..=height + 2].iter();
        for block in ahead.chain([&other]) {
            verified(&chain, block);
        }
        chain
            .finalize(&expected.blocks[height].header.hash())
            .unwrap();
        if (height + 1) % restart_every == 0 {
            assert!(store.content().logs() <= TINY_TREE.checkpoint_blocks_max);
            drop(chain);
            chain = open(expected, store).unwrap();
        }
    }
}

#[test]
fn a_restart_after_any_number_of_blocks_has_the_root_and_reads_few_logs() {
    let expected = ExpectedChain::new(60);
    for restart_every in 1..=BLOCKS {
        let store = KeepingStore::default();
        drive(&expected, &store, restart_every);
        check(&expected, &store, BLOCKS);
        let content = store.content();
        assert_eq!(content.logs_max, TINY_TREE.checkpoint_blocks_max);
        assert!(content.checkpoints >= 4, "{}", content.checkpoints);
    }
}

#[test]
fn each_operation_fails_once_and_final_blocks_survive() {
    let expected = ExpectedChain::new(61);
    let healthy = KeepingStore::default();
    run(&expected, &healthy);
    let operations = healthy.content().operations;
    let commits = healthy.content().commits.clone();
    let mut opened = 0;
    // Of the other operations, which are many reads, evenly spaced ones.
    let reads = (0..operations).step_by(operations.div_ceil(60) as usize);
    for number in reads.chain(commits) {
        let store = KeepingStore::default();
        store.content().failing = Some(number);
        opened += run(&expected, &store);
        check(&expected, &store, BLOCKS);
    }
    assert!(opened >= BLOCKS, "{opened} faults ended in another opening");
}

/// Runs all blocks, whatever fails once; returns the number of openings after the first one.
fn run(expected: &ExpectedChain, store: &KeepingStore) -> usize {
    let mut opened = 0;
    let mut chain = reopen(expected, store, &mut opened);
    loop {
        let height = chain.tip().unwrap().height.0 as usize;
        if height == BLOCKS {
            return opened;
        }
        for block in &expected.blocks[height..height + 2] {
            let verdict = chain.verify(block.clone()).or_else(|failed| {
                assert!(failed.to_string().contains("failed"), "{failed}");
                // No verdict: nothing changed, and the block is verified again.
                chain.verify(block.clone())
            });
            assert!(matches!(verdict, Ok(Verdict::Valid(_))), "{verdict:?}");
        }
        let block = &expected.blocks[height];
        let result = chain.finalize(&block.header.hash());
        match result {
            Ok(result) => assert_eq!(result, expected.results[height + 1]),
            stopped => {
                let stopped = fault(stopped);
                assert_eq!(chain.tip().unwrap_err(), stopped);
                chain = reopen(expected, store, &mut opened);
            }
        }
        if height % 4 == 3 {
            chain = reopen(expected, store, &mut 0);
        }
    }
}

fn reopen(expected: &ExpectedChain, store: &KeepingStore, opened: &mut usize) -> Chain {
    *opened += usize::from(store.tip().unwrap().is_some());
    open(expected, store)
        .or_else(|_| open(expected, store))
        .unwrap()
}

#[test]
fn a_store_without_a_checkpoint_is_rebuilt_once() {
    let expected = ExpectedChain::new(62);
    let store = KeepingStore::default();
    drive(&expected, &store, 100);
    let older = store.without_records();
    let mut opened = node(&expected, &older, &TINY_TREE).unwrap();
    assert_eq!(older.content().records.len(), 0);
    expected.apply_to(&mut opened, BLOCKS as u64 + 1).unwrap();
    let (checkpoints, logs) = {
        let content = older.content();
        (content.checkpoints, content.logs())
    };
    assert_eq!((checkpoints, logs), (1, 0));
    check(&expected, &older, BLOCKS + 1);
    // A log that is absent is one that was never written: blocks of a program without the tree.
    store.content().records.retain(|key, _| key[0] != 4);
    check(&expected, &store, BLOCKS);
}

#[test]
fn a_damaged_record_is_named_and_the_tree_can_be_rebuilt() {
    let expected = ExpectedChain::new(63);
    let store = KeepingStore::default();
    drive(&expected, &store, 100);
    assert!(store.content().logs() > 0, "a record of each kind");
    let whole = store.content().records.clone();
    // Records of codes have other first bytes, and damage of one is no fault.
    for key in whole.keys().filter(|key| key[0] < 16) {
        let mut damaged = whole.clone();
        damaged.get_mut(key).unwrap()[1] ^= 4;
        store.content().records = damaged;
        let opened = node(&expected, &store, &TINY_TREE);
        let named = match opened.and_then(|node| node.scrub()) {
            Err(Fault::Store(cause)) => cause,
            other => panic!("{key:?}: {other:?}"),
        };
        assert!(named.contains("of the tree is damaged") || named.contains("log of block"));
        assert!(named.contains("`TreeOptions::rebuild`"), "{named}");
        let tree = TreeOptions {
            rebuild: true,
            ..TINY_TREE
        };
        let mut rebuilt = node(&expected, &store, &tree).unwrap();
        assert_eq!(rebuilt.tip().result, expected.results[BLOCKS]);
        rebuilt.scrub().unwrap();
        if key[0] != 1 || key[1] % 16 == 0 {
            // The next commit writes all of the tree.
            let again = store.without_records();
            again.content().records = store.content().records.clone();
            rebuilt = node(&expected, &again, &tree).unwrap();
            expected.apply_to(&mut rebuilt, BLOCKS as u64 + 1).unwrap();
            check(&expected, &again, BLOCKS + 1);
        }
    }
}

#[test]
fn a_node_that_drops_executions_and_restarts_has_the_roots_of_one_in_memory() {
    let expected = ExpectedChain::new(64);
    let store = KeepingStore::default();
    let mut node = node(&expected, &store, &TINY_TREE).unwrap();
    for (height, block) in (1..).zip(&expected.blocks) {
        for _ in 0..2 {
            let valid = node.validate(block.clone()).unwrap();
            let _dropped = node.execute(&valid, &mut NoObserver).unwrap();
        }
        let valid = node.validate(block.clone()).unwrap();
        let pending = node.execute(&valid, &mut NoObserver).unwrap();
        assert_eq!(node.commit(pending), Ok(expected.results[height]));
        let (bytes, dirty) = node.tree().bytes();
        assert!(bytes <= TINY_TREE.cache_bytes.max(dirty), "{bytes}");
        if height % 5 == 0 {
            node = self::node(&expected, &store, &TINY_TREE).unwrap();
        }
    }
    check(&expected, &store, expected.blocks.len());
}

#[test]
fn proofs_of_earlier_blocks_equal_those_of_a_tree_in_memory() {
    let expected = ExpectedChain::new(65);
    let store = KeepingStore::default();
    let paged = open(&expected, &store).unwrap();
    let in_memory: Box<dyn Store + Sync> = Box::new(MemoryStore::new());
    let twin = expected.chain(in_memory, &Options::default()).unwrap();
    let address = expected.blocks[0].transactions[0]
        .transaction
        .signer
        .address();
    let subject = |key| Subject::State { key };
    let account = key::account(&address);
    for height in 0..BLOCKS {
        for chain in [&paged, &twin] {
            for block in &expected.blocks[height..height + 2] {
                verified(chain, block);
            }
            chain
                .finalize(&expected.blocks[height].header.hash())
                .unwrap();
        }
        let tip = paged.tip().unwrap().height;
        for back in 0..=height.min(4) as u64 {
            let at = At::Height(vm::Height(tip.0 - back));
            for key in [account.as_slice(), b"absent", b"\x00rules"] {
                let [ours, theirs] =
                    [&paged, &twin].map(|chain| chain.prove(at, &subject(key)).unwrap());
                assert_eq!(ours, theirs);
            }
            let ics23 = Subject::Ics23 { key: b"\x01absent" };
            let [ours, theirs] = [&paged, &twin].map(|chain| chain.prove(at, &ics23).ok());
            assert_eq!(ours, theirs);
        }
    }
    drop(paged);
    check(&expected, &store, BLOCKS);
}
