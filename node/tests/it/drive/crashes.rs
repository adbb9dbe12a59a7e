//! Fails each operation of the disk, each read of the store and each request for memory: a fault is
//! never a verdict, and final blocks survive.

use super::{compare_with_straight_run, fault, misuse, sibling, verified};
use crate::faults::{ExpectedChain, parts};
use crate::memory_faults::{FailingBudget, FailingReads, ReadCount, Unprepared};
use node::chain::{At, Chain, Misuse, Options, Proposal, Verdict};
use node::limits::Limits;
use node::{Block, LogStore, MemoryStore};
use node_sim::disk::{Failing, Loss, SimulatedDisk};
use node_sim::simulate::samples::COUNTER;
use std::sync::{Arc, Mutex};
use vm::{Address, Fault, Interpreter};

/// Final blocks of a run.
const BLOCKS: usize = 5;
/// Reads or requests that fail in one test; of more, evenly spaced ones.
const TRIED_MAX: usize = 40;

/// Verifies two heights and a sibling ahead of each final block, up to `BLOCKS`.
fn drive(expected: &ExpectedChain, chain: &Chain) -> Result<(), Fault> {
    let start = chain.tip()?.height.0 as usize;
    for height in start..BLOCKS {
        let other = sibling(chain, &expected.blocks[height], Vec::new());
        let ahead = expected.blocks[height..=height + 2].iter();
        for block in ahead.clone().chain([&other]) {
            let verdict = chain.verify(block.clone())?;
            assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
        }
        let hash = expected.blocks[height].header.hash();
        match chain.finalize(&hash) {
            Ok(result) => assert_eq!(result, expected.results[height + 1]),
            error => return Err(fault(error)),
        }
    }
    Ok(())
}

fn on_disk(expected: &ExpectedChain, disk: &SimulatedDisk) -> Result<Chain, Fault> {
    let store = LogStore::open(disk.clone())?;
    expected.chain(Box::new(store), &Options::default())
}

#[test]
fn a_fault_in_finalize_stops_the_chain_and_a_restart_is_at_the_last_final_block() {
    let expected = ExpectedChain::new(40);
    let healthy = SimulatedDisk::new(0);
    drive(&expected, &on_disk(&expected, &healthy).unwrap()).unwrap();
    // Verifying writes nothing.
    assert_eq!(healthy.operations(), 1 + 2 * (BLOCKS as u64 + 1));
    for number in 0..healthy.operations() {
        for failing in [Failing::Once(number), Failing::From(number)] {
            for loss in [Loss::Suffix, Loss::Subset] {
                let disk = SimulatedDisk::new(number);
                disk.fail(failing);
                let acknowledged = stop(&expected, &disk);
                disk.fail(Failing::Never);
                disk.crash(loss);
                let chain = on_disk(&expected, &disk).unwrap();
                let tip = chain.tip().unwrap();
                assert!(tip.height.0 >= acknowledged, "{acknowledged} was final");
                assert_eq!(tip.result, expected.results[tip.height.0 as usize]);
                assert_eq!(chain.unfinalized().unwrap(), 0);
                drive(&expected, &chain).unwrap();
                let store = chain.into_store();
                compare_with_straight_run(&expected, &expected.blocks[..BLOCKS], &*store);
            }
        }
    }
}

/// Drives a chain until it stops; returns the height of the last block that was final.
fn stop(expected: &ExpectedChain, disk: &SimulatedDisk) -> u64 {
    let Ok(chain) = on_disk(expected, disk) else {
        return 0;
    };
    let mut acknowledged = 0;
    let stopped = loop {
        let height = acknowledged as usize;
        for block in &expected.blocks[height..height + 2] {
            verified(&chain, block);
        }
        match chain.finalize(&expected.blocks[height].header.hash()) {
            Ok(_) => acknowledged += 1,
            error => break fault(error),
        }
    };
    assert!(matches!(&stopped, Fault::Store(cause) if cause.contains("failed")));
    // The disk may work again; the chain stays stopped.
    let height = acknowledged as usize;
    let block = &expected.blocks[height];
    let hash = block.header.hash();
    assert_eq!(chain.tip().unwrap_err(), stopped);
    assert_eq!(chain.verify(block.clone()).unwrap_err(), stopped);
    assert_eq!(fault(chain.finalize(&hash)), stopped);
    assert_eq!(chain.discard(&hash).unwrap_err(), stopped);
    assert_eq!(fault(chain.read(At::Final, &[0])), stopped);
    let proposal = Proposal::new(Vec::new(), u64::MAX, Address([0; 32]));
    assert_eq!(fault(chain.propose(&hash, proposal)), stopped);
    acknowledged
}

