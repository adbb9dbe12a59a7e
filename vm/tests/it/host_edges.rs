//! Edges of the host that only a change right at them moves: each was found by a planted mistake.
#![cfg(test)]

use crate::host_script::{Stage, resume_i32};
use host_api::Function;
use host_api::limits::BLOCK_HASHES_MAX;
use vm::{BlockMetadata, Height, key};

#[test]
fn the_256th_block_hash_back_is_the_last_one() {
    let mut stage = Stage::default();
    let height = 1_000;
    stage.block = BlockMetadata {
        height: Height(height),
        ..stage.block
    };
    let oldest = height - u64::from(BLOCK_HASHES_MAX);
    for at in [oldest - 1, oldest] {
        let hash = vec![1; 32];
        stage.world.values.insert(key::block_hash(Height(at)), hash);
    }
    assert_eq!(stage.call(Function::BlockHash, &[oldest, 0]), resume_i32(1));
    let beyond = stage.call(Function::BlockHash, &[oldest - 1, 0]);
    assert_eq!(beyond, resume_i32(0));
}

/// Keys a and b, both written in the transaction; a page is a count, then for each entry the key
/// and the value with their lengths.
#[test]
fn a_scan_ends_before_its_end() {
    let mut stage = Stage::default();
    stage.put(0, b"ab");
    for at in [0, 1] {
        stage.call(Function::StorageWrite, &[at, 1, 0, 1]);
    }
    let whole = stage.call(Function::StorageScan, &[0, 1, 0, 0, 9, 100, 100]);
    assert_eq!(whole, resume_i32(4 + 2 * (4 + 1 + 4 + 1)));
    let first = stage.call(Function::StorageScan, &[0, 1, 1, 1, 9, 100, 100]);
    assert_eq!(first, resume_i32(4 + 4 + 1 + 4 + 1));
}
