//! Keeps the pages of all paths with one first byte, and the trie above them.
//!
//! ```text
//! Shard: Branch --+-- Branch --+-- Slot { id, hash, leaves, .. } --> Page, if it is in memory
//!                 |            +-- Slot
//!                 +-- Slot
//! ```
//!
//! A change goes into the page that its path leads to, and a page that grows above the bound is cut
//! at its branches. A page that is empty goes, and what is beside it is lifted, which reads
//! nothing. Shards share nothing, so different threads can update them.
//!
//! # Invariants
//! * A page that is not in memory equals its record: changed pages are not dropped.
//! * A slot's hash is that at the first branch of its page, at depth `bits`; the hash beside the
//!   link to the slot is lifted from there.
//!
//! Specification: docs/spec/state.md, "Records of the tree". Tests: `tests/it/paged.rs`.
use std::borrow::Cow;

use crate::Leaf;
use crate::batch::Change;
use crate::page::{AdjacentLeaves, Page, Undo};
use crate::record::{Damage, Part, decode_page};
use crate::trie::{Branch, End, Fork, Link, Subtree, Target, Trie, lift};
use proof::hash::{PATH_BITS, Path, ValueHash};

/// Records of a shard, and pages that are too small.
mod checkpoint;

/// The record of the trie above the pages.
mod directory;

/// Comparing pages with their hashes.
mod verified;

/// Depth of the shards' roots: the bits of the first byte.
pub(crate) const SHARD_DEPTH: u32 = 8;

/// All leaves whose paths have the same first byte.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    trie: Trie<Slot>,
    root: Option<Subtree>,
    /// SHA-256 of the stored directory; zeros without one.
    pub(crate) digest: [u8; 32],
}

/// A page, in memory or not.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Number in the shard, never used again.
    pub(crate) id: u64,
    /// Hash at depth `bits`.
    pub(crate) hash: [u8; 32],
    /// A path with the bits that all paths of the page share.
    pub(crate) path: Path,
    /// Number of leaves.
    pub(crate) leaves: u32,
    /// Number of bits that all paths of the page share, 256 for one leaf.
    pub(crate) bits: u32,
    /// Changed since the last checkpoint.
    dirty: bool,
    /// Hash that the page had at the last checkpoint; `None` if it was no part of it.
    recorded: Option<[u8; 32]>,
    /// Number of the last update that used it.
    used: u64,
    page: Option<Box<Page>>,
}

/// What the pages of a shard have in common.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    undo: Undo,
    /// Number of leaves above which a page is cut.
    leaves_max: u32,
    next_id: u64,
    /// Stored pages that are gone since the last checkpoint.
    removed: Vec<u64>,
    /// Number of the current update.
    now: u64,
    leaves: u64,
    /// Bytes of pages in memory, and of those that are changed.
    bytes: usize,
    dirty_bytes: usize,
    /// A page was changed since the last checkpoint.
    changed: bool,
}

/// What is left of a subtree of a page that is cut.
enum Piece {
    /// All of it fits one page: number of leaves.
    Whole(usize),
    Cut(Subtree),
}

/// The page of a slot: `None` if there is none.
pub(crate) type Fetched<'a, E> = Result<Option<Cow<'a, Page>>, E>;

impl Shard {
    pub(crate) const fn new(leaves_max: u32) -> Self {
        Self {
            trie: Trie::new(Pages::new(leaves_max, 0)),
            root: None,
            digest: [0; 32],
        }
    }

    /// Number of leaves.
    pub(crate) const fn len(&self) -> u64 {
        self.trie.context.leaves
    }

    /// Bytes of pages in memory, and of those that are changed.
    pub(crate) const fn bytes(&self) -> (usize, usize) {
        (self.trie.context.bytes, self.trie.context.dirty_bytes)
    }

    /// The hash at [`SHARD_DEPTH`], and whether it is that of a single leaf.
    pub(crate) fn root(&self) -> Option<([u8; 32], bool)> {
        self.root.map(|root| {
            let is_leaf = match root.link.target() {
                Target::End(index) => self.trie.ends.get(index).is_leaf(),
                Target::Branch(_) => false,
            };
            (root.hash, is_leaf)
        })
    }

