//! Compares every value of a store with the tree, and the tree with its root.
//!
//! The values come in key order and the leaves in path order, so as many leaves as fit are
//! collected in one pass over the values, and compared with as many shards of the tree, whose
//! hashes are computed again. A state of n leaves takes about n / [`LEAVES_AT_ONCE`] passes, at
//! least one and at most 256.

use super::{StoredTree, each_leaf};
use crate::limits::LEAVES_AT_ONCE;
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
    scrub_by(LEAVES_AT_ONCE, tree, store, state_root)
}

fn scrub_by(
    leaves_max: usize,
    tree: &StoredTree<'_>,
    store: &dyn Store,
    state_root: &[u8; 32],
) -> Result<(), Fault> {
    let leaves_max = u64::try_from(leaves_max).unwrap_or(u64::MAX);
    if tree.root().0 != *state_root {
        return Err(other_root());
    }
    let mut first = 0_u8;
    loop {
        let last = last_of_pass(tree, first, leaves_max);
        compare(tree, store, first..=last)?;
        let Some(next) = last.checked_add(1) else {
            return Ok(());
        };
        first = next;
    }
}

/// Last shard of a pass that begins with this one.
fn last_of_pass(tree: &StoredTree<'_>, first: u8, leaves_max: u64) -> u8 {
    let mut leaves = tree.count(first);
    let mut last = first;
    for shard in (first..=u8::MAX).skip(1) {
        leaves = leaves.saturating_add(tree.count(shard));
        if leaves > leaves_max {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::{BlockResult, Tip};
    use crate::state_tree::{StateTree, TreeOptions};
    use crate::store::{Commit, MemoryStore};
    use vm::{Height, StateDiff};

    /// A store whose only block writes these values; its result is not that of a chain.
    fn store(values: &StateDiff) -> MemoryStore {
        let result = BlockResult {
            state_root: [0; 32],
            receipts_root: [0; 32],
            gas_used: 0,
        };
        let tip = Tip {
            height: Height(0),
            hash: [0; 32],
            time_ms: 0,
            result,
        };
        let mut store = MemoryStore::new();
        let commit = Commit {
            diff: values.clone(),
            tip,
            header: None,
            receipts: Vec::new(),
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        };
        store.commit(commit).unwrap();
        store
    }

    #[test]
    fn any_number_of_passes_finds_a_value_that_is_wrong_lost_or_added() {
        let values: StateDiff = (0..=200_u8).map(|n| (vec![1, n], Some(vec![n]))).collect();
        let whole = store(&values);
        let tree = StateTree::open(&whole, Height(0), &TreeOptions::default(), 1).unwrap();
        let root = tree.root().0;
        for leaves_max in [0, 1, 10, 1_000] {
            let scrubbed = |store: &MemoryStore| {
                scrub_by(leaves_max, &tree.view(store), store, &root)
                    .map_err(|fault| fault.to_string())
            };
            assert_eq!(scrubbed(&whole), Ok(()));
            for n in [0, 77, 200] {
                let key = vec![1, n];
                let mut wrong = values.clone();
                wrong.insert(key.clone(), Some(vec![n, n]));
                let named = format!("state key {} is not", hex::encode(&key));
                let found = scrubbed(&store(&wrong)).unwrap_err();
                assert!(found.contains(&named), "{found}");
                wrong.remove(&key);
                let lost = scrubbed(&store(&wrong)).unwrap_err();
                assert!(lost.contains("committed root"), "{lost}");
                wrong.insert(key, values[&vec![1, n]].clone());
                wrong.insert(vec![2, n], Some(Vec::new()));
                let added = scrubbed(&store(&wrong)).unwrap_err();
                assert!(added.contains(&format!("state key 02{n:02x} ")), "{added}");
            }
            let other = scrub_by(leaves_max, &tree.view(&whole), &whole, &[0; 32]);
            assert!(other.is_err());
        }
    }
}
