//! Tests that what a chain proves verifies under the header it names, of every block it can read.

use super::{Straight, fault, misuse, sibling, verified};
use crate::faults::ExpectedChain;
use node::chain::{At, Chain, Misuse, Options, Proven, Subject};
use node::prove::{Ics23ExportError, ProveError, ics23};
use node::{LogStore, MemoryStore, Receipt, Store};
use node_sim::disk::{Failing, SimulatedDisk};
use proof::{Expected, ProofError, Proved, Statement, verify};
use vm::{Event, Height};

/// Final and verified blocks of [`chain_with`].
const FINALS: usize = 9;
const VERIFIED: usize = 12;

/// A chain with final blocks, verified ones, and a sibling of the first of these.
fn chain_with(expected: &ExpectedChain, options: &Options) -> Chain {
    let store = Box::new(MemoryStore::new());
    let chain = expected.chain(store, options).unwrap();
    for block in &expected.blocks[..VERIFIED] {
        verified(&chain, block);
    }
    for block in &expected.blocks[..FINALS] {
        chain.finalize(&block.header.hash()).unwrap();
    }
    let other = sibling(&chain, &expected.blocks[FINALS], Vec::new());
    verified(&chain, &other);
    chain
}

fn verify_under_header(proven: &Proven, expected: &Expected<'_>) -> Result<Proved, ProofError> {
    verify(&proven.proof.encode(), &proven.header.hash(), expected)
}

fn statement(key: &[u8], value: Option<&Vec<u8>>) -> Statement {
    let key = key.to_vec();
    match value.cloned() {
        Some(value) => Statement::Present { key, value },
        None => Statement::Absent { key },
    }
}

/// The blocks whose result is in a header, with their heights.
fn provable(expected: &ExpectedChain) -> Vec<(At, usize)> {
    let hash = |height: usize| expected.blocks[height - 1].header.hash();
    let finals = (0..=FINALS).map(|height| (At::Height(Height(height as u64)), height));
    let by_hash = (1..VERIFIED).map(|height| (At::Block(hash(height)), height));
    finals.chain(by_hash).chain([(At::Final, FINALS)]).collect()
}

#[test]
fn values_and_absence_are_proved_after_every_block_that_can_be_read() {
    let expected = ExpectedChain::new(80);
    let straight = Straight::new(&expected);
    let chain = chain_with(&expected, &Options::default());
    let keys = straight.keys();
    let (mut present, mut absent) = (0, 0);
    // In an order that moves the tree up and down.
    let mut blocks = provable(&expected);
    blocks.sort_by_key(|(_, height)| height * 7 % 13);
    for (turn, (at, height)) in blocks.into_iter().enumerate() {
        for key in keys.iter().skip(turn % 5).step_by(5) {
            let proven = chain.prove(at, &Subject::State { key }).unwrap();
            assert_eq!(proven.header, expected.blocks[height].header);
            assert_eq!(proven.is_final, height < FINALS);
            assert_eq!(proven.height, Height(height as u64));
            let wanted = |height: usize| Expected::State {
                height: height as u64,
                key,
            };
            let proved = verify_under_header(&proven, &wanted(height)).unwrap();
            let value = straight.states[height].get(key);
            assert_eq!(proved.statement, statement(key, value));
            *if value.is_some() {
                &mut present
            } else {
                &mut absent
            } += 1;

            let reason = verify_under_header(&proven, &wanted(height + 1));
            let other = ProofError::ProvesOtherHeight {
                height: height as u64,
            };
            assert_eq!(reason, Err(other));
            let key = &[key.as_slice(), &[0]].concat();
            let height = height as u64;
            let reason = verify_under_header(&proven, &Expected::State { height, key });
            assert_eq!(reason, Err(ProofError::ProvesOther));
        }
    }
    assert!(present > 100 && absent > 100, "{present} {absent}");
    // The chain goes on as if nothing had been proved.
    for (block, result) in expected
        .blocks
        .iter()
        .zip(&expected.results[1..])
        .skip(FINALS)
    {
        assert_eq!(verified(&chain, block), *result);
        assert_eq!(chain.finalize(&block.header.hash()).unwrap(), *result);
    }
}

