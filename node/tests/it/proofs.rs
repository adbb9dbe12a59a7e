//! Tests that what the node proves is what the crate `lockstep-proof` verifies, and nothing else.

use crate::chain::{Chain, alice, call};
use node::prove::{
    Ics23ExportError, ProveError, event_claim, ics23, receipt_claim, state_claim, with_headers,
};
use node::{Commit, Header, MemoryStore, NoObserver, Payload, Receipt, ReceiptExit, Store, Tip};
use node_sim::simulate::samples::COUNTER;
use proof::{Claim, Expected, Proof, ProofError, Statement, verify};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tree::ics23::Ics23Error;
use tree::{Path, Tree, ValueHash};
use vm::{Address, Event, Height, StateDiff, key};

/// Blocks with an upload, a deployment, a call that emits events and transfers; their headers, and
/// the events of each transaction by height.
struct Blocks {
    chain: Chain,
    headers: Vec<Header>,
    events: BTreeMap<Height, Vec<Vec<Event>>>,
}

impl Blocks {
    fn new() -> Self {
        Self {
            chain: Chain::new(),
            headers: Vec::new(),
            events: BTreeMap::new(),
        }
    }

    fn apply(&mut self, payloads: &[Payload]) {
        let signed = (0..).zip(payloads);
        let signed =
            signed.map(|(ahead, payload)| self.chain.sign(&alice(), ahead, payload.clone()));
        let signed = signed.collect::<Vec<_>>();
        let header = self.chain.block(signed.clone()).header;
        let executed = self.chain.apply(signed);
        let events = executed.into_iter().map(|executed| executed.events);
        self.events.insert(header.height, events.collect());
        self.headers.push(header);
    }

    /// The headers from that of the block after `height` on.
    fn after(&self, height: Height) -> &[Header] {
        &self.headers[usize::try_from(height.0).unwrap()..]
    }

    fn trusted(&self) -> [u8; 32] {
        self.headers.last().unwrap().hash()
    }
}

fn transfer(byte: u8) -> Payload {
    Payload::Transfer {
        to: Address([byte; 32]),
        amount: 1,
    }
}

fn three_blocks() -> Blocks {
    let mut blocks = Blocks::new();
    let code_hash = COUNTER.code_hash();
    let salt = [1; 32];
    let contract = vm::unstable::frames::contract_address(&alice().address(), &code_hash, &salt);
    let deploy = Payload::Deploy {
        code_hash,
        salt,
        entry: "increment".to_owned(),
        input: 1_u64.to_le_bytes().to_vec(),
        value: 0,
    };
    blocks.apply(&[Payload::Upload(COUNTER.bytes.to_vec()), deploy, transfer(1)]);
    let calls = [1_u64, 2, 3, 4, 5].map(|by| by.to_le_bytes().to_vec());
    blocks.apply(&calls.map(|input| call(contract, "increment", input)));
    blocks.apply(&[transfer(2)]);
    blocks
}

