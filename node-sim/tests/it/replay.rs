//! Replays archives on stores that have none, some, all or more of their blocks, and archives whose
//! last block is disputed.

use crate::small_chain::{SharedStore, SmallChain, genesis, parts, write};
use node::archive::{ArchiveReader, ArchiveWriter, ArchivedBlock};
use node::{Genesis, MemoryStore, Node, ReceiptExit};
use node_sim::replay::{Replay, ReplayError, ReplaySummary, Traced};
use node_sim::simulate::injected::by_name;
use node_sim::simulate::{Plan, Progress, Progressed, run, standard};
use vm::{Address, Height, Interpreter};

/// Replays with tracing.
fn replay(
    bytes: &[u8],
    store: MemoryStore,
) -> Result<(ReplaySummary, Option<Traced>, MemoryStore), ReplayError> {
    let shared = SharedStore::of(store);
    let reader = ArchiveReader::new(bytes)?;
    let mut replay = Replay::new(reader, parts(), Box::new(shared.clone()))?
        .bisecting(Box::new(|| Box::new(Interpreter::new())));
    while replay.step()? {}
    let ended = (replay.replayed().clone(), replay.traced().cloned());
    Ok((ended.0, ended.1, shared.copy()))
}

fn compared(bytes: &[u8], store: MemoryStore) -> (u64, u64) {
    let (replayed, _, _) = replay(bytes, store).unwrap();
    assert_eq!(replayed.first_difference, None);
    (replayed.compared, replayed.stored)
}

#[test]
fn every_block_is_compared_whether_the_store_has_it_or_not() {
    let chain = SmallChain::new("small");
    let bytes = chain.archive();
    assert_eq!(compared(&bytes, MemoryStore::new()), (4, 0));
    assert_eq!(compared(&bytes, chain.store.clone()), (4, 4));
    for blocks in 1..4 {
        let first = write(&chain.genesis, &chain.blocks[..blocks]);
        let (_, _, store) = replay(&first, MemoryStore::new()).unwrap();
        assert_eq!(compared(&bytes, store), (4, blocks as u64));
    }
}

/// The first version agreed with an archive without blocks, and with any archive of blocks that the
/// store had already.
#[test]
fn an_archive_of_which_nothing_is_compared_is_an_error_with_the_reason() {
    let chain = SmallChain::new("small");
    let empty = write(&chain.genesis, &[]);
    for store in [MemoryStore::new(), chain.store.clone()] {
        let error = replay(&empty, store).unwrap_err();
        assert!(matches!(error, ReplayError::Empty), "{error}");
        assert!(error.to_string().starts_with("no block was compared: "));
    }
    let shorter = write(&chain.genesis, &chain.blocks[..2]);
    let error = replay(&shorter, chain.store.clone()).unwrap_err();
    assert!(
        matches!(
            error,
            ReplayError::StoreAhead {
                last: Height(2),
                tip: Height(4)
            }
        ),
        "{error}"
    );
    let reader = ArchiveReader::new(shorter.as_slice()).unwrap();
    let mut ahead = Replay::new(reader, parts(), Box::new(chain.store.clone())).unwrap();
    while matches!(ahead.step(), Ok(true)) {}
    assert_eq!(ahead.replayed().compared, 0);
    let same = vec![chain.blocks[0].clone(); 3];
    let (replayed, _, _) = replay(&write(&chain.genesis, &same), chain.store.clone()).unwrap();
    assert_eq!(replayed.first_difference.unwrap().field, "header.height");
}

#[test]
fn an_archive_of_another_chain_is_not_replayed_on_the_store() {
    let chain = SmallChain::new("small");
    let other = SmallChain::new("other");
    let refused = |bytes: &[u8], store: MemoryStore, id: [u8; 32]| {
        let error = replay(bytes, store).unwrap_err();
        assert!(matches!(error, ReplayError::OtherChain(found) if found == id));
    };
    let chain_id = chain.genesis.chain_id();
    refused(&other.archive(), chain.store.clone(), chain_id);
    let genesis_alone = SharedStore::of(MemoryStore::new());
    let store = Box::new(genesis_alone.clone());
    let _ = Node::open(parts(), other.genesis.clone(), store).unwrap();
    let other_id = other.genesis.chain_id();
    refused(&chain.archive(), genesis_alone.copy(), other_id);
    let mixed = write(&genesis("other"), &chain.blocks);
    refused(&mixed, chain.store.clone(), chain_id);
    let (replayed, _, _) = replay(&mixed, MemoryStore::new()).unwrap();
    let difference = replayed.first_difference.unwrap();
    assert_ne!(difference.recorded, difference.found);
    assert_eq!(
        (difference.height.0, difference.field),
        (1, "header.chain_id")
    );
}

