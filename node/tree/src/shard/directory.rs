//! Encodes the trie above the pages of a shard as one record, and decodes it.
//!
//! ```text
//! directory = next id u64 || node
//! node      = 0 || bit u8 || node (left) || node (right)
//!           | 1 || id u64 || leaves u32 || bits u16 || shared bits || hash
//! ```
//!
//! Numbers are little-endian; the shared bits are as many bytes as they need.

use super::{Pages, SHARD_DEPTH, Shard, Slot};
use crate::arena::Arena;
use crate::record::Reader;
use crate::trie::{Branch, End as _, Link, Subtree, Target, Trie, lift};
use proof::hash::{PATH_BITS, Path, inner_hash};

const BRANCH: u8 = 0;
const PAGE: u8 = 1;
/// Greatest next id: pages are never so many.
const NEXT_ID_MAX: u64 = 1 << 62;

/// A subtree with the path and number of bits that all its paths share.
struct Decoded {
    subtree: Subtree,
    path: Path,
}

impl Shard {
    /// The record; `None` without a page.
    pub(super) fn encode_directory(&self) -> Option<Vec<u8>> {
        let root = self.root?;
        let mut bytes = self.trie.context.next_id.to_le_bytes().to_vec();
        self.encode_node(root.link, &mut bytes);
        Some(bytes)
    }

    fn encode_node(&self, link: Link, bytes: &mut Vec<u8>) {
        match link.target() {
            Target::Branch(index) => {
                let Branch { left, right, bit } = self.trie.branches.get(index);
                bytes.extend([BRANCH, *bit]);
                self.encode_node(left.link, bytes);
                self.encode_node(right.link, bytes);
            }
            Target::End(index) => {
                let slot = self.trie.ends.get(index);
                bytes.push(PAGE);
                bytes.extend(slot.id.to_le_bytes());
                bytes.extend(slot.leaves.to_le_bytes());
                // At most 256.
                let bits = u16::try_from(slot.bits).unwrap_or(u16::MAX);
                bytes.extend(bits.to_le_bytes());
                let shared = slot.path.as_bytes().iter();
                bytes.extend(shared.take(byte_count(slot.bits)));
                bytes.extend(slot.hash);
            }
        }
    }

    /// Decodes the directory of the shard of a first byte; no page is in memory.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub(crate) fn decode_directory(
        bytes: &[u8],
        shard: u8,
        leaves_max: u32,
    ) -> Result<Self, &'static str> {
        let mut reader = Reader::new(bytes);
        let next_id = u64::from_le_bytes(reader.array()?);
        if next_id > NEXT_ID_MAX {
            return Err("its next id is too great");
        }
        let mut trie = Trie::new(Pages::new(leaves_max, next_id));
        let root = decode_node(&mut reader, &mut trie, SHARD_DEPTH)?;
        reader.end()?;
        if root.path.first_byte() != shard {
            return Err("its paths are those of another shard");
        }
        check_ids(&trie.ends, next_id)?;
        Ok(Self {
            trie,
            root: Some(root.subtree),
            digest: [0; 32],
        })
    }

    /// Ids of all pages, and the next one.
    pub(crate) fn ids(&self) -> (Vec<u64>, u64) {
        let ids = self.trie.ends.iter().map(|slot| slot.id).collect();
        (ids, self.trie.context.next_id)
    }

    /// Continues after these ids, whose records the next checkpoint removes.
    pub(crate) fn replaces(&mut self, ids: Vec<u64>, next_id: u64) {
        self.trie.context.removed = ids;
        self.trie.context.next_id = next_id;
        self.trie.context.changed = true;
    }
}

fn decode_node(
    reader: &mut Reader<'_>,
    trie: &mut Trie<Slot>,
    depth: u32,
) -> Result<Decoded, &'static str> {
    match reader.array()? {
        [BRANCH] => {
            let [bit] = reader.array()?;
            let bit = u32::from(bit);
            if bit < depth {
                return Err("a branch is above the one that it is below");
            }
            let next = bit.saturating_add(1);
            let left = decode_node(reader, trie, next)?;
            let right = decode_node(reader, trie, next)?;
            if left.path.common_prefix(&right.path) != bit || left.path.bit(bit) {
                return Err("paths are on the wrong side of a branch");
            }
            let path = left.path;
            let hash = inner_hash(&left.subtree.hash, &right.subtree.hash);
            let branch = Branch::new(left.subtree, right.subtree, bit);
            let index = trie.branches.insert(branch);
            let subtree = Subtree {
                hash: lift(hash, &path, depth..bit),
                link: Link::branch(index),
            };
            Ok(Decoded { subtree, path })
        }
        [PAGE] => decode_slot(reader, trie, depth),
        _ => Err("a node is neither a branch nor a page"),
    }
}

fn decode_slot(
    reader: &mut Reader<'_>,
    trie: &mut Trie<Slot>,
    depth: u32,
) -> Result<Decoded, &'static str> {
    let id = u64::from_le_bytes(reader.array()?);
    let leaves = u32::from_le_bytes(reader.array()?);
    let bits = u32::from(u16::from_le_bytes(reader.array()?));
    if leaves == 0 || bits < depth || bits > PATH_BITS || (bits == PATH_BITS) != (leaves == 1) {
        return Err("a page has leaves that do not fit its place");
    }
    let mut path = [0; 32];
    let shared = reader.take(byte_count(bits))?;
    for (to, from) in path.iter_mut().zip(shared) {
        *to = *from;
    }
    let path = Path::from_bytes(path);
    let hash = reader.array()?;
    let slot = Slot {
        id,
        hash,
        path,
        leaves,
        bits,
        dirty: false,
        recorded: Some(hash),
        used: 0,
        page: None,
    };
    let hash = if slot.is_leaf() {
        hash
    } else {
        lift(hash, &path, depth..bits)
    };
    trie.context.leaves = trie.context.leaves.saturating_add(leaves.into());
    let link = Link::end(trie.ends.insert(slot));
    let subtree = Subtree { hash, link };
    Ok(Decoded { subtree, path })
}

fn check_ids(slots: &Arena<Slot>, next_id: u64) -> Result<(), &'static str> {
    let mut ids: Vec<u64> = slots.iter().map(|slot| slot.id).collect();
    ids.sort_unstable();
    let pairs = ids.iter().zip(ids.iter().skip(1));
    if pairs.into_iter().any(|(one, other)| one == other) {
        return Err("two pages have one id");
    }
    match ids.last() {
        Some(last) if *last >= next_id => Err("a page has an id that is not used yet"),
        _ => Ok(()),
    }
}

fn byte_count(bits: u32) -> usize {
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}
