//! Tests what each call accepts, refuses and keeps.

use super::{compare_with_straight_run, misuse, sibling, verified};
use crate::faults::{ExpectedChain, parts};
use contract_types::counter;
use node::chain::{At, Chain, Clock, Misuse, Options, Proposal, Verdict};
use node::limits::Limits;
use node::{Block, Invalid, MemoryStore, NoObserver, Node, SecretKey};
use node_sim::simulate::samples::COUNTER;
use vm::{Address, Rules, key};

const PROPOSER: Address = Address([0x51; 32]);

/// A chain with the accounts of `chain::Chain`.
fn chain_of(rules: &Rules) -> Chain {
    let genesis = crate::chain::genesis(rules, Limits::v1());
    let store = Box::new(MemoryStore::new());
    Chain::open(parts(), genesis, store, &Options::default()).unwrap()
}

#[test]
fn a_block_of_this_node_is_proposed_without_execution_and_executed_once() {
    let expected = ExpectedChain::new(30);
    let chain = expected.in_memory();
    let first = &expected.blocks[0];
    let proposal = Proposal::new(
        first.transactions.clone(),
        first.header.time_ms,
        first.header.proposer,
    );
    let block = chain.propose(chain.chain_id(), proposal).unwrap();
    assert_eq!(block, *first, "as the node proposes it");
    assert_eq!(chain.unfinalized().unwrap(), 0);
    let hash = block.header.hash();
    assert_eq!(misuse(chain.finalize(&hash)), Misuse::UnknownBlock);
    // Its result is part of a child's header, so nothing can be built on it yet.
    let child = Proposal::new(Vec::new(), u64::MAX, PROPOSER);
    assert_eq!(misuse(chain.propose(&hash, child)), Misuse::UnknownBlock);
    assert_eq!(verified(&chain, &block), expected.results[1]);
    assert_eq!(verified(&chain, &block), expected.results[1]);
    assert_eq!(chain.finalize(&hash).unwrap(), expected.results[1]);
}

#[test]
fn blocks_are_final_in_order_and_each_at_most_once() {
    let expected = ExpectedChain::new(31);
    let chain = expected.in_memory();
    let hashes: Vec<_> = expected
        .blocks
        .iter()
        .map(|block| block.header.hash())
        .collect();
    let [first, second, third] = [0, 1, 2].map(|index| expected.blocks[index].clone());
    assert_eq!(
        chain.verify(second.clone()).unwrap(),
        Verdict::UnknownParent
    );
    let other = sibling(&chain, &first, Vec::new());
    for block in [&other, &first, &second, &third] {
        verified(&chain, block);
    }
    let above = sibling(&chain, &second, Vec::new());
    verified(&chain, &above);
    assert_eq!(misuse(chain.finalize(&hashes[1])), Misuse::ParentNotFinal);
    assert_eq!(misuse(chain.finalize(&[7; 32])), Misuse::UnknownBlock);
    assert_eq!(chain.finalize(&hashes[0]).unwrap(), expected.results[1]);
    assert_eq!(chain.finalize(&hashes[0]).unwrap(), expected.results[1]);
    // The sibling is gone, and can never be final.
    assert_eq!(
        misuse(chain.finalize(&other.header.hash())),
        Misuse::UnknownBlock
    );
    assert_eq!(chain.verify(other).unwrap(), Verdict::Stale);
    assert_eq!(chain.unfinalized().unwrap(), 3);
    assert_eq!(chain.finalize(&hashes[1]).unwrap(), expected.results[2]);
    assert_eq!(chain.verify(first).unwrap(), Verdict::Stale);
    assert_eq!(verified(&chain, &second), expected.results[2]);
    assert_eq!(chain.unfinalized().unwrap(), 1);
    let store = chain.into_store();
    compare_with_straight_run(&expected, &expected.blocks[..2], store.as_ref());
}

