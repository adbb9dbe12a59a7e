//! Opens chains with upgrade documents that fit them and with ones that do not.

use super::{Crossing, FROM, book, first, list, parts, second, to_second};
use node::chain::{Chain, Options};
use node::limits::UPGRADES_MAX;
use node::state_tree::batch;
use node::{
    Activations, BlockResult, ChainSpec, Commit, Genesis, MemoryStore, Node, RULES_KEY, SpecError,
    Store, Tip, UpgradeDocument, receipt,
};
use node_sim::versions::Listing;
use tree::Tree;
use vm::{Fault, Height, key};

fn document(genesis: &Genesis, upgrades: Activations) -> UpgradeDocument {
    UpgradeDocument::new(genesis.chain_id(), upgrades).unwrap()
}

fn with(genesis: &Genesis, upgrades: Activations) -> Result<ChainSpec, SpecError> {
    ChainSpec::from(genesis.clone()).with(&document(genesis, upgrades))
}

/// Text of the fault with which a node does not open.
fn refused(spec: &ChainSpec, store: Box<dyn Store + Sync>) -> String {
    match Node::open(parts(book()), spec.clone(), store) {
        Err(Fault::Store(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened"),
    }
}

/// A store with the chain up to `height`.
fn store(crossing: &Crossing, height: u64) -> Box<dyn Store + Sync> {
    let store = Box::new(MemoryStore::new());
    let options = Options::default();
    let chain = Chain::open(parts(book()), crossing.spec.clone(), store, &options).unwrap();
    for block in &crossing.blocks[..height as usize] {
        chain.verify(block.clone()).unwrap();
        chain.finalize(&block.header.hash()).unwrap();
    }
    chain.into_store()
}

/// A store with blocks up to `height` and this list of rules alone as its state.
fn listing(crossing: &Crossing, height: u64, listed: &Activations) -> Box<dyn Store + Sync> {
    let list = Some(node::digest::encode(listed));
    let diff: vm::StateDiff = [(key::system(RULES_KEY), list)].into();
    let result = BlockResult {
        state_root: Tree::new().update(&batch(&diff)).0,
        receipts_root: receipt::receipts_root(&[]),
        gas_used: 0,
    };
    let mut store = MemoryStore::new();
    for height in 0..=height {
        let header = height
            .checked_sub(1)
            .map(|index| crossing.blocks[index as usize].header.clone());
        let hash = header.as_ref().map(node::Header::hash);
        let commit = Commit {
            diff: diff.clone(),
            tip: Tip {
                height: Height(height),
                hash: hash.unwrap_or(crossing.genesis.chain_id()),
                time_ms: 0,
                result,
            },
            header,
            receipts: Vec::new(),
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        };
        store.commit(commit).unwrap();
    }
    Box::new(store)
}

#[test]
fn a_document_is_for_one_chain_and_one_height_has_one_upgrade() {
    let chain = Crossing::new(1, Listing::Genesis);
    let genesis = &chain.genesis;
    let other = UpgradeDocument::new([9; 32], to_second()).unwrap();
    let spec = ChainSpec::from(genesis.clone());
    let refused = spec.clone().with(&other).unwrap_err();
    let expected = SpecError::OtherChain {
        document: [9; 32],
        chain: genesis.chain_id(),
    };
    assert_eq!(refused, expected);
    // What is configured already, in the genesis or in a document, is no error.
    assert_eq!(with(genesis, to_second()).as_ref(), Ok(&spec));
    let (height, one, other) = (Height(FROM), *second().id(), [8; 32]);
    let refused = with(genesis, vec![(height, other)]).unwrap_err();
    assert_eq!(refused, SpecError::TwoAtOnce { height, one, other });
    for id in [one, other] {
        assert!(refused.to_string().contains(&hex::encode(id)), "{refused}");
    }
    let later = with(genesis, vec![(Height(FROM + 1), first())]).unwrap();
    let both = vec![(height, one), (Height(FROM + 1), first())];
    assert_eq!(later.upgrades(), both);
    let many = (0..u64::from(UPGRADES_MAX)).map(|n| (Height(FROM + 1 + n), [n as u8; 32]));
    assert_eq!(with(genesis, many.collect()), Err(SpecError::TooMany));
}

#[test]
fn an_upgrade_to_the_rules_in_force_is_refused() {
    let chain = Crossing::new(2, Listing::Document);
    let unchanged = with(&chain.genesis, vec![(Height(3), first())]).unwrap();
    let text = refused(&unchanged, Box::new(MemoryStore::new()));
    assert!(
        text.contains("height 3") && text.contains(&hex::encode(first())),
        "{text}"
    );
    let twice = vec![(Height(3), *second().id())];
    let twice = with(&chain.genesis, twice).unwrap();
    let twice = twice.with(&document(&chain.genesis, to_second())).unwrap();
    let text = refused(&twice, Box::new(MemoryStore::new()));
    assert!(text.contains(&format!("height {FROM}")), "{text}");
}

#[test]
fn a_document_for_a_height_that_is_past_is_refused_with_both_rules() {
    let chain = Crossing::new(3, Listing::Document);
    for (tip, upgrade, executed) in [
        (FROM, (FROM - 1, *second().id()), first()),
        (FROM + 1, (FROM, first()), *second().id()),
        (FROM + 1, (FROM + 1, first()), *second().id()),
        (FROM - 1, (FROM - 1, *second().id()), first()),
    ] {
        let (height, id) = upgrade;
        let spec = with(&chain.genesis, vec![(Height(height), id)]).unwrap();
        let store = store(&chain, tip);
        let found = spec.check(&*store).unwrap_err();
        let expected = SpecError::Missed {
            height: Height(height),
            planned: id,
            executed,
            tip: Height(tip),
        };
        assert_eq!(found, expected);
        let text = refused(&spec, store);
        assert_eq!(text, expected.to_string());
        for part in [
            hex::encode(id),
            hex::encode(executed),
            format!("block {tip}"),
        ] {
            assert!(text.contains(&part), "{text}");
        }
    }
    let spec = with(&chain.genesis, vec![(Height(2), *second().id())]).unwrap();
    let store = store(&chain, FROM);
    let opened = Chain::open(parts(book()), spec, store, &Options::default());
    assert!(matches!(opened, Err(Fault::Store(text)) if text.contains("before its height")));
}

#[test]
fn once_a_block_has_its_rules_the_state_decides_and_the_document_may_go() {
    let chain = Crossing::new(4, Listing::Document);
    for tip in FROM..FROM + 2 {
        let store = store(&chain, tip);
        let node = Node::open(parts(book()), chain.genesis.clone(), store).unwrap();
        for height in tip + 1..tip + 4 {
            assert_eq!(node.rules_at(Height(height)).unwrap().id(), second().id());
        }
        assert_eq!(*node.rules_at(Height(FROM - 1)).unwrap().id(), first());
    }
    // Without the first document, a later one changes back.
    let back = with(&chain.genesis, vec![(Height(FROM + 2), first())]).unwrap();
    let store = store(&chain, FROM);
    let node = Node::open(parts(book()), back, store).unwrap();
    let id = |height| *node.rules_at(Height(height)).unwrap().id();
    assert_eq!(id(FROM + 1), *second().id());
    assert_eq!(id(FROM + 2), first());
    assert_eq!(id(FROM), *second().id());
}

#[test]
fn a_list_that_no_chain_writes_is_a_fault_of_the_store() {
    let chain = Crossing::new(5, Listing::Genesis);
    let begun = (Height(1), first());
    let upgraded = (Height(FROM), *second().id());
    let lists = [
        (FROM, vec![(Height(1), *second().id())], false),
        (FROM, vec![upgraded], false),
        (FROM, vec![begun, (Height(FROM - 1), *second().id())], false),
        (FROM, vec![begun], false),
        (FROM, vec![begun, (Height(2), first()), upgraded], false),
        (FROM, vec![begun, upgraded, (Height(FROM), first())], false),
        (
            FROM,
            vec![begun, upgraded, (Height(FROM + 1), first())],
            false,
        ),
        (FROM - 1, vec![begun, upgraded], false),
        (FROM, vec![begun, upgraded], true),
        (FROM - 1, vec![begun], true),
        (0, vec![begun], true),
    ];
    for (height, listed, is_right) in lists {
        let store = listing(&chain, height, &listed);
        let checked = chain.spec.check(&*store);
        assert_eq!(checked.is_ok(), is_right, "{listed:?}: {checked:?}");
        let opened = Node::open(parts(book()), chain.spec.clone(), store);
        assert_eq!(opened.is_ok(), is_right, "{listed:?}");
    }
    let genesis = chain.genesis.state();
    let value = genesis.get(&key::system(RULES_KEY)).cloned().flatten();
    assert_eq!(value, Some(list(&Vec::new())));
}
