//! Tests a chain with its mempool: from submit to a final block.

use super::{fault, misuse, verified};
use crate::chain::{BALANCE, PROPOSER, TIME_MS};
use crate::faults::{ExpectedChain, parts};
use crate::memory_faults::{FailingBudget, FailingReads, ReadCount};
use node::chain::{At, Chain, Misuse, Options, Proposal, Verdict};
use node::limits::Limits;
use node::mempool::{MempoolOptions, Refused, SourceId, Submission};
use node::{
    Block, InvalidTransaction, MemoryStore, Parts, Payload, SecretKey, Signed, Transaction,
};
use node_sim::disk::Failing;
use node_sim::simulate::samples::COUNTER;
use std::sync::{Arc, Mutex};
use vm::{Address, Interpreter};

const GAS: u64 = 3_000_000;

fn alice() -> SecretKey {
    crate::chain::alice()
}

fn bob() -> SecretKey {
    crate::chain::bob()
}

/// A chain of the accounts of `chain::Chain`.
fn open(options: &Options) -> Chain {
    let genesis = crate::chain::genesis(&node::rules::version_1(), Limits::v1());
    Chain::open(parts(), genesis, Box::new(MemoryStore::new()), options).unwrap()
}

fn pay(chain: &Chain, key: &SecretKey, nonce: u64, (amount, gas_price): (u128, u64)) -> Signed {
    key.sign(Transaction {
        chain_id: *chain.chain_id(),
        signer: key.public(),
        nonce,
        gas_limit: GAS,
        gas_price,
        payload: Payload::Transfer {
            to: Address([5; 32]),
            amount,
        },
    })
}

/// What the mempool says of a transaction.
fn submit(chain: &Chain, signed: &Signed) -> Result<(), Refused> {
    let submission = Submission {
        encoded: &signed.encode(),
        source: SourceId([1; 32]),
        now_ms: 1,
    };
    chain.submit(&submission).unwrap().map(drop)
}

fn pending(chain: &Chain) -> usize {
    chain.mempool_sizes().unwrap().transactions
}

/// A proposal of what is pending on a known block.
fn proposed(chain: &Chain, parent: &[u8; 32], time_ms: u64) -> Block {
    let proposal = Proposal::from_pool(time_ms, PROPOSER);
    chain.propose(parent, proposal).unwrap()
}

#[test]
fn a_signature_is_verified_once_from_submit_to_finalize_and_the_pool_follows_the_chain() {
    let chain = open(&Options::default());
    for (key, count) in [(alice(), 3), (bob(), 4)] {
        for nonce in 0..count {
            submit(&chain, &pay(&chain, &key, nonce, (1, 1 + nonce))).unwrap();
        }
    }
    assert_eq!((pending(&chain), chain.signatures_verified()), (7, 7));
    assert_eq!(chain.next_nonce(&bob().address()).unwrap(), 4);
    let first = proposed(&chain, chain.chain_id(), TIME_MS + 1);
    assert_eq!(first.transactions.len(), 7);
    verified(&chain, &first);
    // What a verified block has is not proposed above it, and stays pending until it is final.
    submit(&chain, &pay(&chain, &alice(), 3, (1, 9))).unwrap();
    let second = proposed(&chain, &first.header.hash(), TIME_MS + 2);
    assert_eq!(second.transactions, [pay(&chain, &alice(), 3, (1, 9))]);
    verified(&chain, &second);
    assert_eq!(pending(&chain), 8);
    let third = proposed(&chain, &second.header.hash(), TIME_MS + 3);
    assert_eq!(third.transactions, []);
    // Another branch takes them all.
    let other = proposed(&chain, chain.chain_id(), TIME_MS + 4);
    assert_eq!(other.transactions.len(), 8);
    chain.finalize(&first.header.hash()).unwrap();
    assert_eq!(pending(&chain), 1);
    chain.finalize(&second.header.hash()).unwrap();
    assert_eq!(pending(&chain), 0);
    assert_eq!(chain.next_nonce(&alice().address()).unwrap(), 4);
    assert_eq!(chain.signatures_verified(), 8);
    let used = pay(&chain, &alice(), 0, (1, 1));
    assert_eq!(
        submit(&chain, &used),
        Err(Refused::NonceUsed { nonce: 0, next: 4 })
    );
}

#[test]
fn what_a_block_of_others_has_is_verified_once_too() {
    let chain = open(&Options::default());
    let signed = pay(&chain, &alice(), 0, (1, 1));
    let proposal = Proposal::new(vec![signed.clone()], TIME_MS + 1, PROPOSER);
    let block = chain.propose(chain.chain_id(), proposal).unwrap();
    verified(&chain, &block);
    submit(&chain, &signed).unwrap();
    assert_eq!(chain.signatures_verified(), 1);
    let mut forged = pay(&chain, &alice(), 1, (1, 1));
    forged.signature[9] ^= 1;
    for count in 2..4 {
        let reason = Refused::Invalid(InvalidTransaction::Signature);
        assert_eq!(submit(&chain, &forged), Err(reason));
        assert_eq!(chain.signatures_verified(), count);
    }
    assert_eq!(pending(&chain), 1);
}