#[test]
fn an_invalid_block_is_no_fault_and_leaves_nothing() {
    let expected = ExpectedChain::new(32);
    let chain = expected.in_memory();
    let first = expected.blocks[0].clone();
    let changed = |change: fn(&mut Block)| {
        let mut block = first.clone();
        change(&mut block);
        chain.verify(block).unwrap()
    };
    let invalid = Verdict::Invalid;
    assert_eq!(
        changed(|block| block.header.parent_result.gas_used += 1),
        invalid(Invalid::ParentResult)
    );
    assert_eq!(
        changed(|block| block.header.chain_id = [1; 32]),
        invalid(Invalid::ChainId)
    );
    assert!(matches!(
        changed(|block| block.header.height = block.header.height.next()),
        Verdict::Invalid(Invalid::Height { .. })
    ));
    assert_eq!(chain.unfinalized().unwrap(), 0);
    verified(&chain, &first);
    // The hash is that of a verified block; the transactions are not.
    assert_eq!(
        changed(|block| block.transactions.clear()),
        invalid(Invalid::TransactionsRoot)
    );
    chain.finalize(&first.header.hash()).unwrap();
    assert_eq!(
        changed(|block| block.transactions.clear()),
        invalid(Invalid::TransactionsRoot)
    );
}

#[test]
fn a_vote_looks_at_the_clock_and_the_validity_of_a_block_does_not() {
    let expected = ExpectedChain::new(34);
    let chain = expected
        .chain(Box::new(MemoryStore::new()), &Options::default())
        .unwrap();
    let block = &expected.blocks[0];
    let time_ms = block.header.time_ms;
    let vote = |now_ms| {
        let clock = Clock {
            now_ms,
            drift_ms: 500,
        };
        chain.verify_timely(block.clone(), &clock).unwrap()
    };
    for now_ms in [0, time_ms - 501, time_ms + 501, u64::MAX] {
        assert_eq!(vote(now_ms), Verdict::Untimely { time_ms, now_ms });
        assert_eq!(chain.unfinalized().unwrap(), 0, "nothing was executed");
    }
    for now_ms in [time_ms - 500, time_ms, time_ms + 500] {
        assert_eq!(vote(now_ms), Verdict::Valid(expected.results[1]));
    }
    // Proposed again in a later round: it was verified in time.
    assert_eq!(vote(u64::MAX), Verdict::Valid(expected.results[1]));
}

#[test]
fn the_oldest_verified_block_is_dropped_with_what_depends_on_it_and_verified_again() {
    let expected = ExpectedChain::new(33);
    let options = Options {
        unfinalized_blocks_max: 3,
        ..Options::default()
    };
    let chain = expected
        .chain(Box::new(MemoryStore::new()), &options)
        .unwrap();
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|index| expected.blocks[index].clone());
    let other = sibling(&chain, &first, Vec::new());
    for block in [&first, &second, &other] {
        verified(&chain, block);
    }
    let another = sibling(&chain, &first, first.transactions.clone());
    verified(&chain, &another);
    assert_eq!(chain.unfinalized().unwrap(), 2, "two dropped, one added");
    assert_eq!(
        misuse(chain.finalize(&first.header.hash())),
        Misuse::UnknownBlock
    );
    assert_eq!(
        chain.verify(second.clone()).unwrap(),
        Verdict::UnknownParent
    );
    for (block, result) in [&first, &second, &third]
        .into_iter()
        .zip(&expected.results[1..])
    {
        assert_eq!(verified(&chain, block), *result);
    }
    // A block that does not fit beside its ancestors has a verdict and is not kept.
    assert_eq!(verified(&chain, &fourth), expected.results[4]);
    assert_eq!(chain.unfinalized().unwrap(), 3);
    assert_eq!(
        misuse(chain.finalize(&fourth.header.hash())),
        Misuse::UnknownBlock
    );
    chain.finalize(&first.header.hash()).unwrap();
    assert_eq!(verified(&chain, &fourth), expected.results[4]);
    assert_eq!(chain.unfinalized().unwrap(), 3);
    for block in [&second, &third, &fourth] {
        chain.finalize(&block.header.hash()).unwrap();
    }
    let store = chain.into_store();
    compare_with_straight_run(&expected, &expected.blocks[..4], store.as_ref());
}

