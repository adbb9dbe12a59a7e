//! Computes the hashes of a shard again from its leaves, and compares them.

use std::borrow::Cow;

use super::{Fetched, SHARD_DEPTH, Shard, Slot};
use crate::Leaf;
use crate::page::Page;
use crate::record::{Damage, Part};
use crate::trie::{Branch, End as _, Link, Target, lift};
use proof::hash::inner_hash;

impl Shard {
    /// All leaves, ascending, after every hash above them was computed again from them and
    /// compared. Reads the pages that are not in memory, one after the other.
    pub(crate) fn verified_leaves<'a, E: From<Damage>>(
        &'a self,
        shard: u8,
        mut fetch: impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<Vec<Leaf>, E> {
        let mut leaves = Vec::new();
        if let Some(root) = self.root {
            let mut computed = Computed {
                of: self,
                shard,
                leaves: &mut leaves,
            };
            let hash = computed.hash(root.link, SHARD_DEPTH, &mut fetch)?;
            if hash != root.hash {
                let part = Part::Directory { shard };
                return Err(Damage::new(part, "its hashes are not those of its pages").into());
            }
        }
        Ok(leaves)
    }
}

struct Computed<'a, 'b> {
    of: &'a Shard,
    shard: u8,
    leaves: &'b mut Vec<Leaf>,
}

impl<'a> Computed<'a, '_> {
    /// The hash of a subtree at the depth where it is attached.
    fn hash<E: From<Damage>>(
        &mut self,
        link: Link,
        depth: u32,
        fetch: &mut impl FnMut(&'a Slot) -> Fetched<'a, E>,
    ) -> Result<[u8; 32], E> {
        let trie = &self.of.trie;
        let path = trie.any_path(link);
        let index = match link.target() {
            Target::End(index) => index,
            Target::Branch(index) => {
                let Branch { left, right, bit } = *trie.branches.get(index);
                let bit = u32::from(bit);
                let next = bit.saturating_add(1);
                let left = self.hash(left.link, next, fetch)?;
                let right = self.hash(right.link, next, fetch)?;
                return Ok(lift(inner_hash(&left, &right), path, depth..bit));
            }
        };
        let slot = trie.ends.get(index);
        let page = fetch(slot)?;
        let leaves = page.as_ref().map(|page| page.leaves()).unwrap_or_default();
        // One that was just read has been compared already.
        let is_compared = matches!(page, Some(Cow::Owned(_)));
        if !is_compared && Page::of_leaves(&leaves).map(|(_, hash)| hash) != Some(slot.hash) {
            let (shard, id) = (self.shard, slot.id);
            let part = Part::Page { shard, id };
            return Err(Damage::new(part, "its leaves do not have its hash").into());
        }
        self.leaves.extend(leaves);
        Ok(if slot.is_leaf() {
            slot.hash
        } else {
            lift(slot.hash, &slot.path, depth..slot.bits)
        })
    }
}