#[test]
fn a_state_without_a_header_or_outside_the_range_is_refused_with_the_reason() {
    let expected = ExpectedChain::new(81);
    let options = Options {
        query_blocks_max: 4,
        ..Options::default()
    };
    let chain = chain_with(&expected, &options);
    let subject = Subject::State { key: b"\x00rules" };
    let refused = |at| chain.prove(at, &subject).unwrap_err();
    let last = expected.blocks[VERIFIED - 1].header.hash();
    assert!(matches!(
        refused(At::Block(last)),
        ProveError::NotInHeader { height } if height.0 == VERIFIED as u64
    ));
    for height in [0, FINALS - 5, FINALS + 1] {
        let found = Height(height as u64);
        let range = Misuse::Height {
            found,
            first: Height(FINALS as u64 - 4),
            last: Height(FINALS as u64),
        };
        let error = refused(At::Height(found));
        assert!(
            matches!(error, ProveError::Misuse(misuse) if misuse == range),
            "{error}"
        );
        assert!(
            error.to_string().contains("those of blocks 5 to 9 can"),
            "{error}"
        );
    }
    let unknown = refused(At::Block([1; 32]));
    assert!(matches!(unknown, ProveError::Misuse(Misuse::UnknownBlock)));
    // The header is that of the block that was verified first; without it, that of its sibling.
    let proven = chain.prove(At::Final, &subject).unwrap();
    let first = &expected.blocks[FINALS].header;
    assert_eq!((&proven.header, proven.is_final), (first, false));
    chain.discard(&first.hash()).unwrap();
    let again = chain.prove(At::Final, &subject).unwrap();
    assert_ne!(again.header, proven.header);
    assert_eq!(again.header.parent_result, proven.header.parent_result);
    chain.discard(&again.header.hash()).unwrap();
    let height = Height(FINALS as u64);
    assert!(matches!(
        refused(At::Final),
        ProveError::NotInHeader { height: found } if found == height
    ));
}

/// Proves a receipt and its events; returns their number.
fn prove_transaction(
    chain: &Chain,
    (at, height): (At, u64),
    (index, receipt): (u32, &Receipt),
    emitted: &[Event],
) -> usize {
    let proven = chain.prove(at, &Subject::Receipt { index }).unwrap();
    let wanted = |transaction| Expected::Receipt {
        height,
        transaction,
    };
    let proved = verify_under_header(&proven, &wanted(index)).unwrap();
    let stated = Statement::Receipt {
        transaction: index,
        receipt: receipt.clone(),
    };
    assert_eq!(proved.statement, stated);
    let other = verify_under_header(&proven, &wanted(index + 1));
    assert_eq!(other, Err(ProofError::ProvesOther));
    let prove = |event| chain.prove(at, &Subject::Event { index, event });
    for (event, emitted) in (0_u32..).zip(emitted) {
        let wanted = Expected::Event {
            height,
            transaction: index,
            event,
        };
        let proved = verify_under_header(&prove(event).unwrap(), &wanted).unwrap();
        let Statement::Event { event, .. } = proved.statement else {
            panic!("not an event");
        };
        assert_eq!(event.data, emitted.data);
    }
    let after = emitted.len() as u32;
    assert!(matches!(
        prove(after).unwrap_err(),
        ProveError::NoEvent { index, count } if index == after && count == emitted.len()
    ));
    emitted.len()
}