#[test]
fn blocks_are_bounded_by_bytes() {
    let expected = ExpectedChain::new(34);
    let kept = |bytes| {
        let options = Options {
            unfinalized_bytes_max: bytes,
            ..Options::default()
        };
        let chain = expected
            .chain(Box::new(MemoryStore::new()), &options)
            .unwrap();
        for transactions in 0..5 {
            let transactions = expected.blocks[0].transactions[..transactions.min(3)].to_vec();
            let block = sibling(&chain, &expected.blocks[0], transactions);
            verified(&chain, &block);
        }
        chain.unfinalized().unwrap()
    };
    assert_eq!(kept(u64::MAX), 4, "the last two are one block");
    assert_eq!(kept(0), 1, "the last one: it may have to be final");
    let some = kept(1_500);
    assert!((1..4).contains(&some), "{some}");
}

#[test]
fn a_proposal_leaves_out_what_is_invalid_or_does_not_fit() {
    let expected = ExpectedChain::new(35);
    let chain = expected.in_memory();
    let first = &expected.blocks[0];
    let genesis = *chain.chain_id();
    let candidates = first.transactions.clone();
    let time_ms = first.header.time_ms;
    let proposal = Proposal::new(candidates.clone(), time_ms, PROPOSER);
    // Another's forgery in the name of a signer does not keep out the signer's own.
    let mut forged = candidates[0].clone();
    forged.signature[40] ^= 1;
    let with_forged = [vec![forged], candidates.clone()].concat();
    let block = chain.propose(
        &genesis,
        Proposal {
            candidates: with_forged,
            ..proposal.clone()
        },
    );
    assert_eq!(block.unwrap().transactions, candidates);
    let full = chain.propose(&genesis, proposal.clone()).unwrap();
    let bytes = full.encode().len() as u32;
    for bytes_max in [0, bytes / 2, bytes - 1, bytes] {
        let block = Proposal {
            bytes_max,
            ..proposal.clone()
        };
        let block = chain.propose(&genesis, block).unwrap();
        let is_whole = block.transactions.len() == candidates.len();
        assert_eq!(is_whole, bytes_max == bytes);
        assert!(block.encode().len() as u32 <= bytes_max || block.transactions.is_empty());
        verified(&chain, &block);
    }
    let gas: u64 = candidates
        .iter()
        .map(|signed| signed.transaction.gas_limit)
        .sum();
    for (gas_max, whole) in [(gas, true), (gas - 1, false)] {
        let block = Proposal {
            gas_max,
            ..proposal.clone()
        };
        let block = chain.propose(&genesis, block).unwrap();
        assert_eq!(block.transactions.len() == candidates.len(), whole);
    }
    let late = Proposal {
        time_ms: expected.genesis.time_ms(),
        ..proposal
    };
    assert!(matches!(
        misuse(chain.propose(&genesis, late)),
        Misuse::Time { .. }
    ));
}

#[test]
fn what_follows_a_left_out_transaction_of_the_same_signer_is_left_out() {
    let mut world = crate::chain::Chain::new();
    let (alice, bob) = (world.alice.clone(), world.bob.clone());
    let pay = |amount| node::Payload::Transfer {
        to: PROPOSER,
        amount,
    };
    let sign = |key: &SecretKey, ahead| world.sign(key, ahead, pay(1));
    let candidates = vec![sign(&alice, 0), sign(&bob, 0), sign(&alice, 1)];
    let large = {
        let mut draft = world.draft(&alice, 0, pay(1), 0);
        draft.gas_limit = 4_000_000_000;
        alice.sign(draft)
    };
    let chain = chain_of(&world.rules);
    let proposal = Proposal {
        gas_max: 1_000_000_000,
        ..Proposal::new([vec![large], candidates.clone()].concat(), 2_000, PROPOSER)
    };
    let block = chain.propose(chain.chain_id(), proposal).unwrap();
    assert_eq!(block.transactions, [candidates[1].clone()]);
    world.apply(block.transactions);
}

