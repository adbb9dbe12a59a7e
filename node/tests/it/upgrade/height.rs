//! Runs nodes and driven chains across the height of an upgrade.

use super::{BLOCKS, Crossing, FROM, book, first, list, parts, second, to_second};
use node::chain::{At, Chain, ChainError, Options, Proposal, Verdict};
use node::mempool::{SourceId, Submission};
use node::{
    Block, ChainSpec, Executed, Invalid, MemoryStore, Node, Observer, RULES_KEY, RulesUnknown,
    Store,
};
use node_sim::versions::Listing;
use vm::{Address, Height, Message, Rulebook, Target, key};

/// Asks for the root after each transaction.
struct Stepwise;

impl Observer for Stepwise {
    fn wants_roots(&self) -> bool {
        true
    }

    fn transaction(&mut self, _: u32, _: &Executed, root: Option<[u8; 32]>) {
        assert!(root.is_some());
    }
}

/// A chain without blocks, or with those of `store`.
fn driven(spec: &ChainSpec, rules: Rulebook, store: Box<dyn Store + Sync>) -> Chain {
    Chain::open(parts(rules), spec.clone(), store, &Options::default()).unwrap()
}

fn finalized(crossing: &Crossing, chain: &Chain, height: u64) {
    for next in chain.tip().unwrap().height.0..height {
        let block = crossing.blocks[next as usize].clone();
        let hash = block.header.hash();
        let expected = crossing.results[next as usize + 1];
        assert_eq!(chain.verify(block).unwrap(), Verdict::Valid(expected));
        assert_eq!(chain.finalize(&hash).unwrap(), expected);
    }
}

fn empty_on(chain: &Chain, parent: &Block, time_ms: u64) -> Result<Block, ChainError> {
    let proposal = Proposal::new(Vec::new(), time_ms, Address([7; 32]));
    chain.propose(&parent.header.hash(), proposal)
}

#[test]
fn the_block_of_the_height_is_the_first_with_its_rules_in_header_and_state() {
    for listing in [Listing::Document, Listing::Genesis] {
        let crossing = Crossing::new(10, listing);
        let mut node = crossing.node(Box::new(MemoryStore::new()));
        for height in 1..=BLOCKS {
            let before = node.store().read(&key::system(RULES_KEY)).unwrap();
            let upgrades = if height > FROM {
                to_second()
            } else {
                Vec::new()
            };
            assert_eq!(before, Some(list(&upgrades)), "before block {height}");
            let block = crossing.blocks[height as usize - 1].clone();
            let id = if height < FROM {
                first()
            } else {
                *second().id()
            };
            assert_eq!(block.header.rules_id, id);
            // Roots after each transaction change nothing: the list is written before the first.
            let valid = node.validate(block).unwrap();
            let result = node.apply(&valid, &mut Stepwise).unwrap();
            assert_eq!(result, crossing.results[height as usize]);
            node.scrub().unwrap();
        }
    }
}

#[test]
fn the_genesis_that_lists_an_upgrade_is_another_chain_with_the_same_first_state() {
    let document = Crossing::new(11, Listing::Document);
    let genesis = Crossing::new(11, Listing::Genesis);
    assert_ne!(document.genesis.chain_id(), genesis.genesis.chain_id());
    assert_eq!(document.results[0], genesis.results[0]);
    assert_eq!(document.spec.upgrades(), genesis.spec.upgrades());
}

/// A driven chain verifies blocks on both sides of the height before one of them is final.
#[test]
fn blocks_that_are_not_final_cross_the_height_on_every_branch() {
    let crossing = Crossing::new(12, Listing::Document);
    let store = Box::new(MemoryStore::new());
    let chain = driven(&crossing.spec, book(), store);
    finalized(&crossing, &chain, FROM - 3);
    let ahead = FROM as usize - 3..BLOCKS as usize;
    for index in ahead.clone() {
        let block = &crossing.blocks[index];
        let verdict = chain.verify(block.clone()).unwrap();
        assert_eq!(verdict, Verdict::Valid(crossing.results[index + 1]));
        let above = empty_on(&chain, block, block.header.time_ms + 1).unwrap();
        let id = if above.header.height.0 < FROM {
            first()
        } else {
            *second().id()
        };
        assert_eq!(above.header.rules_id, id);
        assert!(matches!(
            chain.verify(above.clone()).unwrap(),
            Verdict::Valid(_)
        ));
        let at = At::Block(above.header.hash());
        let upgrades = if above.header.height.0 < FROM {
            Vec::new()
        } else {
            to_second()
        };
        let listed = chain.read(at, &key::system(RULES_KEY)).unwrap();
        assert_eq!(listed, Some(list(&upgrades)));
    }
    finalized(&crossing, &chain, BLOCKS);
    let straight = crossing.node(chain.into_store());
    straight.scrub().unwrap();
    assert_eq!(straight.tip().result, crossing.results[BLOCKS as usize]);
}

