//! Applies a sorted batch to the subtree of all paths with one first byte.
//!
//! Only leaves and branches with two non-empty sides are stored. A level with one empty side is
//! hashed with the placeholder, recomputed from the path. A branch stores the hashes of both sides,
//! so a walk never visits a sibling:
//!
//! ```text
//! Branch { bit 11, sides: [hash at depth 12, link] x 2 }        76 bytes, one fewer than leaves
//!            |                        |
//!   Leaf { path, value hash }      Branch { bit 14, .. }        levels 12 and 13: placeholder
//!        64 bytes                                               runs, inside the hash above
//! ```
//!
//! So a key takes 140 bytes. Shards share nothing, so different threads can update them.
//!
//! # Invariants
//! * A branch's `bit` is greater than its parent's: walks and recursion end after 256 steps.
//! * All leaves under a branch share the path's bits before `bit` and differ in `bit`.
//! * The hash beside a link is that of the subtree at the depth where the link is attached.
//!
//! Specification: docs/spec/state.md, "The tree". Tests: `tests/it/roots.rs`.
use core::ops::Range;

use crate::Leaf;
use crate::arena::Arena;
use crate::batch::Change;
use proof::hash::{PATH_BITS, PLACEHOLDER, Path, ValueHash, inner_hash, leaf_hash};

/// The leaves beside a path.
mod adjacent;

pub(crate) use adjacent::AdjacentLeaves;

/// Depth of the shards' roots: the bits of the first byte.
pub(crate) const SHARD_DEPTH: u32 = 8;

/// All leaves whose paths have the same first byte.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    branches: Arena<Branch>,
    leaves: Arena<Leaf>,
    root: Option<Subtree>,
    /// Changes that undo those of the current update, ascending, while they are recorded.
    undo: Option<Vec<Change>>,
}

/// A non-empty subtree, with its hash at the depth where it is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Subtree {
    hash: [u8; 32],
    link: Link,
}

/// Index of a branch or leaf; the bit [`Link::LEAF`] marks a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

/// Decoded link.
enum Target {
    Leaf(u32),
    Branch(u32),
}

/// A node with leaves on both sides; `bit` is the path bit that selects the side.
#[derive(Clone, Copy, Debug)]
struct Branch {
    left: Subtree,
    right: Subtree,
    bit: u8,
}

/// A position where two sides join: at `bit` of `path`, below a link attached at `depth`.
struct Fork<'a> {
    path: &'a Path,
    depth: u32,
    bit: u32,
    /// The branch that was at this position before, reused or freed.
    slot: Option<u32>,
}

impl Shard {
    pub(crate) const fn new() -> Self {
        Self {
            branches: Arena::new(),
            leaves: Arena::new(),
            root: None,
            undo: None,
        }
    }

