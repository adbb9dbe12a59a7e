//! Makes the archive of a simulated chain, unless there is one that still replays.

use crate::{Draft, data};
use conformance::golden::blesses;
use node_sim::node::{NoObserver, Parts};
use node_sim::simulate::Plan;
use node_sim::simulate::workload::Workload;
use node_sim::{CachePolicy, MemoryStore, Node};
use reference::Reference;
use std::fs;
use std::sync::Arc;
use vectors::format::{Case, Chain};
use vectors::replay::Archive;
use vm::Rules;

const FILE: &str = "chains/simulated.bin";
const PLAN: Plan = Plan {
    blocks: 200,
    seed: 7,
    transactions: 5,
};

/// The blocks of `lockstep sim`, with their receipts and roots.
pub(crate) fn draft() -> Draft {
    let about = "Blocks of real transactions from a genesis: receipts and roots of each.";
    let mut draft = Draft::new(about);
    let frozen = fs::read(data().join(FILE)).ok();
    let kept = frozen.filter(|bytes| !blesses() || replays(bytes));
    draft.file(FILE, kept.unwrap_or_else(simulate));
    let archive = FILE.to_owned();
    draft.add(
        "chain of 200 simulated blocks",
        Case::Chain(Chain { archive }),
    );
    draft
}

fn replays(bytes: &[u8]) -> bool {
    let replay = |archive: Archive| {
        let fields = archive.replay(Box::new(Reference::new()), &Arc::new(Rules::v1()));
        let is_valid = |name: &String| !name.ends_with("invalid");
        archive.blocks.len() == 200 && fields.is_ok_and(|fields| fields.keys().all(is_valid))
    };
    Archive::decode(bytes).is_ok_and(replay)
}

fn simulate() -> Vec<u8> {
    let rules = Arc::new(Rules::v1());
    let mut workload = Workload::new(&PLAN, &rules).unwrap();
    let genesis = workload.genesis().clone();
    let parts = Parts {
        engine: Box::new(Reference::new()),
        rules,
        cache: CachePolicy::Warm,
    };
    let mut node = Node::open(parts, genesis.clone(), Box::new(MemoryStore::new())).unwrap();
    let mut blocks = Vec::new();
    for _ in 0..PLAN.blocks {
        let block = workload.next_block(&node).unwrap();
        blocks.push(block.encode());
        let valid = node.validate(block).unwrap();
        node.apply(&valid, &mut NoObserver).unwrap();
    }
    Archive::new(genesis, blocks).encode().unwrap()
}