#[test]
fn a_power_loss_after_any_call_leaves_the_last_final_block() {
    let expected = ExpectedChain::new(41);
    // Blocks 1 to 4 are verified ahead of `finals` final ones, `verifies` of them.
    for finals in 0..3 {
        for verifies in finals..=4 {
            let disk = SimulatedDisk::new(1);
            let chain = on_disk(&expected, &disk).unwrap();
            for block in &expected.blocks[..verifies] {
                verified(&chain, block);
            }
            for block in &expected.blocks[..finals] {
                chain.finalize(&block.header.hash()).unwrap();
            }
            drop(chain);
            disk.crash(Loss::Subset);
            let chain = on_disk(&expected, &disk).unwrap();
            assert_eq!(chain.tip().unwrap().height.0 as usize, finals);
            if let Some(next) = expected.blocks.get(finals) {
                assert_eq!(
                    misuse(chain.finalize(&next.header.hash())),
                    Misuse::UnknownBlock
                );
            }
            drive(&expected, &chain).unwrap();
        }
    }
}

/// Verifies all blocks, of which one faults; tries that one again, and finalizes.
fn verify_again(expected: &ExpectedChain, chain: &Chain, named: &str) -> bool {
    let mut is_quarantined = false;
    for (height, block) in (1..).zip(&expected.blocks[..12]) {
        let hash = block.header.hash();
        if let Err(cause) = chain.verify(block.clone()) {
            assert!(cause.to_string().contains(named), "{cause}");
            assert_eq!(misuse(chain.finalize(&hash)), Misuse::UnknownBlock);
            is_quarantined |= check_quarantine(chain, block);
        }
        // Not more than one height apart, so that reads go to the store and to changes over it.
        assert_eq!(verified(chain, block), expected.results[height]);
        if height >= 2 {
            let parent = &expected.blocks[height - 2];
            assert_eq!(
                chain.finalize(&parent.header.hash()).unwrap(),
                expected.results[height - 1]
            );
        }
    }
    is_quarantined
}

/// After a fault in a block: a transaction of it that is quarantined is not proposed, until it is
/// released.
fn check_quarantine(chain: &Chain, block: &Block) -> bool {
    let quarantined = chain.quarantined();
    let [id] = quarantined.as_slice() else {
        assert_eq!(quarantined, Vec::<[u8; 32]>::new());
        return false;
    };
    let ids = |block: &Block| -> Vec<[u8; 32]> {
        let transactions = block.transactions.iter();
        transactions.map(|signed| signed.transaction.id()).collect()
    };
    assert!(ids(block).contains(id));
    let proposed = || {
        let time_ms = block.header.time_ms + 7;
        let candidates = block.transactions.clone();
        let proposal = Proposal::new(candidates, time_ms, block.header.proposer);
        chain.propose(&block.header.parent, proposal).unwrap()
    };
    assert!(!ids(&proposed()).contains(id));
    assert!(chain.release(id) && !chain.release(id));
    assert!(ids(&proposed()).contains(id));
    true
}

fn chain_with_reads(
    expected: &ExpectedChain,
    failing: Failing,
) -> (Result<Chain, Fault>, Arc<Mutex<ReadCount>>) {
    let seen = Arc::new(Mutex::new(ReadCount { reads: 0, failing }));
    let store = FailingReads {
        inner: MemoryStore::new(),
        seen: Arc::clone(&seen),
    };
    (expected.chain(Box::new(store), &Options::default()), seen)
}

