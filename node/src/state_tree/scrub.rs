//! Compares every value of a store with the tree, and the tree with its root.
//!
//! The values come in key order and the leaves in path order, so as many leaves as fit are collected
//! in one pass over the values, and compared with as many shards of the tree, whose hashes are
//! computed again. A state of n leaves takes n / [`SCRUB_LEAVES_MAX`] passes, rounded up.

use super::{StoredTree, each_leaf};
use crate::limits::SCRUB_LEAVES_MAX;
use crate::store::Store;
use core::ops::RangeInclusive;
use tree::Leaf;
use vm::Fault;

/// Compares each value with its leaf, each leaf with the hashes above it, and the root with
/// `state_root`.
///
/// # Errors
/// [`Fault`] if the store fails or anything differs; names the state key if a value differs.
pub(crate) fn scrub(
    tree: &StoredTree<'_>,
    store: &dyn Store,
    state_root: &[u8; 32],
) -> Result<(), Fault> {
    if tree.root().0 != *state_root {
        return Err(other_root());
    }
    let mut first = 0_u8;
    loop {
        let last = last_of_pass(tree, first);
        compare(tree, store, first..=last)?;
        let Some(next) = last.checked_add(1) else {
            return Ok(());
        };
        first = next;
    }
}

/// Last shard of a pass that begins with this one.
fn last_of_pass(tree: &StoredTree<'_>, first: u8) -> u8 {
    let mut leaves = tree.count(first);
    let mut last = first;
    for shard in (first..=u8::MAX).skip(1) {
        leaves = leaves.saturating_add(tree.count(shard));
        if leaves > SCRUB_LEAVES_MAX {
            break;
        }
        last = shard;
    }
    last
}

fn compare(
    tree: &StoredTree<'_>,
    store: &dyn Store,
    shards: RangeInclusive<u8>,
) -> Result<(), Fault> {
    let mut values = Vec::new();
    each_leaf(store, |_, (path, value)| {
        if shards.contains(&path.first_byte()) {
            values.push(Leaf { path, value });
        }
        Ok(())
    })?;
    values.sort_unstable_by_key(|leaf| leaf.path);
    let mut rest = values.as_slice();
    for shard in shards {
        let of_shard = rest.partition_point(|leaf| leaf.path.first_byte() <= shard);
        let (values, later) = rest.split_at(of_shard);
        rest = later;
        let leaves = tree.verified_leaves(shard)?;
        if values != leaves {
            return Err(difference(store, values, &leaves));
        }
    }
    Ok(())
}

/// Names the state key of the first value that is not that of the tree.
fn difference(store: &dyn Store, values: &[Leaf], leaves: &[Leaf]) -> Fault {
    let differs = |leaf: &&Leaf| {
        leaves
            .binary_search_by_key(&leaf.path, |l| l.path)
            .map_or(true, |index| leaves.get(index) != Some(leaf))
    };
    let Some(wrong) = values.iter().find(differs) else {
        return other_root();
    };
    let mut named = None;
    let looked = each_leaf(store, |key, (path, _)| {
        if path == wrong.path {
            named = Some(hex::encode(key));
        }
        Ok(())
    });
    match (looked, named) {
        (Err(fault), _) => fault,
        (Ok(()), Some(key)) => Fault::Store(format!(
            "the value under state key {key} is not the committed one"
        )),
        (Ok(()), None) => Fault::Store("two scans of the store differ".to_owned()),
    }
}

fn other_root() -> Fault {
    Fault::Store("the state does not have the committed root".to_owned())
}
