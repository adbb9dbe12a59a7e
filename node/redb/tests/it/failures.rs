//! Fails each operation on the file, once and from then on, and fills the file.

use crate::simulated_file::{Loss, SimulatedFile};
use crate::{ExpectedChain, open, tiny};
use node::Store;
use node_sim::disk::Failing;
use node_sim::synthetic::{SplitMix, Synthetic};
use vm::Fault;

const BLOCKS: u64 = 4;

/// Opens a store, commits blocks and reads it; the expected chain has the acknowledged ones.
fn run(file: &SimulatedFile, chain: &Synthetic, known: &mut ExpectedChain) -> Result<(), Fault> {
    for until in [1, BLOCKS] {
        let mut store = open(file)?;
        while known.tip().is_none_or(|tip| tip.height.0 < until) {
            if let Err(fault) = known.next(&mut store, chain) {
                assert!(store.tip().is_err(), "the store must stay stopped");
                assert!(store.scan(&[], None, 1).is_err());
                return Err(fault);
            }
        }
        store.scan(&[], None, usize::MAX)?;
        store.scrub()?;
    }
    Ok(())
}

fn recovers(file: &SimulatedFile, chain: &Synthetic, known: &ExpectedChain, loss: Loss, seed: u64) {
    file.crash(loss, &mut SplitMix(seed));
    let mut store = open(file).expect("opens after a failure");
    let acknowledged = known.tips.len() as u64;
    let whole = ExpectedChain::up_to(chain, BLOCKS + 1);
    let blocks = whole.check(&store).map_or(0, |height| height + 1);
    assert!(
        (acknowledged..=acknowledged + 1).contains(&blocks),
        "{blocks} {acknowledged}"
    );
    let mut known = ExpectedChain::default();
    if blocks > 0 {
        known = ExpectedChain::up_to(chain, blocks - 1);
    }
    known.continue_to(&mut store, chain, BLOCKS + 1);
}

#[test]
fn each_operation_of_the_file_fails_once_and_from_then_on() {
    let chain = tiny(5);
    let healthy = SimulatedFile::default();
    run(&healthy, &chain, &mut ExpectedChain::default()).unwrap();
    let operations = healthy.operations();
    assert!(operations > 150, "{operations}");
    let mut silent = 0;
    for number in 0..operations {
        for failing in [Failing::Once(number), Failing::From(number)] {
            let file = SimulatedFile::default();
            file.fail(failing);
            let mut known = ExpectedChain::default();
            match run(&file, &chain, &mut known) {
                Err(Fault::Store(cause)) => {
                    assert!(cause.starts_with("redb at simulated"), "{cause}");
                    assert!(cause.contains("failed (operation"), "{cause}");
                }
                Err(other) => panic!("{other}"),
                // Closing reports nothing: a failure there is repaired at the next open.
                Ok(()) => silent += 1,
            }
            let loss = if number % 2 == 0 {
                Loss::Sectors
            } else {
                Loss::None
            };
            recovers(&file, &chain, &known, loss, number);
        }
    }
    assert!(
        silent < operations / 2,
        "{silent} of {operations} failed in silence"
    );
}

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing() {
    let chain = Synthetic::small(6);
    let mut stopped = 0;
    for blocks in 16..80 {
        let file = SimulatedFile::default();
        file.limit(Some(blocks * 4096));
        let mut known = ExpectedChain::default();
        match run(&file, &chain, &mut known) {
            Err(Fault::Store(cause)) => {
                assert!(cause.contains("no storage space"), "{cause}");
                stopped += 1;
            }
            Err(other) => panic!("{other}"),
            Ok(()) => {}
        }
        recovers(&file, &chain, &known, Loss::Sectors, blocks);
    }
    assert!(stopped > 40, "{stopped}");
}
