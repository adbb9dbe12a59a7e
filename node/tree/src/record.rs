//! Names and encodes the records of the tree, which a store keeps beside the state.
//!
//! | record | key | bytes |
//! |---|---|---|
//! | page | 1, shard, id u64 | leaves, ascending: path, value hash |
//! | directory | 2, shard | the trie above the pages of a shard, see `shard/directory.rs` |
//! | checkpoint | 3 | version, height u64, root, SHA-256 of each directory; the SHA-256 of all |
//! | log | 4, height u64 | changes of a block, ascending: path, value hash or none; then the same |
//!
//! Numbers in keys are big-endian, in records little-endian. Reading is total on any bytes: a
//! record is what it was written as, or [`Damage`].
//!
//! Specification: docs/spec/state.md, "Records of the tree". Tests: `tests/it/records.rs`.
use core::fmt;

use crate::batch::{Batch, Change};
use crate::page::Page;
use crate::{Leaf, Path, Root, ValueHash};
use sha2::{Digest, Sha256};

/// A record to write, by key; `None` removes it.
pub type Record = (Vec<u8>, Option<Vec<u8>>);

/// What reads records.
pub trait RecordSource {
    /// Why a record cannot be read.
    type Error;

    /// The record under a key, `None` if absent.
    ///
    /// # Errors
    /// The source failed.
    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// A record of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A page of leaves.
    Page {
        /// First byte of its paths.
        shard: u8,
        /// Its number in the shard.
        id: u64,
    },
    /// The directory of the pages of a shard.
    Directory {
        /// First byte of its paths.
        shard: u8,
    },
    /// The record of the last checkpoint.
    Checkpoint,
    /// The changes of a block after the last checkpoint.
    Log {
        /// Height of the block.
        height: u64,
    },
}

/// A record is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The record.
    pub part: Part,
    reason: &'static str,
}

/// What the record of a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) height: u64,
    pub(crate) root: Root,
    /// SHA-256 of each directory, zeros for a shard without one.
    pub(crate) digests: Vec<[u8; 32]>,
}

const PAGE: u8 = 1;
const DIRECTORY: u8 = 2;
const CHECKPOINT: u8 = 3;
const LOG: u8 = 4;
/// Version of all records.
const VERSION: u8 = 1;

const REMOVED: u8 = 0;
const PUT: u8 = 1;

pub(crate) fn page_key(shard: u8, id: u64) -> Vec<u8> {
    let mut key = vec![PAGE, shard];
    key.extend(ordered(id));
    key
}

pub(crate) fn directory_key(shard: u8) -> Vec<u8> {
    vec![DIRECTORY, shard]
}

pub(crate) fn checkpoint_key() -> Vec<u8> {
    vec![CHECKPOINT]
}

pub(crate) fn log_key(height: u64) -> Vec<u8> {
    let mut key = vec![LOG];
    key.extend(ordered(height));
    key
}

#[expect(
    clippy::big_endian_bytes,
    reason = "keys are in the order of the numbers, so that new pages are beside each other"
)]
const fn ordered(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

pub(crate) fn encode_page(leaves: &[Leaf]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(leaves.len().saturating_mul(64));
    for Leaf { path, value } in leaves {
        bytes.extend(path.as_bytes());
        bytes.extend(value.0);
    }
    bytes
}

/// Decodes a page of so many leaves that share so many bits, computes its hashes and compares them
/// with this one.
pub(crate) fn decode_page(
    bytes: &[u8],
    count: u32,
    bits: u32,
    expected: &[u8; 32],
) -> Result<Page, &'static str> {
    let mut reader = Reader::new(bytes);
    let mut leaves: Vec<Leaf> = Vec::with_capacity(bytes.len() / 64);
    while !reader.rest.is_empty() {
        let path = Path::from_bytes(reader.array()?);
        let value = ValueHash(reader.array()?);
        if leaves.last().is_some_and(|last| last.path >= path) {
            return Err("its leaves are not in order");
        }
        leaves.push(Leaf { path, value });
    }
    if u32::try_from(leaves.len()) != Ok(count) {
        return Err("it does not have its number of leaves");
    }
    match Page::of_leaves(&leaves) {
        Some((page, hash)) if hash == *expected && page.shared_bits() == bits => Ok(page),
        _ => Err("its leaves do not have its hash"),
    }
}

impl Checkpoint {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.height.to_le_bytes());
        bytes.extend(self.root.0);
        bytes.extend(self.digests.as_flattened());
        seal(&checkpoint_key(), bytes)
    }

    pub(crate) fn decode(bytes: &[u8], shards: usize) -> Result<Self, Damage> {
        let damage = |reason| Damage::new(Part::Checkpoint, reason);
        let read = |bytes| -> Result<Self, &'static str> {
            let mut reader = Reader::new(unseal(&checkpoint_key(), bytes)?);
            if reader.array()? != [VERSION] {
                return Err("it has another version");
            }
            let height = u64::from_le_bytes(reader.array()?);
            let root = Root(reader.array()?);
            let digests: Result<Vec<_>, _> = (0..shards).map(|_| reader.array()).collect();
            let digests = digests?;
            reader.end()?;
            Ok(Self {
                height,
                root,
                digests,
            })
        };
        read(bytes).map_err(damage)
    }
}

pub(crate) fn encode_log(height: u64, changes: &Batch) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(changes.changes().len().saturating_mul(65));
    for (path, value) in changes.changes() {
        bytes.extend(path.as_bytes());
        match value {
            None => bytes.push(REMOVED),
            Some(value) => {
                bytes.push(PUT);
                bytes.extend(value.0);
            }
        }
    }
    seal(&log_key(height), bytes)
}

pub(crate) fn decode_log(height: u64, bytes: &[u8]) -> Result<Vec<Change>, Damage> {
    let read = |bytes| -> Result<Vec<Change>, &'static str> {
        let mut reader = Reader::new(unseal(&log_key(height), bytes)?);
        let mut changes = Vec::new();
        while !reader.rest.is_empty() {
            let path = Path::from_bytes(reader.array()?);
            let value = match reader.array()? {
                [REMOVED] => None,
                [PUT] => Some(ValueHash(reader.array()?)),
                _ => return Err("a change is neither a value nor a removal"),
            };
            changes.push((path, value));
        }
        Ok(changes)
    };
    read(bytes).map_err(|reason| Damage::new(Part::Log { height }, reason))
}

/// Appends the SHA-256 of key and bytes.
fn seal(key: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = digest(key, &bytes);
    bytes.extend(digest);
    bytes
}

fn unseal<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], &'static str> {
    let (bytes, found) = bytes.split_last_chunk().ok_or("it is cut off")?;
    if digest(key, bytes) == *found {
        Ok(bytes)
    } else {
        Err("it does not have its SHA-256")
    }
}

fn digest(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(key);
    hasher.update(bytes);
    hasher.finalize().into()
}

/// Reads bytes from the front.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("it is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or("it is cut off")?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) const fn end(&self) -> Result<(), &'static str> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err("it has bytes after its end")
        }
    }
}

impl Damage {
    pub(crate) const fn new(part: Part, reason: &'static str) -> Self {
        Self { part, reason }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page { shard, id } => write!(f, "page {id} of shard {shard:02x} of the tree"),
            Self::Directory { shard } => {
                write!(f, "the directory of shard {shard:02x} of the tree")
            }
            Self::Checkpoint => f.write_str("the checkpoint of the tree"),
            Self::Log { height } => write!(f, "the tree's log of block {height}"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged: {}", self.part, self.reason)
    }
}

impl core::error::Error for Damage {}