#[test]
fn receipts_and_events_are_proved_of_every_block_with_a_successor() {
    let expected = ExpectedChain::new(82);
    let options = Options {
        query_blocks_max: 0,
        ..Options::default()
    };
    let chain = chain_with(&expected, &options);
    let mut events = 0;
    // However far below the last final block, by height.
    let blocks = provable(&expected).into_iter();
    let old = |at: &At, height| matches!(at, At::Block(_)) && height < FINALS;
    for (at, height) in blocks.filter(|(at, height)| !old(at, *height) && *height > 0) {
        let stored = Height(height as u64);
        let (receipts, of_block) = match at {
            At::Block(hash) if height > FINALS => {
                let block = chain.block_by_hash(&hash).unwrap().unwrap();
                (block.receipts, block.events)
            }
            _ => (
                chain.receipts(stored).unwrap().unwrap(),
                chain.events(stored).unwrap().unwrap(),
            ),
        };
        for (indexed, emitted) in (0_u32..).zip(&receipts).zip(&of_block) {
            events += prove_transaction(&chain, (at, height as u64), indexed, emitted);
        }
        let index = receipts.len() as u32;
        for subject in [
            Subject::Receipt { index },
            Subject::Event { index, event: 0 },
        ] {
            let none = chain.prove(at, &subject).unwrap_err();
            assert!(matches!(none, ProveError::NoReceipt { index: found, .. } if found == index));
        }
    }
    assert!(events > 3, "{events}");
    let subject = Subject::Receipt { index: 0 };
    let above = chain.prove(At::Height(Height(FINALS as u64 + 1)), &subject);
    assert!(matches!(above, Err(ProveError::NoBlock { .. })));
    let last = At::Block(expected.blocks[VERIFIED - 1].header.hash());
    let early = chain.prove(last, &subject);
    assert!(matches!(early, Err(ProveError::NotInHeader { .. })));
}

#[test]
fn an_export_to_ics23_is_that_of_the_state_after_the_block() {
    let expected = ExpectedChain::new(83);
    let straight = Straight::new(&expected);
    let chain = chain_with(&expected, &Options::default());
    let (mut present, mut absent) = (0, 0);
    for (turn, (at, height)) in provable(&expected).into_iter().enumerate() {
        let store = straight.store(height);
        let tree = node::state_tree::rebuild(&store).unwrap();
        for key in straight.keys().iter().skip(turn % 11).step_by(11) {
            let found = chain.prove(at, &Subject::Ics23 { key });
            let claim =
                node::prove::state_claim(&tree, key, store.read(key).unwrap().as_deref()).unwrap();
            match (ics23(&claim, &tree, &store), found) {
                (Ok(bytes), Ok(proven)) => {
                    assert_eq!(proven.ics23, Some(bytes));
                    let height = height as u64;
                    verify_under_header(&proven, &Expected::State { height, key }).unwrap();
                    *if store.contains(key).unwrap() {
                        &mut present
                    } else {
                        &mut absent
                    } += 1;
                }
                (
                    Err(Ics23ExportError::Unprovable(reason)),
                    Err(ProveError::Ics23(Ics23ExportError::Unprovable(found))),
                ) => assert_eq!(reason, found),
                (expected, found) => panic!("{expected:?} {found:?}"),
            }
        }
    }
    assert!(present > 50 && absent > 50, "{present} {absent}");
    // A proof of ours has no export beside it.
    let proven = chain.prove(At::Final, &Subject::State { key: b"none" });
    assert_eq!(proven.unwrap().ics23, None);
}

#[test]
fn what_a_stopped_chain_is_asked_is_the_fault_at_which_it_stopped() {
    let expected = ExpectedChain::new(84);
    let disk = SimulatedDisk::new(1);
    let store = LogStore::open(disk.clone()).unwrap();
    let chain = expected
        .chain(Box::new(store), &Options::default())
        .unwrap();
    let block = &expected.blocks[0];
    verified(&chain, block);
    disk.fail(Failing::From(disk.operations()));
    let stopped = fault(chain.finalize(&block.header.hash()));
    let key: &[u8] = b"\x00rules";
    for subject in [
        Subject::State { key },
        Subject::Ics23 { key },
        Subject::Receipt { index: 0 },
    ] {
        let error = chain.prove(At::Final, &subject).unwrap_err();
        assert!(matches!(error, ProveError::Fault(found) if found == stopped));
    }
    assert_eq!(chain.header(Height(1)).unwrap_err(), stopped);
    assert_eq!(chain.block(Height(1)).unwrap_err(), stopped);
    assert_eq!(chain.receipts(Height(1)).unwrap_err(), stopped);
    assert_eq!(chain.events(Height(1)).unwrap_err(), stopped);
    assert_eq!(chain.block_by_hash(&[1; 32]).unwrap_err(), stopped);
    assert_eq!(fault(chain.mempool_sizes()), stopped);
    assert_eq!(chain.query_sizes().unwrap_err(), stopped);
    assert_ne!(
        misuse::<()>(Err(Misuse::NoMempool.into())),
        Misuse::UnknownBlock
    );
}