#[test]
fn a_read_that_fails_is_no_verdict_and_the_block_is_verified_again() {
    let expected = ExpectedChain::new(42);
    let (chain, seen) = chain_with_reads(&expected, Failing::Never);
    let opened = seen.lock().unwrap().reads;
    assert!(!verify_again(&expected, &chain.unwrap(), ""));
    let reads = seen.lock().unwrap().reads - opened;
    let mut quarantined = 0;
    for number in (0..reads).step_by(reads.div_ceil(TRIED_MAX as u64) as usize) {
        let number = opened + number;
        let (chain, _) = chain_with_reads(&expected, Failing::Once(number));
        let chain = chain.unwrap();
        quarantined += usize::from(verify_again(&expected, &chain, &format!("read {number} ")));
        let store = chain.into_store();
        compare_with_straight_run(&expected, &expected.blocks[..11], &*store);
    }
    assert!(quarantined > 10, "{quarantined}");
}

#[test]
fn memory_that_is_refused_is_no_verdict_and_the_block_is_verified_again() {
    let expected = ExpectedChain::new(43);
    let chain_on = |failing| {
        let budget = FailingBudget::new(failing);
        let engine = Interpreter::with_budget(Arc::clone(&budget) as _);
        let engine = Box::new(Unprepared(Box::new(engine)));
        let store = Box::new(MemoryStore::new());
        let chain = expected.chain_on(engine, store, &Options::default());
        (chain.unwrap(), budget)
    };
    let (chain, budget) = chain_on(Failing::Never);
    assert!(!verify_again(&expected, &chain, ""));
    let requests = budget.requests().len();
    for number in (0..requests).step_by(requests.div_ceil(TRIED_MAX)) {
        let (chain, _) = chain_on(Failing::Once(number as u64));
        let is_quarantined = verify_again(&expected, &chain, &format!("request {number} "));
        assert!(is_quarantined, "memory is requested in a transaction");
    }
}

#[test]
fn the_quarantine_is_bounded() {
    let world = crate::chain::Chain::new();
    let code_hash = COUNTER.code_hash();
    let deploy = || node::Payload::Deploy {
        code_hash,
        salt: [1; 32],
        entry: "increment".to_owned(),
        input: 5_u64.to_le_bytes().to_vec(),
        value: 0,
    };
    let upload = node::Payload::Upload(COUNTER.bytes.to_vec());
    let upload = world.sign(&world.alice, 0, upload);
    let deploys = [
        world.sign(&world.alice, 1, deploy()),
        world.sign(&world.bob, 0, deploy()),
    ];
    let engine = Box::new(Interpreter::with_budget(FailingBudget::new(Failing::From(
        0,
    ))));
    let parts = node::Parts { engine, ..parts() };
    let genesis = crate::chain::genesis(&world.rules, Limits::v1());
    let options = Options {
        quarantined_max: 1,
        ..Options::default()
    };
    let store = Box::new(MemoryStore::new());
    let chain = Chain::open(parts, genesis, store, &options).unwrap();
    let proposal = Proposal::new(vec![upload], 5_000, Address([1; 32]));
    let uploaded = chain.propose(chain.chain_id(), proposal).unwrap();
    verified(&chain, &uploaded);
    let parent = uploaded.header.hash();
    let proposal = Proposal::new(Vec::new(), 6_000, Address([1; 32]));
    for signed in deploys.iter().chain(&deploys) {
        let candidates = vec![signed.clone()];
        let proposal = Proposal {
            candidates,
            ..proposal.clone()
        };
        let block = chain.propose(&parent, proposal).unwrap();
        assert_eq!(block.transactions.len(), 1, "the other one is listed");
        assert!(matches!(chain.verify(block), Err(Fault::HostMemory(_))));
        assert_eq!(chain.quarantined(), [signed.transaction.id()]);
    }
}