    /// Makes room for exactly `count` more leaves.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.leaves.reserve(count);
        self.branches.reserve(count);
    }

    /// The number of leaves.
    pub(crate) fn len(&self) -> usize {
        self.leaves.len()
    }

    /// The hash at [`SHARD_DEPTH`], and whether it is that of a single leaf.
    pub(crate) fn root(&self) -> Option<([u8; 32], bool)> {
        self.root
            .map(|root| (root.hash, matches!(root.link.target(), Target::Leaf(_))))
    }

    /// Records what undoes the next updates, for [`Shard::take_undo`].
    pub(crate) fn record_undo(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Changes that undo the updates since [`Shard::record_undo`], ascending.
    pub(crate) fn take_undo(&mut self) -> Vec<Change> {
        self.undo.take().unwrap_or_default()
    }

    fn note_undo(&mut self, path: &Path, old: Option<ValueHash>) {
        if let Some(undo) = &mut self.undo {
            undo.push((*path, old));
        }
    }

    /// Applies changes whose paths all start with this shard's byte.
    pub(crate) fn update(&mut self, changes: &[Change]) {
        self.root = self.apply(self.root, SHARD_DEPTH, changes);
    }

    /// Finds the leaf of a path.
    pub(crate) fn get(&self, path: &Path) -> Option<&Leaf> {
        let mut link = self.root?.link;
        loop {
            match link.target() {
                Target::Leaf(index) => {
                    let leaf = self.leaves.get(index);
                    return (leaf.path == *path).then_some(leaf);
                }
                Target::Branch(index) => {
                    let branch = self.branches.get(index);
                    link = branch.side(path.bit(branch.bit.into())).link;
                }
            }
        }
    }

    /// Appends the siblings of a path from [`SHARD_DEPTH`] down; returns the leaf where it ends.
    pub(crate) fn prove(&self, path: &Path, siblings: &mut Vec<[u8; 32]>) -> Option<Leaf> {
        let mut link = self.root?.link;
        let mut depth = SHARD_DEPTH;
        loop {
            let branch = match link.target() {
                Target::Leaf(index) => return Some(*self.leaves.get(index)),
                Target::Branch(index) => self.branches.get(index),
            };
            let bit = u32::from(branch.bit);
            if bit > depth {
                let below = self.any_path(link);
                let split = below.common_prefix(path);
                siblings.extend((depth..bit.min(split)).map(|_| PLACEHOLDER));
                if split < bit {
                    siblings.push(lift(branch.hash(), below, split.saturating_add(1)..bit));
                    return None;
                }
            }
            let right = path.bit(bit);
            siblings.push(branch.side(!right).hash);
            link = branch.side(right).link;
            depth = bit.saturating_add(1);
        }
    }

    /// Applies changes to the subtree attached at `depth`; all of them share its prefix.
    fn apply(&mut self, old: Option<Subtree>, depth: u32, changes: &[Change]) -> Option<Subtree> {
        let [(first, _), ..] = changes else {
            return old;
        };
        let [.., (last, _)] = changes else { return old };
        let Some(old) = old else {
            return self.build(depth, changes);
        };

        let index = match old.link.target() {
            Target::Leaf(index) => return self.apply_to_leaf(old, index, depth, changes),
            Target::Branch(index) => index,
        };
        let Branch { left, right, bit } = *self.branches.get(index);
        let bit = u32::from(bit);
        if bit > depth {
            // Levels without a branch: the changes may diverge from the path of the leaves below.
            let below = *self.any_path(old.link);
            let split = below.common_prefix(first).min(below.common_prefix(last));
            if split < bit {
                let hash = inner_hash(&left.hash, &right.hash);
                let next = split.saturating_add(1);
                let pushed = Subtree {
                    hash: lift(hash, &below, next..bit),
                    link: old.link,
                };
                let fork = Fork {
                    path: first,
                    depth,
                    bit: split,
                    slot: None,
                };
                return self.split(pushed, &below, &fork, changes);
            }
        }
        let (to_left, to_right) = partition(changes, bit);
        let next = bit.saturating_add(1);
        let new_left = self.apply(Some(left), next, to_left);
        let new_right = self.apply(Some(right), next, to_right);
        if new_left == Some(left) && new_right == Some(right) {
            return Some(old);
        }
        self.join(
            &Fork {
                path: first,
                depth,
                bit,
                slot: Some(index),
            },
            new_left,
            new_right,
        )
    }

    fn apply_to_leaf(
        &mut self,
        old: Subtree,
        index: u32,
        depth: u32,
        changes: &[Change],
    ) -> Option<Subtree> {
        let [(first, value), ..] = changes else {
            return Some(old);
        };
        let [.., (last, _)] = changes else {
            return Some(old);
        };
        let Leaf {
            path,
            value: before,
        } = *self.leaves.get(index);
        let split = first.common_prefix(last).min(first.common_prefix(&path));
        if split < PATH_BITS {
            let fork = Fork {
                path: first,
                depth,
                bit: split,
                slot: None,
            };
            return self.split(old, &path, &fork, changes);
        }
        // There is one change, and it is to this leaf.
        self.note_undo(&path, Some(before));
        let Some(value) = *value else {
            self.leaves.remove(index);
            return None;
        };
        self.leaves.get_mut(index).value = value;
        Some(Subtree {
            hash: leaf_hash(&path, &value),
            link: old.link,
        })
    }

    /// Applies changes of which some diverge at the fork from the path `below` of a subtree.
    fn split(
        &mut self,
        old: Subtree,
        below: &Path,
        fork: &Fork<'_>,
        changes: &[Change],
    ) -> Option<Subtree> {
        let (to_left, to_right) = partition(changes, fork.bit);
        let old_is_right = below.bit(fork.bit);
        let next = fork.bit.saturating_add(1);
        let left = self.apply((!old_is_right).then_some(old), next, to_left);
        let right = self.apply(old_is_right.then_some(old), next, to_right);
        self.join(fork, left, right)
    }

    /// Builds a subtree from changes alone, ignoring removals.
    fn build(&mut self, depth: u32, mut changes: &[Change]) -> Option<Subtree> {
        while let [(_, None), rest @ ..] = changes {
            changes = rest;
        }
        while let [rest @ .., (_, None)] = changes {
            changes = rest;
        }
        let [.., (last, _)] = changes else {
            return None;
        };
        let [(first, Some(value)), rest @ ..] = changes else {
            return None;
        };
        if rest.is_empty() {
            self.note_undo(first, None);
            let index = self.leaves.insert(Leaf {
                path: *first,
                value: *value,
            });
            return Some(Subtree {
                hash: leaf_hash(first, value),
                link: Link::leaf(index),
            });
        }
        let bit = first.common_prefix(last);
        let (to_left, to_right) = partition(changes, bit);
        let next = bit.saturating_add(1);
        let left = self.build(next, to_left);
        let right = self.build(next, to_right);
        self.join(
            &Fork {
                path: first,
                depth,
                bit,
                slot: None,
            },
            left,
            right,
        )
    }

    /// Joins the subtrees left and right below a fork, and hashes the result up to the fork's
    /// depth.
    fn join(
        &mut self,
        fork: &Fork<'_>,
        left: Option<Subtree>,
        right: Option<Subtree>,
    ) -> Option<Subtree> {
        let Fork {
            path,
            depth,
            bit,
            slot,
        } = *fork;
        if let (Some(left), Some(right)) = (left, right) {
            let hash = lift(inner_hash(&left.hash, &right.hash), path, depth..bit);
            // Bit numbers of a path are below 256, so the conversion is lossless.
            let branch = Branch {
                left,
                right,
                bit: u8::try_from(bit).unwrap_or(u8::MAX),
            };
            let index = if let Some(index) = slot {
                *self.branches.get_mut(index) = branch;
                index
            } else {
                self.branches.insert(branch)
            };
            return Some(Subtree {
                hash,
                link: Link(index),
            });
        }
        if let Some(index) = slot {
            self.branches.remove(index);
        }
        let only = left.or(right)?;
        if let Target::Leaf(_) = only.link.target() {
            return Some(only);
        }
        // The branch below keeps its record; this level becomes one of the levels without a branch.
        let hash = if left.is_some() {
            inner_hash(&only.hash, &PLACEHOLDER)
        } else {
            inner_hash(&PLACEHOLDER, &only.hash)
        };
        Some(Subtree {
            hash: lift(hash, path, depth..bit),
            link: only.link,
        })
    }

    /// Path of any leaf below a link; it has the bits of the levels without a branch.
    fn any_path(&self, mut link: Link) -> &Path {
        loop {
            match link.target() {
                Target::Leaf(index) => return &self.leaves.get(index).path,
                Target::Branch(index) => link = self.branches.get(index).left.link,
            }
        }
    }
}