#[test]
fn a_proposal_from_the_pool_keeps_to_its_bytes_gas_and_candidates() {
    let chain = open(&Options::default());
    let transactions: Vec<Signed> = (0..6)
        .map(|nonce| pay(&chain, &alice(), nonce, (1, 1)))
        .collect();
    for signed in &transactions {
        submit(&chain, signed).unwrap();
    }
    let propose = |change: &dyn Fn(&mut Proposal)| {
        let mut proposal = Proposal::from_pool(TIME_MS + 1, PROPOSER);
        change(&mut proposal);
        let block = chain.propose(chain.chain_id(), proposal).unwrap();
        verified(&chain, &block);
        block
    };
    let whole = propose(&|_| {});
    assert_eq!(whole.transactions, transactions);
    let bytes = whole.encode().len() as u32;
    for (bytes_max, count) in [(bytes, 6), (bytes - 1, 5), (bytes / 2, 2), (0, 0)] {
        let block = propose(&|proposal| proposal.bytes_max = bytes_max);
        assert_eq!(block.transactions, transactions[..count]);
        assert!(count == 0 || block.encode().len() <= bytes_max as usize);
    }
    for (gas_max, count) in [(6 * GAS, 6), (6 * GAS - 1, 5), (GAS, 1), (GAS - 1, 0)] {
        let block = propose(&|proposal| proposal.gas_max = gas_max);
        assert_eq!(block.transactions, transactions[..count]);
    }
    // Candidates come first, and pending ones of their signers stay out.
    let own = pay(&chain, &bob(), 0, (1, 1));
    let block = propose(&|proposal| proposal.candidates = vec![own.clone()]);
    assert_eq!(
        block.transactions,
        [vec![own], transactions.clone()].concat()
    );
    let replaced = pay(&chain, &alice(), 0, (2, 1));
    let block = propose(&|proposal| proposal.candidates = vec![replaced.clone()]);
    assert_eq!(block.transactions, [replaced]);
    let without = propose(&|proposal| proposal.from_pool = false);
    assert_eq!(without.transactions, []);
    assert_eq!(pending(&chain), 6);
}

/// A candidate in another's name, which has no right signature, keeps none of the other's out.
#[test]
fn a_forged_candidate_keeps_no_pending_transaction_out() {
    let chain = open(&Options::default());
    submit(&chain, &pay(&chain, &alice(), 0, (1, 1))).unwrap();
    let mut forged = pay(&chain, &alice(), 0, (7, 9));
    forged.signature = pay(&chain, &alice(), 0, (8, 9)).signature;
    let proposal = Proposal {
        candidates: vec![forged],
        ..Proposal::from_pool(TIME_MS + 1, PROPOSER)
    };
    let block = chain.propose(chain.chain_id(), proposal).unwrap();
    assert_eq!(block.transactions, [pay(&chain, &alice(), 0, (1, 1))]);
    verified(&chain, &block);
}

