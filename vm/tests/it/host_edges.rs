//! Tests exact bounds of host functions: each test detects an injected off-by-one bug.
#![cfg(test)]

use crate::host_script::{HostFixture, resume_i32};
use host_api::Function;
use host_api::limits::BLOCK_HASHES_MAX;
use vm::{BlockMetadata, Height, key};

#[test]
fn the_256th_block_hash_back_is_the_last_one() {
    let mut fixture = HostFixture::default();
    let height = 1_000;
    fixture.block = BlockMetadata {
        height: Height(height),
        ..fixture.block
    };
    let oldest = height - u64::from(BLOCK_HASHES_MAX);
    for at in [oldest - 1, oldest] {
        let hash = vec![1; 32];
        fixture
            .world
            .values
            .insert(key::block_hash(Height(at)), hash);
    }
    assert_eq!(
        fixture.call(Function::BlockHash, &[oldest, 0]),
        resume_i32(1)
    );
    let beyond = fixture.call(Function::BlockHash, &[oldest - 1, 0]);
    assert_eq!(beyond, resume_i32(0));
}

/// Keys a and b are written in the transaction. A page is a count, then for each entry the key and
/// the value with their lengths.
#[test]
fn a_scan_excludes_its_end() {
    let mut fixture = HostFixture::default();
    fixture.put(0, b"ab");
    for at in [0, 1] {
        fixture.call(Function::StorageWrite, &[at, 1, 0, 1]);
    }
    let whole = fixture.call(Function::StorageScan, &[0, 1, 0, 0, 9, 100, 100]);
    assert_eq!(whole, resume_i32(4 + 2 * (4 + 1 + 4 + 1)));
    let first = fixture.call(Function::StorageScan, &[0, 1, 1, 1, 9, 100, 100]);
    assert_eq!(first, resume_i32(4 + 4 + 1 + 4 + 1));
}
