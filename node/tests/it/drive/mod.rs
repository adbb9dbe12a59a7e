//! Drives a chain as a consensus engine does: siblings, heights that are not final, crashes.

use crate::faults::{ExpectedChain, parts};
use node::chain::{Chain, ChainError, Misuse, Options, Proposal, Verdict};
use node::digest::sha256;
use node::{Block, BlockResult, MemoryStore, NoObserver, Node, Signed, Store};
use vm::{Address, Engine, Fault, Height, Interpreter};

mod trees;

mod calls;

mod crashes;

mod threads;

mod signatures;

mod operations;

mod paged;

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
        ChainError::Fault(fault) => panic!("{fault}"),
    }
}

fn fault<T: core::fmt::Debug>(result: Result<T, ChainError>) -> Fault {
    match result.unwrap_err() {
        ChainError::Fault(fault) => fault,
        ChainError::Misuse(misuse) => panic!("{misuse}"),
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
        assert_eq!(store.receipts(height), straight.receipts(height));
    }
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    assert_eq!(all(store), all(straight.as_ref()));
}
