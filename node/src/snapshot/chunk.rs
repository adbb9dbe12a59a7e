//! Encodes chunks, and computes the hash of the subtree that a chunk is.

use super::CHUNK_BYTES_MAX;
use crate::digest::{encode, length};
use borsh::{BorshDeserialize, BorshSerialize};
use tree::hash::{PATH_BITS, PLACEHOLDER, inner_hash, leaf_hash};
use tree::{Path, ValueHash};

const LINE: &[u8] = b"lockstep/snapshot-chunk/1\n";

/// A key and its value.
pub(super) type KeyValue = (Vec<u8>, Vec<u8>);

/// A subtree of the state tree. Its kind decides what it is together with the one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Subtree {
    /// No leaf.
    Empty,
    /// One leaf, with its hash.
    Leaf([u8; 32]),
    /// More than one leaf.
    Inner([u8; 32]),
}

impl Subtree {
    pub(super) const fn hash(&self) -> [u8; 32] {
        match self {
            Self::Empty => PLACEHOLDER,
            Self::Leaf(hash) | Self::Inner(hash) => *hash,
        }
    }

    fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (one, Self::Empty) if !matches!(one, Self::Inner(_)) => one,
            (Self::Empty, Self::Leaf(hash)) => Self::Leaf(hash),
            _ => Self::Inner(inner_hash(&left.hash(), &right.hash())),
        }
    }
}

/// The tree over subtrees of one depth, whose number is a power of two.
pub(super) fn fold(mut subtrees: Vec<Subtree>) -> Subtree {
    while subtrees.len() > 1 {
        let pairs = subtrees.chunks(2);
        subtrees = pairs
            .map(|pair| match pair {
                [left, right] => Subtree::join(*left, *right),
                _ => Subtree::Empty,
            })
            .collect();
    }
    subtrees.first().copied().unwrap_or(Subtree::Empty)
}

/// The subtree at a depth of leaves in the order of their paths, which differ.
fn subtree(leaves: &[(Path, ValueHash)], depth: u32) -> Subtree {
    match leaves {
        [] => Subtree::Empty,
        [(path, value)] => Subtree::Leaf(leaf_hash(path, value)),
        // Different paths differ before.
        _ if depth >= PATH_BITS => Subtree::Empty,
        _ => {
            let middle = leaves.partition_point(|(path, _)| !path.bit(depth));
            let (left, right) = leaves.split_at(middle);
            let below = depth.saturating_add(1);
            Subtree::join(subtree(left, below), subtree(right, below))
        }
    }
}

/// The chunk in which a key is, if paths are divided by their first `bits` bits, at most 16.
pub(super) fn index_of(path: &Path, bits: u8) -> u32 {
    let [first, second, ..] = *path.as_bytes();
    let start = u32::from(first).wrapping_shl(8) | u32::from(second);
    start.wrapping_shr(u32::from(16_u8.saturating_sub(bits)))
}

/// Entries in the order of their paths, and the subtree that they are.
pub(super) struct Chunk {
    pub(super) entries: Vec<KeyValue>,
    pub(super) subtree: Subtree,
}

impl Chunk {
    /// The chunk of entries in any order, whose keys differ.
    pub(super) fn new(entries: Vec<KeyValue>, bits: u8) -> Self {
        let mut placed: Vec<(Path, KeyValue)> = entries
            .into_iter()
            .map(|entry| (Path::of_key(&entry.0), entry))
            .collect();
        placed.sort_unstable_by_key(|(path, _)| *path);
        let leaves: Vec<(Path, ValueHash)> = placed
            .iter()
            .map(|(path, (_, value))| (*path, ValueHash::of(value)))
            .collect();
        Self {
            subtree: subtree(&leaves, u32::from(bits)),
            entries: placed.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// The file: line, then key and value of each entry in borsh.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = LINE.to_vec();
        for entry in &self.entries {
            bytes.extend(encode(entry));
        }
        bytes
    }

    /// Decodes chunk `index` of those with `bits` bits.
    pub(super) fn decode(bytes: &[u8], index: u32, bits: u8) -> Result<Self, &'static str> {
        if length(bytes) > CHUNK_BYTES_MAX {
            return Err("it is too long");
        }
        let Some(mut rest) = bytes.strip_prefix(LINE) else {
            return Err("it is no chunk of a snapshot, or one of another version");
        };
        let mut entries: Vec<KeyValue> = Vec::new();
        let mut leaves: Vec<(Path, ValueHash)> = Vec::new();
        while !rest.is_empty() {
            let entry = KeyValue::deserialize(&mut rest).map_err(|_| "it does not decode")?;
            let path = Path::of_key(&entry.0);
            if index_of(&path, bits) != index {
                return Err("it has a key of another chunk");
            }
            if leaves.last().is_some_and(|(last, _)| *last >= path) {
                return Err("its keys are not in order");
            }
            leaves.push((path, ValueHash::of(&entry.1)));
            entries.push(entry);
        }
        Ok(Self {
            entries,
            subtree: subtree(&leaves, u32::from(bits)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree::{Batch, Tree};

    /// Few and many keys, so that chunks are empty, have one leaf, and are alone in the tree.
    #[test]
    fn chunks_fold_to_the_root_of_the_tree() {
        for count in [0_u64, 1, 2, 3, 5, 9, 40, 400] {
            let entries = (0..count).map(|number| {
                let key = number.wrapping_mul(7).to_le_bytes().to_vec();
                (key, vec![1; usize::try_from(number % 9).expect("small")])
            });
            let entries: Vec<KeyValue> = entries.collect();
            let batch: Batch = entries
                .iter()
                .map(|(key, value)| (Path::of_key(key), Some(ValueHash::of(value))))
                .collect();
            let root = Tree::new().update(&batch).0;
            for bits in [0, 1, 2, 4, 7, 8, 9, 16] {
                let mut chunks = vec![Vec::new(); 1 << bits];
                for entry in &entries {
                    let index = index_of(&Path::of_key(&entry.0), bits);
                    chunks[usize::try_from(index).expect("small")].push(entry.clone());
                }
                let mut subtrees = Vec::new();
                for (index, entries) in (0..).zip(chunks) {
                    let chunk = Chunk::new(entries, bits);
                    let read = Chunk::decode(&chunk.encode(), index, bits).expect("decodes");
                    assert_eq!(read.entries, chunk.entries);
                    assert_eq!(read.subtree, chunk.subtree);
                    subtrees.push(chunk.subtree);
                }
                assert_eq!(fold(subtrees).hash(), root, "{count} keys, {bits} bits");
            }
        }
    }

    #[test]
    fn a_chunk_is_ordered_and_has_its_own_keys() {
        let entries = |numbers: std::ops::Range<u8>| -> Vec<KeyValue> {
            numbers.map(|number| (vec![number], vec![])).collect()
        };
        let chunk = Chunk::new(entries(0..9), 0);
        assert!(Chunk::decode(&chunk.encode(), 0, 0).is_ok());
        assert!(Chunk::decode(&chunk.encode(), 0, 3).is_err());
        let mut swapped = Chunk::new(entries(0..9), 0);
        swapped.entries.swap(2, 3);
        assert!(Chunk::decode(&swapped.encode(), 0, 0).is_err());
        let mut twice = Chunk::new(entries(0..2), 0);
        twice.entries[1] = twice.entries[0].clone();
        assert!(Chunk::decode(&twice.encode(), 0, 0).is_err());
        assert!(Chunk::decode(b"", 0, 0).is_err());
    }
}
