//! Applies a sorted batch to a path-compressed binary trie over leaves or over pages of leaves.
//!
//! Only ends and branches with two non-empty sides are stored. A level with one empty side is
//! hashed with the placeholder, recomputed from the path. A branch stores the hashes of both sides,
//! so a walk never visits a sibling:
//!
//! ```text
//! Branch { bit 11, sides: [hash at depth 12, link] x 2 }        76 bytes, one fewer than ends
//!            |                        |
//!           End                   Branch { bit 14, .. }         levels 12 and 13: placeholder
//!                                                               runs, inside the hash above
//! ```
//!
//! The trie of a [`Page`](crate::page::Page) ends in leaves, that of a
//! [`Shard`](crate::shard::Shard) in pages.
//!
//! # Invariants
//! * A branch's `bit` is greater than its parent's: walks and recursion end after 256 steps.
//! * All ends under a branch share the path's bits before `bit` and differ in `bit`.
//! * The hash beside a link is that of the subtree at the depth where the link is attached.
//!
//! Specification: docs/spec/state.md, "The tree". Tests: `tests/it/roots.rs`.
use core::ops::Range;

use crate::arena::Arena;
use crate::batch::Change;
use proof::hash::{PLACEHOLDER, Path, inner_hash};

/// What a trie ends in: leaves, or pages of leaves.
pub(crate) trait End: Sized {
    /// What changes of the ends need besides the trie.
    type Context;

    /// A path with the bits that all paths of this end share.
    fn path(&self) -> &Path;

    /// True if there is one leaf, whose hash is the same at every depth.
    fn is_leaf(&self) -> bool;

    /// Applies changes to an end that is attached at `depth`; all of them share its prefix.
    fn apply(
        trie: &mut Trie<Self>,
        old: Subtree,
        index: u32,
        depth: u32,
        changes: &[Change],
    ) -> Option<Subtree>;

    /// Builds a subtree from changes alone, ignoring removals.
    fn build(trie: &mut Trie<Self>, depth: u32, changes: &[Change]) -> Option<Subtree>;
}

/// Branches and ends; the root is kept by the owner.
#[derive(Clone, Debug)]
pub(crate) struct Trie<E: End> {
    pub(crate) branches: Arena<Branch>,
    pub(crate) ends: Arena<E>,
    pub(crate) context: E::Context,
}

/// A non-empty subtree, with its hash at the depth where it is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subtree {
    pub(crate) hash: [u8; 32],
    pub(crate) link: Link,
}

/// Index of a branch or an end; the bit [`Link::END`] marks an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link(u32);

/// Decoded link.
pub(crate) enum Target {
    End(u32),
    Branch(u32),
}

/// A node with ends on both sides; `bit` is the path bit that selects the side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    pub(crate) left: Subtree,
    pub(crate) right: Subtree,
    pub(crate) bit: u8,
}

/// A position where two sides join: at `bit` of `path`, below a link attached at `depth`.
pub(crate) struct Fork<'a> {
    pub(crate) path: &'a Path,
    pub(crate) depth: u32,
    pub(crate) bit: u32,
    /// The branch that was at this position before, reused or freed.
    pub(crate) slot: Option<u32>,
}

impl<E: End> Trie<E> {
    pub(crate) const fn new(context: E::Context) -> Self {
        Self {
            branches: Arena::new(),
            ends: Arena::new(),
            context,
        }
    }

