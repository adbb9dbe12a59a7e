//! Keeps the leaves of one subtree, with the hashes above them; the unit that is read and written.
//!
//! A page is the trie over a bounded number of leaves. It does not know at which depth it is
//! attached: the shard above it passes depth and hash. What is stored of it are its leaves; the
//! hashes are computed again when it is read, and compared with the one above.
//!
//! Specification: docs/spec/state.md, "Records of the tree". Tests: `tests/it/paged.rs`.
use crate::Leaf;
use crate::batch::Change;
use crate::trie::{Branch, End, Fork, Link, Subtree, Target, Trie, partition};
use proof::hash::{PATH_BITS, Path, ValueHash, leaf_hash};

/// Changes that undo those of the current update, ascending, while they are recorded.
pub(crate) type Undo = Option<Vec<Change>>;

/// A subtree of at least one leaf.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    trie: Trie<Leaf>,
    root: Link,
}

/// The leaves beside a path: below and above it.
pub type AdjacentLeaves = [Option<Leaf>; 2];

impl Page {
    /// Builds a page from changes, ignoring removals; returns it with its hash at `depth`.
    pub(crate) fn build(
        depth: u32,
        changes: &[Change],
        undo: &mut Undo,
    ) -> Option<(Self, [u8; 32])> {
        let mut trie = Trie::new(undo.take());
        trie.ends.reserve(changes.len());
        trie.branches.reserve(changes.len().saturating_sub(1));
        let root = Leaf::build(&mut trie, depth, changes);
        *undo = trie.context.take();
        let Subtree { hash, link } = root?;
        Some((Self { trie, root: link }, hash))
    }

    /// Builds the page of these leaves, strictly ascending, with its hash at its own first branch.
    pub(crate) fn of_leaves(leaves: &[Leaf]) -> Option<(Self, [u8; 32])> {
        let [first, ..] = leaves else { return None };
        let [.., last] = leaves else { return None };
        let puts: Vec<Change> = leaves
            .iter()
            .map(|leaf| (leaf.path, Some(leaf.value)))
            .collect();
        Self::build(first.path.common_prefix(&last.path), &puts, &mut None)
    }

    /// Applies changes; `hash` is that at `depth` before, the result that after. `None` if no leaf
    /// is left.
    pub(crate) fn apply(
        &mut self,
        hash: [u8; 32],
        depth: u32,
        changes: &[Change],
        undo: &mut Undo,
    ) -> Option<[u8; 32]> {
        self.trie.context = undo.take();
        let root = Subtree {
            hash,
            link: self.root,
        };
        let root = self.trie.apply(Some(root), depth, changes);
        *undo = self.trie.context.take();
        let Subtree { hash, link } = root?;
        self.root = link;
        Some(hash)
    }

    /// Number of leaves.
    pub(crate) fn len(&self) -> usize {
        self.trie.ends.len()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let arenas = self
            .trie
            .branches
            .bytes()
            .saturating_add(self.trie.ends.bytes());
        arenas.saturating_add(size_of::<Self>())
    }

    /// Number of bits that all its paths share, 256 for one leaf.
    pub(crate) fn shared_bits(&self) -> u32 {
        match self.root.target() {
            Target::End(_) => PATH_BITS,
            Target::Branch(index) => self.trie.branches.get(index).bit.into(),
        }
    }

    /// One of its paths.
    pub(crate) fn any_path(&self) -> &Path {
        self.trie.any_path(self.root)
    }

    /// Hash at its own first branch.
    pub(crate) fn hash(&self) -> [u8; 32] {
        match self.root.target() {
            Target::End(index) => {
                let Leaf { path, value } = self.trie.ends.get(index);
                leaf_hash(path, value)
            }
            Target::Branch(index) => self.trie.branches.get(index).hash(),
        }
    }

    /// Finds the leaf of a path.
    pub(crate) fn get(&self, path: &Path) -> Option<ValueHash> {
        let leaf = self.towards(path);
        (leaf.path == *path).then_some(leaf.value)
    }

    /// The leaf that the bits of a path lead to: none shares more bits with it.
    pub(crate) fn towards(&self, path: &Path) -> &Leaf {
        self.trie.ends.get(self.trie.towards(self.root, path))
    }

    /// Appends the siblings of a path from `depth` down; returns the leaf where it ends.
    pub(crate) fn prove(
        &self,
        depth: u32,
        path: &Path,
        siblings: &mut Vec<[u8; 32]>,
    ) -> Option<Leaf> {
        let (end, _) = self.trie.walk(self.root, depth, path, siblings)?;
        Some(*self.trie.ends.get(end))
    }

    /// The leaves of this page beside a path; the path's own leaf is neither.
    pub(crate) fn adjacent(&self, path: &Path) -> AdjacentLeaves {
        let split = self.towards(path).path.common_prefix(path);
        let mut beside = self.trie.beside(self.root, path, split);
        if let Some(index) = beside.end
            && split < PATH_BITS
        {
            let link = Some(Link::end(index));
            if path.bit(split) {
                beside.below = link;
            } else {
                beside.above = link;
            }
        }
        let leaf = |link, last| *self.trie.ends.get(self.trie.end(link, last));
        [
            beside.below.map(|link| leaf(link, true)),
            beside.above.map(|link| leaf(link, false)),
        ]
    }

    /// First or last leaf.
    pub(crate) fn outermost(&self, last: bool) -> Leaf {
        *self.trie.ends.get(self.trie.end(self.root, last))
    }