impl Branch {
    const fn side(&self, right: bool) -> &Subtree {
        if right { &self.right } else { &self.left }
    }

    /// Hash at the depth of `bit`.
    fn hash(&self) -> [u8; 32] {
        inner_hash(&self.left.hash, &self.right.hash)
    }
}

impl Link {
    const LEAF: u32 = 1 << 31;

    const fn leaf(index: u32) -> Self {
        Self(index | Self::LEAF)
    }

    const fn target(self) -> Target {
        if self.0 & Self::LEAF == 0 {
            Target::Branch(self.0)
        } else {
            Target::Leaf(self.0 & !Self::LEAF)
        }
    }
}

/// Hashes a subtree at the end of `levels` up to their start; all other sides are empty.
fn lift(hash: [u8; 32], path: &Path, levels: Range<u32>) -> [u8; 32] {
    levels.rev().fold(hash, |hash, depth| {
        if path.bit(depth) {
            inner_hash(&PLACEHOLDER, &hash)
        } else {
            inner_hash(&hash, &PLACEHOLDER)
        }
    })
}

/// Splits changes that agree before `bit` into those that go left there and those that go right.
fn partition(changes: &[Change], bit: u32) -> (&[Change], &[Change]) {
    changes.split_at(changes.partition_point(|(path, _)| !path.bit(bit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::hash::ValueHash;

    #[test]
    fn a_key_takes_140_bytes() {
        assert_eq!(size_of::<Branch>() + size_of::<Leaf>(), 140);
    }

    #[test]
    fn removed_leaves_and_branches_are_reused() {
        let leaf = |byte: u8, value: Option<u8>| {
            let mut path = [byte; 32];
            path[0] = 0;
            (
                Path::from_bytes(path),
                value.map(|value| ValueHash([value; 32])),
            )
        };
        let mut shard = Shard::new();
        shard.update(&[
            leaf(0, Some(1)),
            leaf(1, Some(1)),
            leaf(3, Some(1)),
            leaf(7, Some(1)),
        ]);
        let before = (shard.root, shard.leaves.len(), shard.branches.len());
        assert_eq!((shard.leaves.len(), shard.branches.len()), (4, 3));
        for _ in 0..100 {
            shard.update(&[leaf(1, None), leaf(7, None)]);
            assert_eq!((shard.leaves.len(), shard.branches.len()), (2, 1));
            shard.update(&[leaf(1, Some(1)), leaf(7, Some(1))]);
            assert_eq!(before.0.unwrap().hash, shard.root.unwrap().hash);
            assert_eq!(
                (before.1, before.2),
                (shard.leaves.len(), shard.branches.len())
            );
        }
        assert_eq!(shard.leaves.insert(*shard.leaves.get(0)), 4);
        assert_eq!(shard.branches.insert(*shard.branches.get(0)), 3);
    }
}