type Change = fn(&mut ArchivedBlock);

/// Changes of block 3, each with the field that is named and whether a store finds it too.
const CHANGES: [(&str, Change); 17] = [
    ("header.chain_id", |block| {
        block.block.header.chain_id = [1; 32]
    }),
    ("header.height", |block| {
        block.block.header.height = Height(9)
    }),
    ("header.parent", |block| block.block.header.parent = [1; 32]),
    ("header.transactions_root", |block| {
        block.block.transactions.pop();
    }),
    ("header.parent_result.gas_used", |block| {
        block.block.header.parent_result.gas_used += 1
    }),
    ("header.hash", |block| block.block.header.time_ms += 1),
    ("header.hash", |block| {
        block.block.header.proposer = Address([1; 32])
    }),
    ("receipt.tx_id", |block| {
        block.entries[1].receipt.tx_id = [1; 32]
    }),
    ("receipt.exit", |block| {
        block.entries[1].receipt.exit = ReceiptExit::Trap
    }),
    ("receipt.code", |block| block.entries[1].receipt.code = 7),
    ("receipt.gas_used", |block| {
        block.entries[1].receipt.gas_used += 1
    }),
    ("receipt.output_hash", |block| {
        block.entries[1].receipt.output_hash = [1; 32]
    }),
    ("receipt.events_root", |block| {
        block.entries[1].receipt.events_root = [1; 32]
    }),
    ("transactions", |block| {
        block.entries.pop();
    }),
    ("result.gas_used", |block| block.result.gas_used += 1),
    ("result.receipts_root", |block| {
        block.result.receipts_root = [1; 32]
    }),
    ("result.state_root", |block| {
        block.result.state_root = [1; 32]
    }),
];

#[test]
fn each_field_is_compared_with_the_store_and_with_the_execution() {
    let chain = SmallChain::new("small");
    let last = write(&chain.genesis, &chain.blocks[..3]);
    let (_, _, ends_there) = replay(&last, MemoryStore::new()).unwrap();
    for (field, change) in CHANGES {
        let mut blocks = chain.blocks.clone();
        change(&mut blocks[2]);
        let bytes = write(&chain.genesis, &blocks);
        // A block in the middle of a store, the last one of a store, and one that is executed.
        for (place, store) in [&chain.store, &ends_there, &MemoryStore::new()]
            .into_iter()
            .enumerate()
        {
            let (replayed, _, _) = replay(&bytes, store.clone()).unwrap();
            let found = replayed.first_difference.expect(field);
            let named = (found.height.0, found.field);
            let what = format!("{field} in place {place}: {found:?}");
            match (field, place) {
                // The result that the next header names is that of the store.
                ("header.parent_result.gas_used", 0 | 1) => {
                    assert_eq!(named, (2, "result.gas_used"), "{what}");
                }
                // Executed, time and proposer are those of a valid block with other results.
                ("header.hash", 2) => assert_ne!(found.field, "header.hash", "{what}"),
                _ => assert_eq!(named, (3, field), "{what}"),
            }
            let in_transaction = field.starts_with("receipt");
            assert_eq!(found.transaction, in_transaction.then_some(1), "{what}");
        }
    }
}

#[derive(Default)]
struct Archiving(Option<ArchiveWriter<Vec<u8>>>);

impl Progress for Archiving {
    fn block(&mut self, _: &Progressed) {}

    fn begin(&mut self, genesis: &Genesis) {
        self.0 = Some(ArchiveWriter::new(Vec::new(), genesis).unwrap());
    }

    fn archive(&mut self, block: &ArchivedBlock) {
        self.0.as_mut().unwrap().push(block).unwrap();
    }
}

#[test]
fn an_archive_contains_the_disputed_block_with_the_results_under_dispute() {
    for name in ["wrong-opcode", "wrong-fee"] {
        let mut executors = standard(1);
        executors.push(by_name(name).unwrap().executor());
        let mut archiving = Archiving::default();
        let report = run(&Plan::new(8, 7), executors, &mut archiving).unwrap();
        let disputed = report.first_difference.unwrap();
        let bytes = archiving.0.unwrap().finish().unwrap();
        let (replayed, traced, _) = replay(&bytes, MemoryStore::new()).unwrap();
        let found = replayed.first_difference.unwrap();
        assert_eq!(found.height, disputed.height, "{name}");
        assert_eq!(found.transaction, disputed.transaction, "{name}");
        assert_eq!(found.tx_id, disputed.tx_id, "{name}");
        assert_eq!(replayed.compared, disputed.height.0, "{name}");
        let traced = traced.unwrap();
        assert_eq!(
            traced.divergence, None,
            "R agrees with the right one: {name}"
        );
        assert_eq!(traced.case.block.height, disputed.height, "{name}");
    }
}