    /// Records what undoes the next updates, for [`Shard::take_undo`].
    pub(crate) fn record_undo(&mut self) {
        self.trie.context.undo = Some(Vec::new());
    }

    /// Changes that undo the updates since [`Shard::record_undo`], ascending.
    pub(crate) fn take_undo(&mut self) -> Vec<Change> {
        self.trie.context.undo.take().unwrap_or_default()
    }

    /// Numbers the next updates, for [`Shard::clean`].
    pub(crate) const fn set_now(&mut self, now: u64) {
        self.trie.context.now = now;
    }

    /// Applies changes whose paths all start with this shard's byte. All pages that
    /// [`Shard::absent`] lists for them are in memory, or are not changed.
    pub(crate) fn update(&mut self, changes: &[Change]) {
        let before = self.root;
        self.root = self.trie.apply(self.root, SHARD_DEPTH, changes);
        self.trie.context.changed |= before != self.root;
    }

    /// Slots that changes lead to and whose pages are not in memory, with their changes.
    pub(crate) fn absent<'a>(&self, changes: &'a [Change]) -> Vec<(u32, &'a [Change])> {
        let mut found = Vec::new();
        if let Some(root) = self.root {
            self.collect_absent(root.link, SHARD_DEPTH, changes, &mut found);
        }
        found
    }

    fn collect_absent<'a>(
        &self,
        link: Link,
        depth: u32,
        changes: &'a [Change],
        found: &mut Vec<(u32, &'a [Change])>,
    ) {
        if changes.is_empty() {
            return;
        }
        let index = match link.target() {
            Target::End(index) => {
                if self.trie.ends.get(index).page.is_none() {
                    found.push((index, changes));
                }
                return;
            }
            Target::Branch(index) => index,
        };
        let Branch { left, right, bit } = self.trie.branches.get(index);
        let bit = u32::from(*bit);
        let mut below = changes;
        if bit > depth {
            below = within(changes, self.trie.any_path(link), bit);
        }
        let (to_left, to_right) = crate::trie::partition(below, bit);
        let next = bit.saturating_add(1);
        self.collect_absent(left.link, next, to_left, found);
        self.collect_absent(right.link, next, to_right, found);
    }

    /// The slot of an index.
    pub(crate) fn slot(&self, index: u32) -> &Slot {
        self.trie.ends.get(index)
    }

    /// Keeps a page that was read.
    pub(crate) fn install(&mut self, index: u32, page: Page) {
        let context = &mut self.trie.context;
        let slot = self.trie.ends.get_mut(index);
        if slot.page.is_none() {
            context.bytes = context.bytes.saturating_add(page.bytes());
            slot.used = context.now;
            slot.page = Some(Box::new(page));
        }
    }

    /// Pages in memory that equal their records: last use, index, bytes.
    pub(crate) fn clean(&self) -> impl Iterator<Item = (u64, u32, usize)> {
        let slots = (0..).zip(self.trie.ends.iter());
        slots.filter_map(|(index, slot)| {
            let page = slot.page.as_ref().filter(|_| !slot.dirty)?;
            Some((slot.used, index, page.bytes()))
        })
    }

    /// Notes which changed pages equal their records again, because the changes were undone. Only
    /// if nothing is left to undo, since that needs the changed pages.
    pub(crate) fn settle(&mut self) {
        let slots = (0..).zip(self.trie.ends.iter());
        let equal = |slot: &Slot| slot.dirty && slot.recorded == Some(slot.hash);
        let settled: Vec<u32> = slots
            .filter_map(|(index, slot)| equal(slot).then_some(index))
            .collect();
        for index in settled {
            self.trie.set_clean(index);
        }
    }

    /// Drops a page that equals its record.
    pub(crate) fn evict(&mut self, index: u32) {
        let slot = self.trie.ends.get_mut(index);
        if let Some(page) = slot.page.take_if(|_| !slot.dirty) {
            let bytes = &mut self.trie.context.bytes;
            *bytes = bytes.saturating_sub(page.bytes());
        }
    }

    /// Finds the value hash of a path.
    pub(crate) fn get<'a, E>(
        &'a self,
        path: &Path,
        mut fetch: impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<Option<ValueHash>, E> {
        let Some(root) = self.root else {
            return Ok(None);
        };
        let slot = self.trie.ends.get(self.trie.towards(root.link, path));
        Ok(fetch(slot)?.and_then(|page| page.get(path)))
    }

    /// Appends the siblings of a path from [`SHARD_DEPTH`] down; returns the leaf where it ends.
    pub(crate) fn prove<'a, E>(
        &'a self,
        path: &Path,
        siblings: &mut Vec<[u8; 32]>,
        mut fetch: impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<Option<Leaf>, E> {
        let walked = self
            .root
            .and_then(|root| self.trie.walk(root.link, SHARD_DEPTH, path, siblings));
        let Some((index, depth)) = walked else {
            return Ok(None);
        };
        let page = fetch(self.trie.ends.get(index))?;
        Ok(page.and_then(|page| page.prove(depth, path, siblings)))
    }

    /// The leaves of this shard beside a path; the path's own leaf is neither.
    pub(crate) fn adjacent<'a, E>(
        &'a self,
        path: &Path,
        mut fetch: impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<AdjacentLeaves, E> {
        let Some(root) = self.root else {
            return Ok([None; 2]);
        };
        let towards = self.trie.towards(root.link, path);
        let Some(page) = fetch(self.trie.ends.get(towards))? else {
            return Ok([None; 2]);
        };
        let split = page.towards(path).path.common_prefix(path);
        let beside = self.trie.beside(root.link, path, split);
        let mut found = [None; 2];
        if beside.end.is_some() {
            found = page.adjacent(path);
        }
        let sides = [(beside.below, true), (beside.above, false)];
        for (leaf, (link, last)) in found.iter_mut().zip(sides) {
            if let (None, Some(link)) = (&leaf, link) {
                *leaf = self.end(link, last, &mut fetch)?;
            }
        }
        Ok(found)
    }

    /// First or last leaf of the shard.
    pub(crate) fn outermost<'a, E>(
        &'a self,
        last: bool,
        mut fetch: impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<Option<Leaf>, E> {
        match self.root {
            Some(root) => self.end(root.link, last, &mut fetch),
            None => Ok(None),
        }
    }

    fn end<'a, E>(
        &'a self,
        link: Link,
        last: bool,
        fetch: &mut impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<Option<Leaf>, E> {
        let page = fetch(self.trie.ends.get(self.trie.end(link, last)))?;
        Ok(page.map(|page| page.outermost(last)))
    }
}

