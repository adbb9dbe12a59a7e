//! Finds the leaves beside a path: the greatest below it and the least above it.
//!
//! Walks down to the leaf that the path's bits lead to. At the first bit where path and leaf
//! differ, the whole subtree is on one side of the path, and its nearest leaf is one result. The
//! other is the nearest leaf beyond the last turn to the other side.

use super::{Link, Shard, Target};
use crate::Leaf;
use proof::hash::{PATH_BITS, Path};

/// The leaves beside a path: below and above it.
pub(crate) type AdjacentLeaves = [Option<Leaf>; 2];

impl Shard {
    /// The leaves of this shard beside a path; the path's own leaf is neither.
    pub(crate) fn adjacent(&self, path: &Path) -> AdjacentLeaves {
        let Some(root) = self.root else {
            return [None; 2];
        };
        let split = self.leaf_towards(root.link, path).path.common_prefix(path);
        let (mut below, mut above) = (None, None);
        let mut link = root.link;
        while let Target::Branch(index) = link.target() {
            let branch = self.branches.get(index);
            let bit = u32::from(branch.bit);
            if bit >= split {
                break;
            }
            if path.bit(bit) {
                below = Some(branch.left.link);
            } else {
                above = Some(branch.right.link);
            }
            link = branch.side(path.bit(bit)).link;
        }
        if split < PATH_BITS {
            // The whole subtree has the other value of this bit.
            let side = if path.bit(split) {
                &mut below
            } else {
                &mut above
            };
            *side = Some(link);
        }
        [
            below.map(|link| *self.end(link, true)),
            above.map(|link| *self.end(link, false)),
        ]
    }

    /// First or last leaf of the shard.
    pub(crate) fn outermost(&self, last: bool) -> Option<Leaf> {
        self.root.map(|root| *self.end(root.link, last))
    }

    fn leaf_towards(&self, mut link: Link, path: &Path) -> &Leaf {
        loop {
            match link.target() {
                Target::Leaf(index) => return self.leaves.get(index),
                Target::Branch(index) => {
                    let branch = self.branches.get(index);
                    link = branch.side(path.bit(branch.bit.into())).link;
                }
            }
        }
    }

    /// First or last leaf below a link.
    fn end(&self, mut link: Link, last: bool) -> &Leaf {
        loop {
            match link.target() {
                Target::Leaf(index) => return self.leaves.get(index),
                Target::Branch(index) => link = self.branches.get(index).side(last).link,
            }
        }
    }
}