    /// All leaves, ascending.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::with_capacity(self.len());
        self.each_leaf(self.root, &mut |leaf| leaves.push(*leaf));
        leaves
    }

    fn each_leaf(&self, link: Link, show: &mut impl FnMut(&Leaf)) {
        match link.target() {
            Target::End(index) => show(self.trie.ends.get(index)),
            Target::Branch(index) => {
                let Branch { left, right, .. } = self.trie.branches.get(index);
                self.each_leaf(left.link, show);
                self.each_leaf(right.link, show);
            }
        }
    }

    /// The root and the branch at a link, to take a page apart.
    pub(crate) const fn root(&self) -> Link {
        self.root
    }

    /// The branch at a link, `None` at a leaf.
    pub(crate) fn branch(&self, link: Link) -> Option<&Branch> {
        match link.target() {
            Target::End(_) => None,
            Target::Branch(index) => Some(self.trie.branches.get(index)),
        }
    }

    /// A page of the `count` leaves below a link; hashes nothing.
    pub(crate) fn part(&self, link: Link, count: usize) -> Self {
        let mut trie = Trie::new(None);
        trie.ends.reserve(count);
        trie.branches.reserve(count.saturating_sub(1));
        let root = self.copy(link, &mut trie);
        Self { trie, root }
    }

    /// One page of two that are the sides of a branch; hashes nothing.
    pub(crate) fn merged(left: &Self, right: &Self, branch: &Branch) -> Self {
        let count = left.len().saturating_add(right.len());
        let mut trie = Trie::new(None);
        trie.ends.reserve(count);
        trie.branches.reserve(count.saturating_sub(1));
        let sides = [
            (left.copy(left.root, &mut trie), branch.left.hash),
            (right.copy(right.root, &mut trie), branch.right.hash),
        ];
        let [left, right] = sides.map(|(link, hash)| Subtree { hash, link });
        let index = trie.branches.insert(Branch {
            left,
            right,
            bit: branch.bit,
        });
        let root = Link::branch(index);
        Self { trie, root }
    }

    fn copy(&self, link: Link, to: &mut Trie<Leaf>) -> Link {
        match link.target() {
            Target::End(index) => Link::end(to.ends.insert(*self.trie.ends.get(index))),
            Target::Branch(index) => {
                let mut branch = *self.trie.branches.get(index);
                branch.left.link = self.copy(branch.left.link, to);
                branch.right.link = self.copy(branch.right.link, to);
                Link::branch(to.branches.insert(branch))
            }
        }
    }
}

impl Trie<Leaf> {
    fn note_undo(&mut self, path: &Path, old: Option<ValueHash>) {
        if let Some(undo) = &mut self.context {
            undo.push((*path, old));
        }
    }
}

impl End for Leaf {
    type Context = Undo;

    fn path(&self) -> &Path {
        &self.path
    }

    fn is_leaf(&self) -> bool {
        true
    }

    fn apply(
        trie: &mut Trie<Self>,
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
        let Self {
            path,
            value: before,
        } = *trie.ends.get(index);
        let split = first.common_prefix(last).min(first.common_prefix(&path));
        if split < PATH_BITS {
            let fork = Fork {
                path: first,
                depth,
                bit: split,
                slot: None,
            };
            return trie.split(old, &path, &fork, changes);
        }
        // There is one change, and it is to this leaf. One that changes nothing is not undone, so
        // that what undoes an update touches changed pages only.
        if *value == Some(before) {
            return Some(old);
        }
        trie.note_undo(&path, Some(before));
        let Some(value) = *value else {
            trie.ends.remove(index);
            return None;
        };
        trie.ends.get_mut(index).value = value;
        Some(Subtree {
            hash: leaf_hash(&path, &value),
            link: old.link,
        })
    }

    fn build(trie: &mut Trie<Self>, depth: u32, mut changes: &[Change]) -> Option<Subtree> {
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
            trie.note_undo(first, None);
            let index = trie.ends.insert(Self {
                path: *first,
                value: *value,
            });
            return Some(Subtree {
                hash: leaf_hash(first, value),
                link: Link::end(index),
            });
        }
        let bit = first.common_prefix(last);
        let (to_left, to_right) = partition(changes, bit);
        let next = bit.saturating_add(1);
        let left = Self::build(trie, next, to_left);
        let right = Self::build(trie, next, to_right);
        trie.join(
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_140_bytes() {
        assert_eq!(size_of::<Branch>() + size_of::<Leaf>(), 140);
    }

    #[test]
    fn removed_leaves_and_branches_are_reused() {
        let leaf = |byte: u8, value: Option<u8>| {
            let value = value.map(|value| ValueHash([value; 32]));
            (Path::from_bytes([byte; 32]), value)
        };
        let puts = [0, 1, 3, 7].map(|byte| leaf(byte, Some(1)));
        let (mut page, built) = Page::build(0, &puts, &mut None).unwrap();
        let sizes = |page: &Page| (page.trie.ends.len(), page.trie.branches.len());
        assert_eq!(sizes(&page), (4, 3));
        let bytes = page.bytes();
        for _ in 0..100 {
            let gone = [leaf(1, None), leaf(7, None)];
            let hash = page.apply(built, 0, &gone, &mut None).unwrap();
            assert_eq!(sizes(&page), (2, 1));
            let back = [leaf(1, Some(1)), leaf(7, Some(1))];
            assert_eq!(page.apply(hash, 0, &back, &mut None), Some(built));
            assert_eq!(sizes(&page), (4, 3));
        }
        // The two freed indices of each kind.
        assert!(page.bytes() <= bytes + 2 * 2 * 8, "{}", page.bytes());
    }
}