impl Slot {
    /// The page, if it is in memory.
    pub(crate) fn page(&self) -> Option<&Page> {
        self.page.as_deref()
    }

    /// The record of the page, in the shard of a first byte.
    pub(crate) const fn part(&self, shard: u8) -> Part {
        Part::Page { shard, id: self.id }
    }

    /// Decodes the page and compares it with its hash.
    pub(crate) fn decode(&self, shard: u8, bytes: &[u8]) -> Result<Page, Damage> {
        let damage = |reason| Damage::new(self.part(shard), reason);
        let page = decode_page(bytes, self.leaves, self.bits, &self.hash).map_err(damage)?;
        // The hash of a leaf does not depend on where it is.
        if page.any_path().common_prefix(&self.path) < self.bits {
            return Err(damage("its leaves belong elsewhere"));
        }
        Ok(page)
    }

    /// True if no change concerns a leaf of the page, nor a path among them: what they add is
    /// beside the page.
    pub(crate) fn is_beside(&self, changes: &[Change]) -> bool {
        let outside = |(path, _): &Change| path.common_prefix(&self.path) < self.bits;
        changes.iter().all(outside)
    }
}

impl Pages {
    const fn new(leaves_max: u32, next_id: u64) -> Self {
        Self {
            undo: None,
            leaves_max,
            next_id,
            removed: Vec::new(),
            now: 0,
            leaves: 0,
            bytes: 0,
            dirty_bytes: 0,
            changed: false,
        }
    }
}