#[test]
fn every_receipt_of_every_block_is_proved_by_a_later_header() {
    let blocks = three_blocks();
    let mut checked = 0;
    for height in [Height(1), Height(2)] {
        let receipts = blocks.chain.node.store().receipts(height).unwrap().unwrap();
        for (index, receipt) in (0_u32..).zip(&receipts) {
            let claim = blocks.chain.node.receipt_claim(height, index).unwrap();
            // The header with the result, and all up to the last one: one header, or two.
            let headers = blocks.after(height);
            for end in 1..=headers.len() {
                let proof = with_headers(claim.clone(), height, &headers[..end]).unwrap();
                let expected = Expected::Receipt {
                    height: height.0,
                    transaction: index,
                };
                let trusted = headers[end - 1].hash();
                let proved = verify(&proof.encode(), &trusted, &expected).unwrap();
                let statement = Statement::Receipt {
                    transaction: index,
                    receipt: receipt.clone(),
                };
                assert_eq!(proved.statement, statement);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 3 * 2 + 5);
}

#[test]
fn state_is_proved_at_the_tip_by_the_header_of_the_next_block() {
    let mut blocks = three_blocks();
    let node = &blocks.chain.node;
    let (present, absent) = (key::account(&alice().address()), b"\x02nothing".to_vec());
    let value = node.store().read(&present).unwrap();
    let (height, claim) = node.state_claim(&present).unwrap();
    let (_, no_claim) = node.state_claim(&absent).unwrap();
    assert_eq!(height, Height(3));

    let early = with_headers(claim.clone(), height, blocks.after(height));
    assert!(matches!(
        early,
        Err(ProveError::NotInHeader { height: Height(3) })
    ));
    let text = early.unwrap_err().to_string();
    assert!(text.contains("the header of the next block"), "{text}");
    blocks.apply(&[transfer(3)]);

    let trusted = blocks.trusted();
    for (claim, key, value) in [(claim, &present, value), (no_claim, &absent, None)] {
        let proof = with_headers(claim, height, blocks.after(height)).unwrap();
        let expected = Expected::State {
            height: height.0,
            key,
        };
        let proved = verify(&proof.encode(), &trusted, &expected).unwrap();
        let key = key.clone();
        let statement = match value {
            Some(value) => Statement::Present { key, value },
            None => Statement::Absent { key },
        };
        assert_eq!(proved.statement, statement);
    }
}

#[test]
fn a_claim_of_another_block_is_refused_with_the_reason() {
    let blocks = three_blocks();
    let node = &blocks.chain.node;
    let headers = &blocks.headers;
    let claim = node.receipt_claim(Height(1), 0).unwrap();
    let unproved = |found: Result<Proof, ProveError>| match found {
        Err(ProveError::Unproved { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let wrong_block = with_headers(claim.clone(), Height(2), &headers[2..]);
    assert!(matches!(unproved(wrong_block), ProofError::Receipt(_)));
    let wrong_height = with_headers(claim.clone(), Height(2), &headers[1..]);
    let reason = ProofError::ProvesOtherHeight { height: 1 };
    assert_eq!(unproved(wrong_height), reason);
    let gap = [headers[1].clone(), headers[1].clone()];
    let reason = ProofError::BrokenChain { height: 2 };
    assert_eq!(unproved(with_headers(claim, Height(1), &gap)), reason);

    let none = node.receipt_claim(Height(4), 0).unwrap_err();
    assert!(matches!(none, ProveError::NoBlock { tip: Height(3), .. }));
    let none = node.receipt_claim(Height(1), 3).unwrap_err();
    assert!(matches!(none, ProveError::NoReceipt { index: 3, count: 3 }));
}

/// A store that has dropped the receipts of old blocks.
struct Pruned(MemoryStore);

impl Store for Pruned {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, vm::Fault> {
        self.0.read(key)
    }

    fn scan(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<vm::Entries, vm::Fault> {
        self.0.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, vm::Fault> {
        self.0.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, vm::Fault> {
        self.0.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, vm::Fault> {
        self.0.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<node::Signed>>, vm::Fault> {
        self.0.transactions(height)
    }

    fn receipts(&self, _: Height) -> Result<Option<Vec<Receipt>>, vm::Fault> {
        Ok(None)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, vm::Fault> {
        self.0.events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), vm::Fault> {
        self.0.commit(commit)
    }
}

#[test]
fn receipts_that_a_store_has_dropped_are_named() {
    let chain = Chain::new();
    let block = chain.block(vec![]);
    let parts = node::Parts {
        engine: Box::new(reference::Reference::new()),
        rules: node::rules::rulebook(),
        cache: node::CachePolicy::Warm,
    };
    let limits = node::limits::Limits::v1();
    let genesis = crate::chain::genesis(&node::rules::version_1(), limits);
    let store = Box::new(Pruned(MemoryStore::new()));
    let mut node = node::Node::open(parts, genesis, store).unwrap();
    let valid = node.validate(block).unwrap();
    node.apply(&valid, &mut NoObserver).unwrap();
    // A restored block has no receipts; one above a block that is kept must have some.
    assert_eq!(node::verify_blocks(node.store(), node.tip()).unwrap(), 0);
    let second = node.propose(vec![], valid.header().time_ms + 1, Address([9; 32]));
    let second = node.validate(second).unwrap();
    node.apply(&second, &mut NoObserver).unwrap();
    let damage = node::verify_blocks(node.store(), node.tip()).unwrap_err();
    assert!(
        damage.to_string().contains("block 2: its receipts"),
        "{damage}"
    );
    let error = node.receipt_claim(Height(1), 0).unwrap_err();
    assert!(matches!(
        error,
        ProveError::NoReceipts { height: Height(1) }
    ));
}

#[test]
fn a_node_that_executes_a_block_claims_nothing_about_its_state() {
    let mut blocks = three_blocks();
    let node = &mut blocks.chain.node;
    let block = node.propose(vec![], node.tip().time_ms + 1, alice().address());
    let valid = node.validate(block).unwrap();
    let pending = node.execute(&valid, &mut NoObserver).unwrap();
    let error = node.state_claim(b"\x00rules").unwrap_err();
    assert!(matches!(error, ProveError::Pending));
    node.commit(pending).unwrap();
    assert!(node.state_claim(b"\x00rules").is_ok());
}

fn event(index: u8, count: u8) -> Event {
    Event {
        address: Address([index; 32]),
        topics: vec![[index; 32]; usize::from(index % 5)],
        data: vec![count; usize::from(count)],
    }
}

/// Three receipts, of transactions with one event, eleven events, and none.
fn receipts_with_events() -> (Vec<Receipt>, Vec<Vec<Event>>) {
    let events = [1, 11, 0].map(|count| (0..count).map(|index| event(index, count)).collect());
    let receipt = |events: &Vec<Event>| Receipt {
        tx_id: [9; 32],
        exit: ReceiptExit::Return,
        code: 0,
        gas_used: 1,
        output_hash: [8; 32],
        events_root: node::receipt::events_root(events),
    };
    (events.iter().map(receipt).collect(), events.to_vec())
}

fn header_over(receipts: &[Receipt]) -> Header {
    let mut header = three_blocks().headers.remove(1);
    header.parent_result.receipts_root = node::receipt::receipts_root(receipts);
    header
}

#[test]
fn every_event_is_proved_with_its_index_and_that_of_its_transaction() {
    let (receipts, events) = receipts_with_events();
    let header = header_over(&receipts);
    let mut checked = 0;
    for (transaction, of) in (0_u32..).zip(&events) {
        for (index, emitted) in (0_u32..).zip(of) {
            let claim = event_claim(&receipts, transaction, of, index).unwrap();
            let proof = with_headers(claim, Height(1), core::slice::from_ref(&header)).unwrap();
            let expected = Expected::Event {
                height: 1,
                transaction,
                event: index,
            };
            let proved = verify(&proof.encode(), &header.hash(), &expected).unwrap();
            let Statement::Event { event, .. } = proved.statement else {
                panic!("not an event");
            };
            let same = (&event.address, &event.topics, &event.data);
            assert_eq!(same, (&emitted.address.0, &emitted.topics, &emitted.data));
            checked += 1;
        }
    }
    assert_eq!(checked, 12);
    let none = event_claim(&receipts, 0, &events[0], 1).unwrap_err();
    assert!(matches!(none, ProveError::NoEvent { index: 1, count: 1 }));
    let others = event_claim(&receipts, 0, &events[1], 0).unwrap_err();
    assert!(matches!(others, ProveError::OtherEvents));
}

#[test]
fn events_of_a_committed_block_are_proved_by_the_header_after_it() {
    let blocks = three_blocks();
    let height = Height(2);
    let headers = &blocks.after(height)[..1];
    let mut checked = 0;
    for (transaction, events) in (0_u32..).zip(&blocks.events[&height]) {
        for (event, _) in (0_u32..).zip(events) {
            let node = &blocks.chain.node;
            let claim = node
                .event_claim(height, transaction, events, event)
                .unwrap();
            let proof = with_headers(claim, height, headers).unwrap();
            let expected = Expected::Event {
                height: height.0,
                transaction,
                event,
            };
            verify(&proof.encode(), &headers[0].hash(), &expected).unwrap();
            checked += 1;
        }
    }
    assert_eq!(checked, 5);
    let node = &blocks.chain.node;
    let none = node.event_claim(Height(3), 0, &[], 0).unwrap_err();
    assert!(matches!(none, ProveError::NoEvent { index: 0, count: 0 }));
}

#[test]
fn a_value_that_is_not_that_of_the_tree_is_a_fault() {
    let tree = Tree::from_leaves([(Path::of_key(b"a"), ValueHash::of(b"1"))]);
    assert!(state_claim(&tree, b"a", Some(b"1")).is_ok());
    for (key, value) in [
        (b"a", Some(b"2".as_slice())),
        (b"a", None),
        (b"b", Some(b"1")),
    ] {
        assert!(state_claim(&tree, key, value).is_err());
    }
}

/// A store with these entries, and its tree.
fn stored(entries: &[(&[u8], &[u8])]) -> (MemoryStore, Tree) {
    let tip = *Chain::new().node.tip();
    let diff = entries.iter();
    let diff: StateDiff = diff
        .map(|(key, value)| (key.to_vec(), Some(value.to_vec())))
        .collect();
    let mut store = MemoryStore::new();
    store
        .commit(Commit {
            diff,
            tip,
            header: None,
            receipts: vec![],
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        })
        .unwrap();
    let tree = node::state_tree::rebuild(&store).unwrap();
    (store, tree)
}

/// What the exported bytes prove is tested in `node/tree/tests/it/ics23.rs`: here, that the export
/// finds the keys beside, and that it says what ICS 23 has no proof of.
#[test]
fn a_claim_is_exported_to_ics23_or_the_reason_is_named() {
    let (store, tree) = stored(&[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]);
    for key in [b"a", b"b", b"d", b"e", b"f"] {
        let value = store.read(key).unwrap();
        let claim = state_claim(&tree, key, value.as_deref()).unwrap();
        let bytes = ics23(&claim, &tree, &store).unwrap();
        let field = if value.is_some() {
            1 << 3 | 2
        } else {
            2 << 3 | 2
        };
        assert_eq!(bytes[0], field);
    }
    let claim = state_claim(&tree, b"d", None).unwrap();
    let (_, other) = stored(&[(b"a", b"1")]);
    let error = ics23(&claim, &other, &store).unwrap_err();
    assert!(matches!(error, Ics23ExportError::OtherState));
    let error = ics23(&Claim::Result, &tree, &store).unwrap_err();
    assert!(matches!(error, Ics23ExportError::NotState));

    let (store, tree) = stored(&[(b"a", b"")]);
    for (key, value, expected) in [
        (b"a", Some(b"".as_slice()), Ics23Error::EmptyValue),
        (
            b"b",
            None,
            Ics23Error::EmptyValueBeside { key: b"a".to_vec() },
        ),
    ] {
        let claim = state_claim(&tree, key, value).unwrap();
        let error = ics23(&claim, &tree, &store).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("store values of at least one byte")
        );
        assert!(matches!(error, Ics23ExportError::Unprovable(found) if found == expected));
    }
    let (store, tree) = stored(&[]);
    let claim = state_claim(&tree, b"a", None).unwrap();
    let error = ics23(&claim, &tree, &store).unwrap_err();
    let expected = Ics23Error::EmptyTree;
    assert!(matches!(error, Ics23ExportError::Unprovable(found) if found == expected));
}

/// Every receipt of a list of any length, with a byte changed: the same proof proves nothing else.
#[test]
fn a_changed_byte_of_a_proof_is_an_error() {
    let (receipts, events) = receipts_with_events();
    let header = header_over(&receipts);
    let claims = [
        receipt_claim(&receipts, 2).unwrap(),
        event_claim(&receipts, 1, &events[1], 10).unwrap(),
    ];
    for claim in claims {
        let proof = with_headers(claim, Height(1), core::slice::from_ref(&header)).unwrap();
        let bytes = proof.encode();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let found = verify(&changed, &header.hash(), &Expected::Any);
            assert!(found.is_err(), "byte {place}");
        }
    }
}

proptest! {
    /// Any tree: every key that is in it, and any that is not.
    #[test]
    fn random_trees_prove_what_they_contain(
        entries in proptest::collection::btree_map(
            proptest::collection::vec(any::<u8>(), 1..4),
            proptest::collection::vec(any::<u8>(), 0..40),
            0..60,
        ),
        others in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..4), 0..10),
    ) {
        let leaves = entries.iter();
        let tree = Tree::from_leaves(
            leaves.map(|(key, value)| (Path::of_key(key), ValueHash::of(value))),
        );
        let mut header = proof::Header {
            parent: [1; 32],
            height: 8,
            time_ms: 2,
            chain_id: [3; 32],
            proposer: [4; 32],
            transactions_root: [5; 32],
            rules_id: [6; 32],
            parent_result: node::BlockResult {
                state_root: tree.root().0,
                receipts_root: [0; 32],
                gas_used: 0,
            },
        };
        for key in entries.keys().chain(&others) {
            let value = entries.get(key);
            let claim = state_claim(&tree, key, value.map(Vec::as_slice)).unwrap();
            let bytes = Proof { headers: vec![header.clone()], claim }.encode();
            let expected = Expected::State { height: 7, key };
            let proved = verify(&bytes, &header.hash(), &expected).unwrap();
            let key = key.clone();
            let statement = match value.cloned() {
                Some(value) => Statement::Present { key, value },
                None => Statement::Absent { key },
            };
            prop_assert_eq!(proved.statement, statement);

            header.parent_result.state_root[0] ^= 1;
            let changed = verify(&bytes, &header.hash(), &expected);
            prop_assert_eq!(changed, Err(ProofError::OtherHeader));
            header.parent_result.state_root[0] ^= 1;
        }
    }

    /// The verifier's types and the node's have one encoding.
    #[test]
    fn headers_and_events_are_encoded_as_the_verifier_does(
        hashes in any::<[[u8; 32]; 7]>(),
        (height, time_ms, gas_used) in any::<(u64, u64, u64)>(),
        topics in proptest::collection::vec(any::<[u8; 32]>(), 0..5),
        data in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let [parent, chain_id, proposer, transactions_root, rules_id, state_root, receipts_root] =
            hashes;
        let header = Header {
            parent,
            height: Height(height),
            time_ms,
            chain_id,
            proposer: Address(proposer),
            transactions_root,
            rules_id,
            parent_result: node::BlockResult { state_root, receipts_root, gas_used },
        };
        let encoded = node::digest::encode(&header);
        prop_assert_eq!(&node::digest::encode(&proof::Header::from(&header)), &encoded);
        let hash = node::digest::sha256(&[b"lockstep/header/1", &encoded]);
        prop_assert_eq!(header.hash(), hash);

        let event = Event { address: Address(parent), topics, data };
        let Event { address, topics, data } = event.clone();
        let same = proof::Event { address: address.0, topics, data };
        prop_assert_eq!(same.encode(), node::digest::encode(&event));
    }
}
