//! Changes the rules of a chain at a height, by its genesis and by an upgrade document.

use node::digest::encode;
use node::rules::Prices;
use node::{
    Activations, Block, BlockResult, CachePolicy, ChainSpec, Genesis, MemoryStore, NoObserver,
    Node, Parts, UpgradeDocument,
};
use node_sim::simulate::Plan;
use node_sim::simulate::workload::Workload;
use node_sim::versions::{Listing, Versions};
use std::sync::Arc;
use vm::unstable::rules::Version;
use vm::unstable::schedule::Schedule;
use vm::{Height, Interpreter, Rulebook, Rules};

mod documents;

mod configuration;

mod height;

mod crashes;

mod stored_code;

/// First height of the second rules.
const FROM: u64 = 5;
/// Blocks of a chain.
const BLOCKS: u64 = 8;

fn first() -> [u8; 32] {
    *node::rules::version_1().id()
}

/// Version 2 of these tests: a transaction costs one unit of gas more.
fn second() -> Rules {
    let mut prices = Prices::version_1();
    prices.tx_base += 1;
    let schedule = Schedule::v1().with_embedder(&prices.named()).unwrap();
    let version = Version {
        number: 2,
        schedule,
        ..Version::v1()
    };
    Rules::of(version).unwrap()
}

fn book() -> Rulebook {
    node::rules::rulebook().with(second())
}

fn parts(rules: Rulebook) -> Parts {
    Parts {
        engine: Box::new(Interpreter::new()),
        rules,
        cache: CachePolicy::Warm,
    }
}

/// The chain of a seed, which changes to the second rules at [`FROM`].
struct Crossing {
    genesis: Genesis,
    spec: ChainSpec,
    blocks: Vec<Block>,
    /// Results of the genesis and of each block.
    results: Vec<BlockResult>,
}

fn to_second() -> Activations {
    vec![(Height(FROM), *second().id())]
}

/// The value of the list of rules in a state.
fn list(upgrades: &Activations) -> Vec<u8> {
    let begun = [(Height(1), first())];
    encode(&[&begun, upgrades.as_slice()].concat())
}

impl Crossing {
    fn new(seed: u64, listing: Listing) -> Self {
        let plan = Plan {
            transactions: 3,
            ..Plan::new(BLOCKS, seed)
        };
        let versions = Versions {
            rulebook: book(),
            upgrades: to_second(),
            listing,
        };
        let workload = Workload::new(&plan, &Arc::new(node::rules::version_1())).unwrap();
        let mut workload = workload.across(&versions).unwrap();
        let genesis = workload.genesis().clone();
        let mut spec = ChainSpec::from(genesis.clone());
        if listing == Listing::Document {
            let document = UpgradeDocument::new(genesis.chain_id(), to_second()).unwrap();
            spec = spec.with(&document).unwrap();
        }
        let store = Box::new(MemoryStore::new());
        let mut node = Node::open(parts(book()), spec.clone(), store).unwrap();
        let (mut blocks, mut results) = (Vec::new(), vec![node.tip().result]);
        for _ in 0..BLOCKS {
            let block = workload.next_block(&node).unwrap();
            let valid = node.validate(block.clone()).unwrap();
            results.push(node.apply(&valid, &mut NoObserver).unwrap());
            blocks.push(block);
        }
        Self {
            genesis,
            spec,
            blocks,
            results,
        }
    }

    /// A node with the second rules and the whole configuration.
    fn node(&self, store: Box<dyn node::Store>) -> Node {
        Node::open(parts(book()), self.spec.clone(), store).unwrap()
    }

    /// Applies the blocks up to `height`; each has the result of the expected chain.
    fn apply_to(&self, node: &mut Node, height: u64) {
        for next in node.tip().height.0..height {
            let block = self.blocks[next as usize].clone();
            let valid = node.validate(block).unwrap();
            let result = node.apply(&valid, &mut NoObserver).unwrap();
            assert_eq!(result, self.results[next as usize + 1]);
        }
    }
}