impl Trie<Slot> {
    /// Adds a changed page, which has `hash` at `depth`.
    fn insert_page(&mut self, page: Page, hash: [u8; 32], depth: u32) -> Link {
        let id = self.context.next_id;
        self.context.next_id = id.saturating_add(1);
        let index = self.ends.insert(Slot {
            id,
            hash,
            path: *page.any_path(),
            leaves: 0,
            bits: 0,
            dirty: true,
            recorded: None,
            used: 0,
            page: None,
        });
        self.put_page(index, Box::new(page), hash, depth);
        Link::end(index)
    }

    /// Puts a changed page into its slot, whose path is one of it, and counts it.
    fn put_page(&mut self, index: u32, page: Box<Page>, hash: [u8; 32], depth: u32) {
        let context = &mut self.context;
        let slot = self.ends.get_mut(index);
        slot.bits = page.shared_bits();
        slot.leaves = u32::try_from(page.len()).unwrap_or(u32::MAX);
        slot.hash = match slot.bits {
            bits if bits == depth || bits == PATH_BITS => hash,
            _ => page.hash(),
        };
        slot.dirty = true;
        slot.used = context.now;
        let bytes = page.bytes();
        slot.page = Some(page);
        context.leaves = context.leaves.saturating_add(slot.leaves.into());
        context.bytes = context.bytes.saturating_add(bytes);
        context.dirty_bytes = context.dirty_bytes.saturating_add(bytes);
    }

    /// Takes a page out of its slot to change it, and no longer counts it.
    fn take_page(&mut self, index: u32) -> Option<Box<Page>> {
        let context = &mut self.context;
        let slot = self.ends.get_mut(index);
        let page = slot.page.take()?;
        let bytes = page.bytes();
        context.leaves = context.leaves.saturating_sub(slot.leaves.into());
        context.bytes = context.bytes.saturating_sub(bytes);
        if slot.dirty {
            context.dirty_bytes = context.dirty_bytes.saturating_sub(bytes);
        }
        Some(page)
    }

    /// Notes that a page equals its record after all.
    fn set_clean(&mut self, index: u32) {
        let slot = self.ends.get_mut(index);
        if let Some(page) = slot.page.as_ref().filter(|_| slot.dirty) {
            let bytes = &mut self.context.dirty_bytes;
            *bytes = bytes.saturating_sub(page.bytes());
            slot.dirty = false;
        }
    }

    /// Frees the slot of a page that was taken out.
    fn drop_slot(&mut self, index: u32) {
        let slot = self.ends.get(index);
        if slot.recorded.is_some() {
            self.context.removed.push(slot.id);
        }
        self.ends.remove(index);
    }

    /// Divides a page into pages that fit; hashes nothing. `at` is a subtree of the page.
    fn cut(&mut self, page: &Page, at: Subtree, depth: u32) -> Link {
        match self.pieces(page, at) {
            Piece::Whole(count) => self.insert_page(page.part(at.link, count), at.hash, depth),
            Piece::Cut(subtree) => subtree.link,
        }
    }

    fn pieces(&mut self, page: &Page, at: Subtree) -> Piece {
        let Some(branch) = page.branch(at.link) else {
            return Piece::Whole(1);
        };
        let Branch { left, right, bit } = *branch;
        let (to_left, to_right) = (self.pieces(page, left), self.pieces(page, right));
        if let (Piece::Whole(one), Piece::Whole(other)) = (&to_left, &to_right) {
            let count = one.saturating_add(*other);
            if count <= size(self.context.leaves_max) {
                return Piece::Whole(count);
            }
        }
        let bit = u32::from(bit);
        let next = bit.saturating_add(1);
        let mut side = |piece, old: Subtree| match piece {
            Piece::Whole(count) => {
                let link = self.insert_page(page.part(old.link, count), old.hash, next);
                Subtree { link, ..old }
            }
            Piece::Cut(subtree) => subtree,
        };
        let (left, right) = (side(to_left, left), side(to_right, right));
        let index = self.branches.insert(Branch::new(left, right, bit));
        let link = Link::branch(index);
        Piece::Cut(Subtree { link, ..at })
    }

