//! Merges pages that are too small, and lists the records that a checkpoint changes.

use super::{Shard, Slot};
use crate::page::Page;
use crate::record::{Record, directory_key, encode_page, page_key};
use crate::trie::{Branch, Link, Target};
use sha2::{Digest, Sha256};

impl Shard {
    /// True if the shard differs from its records.
    pub(crate) const fn is_changed(&self) -> bool {
        self.trie.context.changed
    }

    /// Slots whose pages are needed to merge changed pages, and are not in memory.
    pub(crate) fn absent_siblings(&self) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(root) = self.root {
            self.collect_siblings(root.link, &mut found);
        }
        found
    }

    fn collect_siblings(&self, link: Link, found: &mut Vec<u32>) {
        let Target::Branch(index) = link.target() else {
            return;
        };
        let Branch { left, right, .. } = self.trie.branches.get(index);
        if let (Target::End(left), Target::End(right)) = (left.link.target(), right.link.target()) {
            let slots = [left, right].map(|index| (index, self.trie.ends.get(index)));
            if self.are_small(slots.map(|(_, slot)| slot)) {
                let absent = slots.iter().filter(|(_, slot)| slot.page.is_none());
                found.extend(absent.map(|(index, _)| index));
            }
            return;
        }
        self.collect_siblings(left.link, found);
        self.collect_siblings(right.link, found);
    }

    /// True if two pages, of which one is changed, fill at most half a page.
    fn are_small(&self, slots: [&Slot; 2]) -> bool {
        let leaves = slots.iter().map(|slot| slot.leaves);
        let leaves = leaves.fold(0_u32, u32::saturating_add);
        leaves <= self.trie.context.leaves_max / 2 && slots.iter().any(|slot| slot.dirty)
    }

    /// Merges pages beside each other that are small, changed and in memory.
    pub(crate) fn merge(&mut self) {
        if let Some(mut root) = self.root {
            root.link = self.merge_below(root.link);
            self.root = Some(root);
        }
    }

    fn merge_below(&mut self, link: Link) -> Link {
        let Target::Branch(index) = link.target() else {
            return link;
        };
        let mut branch = *self.trie.branches.get(index);
        branch.left.link = self.merge_below(branch.left.link);
        branch.right.link = self.merge_below(branch.right.link);
        *self.trie.branches.get_mut(index) = branch;
        self.merge_sides(index, &branch).unwrap_or(link)
    }

    fn merge_sides(&mut self, index: u32, branch: &Branch) -> Option<Link> {
        let Target::End(left) = branch.left.link.target() else {
            return None;
        };
        let Target::End(right) = branch.right.link.target() else {
            return None;
        };
        let slots = [left, right].map(|index| self.trie.ends.get(index));
        if !self.are_small(slots) || slots.iter().any(|slot| slot.page.is_none()) {
            return None;
        }
        let one = self.trie.take_page(left)?;
        let other = self.trie.take_page(right)?;
        self.trie.drop_slot(left);
        self.trie.drop_slot(right);
        self.trie.branches.remove(index);
        let page = Page::merged(&one, &other, branch);
        let hash = page.hash();
        Some(self.trie.insert_page(page, hash, branch.bit.into()))
    }

    /// Appends the records that changed since the last checkpoint; from now on the pages equal
    /// them.
    pub(crate) fn take_records(&mut self, shard: u8, records: &mut Vec<Record>) {
        let context = &mut self.trie.context;
        for id in context.removed.drain(..) {
            records.push((page_key(shard, id), None));
        }
        for slot in self.trie.ends.iter_mut() {
            let Some(page) = slot.page.as_ref().filter(|_| slot.dirty) else {
                continue;
            };
            records.push((page_key(shard, slot.id), Some(encode_page(&page.leaves()))));
            slot.dirty = false;
            slot.recorded = Some(slot.hash);
        }
        context.dirty_bytes = 0;
        context.changed = false;
        let directory = self.encode_directory();
        self.digest = directory
            .as_ref()
            .map_or([0; 32], |bytes| Sha256::digest(bytes).into());
        records.push((directory_key(shard), directory));
    }
}
