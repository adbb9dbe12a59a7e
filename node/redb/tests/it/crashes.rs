//! Loses power at every operation on the file: the store opens at a committed prefix.

use crate::simulated_file::{Change, LOSSES, Loss, SimulatedFile, crashed};
use crate::{ExpectedChain, open, tiny};
use node::{MemoryStore, Store};
use node_sim::synthetic::{SplitMix, Synthetic};

const BLOCKS: u64 = 8;

/// A run on a file whose every change is recorded: opens, blocks, and closes.
struct Recorded {
    changes: Vec<Change>,
    /// Number of changes when a block was acknowledged, by height.
    acknowledged: Vec<usize>,
    known: ExpectedChain,
}

fn recorded(chain: &Synthetic) -> Recorded {
    let file = SimulatedFile::default();
    file.record();
    let mut known = ExpectedChain::default();
    let mut acknowledged = Vec::new();
    for until in [0, 3, BLOCKS] {
        let mut store = open(&file).unwrap();
        while known.tip().is_none_or(|tip| tip.height.0 < until) {
            known.next(&mut store, chain).unwrap();
            acknowledged.push(file.log().len());
        }
    }
    let changes = file.log();
    known.continue_to(&mut MemoryStore::new(), chain, BLOCKS);
    Recorded {
        changes,
        acknowledged,
        known,
    }
}

#[test]
fn a_power_loss_at_every_operation_leaves_a_committed_prefix() {
    let chain = tiny(1);
    let Recorded {
        changes,
        acknowledged,
        known,
    } = recorded(&chain);
    let mut random = SplitMix(1);
    let (mut durable, mut pending) = (Vec::new(), Vec::new());
    let (mut opened, mut unborn) = (0_u64, 0_u64);
    for (done, change) in changes.iter().enumerate() {
        for loss in LOSSES {
            let bytes = crashed(durable.clone(), &pending, loss, &mut random);
            let reported = acknowledged.iter().filter(|count| **count <= done).count();
            let file = SimulatedFile::of(bytes);
            let store = open(&file).unwrap_or_else(|fault| panic!("{done} {loss:?}: {fault}"));
            let blocks = known.check(&store).map_or(0, |height| height + 1);
            assert!(
                blocks >= reported as u64,
                "{done} {loss:?}: {blocks} blocks are left"
            );
            opened += 1;
            unborn += u64::from(blocks == 0);
            if done % 16 == 0 {
                continues(store, &file, &chain, blocks);
            }
        }
        match change {
            Change::Sync => {
                durable = crashed(
                    durable,
                    &std::mem::take(&mut pending),
                    Loss::None,
                    &mut random,
                )
            }
            other => pending.push(other.clone()),
        }
    }
    assert!(opened > 1_000 && unborn > 20, "{opened} {unborn}");
}

/// Commits two further blocks, scrubs, and opens again.
fn continues(
    mut store: redb_store::RedbStore,
    file: &SimulatedFile,
    chain: &Synthetic,
    blocks: u64,
) {
    let mut known = ExpectedChain::default();
    if blocks > 0 {
        known = ExpectedChain::up_to(chain, blocks - 1);
    }
    known.continue_to(&mut store, chain, blocks + 1);
    store.scrub().unwrap();
    drop(store);
    assert_eq!(known.check(&open(file).unwrap()), Some(blocks + 1));
}

/// A killed process leaves all that it wrote, unsynced, in the memory of the system; then the
/// power fails while the next process runs.
#[test]
fn a_power_loss_after_kills_loses_no_acknowledged_block() {
    let chain = tiny(2);
    for seed in 0..60 {
        let mut random = SplitMix(seed);
        let file = SimulatedFile::default();
        let mut known = ExpectedChain::default();
        for _ in 0..6 {
            let mut store = open(&file).unwrap();
            assert_eq!(known.check(&store), known.tip().map(|tip| tip.height.0));
            let blocks = random.below(3);
            for _ in 0..blocks {
                known.next(&mut store, &chain).unwrap();
            }
            // Killed in the middle of a block: the next one may be there, or not.
            let killed_at = file.operations() + random.below(60);
            file.fail(node_sim::disk::Failing::From(killed_at));
            let _ = known.next(&mut store, &chain);
            drop(store);
            file.fail(node_sim::disk::Failing::Never);
            let loss = LOSSES[random.below(5) as usize];
            if random.below(3) > 0 {
                file.crash(loss, &mut random);
            }
            let store = open(&file).unwrap_or_else(|fault| panic!("{seed} {loss:?}: {fault}"));
            let found = store.tip().unwrap();
            let behind = known.tip().map_or(0, |tip| tip.height.0 + 1);
            let blocks = found.map_or(0, |tip| tip.height.0 + 1);
            assert!(
                (behind..=behind + 1).contains(&blocks),
                "{seed}: {blocks} of {behind}"
            );
            if blocks > behind {
                known = ExpectedChain::up_to(&chain, blocks - 1);
            }
            known.check(&store);
        }
    }
}

/// What a commit costs on the medium: stated in docs/spec/blocks.md.
#[test]
fn a_commit_is_two_syncs_and_an_opening_after_a_kill_reads_no_table() {
    let chain = Synthetic::small(3);
    let file = SimulatedFile::default();
    let mut store = open(&file).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, &chain, 20);
    file.record();
    known.continue_to(&mut store, &chain, 30);
    let changes = file.log();
    let syncs = changes
        .iter()
        .filter(|change| matches!(change, Change::Sync));
    let grown = changes
        .iter()
        .filter(|change| matches!(change, Change::SetLen(_)));
    // A longer file is synced before it is used.
    assert_eq!(syncs.count(), 20 + grown.count());
    let pages = file.bytes().len() as u64 / 4096;
    assert!(pages > 200, "{pages}");
    // Killed: nothing is closed.
    std::mem::forget(store);
    let before = file.reads();
    let store = open(&file).unwrap();
    let reads = file.reads() - before;
    assert!(reads < 24, "{reads} reads of {pages} pages");
    assert_eq!(known.check(&store), Some(30));
}