    /// Adds changes beside a page that is not in memory.
    fn add_beside(
        &mut self,
        old: Subtree,
        index: u32,
        depth: u32,
        changes: &[Change],
    ) -> Option<Subtree> {
        let [(first, _), ..] = changes else {
            return Some(old);
        };
        let [.., (last, _)] = changes else {
            return Some(old);
        };
        let slot = self.ends.get(index);
        let (hash, below, bits) = (slot.hash, slot.path, slot.bits);
        let split = below.common_prefix(first).min(below.common_prefix(last));
        if split >= bits {
            return Some(old);
        }
        let is_leaf = slot.is_leaf();
        let next = split.saturating_add(1);
        let lifted = if is_leaf {
            hash
        } else {
            lift(hash, &below, next..bits)
        };
        let pushed = Subtree {
            hash: lifted,
            link: old.link,
        };
        let fork = Fork {
            path: first,
            depth,
            bit: split,
            slot: None,
        };
        self.split(pushed, &below, &fork, changes)
    }
}

impl End for Slot {
    type Context = Pages;

    fn path(&self) -> &Path {
        &self.path
    }

    fn is_leaf(&self) -> bool {
        self.leaves == 1
    }

    fn apply(
        trie: &mut Trie<Self>,
        old: Subtree,
        index: u32,
        depth: u32,
        changes: &[Change],
    ) -> Option<Subtree> {
        let Some(mut page) = trie.take_page(index) else {
            return trie.add_beside(old, index, depth, changes);
        };
        let hash = page.apply(old.hash, depth, changes, &mut trie.context.undo);
        let Some(hash) = hash else {
            trie.drop_slot(index);
            return None;
        };
        if page.len() > size(trie.context.leaves_max) {
            trie.drop_slot(index);
            let link = page.root();
            let link = trie.cut(&page, Subtree { hash, link }, depth);
            return Some(Subtree { hash, link });
        }
        let slot = trie.ends.get_mut(index);
        let is_dirty = slot.dirty || hash != old.hash;
        // A walk to a leaf, only where no path of the page is at hand.
        let put = changes.iter().find(|(_, value)| value.is_some());
        if let Some((path, _)) = put {
            slot.path = *path;
        } else if slot.bits != page.shared_bits() {
            slot.path = *page.any_path();
        }
        trie.put_page(index, page, hash, depth);
        if !is_dirty {
            trie.set_clean(index);
        }
        Some(Subtree {
            hash,
            link: old.link,
        })
    }

    fn build(trie: &mut Trie<Self>, depth: u32, changes: &[Change]) -> Option<Subtree> {
        let (page, hash) = Page::build(depth, changes, &mut trie.context.undo)?;
        let link = page.root();
        let link = if page.len() > size(trie.context.leaves_max) {
            trie.cut(&page, Subtree { hash, link }, depth)
        } else {
            trie.insert_page(page, hash, depth)
        };
        Some(Subtree { hash, link })
    }
}

fn size(leaves: u32) -> usize {
    usize::try_from(leaves).unwrap_or(usize::MAX)
}

/// The changes whose paths share `bits` bits with a path.
fn within<'a>(changes: &'a [Change], path: &Path, bits: u32) -> &'a [Change] {
    let shares = |(other, _): &Change| other.common_prefix(path) >= bits;
    let below = changes.partition_point(|change| change.0 < *path && !shares(change));
    let (_, from) = changes.split_at(below);
    let (inside, _) = from.split_at(from.partition_point(shares));
    inside
}
