//! Generates batches from a seed, with paths that are hard cases for a tree.

use std::collections::BTreeMap;

use tree::{Batch, Path, ValueHash};

/// SplitMix64.
pub(crate) struct Rng(u64);

/// Changes of one version: values, not their hashes, because `jmt` takes values.
pub(crate) type Changes = BTreeMap<Path, Option<Vec<u8>>>;

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}

/// Flips one bit of a path.
pub(crate) fn flip(path: &Path, bit: usize) -> Path {
    let mut bytes = *path.as_bytes();
    bytes[bit / 8] ^= 0x80 >> (bit % 8);
    Path::from_bytes(bytes)
}

/// Paths of which most share long prefixes with others, up to the last bit.
pub(crate) fn paths(rng: &mut Rng, count: usize) -> Vec<Path> {
    let mut paths = vec![Path::from_bytes(rng.bytes())];
    while paths.len() < count {
        let known = paths[rng.below(paths.len())];
        let path = match rng.below(5) {
            0 => Path::from_bytes(rng.bytes()),
            1 => {
                let mut bytes = *known.as_bytes();
                bytes[31] = rng.bytes()[0];
                Path::from_bytes(bytes)
            }
            2 => flip(&known, 240 + rng.below(16)),
            3 => flip(&known, rng.below(24)),
            _ => {
                let shared = rng.below(32);
                let mut bytes = rng.bytes();
                bytes[..shared].copy_from_slice(&known.as_bytes()[..shared]);
                Path::from_bytes(bytes)
            }
        };
        paths.push(path);
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// Changes of one version: inserts, overwrites, removals, removals of absent paths; sometimes of
/// all.
pub(crate) fn changes(rng: &mut Rng, paths: &[Path]) -> Changes {
    if rng.below(12) == 0 {
        return paths.iter().map(|path| (*path, None)).collect();
    }
    let deletes = rng.below(10);
    let count = 1 + rng.below(paths.len());
    (0..count)
        .map(|_| {
            let path = paths[rng.below(paths.len())];
            let value = (rng.below(10) >= deletes).then(|| rng.bytes()[..rng.below(8)].to_vec());
            (path, value)
        })
        .collect()
}

/// The same changes as a batch of the tree.
pub(crate) fn batch(changes: &Changes) -> Batch {
    changes
        .iter()
        .map(|(path, value)| (*path, value.as_deref().map(ValueHash::of)))
        .collect()
}

/// Applies changes to the plain set of leaves of a tree.
pub(crate) fn apply(leaves: &mut BTreeMap<Path, ValueHash>, changes: &Changes) {
    for (path, value) in changes {
        match value {
            Some(value) => leaves.insert(*path, ValueHash::of(value)),
            None => leaves.remove(path),
        };
    }
}
