//! Writes chains as archives and replays them on every engine and store.

use node::archive::{ArchiveError, ArchiveReader, ArchiveWriter, ArchivedBlock};
use node::{CachePolicy, Genesis, LogStore, MemoryStore, Parts, ReceiptExit, Store};
use node_sim::disk::SimulatedDisk;
use node_sim::replay::{Replay, ReplaySummary};
use node_sim::simulate::injected::WrongGas;
use node_sim::simulate::{Plan, Progress, Progressed, run, standard};
use reference::Reference;
use vm::{Engine, Interpreter};

#[derive(Default)]
struct ArchivingProgress {
    writer: Option<ArchiveWriter<Vec<u8>>>,
    blocks: Vec<ArchivedBlock>,
}

impl Progress for ArchivingProgress {
    fn block(&mut self, _: &Progressed) {}

    fn begin(&mut self, genesis: &Genesis) {
        self.writer = Some(ArchiveWriter::new(Vec::new(), genesis).unwrap());
    }

    fn archive(&mut self, block: &ArchivedBlock) {
        self.writer.as_mut().unwrap().push(block).unwrap();
        self.blocks.push(block.clone());
    }
}

/// The archive of a simulated chain, its blocks, and its last state root.
pub(crate) fn archive(blocks: u64, seed: u64) -> (Vec<u8>, Vec<ArchivedBlock>, [u8; 32]) {
    let mut archiving = ArchivingProgress::default();
    let report = run(&Plan::new(blocks, seed), standard(2), &mut archiving).unwrap();
    assert!(report.agreed);
    let bytes = archiving.writer.unwrap().finish().unwrap();
    (bytes, archiving.blocks, report.state_root)
}

