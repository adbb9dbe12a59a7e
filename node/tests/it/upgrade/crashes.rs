//! Fails each operation of the disk around the height of an upgrade, and restarts at every height.

use super::{BLOCKS, Crossing, FROM, book, parts};
use node::chain::{Chain, Options};
use node::{ChainSpec, LogStore, NoObserver, Node};
use node_sim::disk::{Failing, Loss, SimulatedDisk};
use node_sim::versions::Listing;
use vm::Fault;

fn open(crossing: &Crossing, disk: &SimulatedDisk) -> Result<Node, Fault> {
    let store = LogStore::open(disk.clone())?;
    Node::open(parts(book()), crossing.spec.clone(), Box::new(store))
}

/// Applies the blocks after the node's tip, up to the first fault.
fn apply(crossing: &Crossing, node: &mut Node) -> Result<(), Fault> {
    for next in node.tip().height.0..BLOCKS {
        let block = crossing.blocks[next as usize].clone();
        let valid = node.validate(block).unwrap();
        let result = node.apply(&valid, &mut NoObserver)?;
        assert_eq!(result, crossing.results[next as usize + 1]);
    }
    Ok(())
}

#[test]
fn after_a_crash_at_any_operation_the_chain_goes_on_to_the_same_roots() {
    for listing in [Listing::Document, Listing::Genesis] {
        let crossing = Crossing::new(20, listing);
        let healthy = SimulatedDisk::new(0);
        apply(&crossing, &mut open(&crossing, &healthy).unwrap()).unwrap();
        let mut stopped_at = std::collections::BTreeSet::new();
        for number in 0..healthy.operations() {
            for loss in [Loss::Suffix, Loss::Subset] {
                let disk = SimulatedDisk::new(number);
                disk.fail(Failing::From(number));
                if let Ok(mut node) = open(&crossing, &disk) {
                    let fault = apply(&crossing, &mut node).unwrap_err();
                    assert!(matches!(fault, Fault::Store(_)), "{fault}");
                    stopped_at.insert(node.tip().height.0);
                }
                disk.fail(Failing::Never);
                disk.crash(loss);
                let mut node = open(&crossing, &disk).unwrap();
                let tip = *node.tip();
                assert_eq!(tip.result, crossing.results[tip.height.0 as usize]);
                apply(&crossing, &mut node).unwrap();
                node.scrub().unwrap();
            }
        }
        let all: Vec<u64> = stopped_at.into_iter().collect();
        assert_eq!(all, (0..BLOCKS).collect::<Vec<u64>>());
    }
}

#[test]
fn a_node_and_a_chain_restart_at_every_height_with_the_document_from_any_height_before() {
    let crossing = Crossing::new(21, Listing::Document);
    let bare = ChainSpec::from(crossing.genesis.clone());
    for configured in 0..FROM {
        let disk = SimulatedDisk::new(configured);
        for height in 0..BLOCKS {
            // Above the height of the upgrade the document may be there or not.
            let spec = match height < configured || height > FROM {
                true => &bare,
                false => &crossing.spec,
            };
            let store = Box::new(LogStore::open(disk.clone()).unwrap());
            if height % 2 == 0 {
                let mut node = Node::open(parts(book()), spec.clone(), store).unwrap();
                assert_eq!(node.tip().height.0, height);
                crossing.apply_to(&mut node, height + 1);
            } else {
                let options = Options::default();
                let chain = Chain::open(parts(book()), spec.clone(), store, &options).unwrap();
                let block = crossing.blocks[height as usize].clone();
                let hash = block.header.hash();
                chain.verify(block).unwrap();
                let result = chain.finalize(&hash).unwrap();
                assert_eq!(result, crossing.results[height as usize + 1]);
            }
            disk.crash(Loss::Suffix);
        }
    }
}
