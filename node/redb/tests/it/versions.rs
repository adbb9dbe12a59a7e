//! Opens a file of the layout before, and files whose header is damaged in two places.

use crate::simulated_file::SimulatedFile;
use crate::{ExpectedChain, open, tiny};
use node::Store;
use redb::{Builder, TableDefinition};
use redb_store::CheckedFile;
use twox_hash::XxHash3_64;
use vm::Height;

const BLOCK: usize = 4096;
/// Where the version is in a header block.
const DIGIT: usize = 20;

/// The bytes that a build of version 1 would have left.
fn version_1(file: &SimulatedFile) -> Vec<u8> {
    let checked = CheckedFile::open(Box::new(file.clone())).unwrap();
    let database = Builder::new().create_with_backend(checked).unwrap();
    let transaction = database.begin_write().unwrap();
    for name in ["transactions", "events"] {
        let table: TableDefinition<'_, u64, &[u8]> = TableDefinition::new(name);
        assert!(transaction.delete_table(table).unwrap());
    }
    let records: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
    assert!(transaction.delete_table(records).unwrap());
    transaction.commit().unwrap();
    drop(database);
    let mut bytes = file.bytes();
    for block in bytes.chunks_mut(BLOCK).take(3) {
        assert_eq!(block[DIGIT], b'2');
        block[DIGIT] = b'1';
        let sum = XxHash3_64::oneshot(&block[..BLOCK - 8]);
        block[BLOCK - 8..].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}

#[test]
fn a_file_of_version_1_is_opened_and_becomes_version_2() {
    let chain = tiny(31);
    let file = SimulatedFile::default();
    let mut store = open(&file).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, &chain, 4);
    drop(store);
    let file = SimulatedFile::of(version_1(&file));
    let mut store = open(&file).unwrap();
    assert_eq!(known.check(&store), Some(4));
    assert_eq!(store.transactions(Height(4)).unwrap(), None);
    assert_eq!(store.events(Height(4)).unwrap(), None);
    assert_eq!(store.record(b"any").unwrap(), None);
    assert!(store.receipts(Height(4)).unwrap().is_some());
    store.scrub().unwrap();
    known.continue_to(&mut store, &chain, 6);
    assert_eq!(store.transactions(Height(4)).unwrap(), None);
    assert!(store.transactions(Height(5)).unwrap().is_some());
    store.scrub().unwrap();
    drop(store);
    let bytes = file.bytes();
    for block in bytes.chunks(BLOCK).take(3) {
        assert!(block.starts_with(b"lockstep/redb-store/2\n"));
    }
    assert_eq!(known.check(&open(&file).unwrap()), Some(6));
}

#[test]
fn damage_to_two_header_blocks_leaves_the_last_block_and_to_three_is_a_fault() {
    let chain = tiny(32);
    for is_closed in [true, false] {
        let file = SimulatedFile::default();
        let mut store = open(&file).unwrap();
        let mut known = ExpectedChain::default();
        for height in 0..9 {
            known.continue_to(&mut store, &chain, height);
            let killed = file.bytes();
            if is_closed {
                drop(store);
            } else {
                std::mem::forget(store);
            }
            let bytes = if is_closed { file.bytes() } else { killed };
            for spared in 0..4 {
                let mut damaged = bytes.clone();
                for block in (0..3).filter(|block| *block != spared) {
                    damaged[block * BLOCK + 100 * (block + 1)] ^= 8;
                }
                match open(&SimulatedFile::of(damaged)) {
                    Ok(store) => {
                        assert!(spared < 3);
                        assert_eq!(known.check(&store), Some(height), "{spared}");
                    }
                    Err(fault) => {
                        assert_eq!(spared, 3, "{fault}");
                        assert!(fault.to_string().contains("its header is damaged"));
                    }
                }
            }
            store = open(&file).unwrap();
        }
    }
}
