//! Tests that the state has the hashes of the last 256 blocks and no others.
#![cfg(test)]

use crate::chain::Chain;
use host_api::limits::BLOCK_HASHES_MAX;
use vm::{Height, key};

#[test]
fn the_state_keeps_the_hashes_of_the_last_256_blocks() {
    let mut chain = Chain::new();
    let count = u64::from(BLOCK_HASHES_MAX);
    let is_kept = |chain: &Chain, height| {
        let hash = chain
            .node
            .store()
            .read(&key::block_hash(Height(height)))
            .unwrap();
        hash.is_some()
    };
    for _ in 0..count {
        chain.apply(Vec::new());
    }
    assert!(
        is_kept(&chain, 1),
        "256 blocks, and the first is among them"
    );
    chain.apply(Vec::new());
    assert!(!is_kept(&chain, 1));
    assert!(is_kept(&chain, 2));
    assert!(is_kept(&chain, count + 1));
}
