//! Tests what a chain serves: blocks by height and hash, the states of recent blocks, calls there.

use super::{Straight, misuse, sibling, verified};
use crate::chain::PROPOSER;
use crate::faults::{BLOCKS, ExpectedChain, parts};
use contract_types::counter;
use node::chain::{At, Chain, Misuse, Options, Proposal};
use node::limits::{Limits, QUERY_BLOCKS_MAX};
use node::receipt::{events_root, receipts_root};
use node::{CachePolicy, LogStore, MemoryStore, Parts, Payload, Signed, Store};
use node_sim::disk::{Loss, SimulatedDisk};
use node_sim::simulate::samples::COUNTER;
use vm::{Address, Exit, Gas, Height, Message, Target};

/// Compares what is served with the blocks and results of the expected chain, of which `finals` are
/// final and the following ones up to `verifies` are verified.
fn check_served(chain: &Chain, expected: &ExpectedChain, finals: u64, verifies: u64) {
    assert_eq!(chain.header(Height(0)).unwrap(), None);
    assert_eq!(chain.block(Height(0)).unwrap(), None);
    assert_eq!(chain.receipts(Height(0)).unwrap(), Some(Vec::new()));
    for (block, result) in expected.blocks.iter().zip(&expected.results[1..]) {
        let (height, hash) = (block.header.height, block.header.hash());
        let of_hash = chain.block_by_hash(&hash).unwrap();
        assert_eq!(of_hash.is_some(), height.0 > finals && height.0 <= verifies);
        let served = match of_hash {
            Some(found) => {
                assert_eq!((&found.block, found.result), (block, *result));
                Some((found.receipts, found.events))
            }
            None if height.0 <= finals => {
                assert_eq!(chain.block(height).unwrap().as_ref(), Some(block));
                let receipts = chain.receipts(height).unwrap().unwrap();
                Some((receipts, chain.events(height).unwrap().unwrap()))
            }
            None => None,
        };
        let is_final = height.0 <= finals;
        let header = is_final.then(|| block.header.clone());
        assert_eq!(chain.header(height).unwrap(), header);
        assert_eq!(chain.block(height).unwrap().is_some(), is_final);
        assert_eq!(chain.receipts(height).unwrap().is_some(), is_final);
        assert_eq!(chain.events(height).unwrap().is_some(), is_final);
        let Some((receipts, events)) = served else {
            continue;
        };
        assert_eq!(receipts_root(&receipts), result.receipts_root);
        assert_eq!(events.len(), receipts.len());
        for (receipt, events) in receipts.iter().zip(&events) {
            assert_eq!(events_root(events), receipt.events_root);
        }
    }
    assert_eq!(chain.block_by_hash(&[3; 32]).unwrap(), None);
    assert_eq!(chain.block_by_hash(chain.chain_id()).unwrap(), None);
}

#[test]
fn final_blocks_are_served_by_height_and_verified_ones_by_hash() {
    let expected = ExpectedChain::new(70);
    let disk = SimulatedDisk::new(1);
    let open = || {
        let store = LogStore::open(disk.clone()).unwrap();
        let chain = expected.chain(Box::new(store), &Options::default());
        chain.unwrap()
    };
    let chain = open();
    for (finals, block) in (0..).zip(&expected.blocks[..8]) {
        verified(&chain, block);
        if finals >= 2 {
            let parent = &expected.blocks[finals - 2];
            chain.finalize(&parent.header.hash()).unwrap();
        }
    }
    check_served(&chain, &expected, 6, 8);
    drop(chain);
    disk.crash(Loss::Subset);
    check_served(&open(), &expected, 6, 6);
}