#[test]
fn a_final_block_drops_what_its_changes_made_unpayable() {
    let chain = open(&Options::default());
    let half = BALANCE / 2;
    for nonce in 0..2 {
        submit(&chain, &pay(&chain, &alice(), nonce, (1, 1))).unwrap();
    }
    submit(&chain, &pay(&chain, &bob(), 0, (half, 1))).unwrap();
    // Of another node's pool: it spends what the pending one needs.
    let spent = pay(&chain, &bob(), 0, (BALANCE - 10 * u128::from(GAS), 1));
    let proposal = Proposal::new(vec![spent], TIME_MS + 1, PROPOSER);
    let block = chain.propose(chain.chain_id(), proposal).unwrap();
    verified(&chain, &block);
    let next = pay(&chain, &bob(), 1, (half / 2, 1));
    submit(&chain, &next).unwrap();
    assert_eq!(pending(&chain), 4);
    chain.finalize(&block.header.hash()).unwrap();
    assert_eq!(pending(&chain), 2);
    let refused = submit(&chain, &next);
    assert!(
        matches!(refused, Err(Refused::Balance { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_quarantined_transaction_stays_out_of_a_proposal_from_the_pool() {
    let world = crate::chain::Chain::new();
    let engine = Box::new(Interpreter::with_budget(FailingBudget::new(Failing::From(
        0,
    ))));
    let genesis = crate::chain::genesis(&world.rules, Limits::v1());
    let parts = Parts { engine, ..parts() };
    let store = Box::new(MemoryStore::new());
    let chain = Chain::open(parts, genesis, store, &Options::default()).unwrap();
    let upload = Payload::Upload(COUNTER.bytes.to_vec());
    submit(&chain, &world.sign(&world.alice, 0, upload)).unwrap();
    let uploaded = proposed(&chain, chain.chain_id(), TIME_MS + 1);
    verified(&chain, &uploaded);
    chain.finalize(&uploaded.header.hash()).unwrap();
    let deploy = Payload::Deploy {
        code_hash: COUNTER.code_hash(),
        salt: [1; 32],
        entry: "increment".to_owned(),
        input: 5_u64.to_le_bytes().to_vec(),
        value: 0,
    };
    let failing = world.sign(&world.alice, 1, deploy);
    let behind = pay(&chain, &alice(), 2, (1, 1));
    let others = pay(&chain, &bob(), 0, (1, 1));
    for signed in [&failing, &behind, &others] {
        submit(&chain, signed).unwrap();
    }
    let parent = uploaded.header.hash();
    let block = proposed(&chain, &parent, TIME_MS + 2);
    assert_eq!(block.transactions.len(), 3);
    chain.verify(block).unwrap_err();
    assert_eq!(chain.quarantined(), [failing.transaction.id()]);
    let block = proposed(&chain, &parent, TIME_MS + 2);
    assert_eq!(block.transactions, [others]);
    verified(&chain, &block);
    assert!(chain.release(&failing.transaction.id()));
    assert_eq!(proposed(&chain, &parent, TIME_MS + 2).transactions.len(), 3);
}

#[test]
fn a_chain_without_a_mempool_says_so_and_has_the_same_results() {
    let options = Options {
        mempool: None,
        ..Options::default()
    };
    let chain = open(&options);
    let signed = pay(&chain, &alice(), 0, (1, 1));
    let submission = Submission {
        encoded: &signed.encode(),
        source: SourceId([1; 32]),
        now_ms: 1,
    };
    assert_eq!(misuse(chain.submit(&submission)), Misuse::NoMempool);
    assert_eq!(misuse(chain.mempool_sizes()), Misuse::NoMempool);
    let proposal = Proposal::from_pool(TIME_MS + 1, PROPOSER);
    let refused = misuse(chain.propose(chain.chain_id(), proposal));
    assert_eq!(refused, Misuse::NoMempool);
    assert_eq!(chain.next_nonce(&alice().address()).unwrap(), 0);
    let with = open(&Options::default());
    submit(&with, &signed).unwrap();
    let block = proposed(&with, with.chain_id(), TIME_MS + 1);
    assert_eq!(verified(&with, &block), verified(&chain, &block));
    for chain in [&with, &chain] {
        chain.finalize(&block.header.hash()).unwrap();
    }
}

/// A read that fails while a block is taken over makes the pool empty, never wrong.
#[test]
fn a_fault_in_a_submit_or_in_the_pool_is_no_fault_of_the_chain() {
    let expected = ExpectedChain::new(90);
    let seen = Arc::new(Mutex::new(ReadCount {
        reads: 0,
        failing: Failing::Never,
    }));
    let store = FailingReads {
        inner: MemoryStore::new(),
        seen: Arc::clone(&seen),
    };
    let options = Options {
        mempool: Some(MempoolOptions::default()),
        ..Options::default()
    };
    let chain = expected.chain(Box::new(store), &options).unwrap();
    let block = &expected.blocks[0];
    let signed = &block.transactions[0];
    let submission = Submission {
        encoded: &signed.encode(),
        source: SourceId([1; 32]),
        now_ms: 1,
    };
    let fail = |failing| seen.lock().unwrap().failing = failing;
    let next = || seen.lock().unwrap().reads;
    for number in 0..2 {
        fail(Failing::Once(next() + number));
        let error = fault(chain.submit(&submission));
        assert!(error.to_string().contains("failed"), "{error}");
        assert_eq!(pending(&chain), 0);
    }
    chain.submit(&submission).unwrap().unwrap();
    assert_eq!(pending(&chain), 1);
    // Before the first transaction only the list of rules is read, and no transaction is blamed.
    for number in 0..3 {
        fail(Failing::Once(next() + number));
        let error = chain.verify(block.clone()).unwrap_err();
        assert!(error.to_string().contains("failed"), "{error}");
        assert_eq!(chain.quarantined().len(), usize::from(number == 2));
    }
    assert!(chain.release(&signed.transaction.id()));
    let verdict = chain.verify(block.clone()).unwrap();
    assert_eq!(verdict, Verdict::Valid(expected.results[1]));
    fail(Failing::From(next()));
    chain.finalize(&block.header.hash()).unwrap();
    fail(Failing::Never);
    assert_eq!(pending(&chain), 0);
    let refused = chain.submit(&submission).unwrap();
    assert!(
        matches!(refused, Err(Refused::NonceUsed { .. })),
        "{refused:?}"
    );
    let sender = signed.transaction.signer.address();
    let account = chain.account(At::Final, &sender).unwrap();
    assert_eq!(chain.next_nonce(&sender).unwrap(), account.nonce);
}
