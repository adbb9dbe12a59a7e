//! Counts verified signatures, and compares threads.

use super::{sibling, verified};
use crate::faults::ExpectedChain;
use node::chain::{Chain, Options, Verdict};
use node::{Invalid, InvalidTransaction, MemoryStore, Signed};

/// A chain, and distinct transactions of its workload.
fn chain_and_transactions(expected: &ExpectedChain, options: &Options) -> (Chain, Vec<Signed>) {
    let chain = expected
        .chain(Box::new(MemoryStore::new()), options)
        .unwrap();
    let mut transactions: Vec<Signed> = Vec::new();
    for signed in expected.blocks.iter().flat_map(|block| &block.transactions) {
        if !transactions.contains(signed) {
            transactions.push(signed.clone());
        }
    }
    (chain, transactions)
}

#[test]
fn a_signature_is_verified_once_from_check_to_finalize() {
    let expected = ExpectedChain::new(60);
    for workers in [0, 1, 2, 5] {
        let options = Options {
            workers,
            ..Options::default()
        };
        let (chain, transactions) = chain_and_transactions(&expected, &options);
        let count = transactions.len() as u64;
        assert!(count > 40, "{count}");
        for signed in &transactions {
            chain.check(signed.clone()).unwrap().unwrap();
        }
        assert_eq!(chain.signatures_verified(), count);
        let first = &expected.blocks[0];
        let all = sibling(&chain, first, transactions.clone());
        for block in [first, &all, first, &expected.blocks[1]] {
            verified(&chain, block);
        }
        let hash = first.header.hash();
        assert_eq!(chain.finalize(&hash).unwrap(), expected.results[1]);
        assert_eq!(chain.signatures_verified(), count);
    }
}

#[test]
fn no_number_of_threads_changes_a_verdict() {
    let expected = ExpectedChain::new(61);
    let mut results = Vec::new();
    for workers in [0, 2, 3, 16] {
        let options = Options {
            workers,
            signatures_max: 0,
            ..Options::default()
        };
        let (chain, transactions) = chain_and_transactions(&expected, &options);
        let block = sibling(&chain, &expected.blocks[0], transactions);
        results.push(verified(&chain, &block));
        // Each signature in turn, so each thread's share.
        for index in 0..block.transactions.len() {
            let mut forged = block.clone();
            forged.transactions[index].signature[9] ^= 1;
            forged.header.transactions_root = node::transactions_root(&forged.transactions);
            let reason = InvalidTransaction::Signature;
            let expected = Invalid::Transaction {
                index: index as u32,
                reason,
            };
            assert_eq!(chain.verify(forged).unwrap(), Verdict::Invalid(expected));
        }
    }
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn a_wrong_signature_is_not_remembered_and_the_memory_is_bounded() {
    let expected = ExpectedChain::new(62);
    let options = Options {
        signatures_max: 8,
        ..Options::default()
    };
    let (chain, transactions) = chain_and_transactions(&expected, &options);
    let mut forged = transactions[0].clone();
    forged.signature[9] ^= 1;
    for count in 1..4 {
        let checked = chain.check(forged.clone()).unwrap();
        assert_eq!(checked, Err(InvalidTransaction::Signature));
        assert_eq!(chain.signatures_verified(), count);
    }
    let verified_by = |signed: &Signed| {
        let before = chain.signatures_verified();
        chain.check(signed.clone()).unwrap().unwrap();
        chain.signatures_verified() - before
    };
    assert_eq!(verified_by(&transactions[0]), 1);
    // Another signature of a transaction that is remembered is another encoding.
    assert_eq!(
        chain.check(forged).unwrap(),
        Err(InvalidTransaction::Signature)
    );
    for signed in &transactions[1..4] {
        assert_eq!(verified_by(signed), 1);
        assert_eq!(verified_by(&transactions[0]), 0);
    }
    for signed in &transactions[4..20] {
        assert_eq!(verified_by(signed), 1);
    }
    assert_eq!(verified_by(&transactions[0]), 1, "forgotten");
}