#[test]
fn a_header_with_the_rules_of_the_other_side_is_invalid_with_both_ids() {
    let crossing = Crossing::new(13, Listing::Document);
    for (height, expected, found) in [
        (FROM - 1, first(), *second().id()),
        (FROM, *second().id(), first()),
        (FROM + 1, *second().id(), first()),
    ] {
        let chain = driven(&crossing.spec, book(), Box::new(MemoryStore::new()));
        finalized(&crossing, &chain, height - 1);
        let mut block = crossing.blocks[height as usize - 1].clone();
        block.header.rules_id = found;
        let verdict = chain.verify(block).unwrap();
        let reason = Invalid::RulesId { found, expected };
        assert_eq!(verdict, Verdict::Invalid(reason));
        for id in [found, expected] {
            assert!(reason.to_string().contains(&hex::encode(id)), "{reason}");
        }
    }
}

#[test]
fn a_chain_without_the_document_calls_the_block_of_the_height_invalid_until_it_has_it() {
    let crossing = Crossing::new(14, Listing::Document);
    let bare = ChainSpec::from(crossing.genesis.clone());
    let chain = driven(&bare, book(), Box::new(MemoryStore::new()));
    finalized(&crossing, &chain, FROM - 1);
    let block = crossing.blocks[FROM as usize - 1].clone();
    let (found, expected) = (*second().id(), first());
    let verdict = chain.verify(block).unwrap();
    assert_eq!(
        verdict,
        Verdict::Invalid(Invalid::RulesId { found, expected })
    );
    let late = driven(&crossing.spec, book(), chain.into_store());
    finalized(&crossing, &late, BLOCKS);
}

#[test]
fn a_build_without_the_rules_stops_before_their_block_and_goes_on_as_a_newer_one() {
    let crossing = Crossing::new(15, Listing::Document);
    let old = node::rules::rulebook();
    let chain = driven(&crossing.spec, old.clone(), Box::new(MemoryStore::new()));
    finalized(&crossing, &chain, FROM - 2);
    let signed = crossing.blocks[FROM as usize - 1].transactions[0].encode();
    let submission = Submission {
        encoded: &signed,
        source: SourceId([1; 32]),
        now_ms: 1,
    };
    // That the rules of the mempool's next block are unknown keeps no block from being final.
    assert!(chain.submit(&submission).is_ok());
    finalized(&crossing, &chain, FROM - 1);
    let unknown = RulesUnknown {
        height: Height(FROM),
        rules_id: *second().id(),
    };
    let block = crossing.blocks[FROM as usize - 1].clone();
    // Not `Invalid`: a vote against the block would be wrong.
    let verdict = chain.verify(block.clone()).unwrap();
    assert_eq!(verdict, Verdict::RulesUnknown(unknown));
    // Whatever the header says, this build cannot check it.
    let mut of_old_rules = block.clone();
    of_old_rules.header.rules_id = first();
    let verdict = chain.verify(of_old_rules).unwrap();
    assert_eq!(verdict, Verdict::RulesUnknown(unknown));
    assert_eq!(chain.unfinalized().unwrap(), 0);
    assert!(chain.quarantined().is_empty());
    let parent = &crossing.blocks[FROM as usize - 2];
    let proposed = empty_on(&chain, parent, parent.header.time_ms + 1).unwrap_err();
    let message = Message {
        tx_hash: [0; 32],
        caller: Address([1; 32]),
        target: Target::Call {
            contract: Address([2; 32]),
        },
        entry: "get".to_owned(),
        input: Vec::new(),
        value: 0,
    };
    let called = chain.call(At::Final, &message, vm::Gas(1)).unwrap_err();
    let submitted = chain.submit(&submission).unwrap_err();
    let transaction = crossing.blocks[FROM as usize - 1].transactions[0].clone();
    let checked = chain.check(transaction).unwrap_err();
    for error in [proposed, called, submitted, checked] {
        assert!(matches!(&error, ChainError::RulesUnknown(found) if *found == unknown));
        let text = format!(
            "block {FROM} needs the rules {}",
            hex::encode(second().id())
        );
        assert!(error.to_string().starts_with(&text), "{error}");
        assert!(error.to_string().contains("install a build"), "{error}");
    }
    // The chain is not stopped: its final state is served.
    let listed = chain.read(At::Final, &key::system(RULES_KEY)).unwrap();
    assert_eq!(listed, Some(list(&Vec::new())));
    let reopened = driven(&crossing.spec, old, chain.into_store());
    assert_eq!(reopened.tip().unwrap().height, Height(FROM - 1));
    let newer = driven(&crossing.spec, book(), reopened.into_store());
    finalized(&crossing, &newer, BLOCKS);
}

/// A build that had the rules is replaced by one that has not, above the height.
#[test]
fn an_older_build_on_a_newer_store_opens_and_executes_nothing() {
    let crossing = Crossing::new(16, Listing::Document);
    let mut node = crossing.node(Box::new(MemoryStore::new()));
    crossing.apply_to(&mut node, FROM);
    let store = node.into_store();
    let old = parts(node::rules::rulebook());
    let node = Node::open(old, crossing.genesis.clone(), store).unwrap();
    let unknown = RulesUnknown {
        height: Height(FROM + 1),
        rules_id: *second().id(),
    };
    let block = crossing.blocks[FROM as usize].clone();
    assert_eq!(node.validate(block), Err(Invalid::RulesUnknown(unknown)));
    let mut node = crossing.node(node.into_store());
    crossing.apply_to(&mut node, BLOCKS);
}
