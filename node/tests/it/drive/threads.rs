//! Calls one chain from several threads.

use super::{sibling, verified};
use crate::faults::ExpectedChain;
use node::MemoryStore;
use node::chain::{At, Chain, ChainError, Misuse, Options, Proposal, Subject, Verdict};
use node::mempool::{SourceId, Submission};
use node::prove::ProveError;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use vm::{Address, CheckedModule, Engine, Execution, Fault, Height, Interpreter, Rules, key};

const fn is_shared<T: Send + Sync>() {}

/// Verifies all blocks again and again until the last one is final.
fn verify_until_final(chain: &Chain, expected: &ExpectedChain) {
    while chain.tip().unwrap().height.0 < expected.blocks.len() as u64 {
        for (block, result) in expected.blocks.iter().zip(&expected.results[1..]) {
            match chain.verify(block.clone()).unwrap() {
                Verdict::Valid(found) => assert_eq!(found, *result),
                Verdict::UnknownParent | Verdict::Stale => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Reads balances again and again until the last block is final.
fn query_until_final(chain: &Chain, expected: &ExpectedChain) {
    let proposer = &expected.blocks[0].header.proposer;
    let mut nonces = 0;
    while chain.tip().unwrap().height.0 < expected.blocks.len() as u64 {
        let signers = expected.blocks.iter().flat_map(|block| &block.transactions);
        let signer = signers
            .map(|signed| signed.transaction.signer.address())
            .next();
        let now = chain.account(At::Final, &signer.unwrap()).unwrap().nonce;
        assert!(now >= nonces, "a final state went back");
        nonces = now;
        for block in &expected.blocks {
            let account = chain.account(At::Block(block.header.hash()), proposer);
            let is_unknown = matches!(account, Err(ChainError::Misuse(Misuse::UnknownBlock)));
            assert!(is_unknown || account.is_ok(), "{account:?}");
        }
    }
}

/// Proves values and reads earlier states again and again until the last block is final.
fn prove_until_final(chain: &Chain, expected: &ExpectedChain) {
    let key = key::account(&expected.blocks[0].header.proposer);
    let last = expected.blocks.len() as u64;
    for round in 0.. {
        let tip = chain.tip().unwrap().height.0;
        if tip == last {
            return;
        }
        let at = At::Height(Height(tip.saturating_sub(round % 4)));
        match chain.prove(at, &Subject::State { key: &key }) {
            Ok(proven) => {
                let expected = proof::Expected::State {
                    height: proven.height.0,
                    key: &key,
                };
                let trusted = proven.header.hash();
                proof::verify(&proven.proof.encode(), &trusted, &expected).unwrap();
            }
            Err(ProveError::NotInHeader { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Submits all transactions again and again until the last block is final.
fn submit_until_final(chain: &Chain, expected: &ExpectedChain) {
    while chain.tip().unwrap().height.0 < expected.blocks.len() as u64 {
        for signed in expected.blocks.iter().flat_map(|block| &block.transactions) {
            let submission = Submission {
                encoded: &signed.encode(),
                source: SourceId([1; 32]),
                now_ms: 0,
            };
            let _refused = chain.submit(&submission).unwrap();
        }
        let pending = Proposal::from_pool(u64::MAX, Address([1; 32]));
        let parent = chain.tip().unwrap().hash;
        let _overtaken = chain.propose(&parent, pending);
    }
}

#[test]
fn threads_verify_and_query_while_another_finalizes() {
    is_shared::<Chain>();
    let expected = ExpectedChain::new(50);
    let chain = expected.in_memory();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| verify_until_final(&chain, &expected));
        }
        scope.spawn(|| query_until_final(&chain, &expected));
        scope.spawn(|| prove_until_final(&chain, &expected));
        scope.spawn(|| submit_until_final(&chain, &expected));
        for (block, result) in expected.blocks.iter().zip(&expected.results[1..]) {
            let other = sibling(&chain, block, Vec::new());
            verified(&chain, &other);
            verified(&chain, block);
            assert_eq!(chain.finalize(&block.header.hash()).unwrap(), *result);
        }
    });
    assert_eq!(chain.unfinalized().unwrap(), 0);
}

/// An engine that says that it begins, and waits until it may.
struct GatedEngine {
    inner: Interpreter,
    begins: Mutex<Sender<()>>,
    gate: Mutex<Receiver<()>>,
}

impl Engine for GatedEngine {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.begins.lock().unwrap().send(()).unwrap();
        // An error once the gate is open for all.
        let _opened = self.gate.lock().unwrap().recv();
        self.inner.instantiate(module, rules)
    }
}

#[test]
fn a_query_does_not_wait_for_an_execution() {
    let expected = ExpectedChain::new(51);
    let (begins, begun) = channel();
    let (open, gate) = channel();
    let engine = GatedEngine {
        inner: Interpreter::new(),
        begins: Mutex::new(begins),
        gate: Mutex::new(gate),
    };
    let store = Box::new(MemoryStore::new());
    let chain = expected.chain_on(Box::new(engine), store, &Options::default());
    let chain = chain.unwrap();
    thread::scope(|scope| {
        let executing = scope.spawn(|| {
            for block in &expected.blocks[..6] {
                verified(&chain, block);
            }
        });
        begun.recv().unwrap();
        let genesis = *chain.chain_id();
        let known = At::Block(genesis);
        assert_eq!(chain.tip().unwrap().height.0, 0);
        for at in [At::Final, known] {
            let stored = chain.read(at, &key::system(node::RULES_KEY)).unwrap();
            assert!(stored.is_some());
        }
        assert!(!executing.is_finished());
        drop(open);
        executing.join().unwrap();
    });
    assert_eq!(chain.unfinalized().unwrap(), 6);
}