/// Compares the states that can be read with those of a straight run; the others are refused.
fn check_states(chain: &Chain, expected: &ExpectedChain, straight: &Straight, first: u64) {
    let last = chain.tip().unwrap().height;
    let keys = straight.keys();
    for height in 0..=last.0 + 1 {
        let hash = match height {
            0 => expected.genesis.chain_id(),
            _ => match expected.blocks.get(height as usize - 1) {
                Some(block) => block.header.hash(),
                None => [9; 32],
            },
        };
        let height = Height(height);
        for at in [At::Height(height), At::Block(hash)] {
            if (first..=last.0).contains(&height.0) {
                let state = &straight.states[height.0 as usize];
                for key in &keys {
                    let found = chain.read(at, key).unwrap();
                    assert_eq!(found.as_ref(), state.get(key), "{height} {key:02x?}");
                }
                continue;
            }
            let refused = match at {
                // The next block may be verified.
                At::Block(_) if height > last => continue,
                At::Height(found) => Misuse::Height {
                    found,
                    first: Height(first),
                    last,
                },
                _ => Misuse::UnknownBlock,
            };
            assert_eq!(misuse(chain.read(at, &keys[0])), refused);
        }
    }
}

#[test]
fn the_states_of_the_last_final_blocks_are_read_by_height_and_by_hash() {
    let expected = ExpectedChain::new(71);
    let straight = Straight::new(&expected);
    for (blocks_max, ahead) in [(QUERY_BLOCKS_MAX, 0), (3, 2), (1, 1), (0, 0)] {
        let options = Options {
            query_blocks_max: blocks_max,
            ..Options::default()
        };
        let store = Box::new(MemoryStore::new());
        let chain = expected.chain(store, &options).unwrap();
        for (index, block) in expected.blocks.iter().enumerate() {
            let other = sibling(&chain, block, Vec::new());
            verified(&chain, &other);
            // Later blocks and siblings are no part of a final state.
            for block in expected.blocks.iter().skip(index).take(ahead + 1) {
                verified(&chain, block);
            }
            chain.finalize(&block.header.hash()).unwrap();
            let height = index as u64 + 1;
            if height.is_multiple_of(5) || height < 4 {
                let first = height.saturating_sub(blocks_max as u64);
                check_states(&chain, &expected, &straight, first);
                let kept = (height - first) as usize;
                assert_eq!(chain.query_sizes().unwrap().0, kept);
            }
        }
        // A proposal on a final block that is not the last one could never be final.
        let late = Proposal::new(Vec::new(), u64::MAX, PROPOSER);
        let parent = expected.blocks[BLOCKS as usize - 2].header.hash();
        assert_eq!(misuse(chain.propose(&parent, late)), Misuse::UnknownBlock);
        // A restart forgets the earlier states.
        let chain = expected.chain(chain.into_store(), &options).unwrap();
        check_states(&chain, &expected, &straight, BLOCKS);
    }
}

#[test]
fn what_reading_earlier_states_takes_is_bounded_by_bytes() {
    let expected = ExpectedChain::new(72);
    let mut greatest = Vec::new();
    for bytes_max in [u64::MAX, 20_000, 5_000, 0] {
        let options = Options {
            query_bytes_max: bytes_max,
            ..Options::default()
        };
        let store = Box::new(MemoryStore::new());
        let chain = expected.chain(store, &options).unwrap();
        let mut most = (0, 0);
        for block in &expected.blocks {
            verified(&chain, block);
            chain.finalize(&block.header.hash()).unwrap();
            let (blocks, bytes) = chain.query_sizes().unwrap();
            assert!(bytes <= bytes_max);
            most = (most.0.max(blocks), most.1.max(bytes));
            let last = chain.tip().unwrap().height;
            let first = Height(last.0 - blocks as u64);
            chain.read(At::Height(first), &[0]).unwrap();
            if first > Height(0) {
                let below = Height(first.0 - 1);
                let refused = misuse(chain.read(At::Height(below), &[0]));
                let found = below;
                assert_eq!(refused, Misuse::Height { found, first, last });
            }
        }
        greatest.push(most);
    }
    assert_eq!(greatest[0].0, BLOCKS as usize);
    assert!(greatest[1].0 < greatest[0].0 && greatest[2].0 < greatest[1].0);
    assert!(greatest[2].1 > 0, "{greatest:?}");
    assert_eq!(greatest[3], (0, 0));
}