    /// Applies changes to the subtree attached at `depth`; all of them share its prefix.
    pub(crate) fn apply(
        &mut self,
        old: Option<Subtree>,
        depth: u32,
        changes: &[Change],
    ) -> Option<Subtree> {
        let [(first, _), ..] = changes else {
            return old;
        };
        let [.., (last, _)] = changes else { return old };
        let Some(old) = old else {
            return E::build(self, depth, changes);
        };

        let index = match old.link.target() {
            Target::End(index) => return E::apply(self, old, index, depth, changes),
            Target::Branch(index) => index,
        };
        let Branch { left, right, bit } = *self.branches.get(index);
        let bit = u32::from(bit);
        if bit > depth {
            // Levels without a branch: the changes may diverge from the path of the ends below.
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

    /// Applies changes of which some diverge at the fork from the path `below` of a subtree, whose
    /// hash is that at the depth below the fork.
    pub(crate) fn split(
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

    /// Joins the subtrees left and right below a fork, and hashes the result up to the fork's
    /// depth.
    pub(crate) fn join(
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
            let branch = Branch::new(left, right, bit);
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
        if let Target::End(index) = only.link.target()
            && self.ends.get(index).is_leaf()
        {
            return Some(only);
        }
        // What is below keeps its record; this level becomes one of the levels without a branch.
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

    /// A path with the bits that all paths below a link share; it has those of the levels without a
    /// branch.
    pub(crate) fn any_path(&self, link: Link) -> &Path {
        self.ends.get(self.end(link, false)).path()
    }

    /// Index of the first or last end below a link.
    pub(crate) fn end(&self, mut link: Link, last: bool) -> u32 {
        loop {
            match link.target() {
                Target::End(index) => return index,
                Target::Branch(index) => link = self.branches.get(index).side(last).link,
            }
        }
    }

    /// Index of the end that the bits of a path lead to.
    pub(crate) fn towards(&self, mut link: Link, path: &Path) -> u32 {
        loop {
            match link.target() {
                Target::End(index) => return index,
                Target::Branch(index) => {
                    let branch = self.branches.get(index);
                    link = branch.side(path.bit(branch.bit.into())).link;
                }
            }
        }
    }

    /// Appends the siblings of a path from `depth` down; returns the end that it leads to, with the
    /// depth where that is attached. `None` if the path ends at a level without a branch.
    pub(crate) fn walk(
        &self,
        mut link: Link,
        mut depth: u32,
        path: &Path,
        siblings: &mut Vec<[u8; 32]>,
    ) -> Option<(u32, u32)> {
        loop {
            let branch = match link.target() {
                Target::End(index) => return Some((index, depth)),
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

    /// What is beside a path whose longest common prefix with a leaf is `split` bits: the subtrees
    /// below and above it, and the subtree that the path itself leads into, if it is an end.
    pub(crate) fn beside(&self, root: Link, path: &Path, split: u32) -> Beside {
        let mut beside = Beside {
            below: None,
            above: None,
            end: None,
        };
        let mut link = root;
        while let Target::Branch(index) = link.target() {
            let branch = self.branches.get(index);
            let bit = u32::from(branch.bit);
            if bit >= split {
                // The whole subtree has the other value of the bit at `split`.
                beside.put(path.bit(split), link);
                return beside;
            }
            let right = path.bit(bit);
            beside.put(right, branch.side(!right).link);
            link = branch.side(right).link;
        }
        if let Target::End(index) = link.target() {
            beside.end = Some(index);
        }
        beside
    }
}

/// The subtrees beside a path.
pub(crate) struct Beside {
    pub(crate) below: Option<Link>,
    pub(crate) above: Option<Link>,
    pub(crate) end: Option<u32>,
}

impl Beside {
    /// Notes a subtree that is below the path, or else above it, and closer than those before.
    const fn put(&mut self, below: bool, link: Link) {
        if below {
            self.below = Some(link);
        } else {
            self.above = Some(link);
        }
    }
}

impl Branch {
    pub(crate) fn new(left: Subtree, right: Subtree, bit: u32) -> Self {
        // Bit numbers of a path are below 256, so the conversion is lossless.
        let bit = u8::try_from(bit).unwrap_or(u8::MAX);
        Self { left, right, bit }
    }

    pub(crate) const fn side(&self, right: bool) -> &Subtree {
        if right { &self.right } else { &self.left }
    }

    /// Hash at the depth of `bit`.
    pub(crate) fn hash(&self) -> [u8; 32] {
        inner_hash(&self.left.hash, &self.right.hash)
    }
}

impl Link {
    const END: u32 = 1 << 31;

    pub(crate) const fn end(index: u32) -> Self {
        Self(index | Self::END)
    }

    pub(crate) const fn branch(index: u32) -> Self {
        Self(index)
    }

    pub(crate) const fn target(self) -> Target {
        if self.0 & Self::END == 0 {
            Target::Branch(self.0)
        } else {
            Target::End(self.0 & !Self::END)
        }
    }
}

/// Hashes a subtree at the end of `levels` up to their start; all other sides are empty.
pub(crate) fn lift(hash: [u8; 32], path: &Path, levels: Range<u32>) -> [u8; 32] {
    levels.rev().fold(hash, |hash, depth| {
        if path.bit(depth) {
            inner_hash(&PLACEHOLDER, &hash)
        } else {
            inner_hash(&hash, &PLACEHOLDER)
        }
    })
}

/// Splits changes that agree before `bit` into those that go left there and those that go right.
pub(crate) fn partition(changes: &[Change], bit: u32) -> (&[Change], &[Change]) {
    changes.split_at(changes.partition_point(|(path, _)| !path.bit(bit)))
}
