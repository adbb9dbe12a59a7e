//! Computes the Merkle root of a list, as RFC 6962 section 2.1 defines it.
//!
//! ```text
//! empty list   sha256("")
//! one item     sha256(0x00 || item)
//! more         sha256(0x01 || root(first k) || root(rest)), k the largest power of two < n
//! ```
//!
//! Roots of complete subtrees are kept on a stack, at most one for each bit of the length.
//!
//! Specification: docs/spec/blocks.md, "Header". Tests: `tests/it/list.rs`.
use sha2::{Digest, Sha256};

/// The RFC 6962 root of items in order.
///
/// n items take 2n - 1 hashes and a stack of log2(n) hashes.
#[must_use]
pub fn list_root<T: AsRef<[u8]>>(items: &[T]) -> [u8; 32] {
    let mut stack: Vec<[u8; 32]> = Vec::new();
    for (count, item) in (1_u64..).zip(items) {
        let leaf = Sha256::new()
            .chain_update([0])
            .chain_update(item.as_ref())
            .finalize();
        stack.push(leaf.into());
        // As in a binary counter, each carry joins two complete subtrees of one size.
        for _ in 0..count.trailing_zeros() {
            join_last(&mut stack);
        }
    }
    while stack.len() > 1 {
        join_last(&mut stack);
    }
    stack.pop().unwrap_or_else(|| Sha256::digest([]).into())
}

fn join_last(stack: &mut Vec<[u8; 32]>) {
    if let (Some(right), Some(left)) = (stack.pop(), stack.pop()) {
        let hash = Sha256::new()
            .chain_update([1])
            .chain_update(left)
            .chain_update(right);
        stack.push(hash.finalize().into());
    }
}