fn replay(bytes: &[u8], engine: Box<dyn Engine>, store: Box<dyn Store>) -> (ReplaySummary, bool) {
    let parts = Parts {
        engine,
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let reader = ArchiveReader::new(bytes).unwrap();
    let mut replay = Replay::new(reader, parts, store).unwrap();
    while replay.step().unwrap() {}
    let replayed = replay.replayed().clone();
    (replayed, replay.into_node().scrub().is_ok())
}

fn memory() -> Box<dyn Store> {
    Box::new(MemoryStore::new())
}

#[test]
fn an_archive_replays_to_its_root_on_every_engine_and_store() {
    let (bytes, blocks, root) = archive(12, 5);
    let disk = SimulatedDisk::new(1);
    let log = Box::new(LogStore::open(disk).unwrap());
    let runs = [
        replay(&bytes, Box::new(Interpreter::new()), memory()),
        replay(&bytes, Box::new(Reference::new()), memory()),
        replay(&bytes, Box::new(engine_wasmi::Wasmi::new()), memory()),
        replay(&bytes, Box::new(Interpreter::new()), log),
    ];
    for (replayed, scrubbed) in runs {
        assert_eq!(replayed.first_difference, None);
        assert_eq!((replayed.height.0, replayed.state_root), (12, root));
        let transactions: usize = blocks.iter().map(|block| block.entries.len()).sum();
        assert_eq!(replayed.transactions, transactions as u64);
        assert!(scrubbed);
    }
}

#[test]
fn a_replay_continues_where_the_store_ends() {
    let (bytes, _, root) = archive(8, 5);
    let (short, _, _) = archive(5, 5);
    let disk = SimulatedDisk::new(1);
    let open = || Box::new(LogStore::open(disk.clone()).unwrap());
    replay(&short, Box::new(Interpreter::new()), open());
    let (replayed, _) = replay(&bytes, Box::new(Interpreter::new()), open());
    assert_eq!(replayed.first_difference, None);
    assert_eq!((replayed.height.0, replayed.state_root), (8, root));
}

#[test]
fn a_wrong_engine_is_found_at_the_first_contract_call() {
    let (bytes, blocks, _) = archive(6, 5);
    let (replayed, _) = replay(&bytes, Box::new(WrongGas::default()), memory());
    let difference = replayed.first_difference.unwrap();
    let ran = |exit| !matches!(exit, ReceiptExit::Skipped | ReceiptExit::Rejected);
    // Block 1 uploads, block 2 deploys: its first transaction runs the first frame.
    let first = blocks[1]
        .entries
        .iter()
        .position(|entry| ran(entry.receipt.exit) && entry.receipt.gas_used > 0)
        .unwrap();
    assert_eq!(difference.height.0, 2);
    assert_eq!(difference.transaction, Some(first as u32));
    assert_eq!(difference.field, "receipt.gas_used");
    assert_eq!(
        difference.tx_id,
        Some(blocks[1].entries[first].receipt.tx_id)
    );
}

/// The archive with one block changed.
pub(crate) fn changed(bytes: &[u8], height: usize, change: impl Fn(&mut ArchivedBlock)) -> Vec<u8> {
    let mut reader = ArchiveReader::new(bytes).unwrap();
    let mut writer = ArchiveWriter::new(Vec::new(), reader.genesis()).unwrap();
    let mut number = 1;
    while let Some(mut block) = reader.next_block().unwrap() {
        if number == height {
            change(&mut block);
        }
        writer.push(&block).unwrap();
        number += 1;
    }
    writer.finish().unwrap()
}

#[test]
fn each_recorded_field_is_compared_and_named() {
    let (bytes, _, _) = archive(3, 6);
    type Change = fn(&mut ArchivedBlock);
    let cases: [(&str, Change); 9] = [
        ("receipt.exit", |block| {
            block.entries[0].receipt.exit = ReceiptExit::Trap
        }),
        ("receipt.code", |block| block.entries[0].receipt.code = 77),
        ("receipt.output_hash", |block| {
            block.entries[0].receipt.output_hash = [1; 32]
        }),
        ("receipt.events_root", |block| {
            block.entries[0].receipt.events_root = [1; 32]
        }),
        ("diff", |block| block.entries[0].diff_hash = [1; 32]),
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
    for (field, change) in cases {
        let bytes = changed(&bytes, 2, change);
        let (replayed, _) = replay(&bytes, Box::new(Interpreter::new()), memory());
        let difference = replayed.first_difference.expect(field);
        assert_eq!((difference.height.0, difference.field), (2, field));
        assert_ne!(difference.recorded, difference.found);
        let in_transaction = field.starts_with("receipt") || field == "diff";
        assert_eq!(difference.transaction, in_transaction.then_some(0));
    }
    let bytes = changed(&bytes, 2, |block| block.block.header.time_ms = 0);
    let (replayed, _) = replay(&bytes, Box::new(Interpreter::new()), memory());
    let difference = replayed.first_difference.unwrap();
    assert_eq!((difference.height.0, difference.field), (2, "block"));
    assert_eq!(replayed.height.0, 1);
}

#[test]
fn damage_is_reported_with_record_and_reason() {
    let (bytes, _, _) = archive(2, 6);
    let read = |bytes: &[u8]| -> Result<u64, ArchiveError> {
        let mut reader = ArchiveReader::new(bytes)?;
        let mut count = 0;
        while reader.next_block()?.is_some() {
            count += 1;
        }
        Ok(count)
    };
    assert_eq!(read(&bytes).unwrap(), 2);
    for length in (0..bytes.len()).filter(|length| *length < 300 || length % 997 == 0) {
        let cut = read(&bytes[..length]);
        match cut {
            Err(ArchiveError::Magic) => assert!(length < 19),
            Err(ArchiveError::CutOff { .. }) => assert!(length >= 19),
            // Cut between two records: the file is a shorter archive.
            Ok(count) => assert!(count < 2),
            Err(other) => panic!("cut at {length}: {other}"),
        }
        let mut flipped = bytes.clone();
        flipped[length] ^= 0x10;
        assert!(
            read(&flipped).is_err(),
            "byte {length} was flipped unnoticed"
        );
    }
    let long = [&bytes[..19], &[0xff; 4]].concat();
    assert!(matches!(
        read(&long),
        Err(ArchiveError::TooLong { at, .. }) if (at.record, at.offset) == (0, 19)
    ));
}
