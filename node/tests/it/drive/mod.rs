//! Drives a chain as a consensus engine does: siblings, heights that are not final, crashes.

use crate::faults::{ExpectedChain, parts};
use node::chain::{Chain, ChainError, Misuse, Options, Proposal, Verdict};
use node::digest::sha256;
use node::{Block, BlockResult, Commit, MemoryStore, NoObserver, Node, Signed, Store, Tip};
use std::collections::{BTreeMap, BTreeSet};
use vm::{Address, Engine, Fault, Height, Interpreter};

mod trees;

mod calls;

mod crashes;

mod threads;

mod signatures;

mod operations;

mod serving;

mod proving;

mod pool;

/// A store that several threads can read.
type SharedStore = Box<dyn Store + Sync>;

/// Draws from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        let digest = sha256(&[b"drive", &self.0.to_le_bytes()]);
        self.0 = u64::from_le_bytes(digest[..8].try_into().unwrap());
        (self.0 % bound as u64) as usize
    }
}

impl ExpectedChain {
    /// Opens a chain with the interpreter.
    fn chain(&self, store: SharedStore, options: &Options) -> Result<Chain, Fault> {
        self.chain_on(Box::new(Interpreter::new()), store, options)
    }

    fn chain_on(
        &self,
        engine: Box<dyn Engine>,
        store: SharedStore,
        options: &Options,
    ) -> Result<Chain, Fault> {
        let parts = node::Parts { engine, ..parts() };
        Chain::open(parts, self.genesis.clone(), store, options)
    }

    /// A chain in memory with the default options.
    fn in_memory(&self) -> Chain {
        let store = Box::new(MemoryStore::new());
        self.chain(store, &Options::default()).unwrap()
    }
}

/// The states of a straight run, after the genesis and each block.
struct Straight {
    states: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    tip: Tip,
}

impl Straight {
    fn new(expected: &ExpectedChain) -> Self {
        let memory = Box::new(MemoryStore::new());
        let mut node = Node::open(parts(), expected.genesis.clone(), memory).unwrap();
        let state = |node: &Node| {
            let entries = node.store().scan(&[], None, usize::MAX).unwrap();
            entries.into_iter().collect()
        };
        let (mut states, tip) = (vec![state(&node)], *node.tip());
        for block in &expected.blocks {
            let valid = node.validate(block.clone()).unwrap();
            node.apply(&valid, &mut NoObserver).unwrap();
            states.push(state(&node));
        }
        Self { states, tip }
    }

    /// All keys of all states, and some that are in none.
    fn keys(&self) -> Vec<Vec<u8>> {
        let none = (0..40_u8).map(|number| vec![2, number]);
        let all = self.states.iter().flat_map(BTreeMap::keys).cloned();
        let keys: BTreeSet<Vec<u8>> = all.chain(none).collect();
        keys.into_iter().collect()
    }

    /// A store with the state after a block, and nothing else.
    fn store(&self, height: usize) -> MemoryStore {
        let mut store = MemoryStore::new();
        let state = self.states[height].clone().into_iter();
        let commit = Commit {
            diff: state.map(|(key, value)| (key, Some(value))).collect(),
            tip: self.tip,
            header: None,
            receipts: Vec::new(),
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        };
        store.commit(commit).unwrap();
        store
    }
}

/// A block of other transactions on the parent of `block`.
fn sibling(chain: &Chain, block: &Block, transactions: Vec<Signed>) -> Block {
    let time_ms = block.header.time_ms + 1;
    let proposal = Proposal::new(transactions, time_ms, Address([0x51; 32]));
    chain.propose(&block.header.parent, proposal).unwrap()
}

fn verified(chain: &Chain, block: &Block) -> BlockResult {
    match chain.verify(block.clone()).unwrap() {
        Verdict::Valid(result) => result,
        other => panic!("{other:?}"),
    }
}

fn misuse<T: core::fmt::Debug>(result: Result<T, ChainError>) -> Misuse {
    match result.unwrap_err() {
        ChainError::Misuse(misuse) => misuse,
        other => panic!("{other}"),
    }
}

fn fault<T: core::fmt::Debug>(result: Result<T, ChainError>) -> Fault {
    match result.unwrap_err() {
        ChainError::Fault(fault) => fault,
        other => panic!("{other}"),
    }
}

/// Compares a store with that of a node that applied these blocks one after the other.
fn compare_with_straight_run(expected: &ExpectedChain, blocks: &[Block], store: &dyn Store) {
    let memory = Box::new(MemoryStore::new());
    let mut node = Node::open(parts(), expected.genesis.clone(), memory).unwrap();
    for block in blocks {
        let valid = node.validate(block.clone()).unwrap();
        node.apply(&valid, &mut NoObserver).unwrap();
    }
    let straight = node.into_store();
    assert_eq!(store.tip(), straight.tip());
    for height in 0..=blocks.len() as u64 {
        let height = Height(height);
        assert_eq!(store.header(height), straight.header(height));
        assert_eq!(store.transactions(height), straight.transactions(height));
        assert_eq!(store.receipts(height), straight.receipts(height));
        assert_eq!(store.events(height), straight.events(height));
    }
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    assert_eq!(all(store), all(straight.as_ref()));
}
