//! Computes the Merkle root of a list, as RFC 6962 section 2.1 defines it, and proves its items.
//!
//! ```text
//! empty list   sha256("")
//! one item     sha256(0x00 || item)
//! more         sha256(0x01 || root(first k) || root(rest)), k the largest power of two < n
//! ```
//!
//! Roots of complete subtrees are kept on a stack, at most one for each bit of the length.
//!
//! Specification: docs/spec/blocks.md, "Header"; docs/spec/proofs.md, "Lists". Tests:
//! `tests/it/list.rs`.
use proof::list::{ListPath, ListProof, SubtreeItem, item_hash, pair_hash};
use sha2::{Digest, Sha256};

/// The RFC 6962 root of items in order.
///
/// n items take 2n - 1 hashes and a stack of log2(n) hashes.
#[must_use]
pub fn list_root<T: AsRef<[u8]>>(items: &[T]) -> [u8; 32] {
    let mut stack: Vec<[u8; 32]> = Vec::new();
    for (count, item) in (1_u64..).zip(items) {
        stack.push(item_hash(item.as_ref()));
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
        stack.push(pair_hash(&left, &right));
    }
}

/// Proves an item and its index; `None` if the list has no such item.
///
/// Takes about 2n hashes. Of each subtree that is passed, the shortest item is in the proof.
#[must_use]
pub fn list_proof<T: AsRef<[u8]>>(items: &[T], index: usize) -> Option<ListProof> {
    let walk = Walk::new(items, index)?;
    let mut passed = Vec::new();
    for subtree in walk.passed {
        let lengths = subtree.iter().map(|item| item.as_ref().len()).enumerate();
        let (shortest, _) = lengths.min_by_key(|(_, length)| *length)?;
        passed.push(SubtreeItem {
            item: subtree.get(shortest)?.as_ref().to_vec(),
            path: Walk::new(subtree, shortest)?.path,
        });
    }
    Some(ListProof {
        path: walk.path,
        passed,
    })
}

/// The way from the root of a list down to an item.
struct Walk<'a, T> {
    path: ListPath,
    /// The complete subtrees on the left before the first turn to the left.
    passed: Vec<&'a [T]>,
}

impl<'a, T: AsRef<[u8]>> Walk<'a, T> {
    fn new(items: &'a [T], index: usize) -> Option<Self> {
        let (mut items, mut index) = (items, index);
        items.get(index)?;
        let mut path = ListPath {
            directions: 0,
            siblings: Vec::new(),
        };
        let (mut passed, mut has_turned) = (Vec::new(), false);
        while items.len() > 1 {
            let complete = items.len().div_ceil(2).next_power_of_two();
            let (left, right) = items.split_at_checked(complete)?;
            path.directions = path.directions.checked_mul(2)?;
            let sibling = if let Some(rest) = index.checked_sub(complete) {
                if !has_turned {
                    passed.push(left);
                }
                path.directions |= 1;
                (items, index) = (right, rest);
                left
            } else {
                has_turned = true;
                items = left;
                right
            };
            path.siblings.push(list_root(sibling));
        }
        // Collected from the root down; a path lists them from the item up.
        path.siblings.reverse();
        Some(Self { path, passed })
    }
}