/// A chain with a counter, and the message that raises it by 7.
struct CounterChain {
    chain: Chain,
    message: Message,
    /// Blocks of one call each, on one another.
    blocks: Vec<Vec<Signed>>,
}

impl CounterChain {
    fn new(cache: CachePolicy) -> Self {
        let world = crate::chain::Chain::new();
        let code_hash = COUNTER.code_hash();
        let deploy = Payload::Deploy {
            code_hash,
            salt: [1; 32],
            entry: "increment".to_owned(),
            input: 5_u64.to_le_bytes().to_vec(),
            value: 0,
        };
        let alice = &world.alice;
        let contract =
            vm::unstable::frames::contract_address(&alice.address(), &code_hash, &[1; 32]);
        let increment = counter::increment(7);
        let upload = Payload::Upload(COUNTER.bytes.to_vec());
        let start = vec![world.sign(alice, 0, upload), world.sign(alice, 1, deploy)];
        let call = |ahead| {
            let input = increment.input.clone();
            let payload = crate::chain::call(contract, increment.entry, input);
            vec![world.sign(alice, ahead, payload)]
        };
        let genesis = crate::chain::genesis(&world.rules, Limits::v1());
        let parts = Parts { cache, ..parts() };
        let store = Box::new(MemoryStore::new());
        Self {
            chain: Chain::open(parts, genesis, store, &Options::default()).unwrap(),
            blocks: [start].into_iter().chain((2..8).map(call)).collect(),
            message: Message {
                tx_hash: [1; 32],
                caller: PROPOSER,
                target: Target::Call { contract },
                entry: increment.entry.to_owned(),
                input: increment.input.clone(),
                value: 0,
            },
        }
    }

    fn call(&self, at: At, gas: u64) -> Exit {
        let called = self.chain.call(at, &self.message, Gas(gas));
        called.unwrap().exit
    }

    /// Calls at every height that can be read.
    fn call_everywhere(&self) {
        let tip = self.chain.tip().unwrap();
        for height in 0..=tip.height.0 {
            let at = At::Height(Height(height));
            match (height, self.call(at, 50_000_000)) {
                (0, Exit::Revert { .. }) => {}
                (_, Exit::Return { output, .. }) => {
                    let count = 5 + 7 * height;
                    assert_eq!(output, count.to_le_bytes());
                }
                (_, exit) => panic!("{height}: {exit:?}"),
            }
            if height > 0 {
                assert!(matches!(self.call(at, 1), Exit::OutOfGas));
            }
        }
        assert_eq!(self.chain.tip().unwrap(), tip);
    }

    /// Makes all blocks final; with calls between all steps, or without.
    fn run(self, calls: bool) -> Box<dyn Store + Sync> {
        for (height, transactions) in (1..).zip(&self.blocks) {
            let parent = self.chain.tip().unwrap().hash;
            let time_ms = 1_000 + height;
            let proposal = Proposal::new(transactions.clone(), time_ms, Address([7; 32]));
            let block = self.chain.propose(&parent, proposal).unwrap();
            let between = || {
                if calls {
                    self.call_everywhere();
                }
            };
            between();
            verified(&self.chain, &block);
            between();
            self.chain.finalize(&block.header.hash()).unwrap();
            between();
        }
        self.chain.into_store()
    }
}

#[test]
fn calls_at_earlier_heights_leave_nothing_in_later_blocks() {
    let caches = [
        CachePolicy::Disabled,
        CachePolicy::Cold,
        CachePolicy::OneEntry,
        CachePolicy::Warm,
    ];
    let expected = CounterChain::new(CachePolicy::Warm).run(false);
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    for cache in caches {
        let found = CounterChain::new(cache).run(true);
        assert_eq!(found.tip(), expected.tip());
        for height in (0..9).map(Height) {
            assert_eq!(found.header(height), expected.header(height));
            assert_eq!(found.receipts(height), expected.receipts(height));
            assert_eq!(found.events(height), expected.events(height));
        }
        assert_eq!(all(&*found), all(&*expected));
    }
}