#[test]
fn queries_read_the_final_state_and_that_of_each_verified_block() {
    let expected = ExpectedChain::new(36);
    let chain = expected.in_memory();
    let other = sibling(&chain, &expected.blocks[0], Vec::new());
    for block in [&expected.blocks[..6], core::slice::from_ref(&other)].concat() {
        verified(&chain, &block);
    }
    chain.finalize(&expected.blocks[0].header.hash()).unwrap();
    // A straight run, stopped at each block.
    let store = Box::new(MemoryStore::new());
    let mut node = Node::open(parts(), expected.genesis.clone(), store).unwrap();
    for (index, block) in expected.blocks[..6].iter().enumerate() {
        let valid = node.validate(block.clone()).unwrap();
        node.apply(&valid, &mut NoObserver).unwrap();
        let at = match index {
            0 => At::Final,
            _ => At::Block(block.header.hash()),
        };
        let signers = expected.blocks[..6]
            .iter()
            .flat_map(|block| &block.transactions);
        for signed in signers {
            let address = signed.transaction.signer.address();
            assert_eq!(
                chain.account(at, &address).unwrap(),
                node.account(&address).unwrap()
            );
        }
        let proposer = &block.header.proposer;
        assert_eq!(
            chain.account(at, proposer).unwrap(),
            node.account(proposer).unwrap()
        );
        let stored = key::block_hash(block.header.height);
        let hash = block.header.hash().to_vec();
        assert_eq!(chain.read(at, &stored).unwrap(), Some(hash));
    }
    let unknown = At::Block(other.header.hash());
    assert_eq!(misuse(chain.read(unknown, &[0])), Misuse::UnknownBlock);
}

#[test]
fn a_call_reads_a_verified_block_and_changes_nothing() {
    let world = crate::chain::Chain::new();
    let alice = &world.alice;
    let code_hash = COUNTER.code_hash();
    let deploy = node::Payload::Deploy {
        code_hash,
        salt: [1; 32],
        entry: "increment".to_owned(),
        input: 5_u64.to_le_bytes().to_vec(),
        value: 0,
    };
    let contract = vm::unstable::frames::contract_address(&alice.address(), &code_hash, &[1; 32]);
    let increment = counter::increment(7);
    let call = crate::chain::call(contract, increment.entry, increment.input.clone());
    let upload = node::Payload::Upload(COUNTER.bytes.to_vec());
    let [upload, deploy, call] = [(0, upload), (1, deploy), (2, call)]
        .map(|(ahead, payload)| world.sign(alice, ahead, payload));
    let chain = chain_of(&world.rules);
    let mut parent = *chain.chain_id();
    for (time_ms, transactions) in [(2_000, vec![upload, deploy]), (3_000, vec![call])] {
        let proposal = Proposal::new(transactions, time_ms, PROPOSER);
        let block = chain.propose(&parent, proposal).unwrap();
        verified(&chain, &block);
        if parent == *chain.chain_id() {
            chain.finalize(&block.header.hash()).unwrap();
        }
        parent = block.header.hash();
    }
    let message = vm::Message {
        tx_hash: [1; 32],
        caller: PROPOSER,
        target: vm::Target::Call { contract },
        entry: increment.entry.to_owned(),
        input: increment.input,
        value: 0,
    };
    let called = |at, gas| chain.call(at, &message, vm::Gas(gas)).unwrap().exit;
    for _ in 0..2 {
        for (at, sum) in [(At::Final, 12_u64), (At::Block(parent), 19)] {
            let vm::Exit::Return { output, .. } = called(at, 50_000_000) else {
                panic!("a call failed");
            };
            assert_eq!(output, sum.to_le_bytes());
        }
    }
    assert!(matches!(called(At::Block(parent), 1), vm::Exit::OutOfGas));
}
