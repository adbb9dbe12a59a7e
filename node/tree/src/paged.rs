//! Keeps the pages in use in memory, and reads the others from the records of a store.
//!
//! An update has two phases. The first reads every page that the batch leads to; it can fail, and
//! changes nothing. The second applies the batch, and cannot fail. Pages that changed stay in
//! memory until the next checkpoint; of the others, those that were not used for longest are
//! dropped when all together exceed [`PagedOptions::cache_bytes`].
//!
//! What undoes an update reads nothing: it concerns leaves of changed pages, or adds leaves beside
//! pages, of which the shared bits and the hash are known.
//!
//! # Records
//! [`PagedTree::checkpoint`] lists changed pages and directories. Between two checkpoints
//! [`PagedTree::log`] lists the changes of a block. A caller writes what they return, all at once.
//!
//! Specification: docs/spec/state.md, "Records of the tree". Tests: `tests/it/paged.rs`,
//! `tests/it/records.rs`.
use core::fmt;
use std::borrow::Cow;

use crate::batch::Batch;
use crate::limits::{LOADED_AT_ONCE, PAGE_LEAVES_MAX, TREE_CACHE_BYTES};
use crate::page::AdjacentLeaves;
use crate::parallel::decode_pages;
use crate::record::{
    Checkpoint, Damage, Part, Record, RecordSource, checkpoint_key, decode_log, directory_key,
    encode_log, log_key, page_key,
};
use crate::shard::{Fetched, Shard, Slot};
use crate::tree::{SHARDS, Tree, by_shard};
use crate::{Leaf, Path, Proof, Root, ValueHash};
use sha2::{Digest, Sha256};

/// Bounds of a tree in memory. No root depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagedOptions {
    /// Bytes of pages in memory above which those that equal their records are dropped.
    pub cache_bytes: usize,
    /// Leaves of a page, at most.
    pub page_leaves_max: u32,
}

impl Default for PagedOptions {
    /// The bounds of [`crate::limits`].
    fn default() -> Self {
        Self {
            cache_bytes: TREE_CACHE_BYTES,
            page_leaves_max: PAGE_LEAVES_MAX,
        }
    }
}

/// Why a tree cannot be read or updated. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeError<E> {
    /// The source of records failed.
    Source(E),
    /// A record is not what was written.
    Damaged(Damage),
}

/// A state tree whose pages are read when they are needed.
#[derive(Clone, Debug)]
pub struct PagedTree {
    tree: Tree,
    options: PagedOptions,
    /// Number of updates.
    now: u64,
    /// Heights whose changes are logged since the last checkpoint.
    logged: Vec<u64>,
    /// Number of those that the opening read.
    read_changes: usize,
}

/// A page to read: its shard and index.
type Absent = (u8, u32);

impl PagedTree {
    /// The tree without leaves and records.
    #[must_use]
    pub fn new(options: &PagedOptions) -> Self {
        Self {
            tree: Tree::with_pages(options.page_leaves_max),
            options: *options,
            now: 0,
            logged: Vec::new(),
            read_changes: 0,
        }
    }

    /// The tree without leaves, to which the caller adds those of the state after block `height`.
    /// Its first checkpoint removes what records of an earlier tree can be found.
    ///
    /// # Errors
    /// The error of the source.
    pub fn replacing<S: RecordSource>(
        height: u64,
        source: &S,
        options: &PagedOptions,
    ) -> Result<Self, S::Error> {
        let mut tree = Self::new(options);
        for byte in 0..=u8::MAX {
            let Some(bytes) = source.record(&directory_key(byte))? else {
                continue;
            };
            if let Ok(old) = Shard::decode_directory(&bytes, byte, 1) {
                let (ids, next_id) = old.ids();
                tree.tree.shard_mut(byte).replaces(ids, next_id);
            }
        }
        for height in (0..=height).rev() {
            if source.record(&log_key(height))?.is_none() {
                break;
            }
            tree.logged.push(height);
        }
        Ok(tree)
    }

    /// The tree of the last checkpoint with the logged changes up to block `height`; `None` without
    /// a checkpoint, or if the changes of a block are not logged.
    ///
    /// The caller compares the root.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn open<S: RecordSource>(
        source: &S,
        height: u64,
        options: &PagedOptions,
        threads: usize,
    ) -> Result<Option<Self>, TreeError<S::Error>> {
        let record = |key: &[u8]| source.record(key).map_err(TreeError::Source);
        let Some(bytes) = record(&checkpoint_key())? else {
            return Ok(None);
        };
        let checkpoint = Checkpoint::decode(&bytes, SHARDS)?;
        if checkpoint.height > height {
            let reason = "it is above the last block";
            return Err(Damage::new(Part::Checkpoint, reason).into());
        }
        let mut tree = Self::new(options);
        for (shard, digest) in (0..=u8::MAX).zip(&checkpoint.digests) {
            if *digest != [0; 32] {
                let bytes = record(&directory_key(shard))?;
                let leaves_max = options.page_leaves_max.max(1);
                *tree.tree.shard_mut(shard) = read_directory(bytes, shard, digest, leaves_max)?;
            }
        }
        tree.tree.hash_above(0..=u8::MAX);
        if tree.root() != checkpoint.root {
            let reason = "its directories do not have its root";
            return Err(Damage::new(Part::Checkpoint, reason).into());
        }
        let mut changes = Vec::new();
        for height in checkpoint.height.saturating_add(1)..=height {
            let Some(bytes) = record(&log_key(height))? else {
                return Ok(None);
            };
            changes.extend(decode_log(height, &bytes)?);
            tree.logged.push(height);
        }
        tree.read_changes = changes.len();
        let changes: Batch = changes.into_iter().collect();
        tree.update(&changes, threads, source)?;
        Ok(Some(tree))
    }

    /// Root; [`Root::EMPTY`] without leaves.
    #[must_use]
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// Number of leaves.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// True if there is no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// Bytes of pages in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = self.tree.shards().iter().map(|shard| shard.bytes().0);
        bytes.fold(0, usize::saturating_add)
    }

    /// Bytes of pages that changed since the last checkpoint.
    #[must_use]
    pub fn dirty_bytes(&self) -> usize {
        let bytes = self.tree.shards().iter().map(|shard| shard.bytes().1);
        bytes.fold(0, usize::saturating_add)
    }

    /// Number of blocks that are logged since the last checkpoint.
    #[must_use]
    pub const fn logged(&self) -> usize {
        self.logged.len()
    }

    /// Number of changes in the log that the tree was opened with.
    #[must_use]
    pub const fn logged_changes(&self) -> usize {
        self.read_changes
    }

    /// Number of leaves with a first byte.
    #[must_use]
    pub fn count(&self, first_byte: u8) -> u64 {
        self.tree.shard(first_byte).len()
    }

    /// Applies a batch on at most `threads` threads; returns the new root, and the batch that
    /// undoes it. Removals of absent paths change nothing.
    ///
    /// # Errors
    /// [`TreeError`]; nothing changed, and the update can be repeated.
    pub fn update<S: RecordSource>(
        &mut self,
        batch: &Batch,
        threads: usize,
        source: &S,
    ) -> Result<(Root, Batch), TreeError<S::Error>> {
        self.begin(batch);
        let mut absent: Vec<Absent> = Vec::new();
        for (byte, changes) in by_shard(batch.changes()) {
            let found = self.tree.shard(byte).absent(changes);
            absent.extend(found.iter().map(|(index, _)| (byte, *index)));
        }
        let loaded = self.load(&absent, threads, source);
        let updated = loaded.map(|()| self.tree.update_with_undo(batch, threads));
        self.evict();
        updated
    }

    /// Applies a batch that [`PagedTree::update`] returned, after all later updates are undone. No
    /// checkpoint was made since.
    ///
    /// # Errors
    /// [`Damage`] if the batch concerns a page that is not in memory, so that it was not returned
    /// since the last checkpoint; nothing changed.
    pub fn undo(&mut self, batch: &Batch, threads: usize) -> Result<Root, Damage> {
        self.begin(batch);
        for (byte, changes) in by_shard(batch.changes()) {
            let shard = self.tree.shard(byte);
            for (index, changes) in shard.absent(changes) {
                let slot = shard.slot(index);
                if !slot.is_beside(changes) {
                    let part = slot.part(byte);
                    return Err(Damage::new(part, "it changed and is not in memory"));
                }
            }
        }
        Ok(self.tree.update_on(batch, threads))
    }

    /// Called when every update since the last checkpoint, but those of final blocks, is undone:
    /// pages that equal their records again need not be written, and may be dropped.
    pub fn settle(&mut self) {
        for shard in self.tree.shards_mut() {
            shard.settle();
        }
        self.evict();
    }

    fn begin(&mut self, batch: &Batch) {
        self.now = self.now.saturating_add(1);
        for (byte, _) in by_shard(batch.changes()) {
            self.tree.shard_mut(byte).set_now(self.now);
        }
    }

    /// Value hash at a path.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn get<S: RecordSource>(
        &self,
        path: &Path,
        source: &S,
    ) -> Result<Option<ValueHash>, TreeError<S::Error>> {
        self.tree
            .get_with(path, |byte, slot| fetch(byte, slot, source))
    }

    /// Proves the value hash at a path, or that there is none.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn prove<S: RecordSource>(
        &self,
        path: &Path,
        source: &S,
    ) -> Result<Proof, TreeError<S::Error>> {
        self.tree
            .prove_with(path, |byte, slot| fetch(byte, slot, source))
    }

    /// The leaves beside a path: the greatest below it and the least above it; the path's own leaf
    /// is neither.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn adjacent<S: RecordSource>(
        &self,
        path: &Path,
        source: &S,
    ) -> Result<AdjacentLeaves, TreeError<S::Error>> {
        self.tree
            .adjacent_with(path, |byte, slot| fetch(byte, slot, source))
    }

    /// All leaves with a first byte, ascending, after the hashes above them were computed again
    /// from them and compared.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn verified_leaves<S: RecordSource>(
        &self,
        first_byte: u8,
        source: &S,
    ) -> Result<Vec<Leaf>, TreeError<S::Error>> {
        let shard = self.tree.shard(first_byte);
        shard.verified_leaves(first_byte, |slot| fetch(first_byte, slot, source))
    }

    /// The record of the changes of a block after the last checkpoint.
    pub fn log(&mut self, height: u64, changes: &Batch) -> Record {
        self.logged.push(height);
        (log_key(height), Some(encode_log(height, changes)))
    }

    /// The records that make the tree after block `height` the last checkpoint. From now on the
    /// pages equal them, and nothing before can be undone.
    ///
    /// # Errors
    /// [`TreeError`] if a page that is to be merged with another cannot be read.
    pub fn checkpoint<S: RecordSource>(
        &mut self,
        height: u64,
        threads: usize,
        source: &S,
    ) -> Result<Vec<Record>, TreeError<S::Error>> {
        let mut absent: Vec<Absent> = Vec::new();
        for (byte, shard) in (0..=u8::MAX).zip(self.tree.shards()) {
            if shard.is_changed() {
                let found = shard.absent_siblings();
                absent.extend(found.into_iter().map(|index| (byte, index)));
            }
        }
        self.load(&absent, threads, source)?;
        let mut records = Vec::new();
        for (byte, shard) in (0..=u8::MAX).zip(self.tree.shards_mut()) {
            if shard.is_changed() {
                shard.merge();
                shard.take_records(byte, &mut records);
            }
        }
        let logged = self.logged.drain(..);
        records.extend(logged.map(|height| (log_key(height), None)));
        let shards = self.tree.shards().iter();
        let checkpoint = Checkpoint {
            height,
            root: self.root(),
            digests: shards.map(|shard| shard.digest).collect(),
        };
        records.push((checkpoint_key(), Some(checkpoint.encode())));
        // A store inserts keys in order in less time.
        records.sort_unstable();
        self.evict();
        Ok(records)
    }

    /// Reads pages and compares them with their hashes.
    fn load<S: RecordSource>(
        &mut self,
        absent: &[Absent],
        threads: usize,
        source: &S,
    ) -> Result<(), TreeError<S::Error>> {
        for absent in absent.chunks(LOADED_AT_ONCE) {
            let mut read = Vec::with_capacity(absent.len());
            for &(byte, index) in absent {
                let slot = self.tree.shard(byte).slot(index);
                read.push((byte, slot, read_page(byte, slot, source)?));
            }
            let pages = decode_pages(&read, threads)?;
            for (&(byte, index), page) in absent.iter().zip(pages) {
                self.tree.shard_mut(byte).install(index, page);
            }
        }
        Ok(())
    }

    /// Drops unchanged pages, the least recently used first, once all exceed the bound; an eighth
    /// of the bound at once, so that not every update looks for some.
    fn evict(&mut self) {
        let bytes = self.bytes();
        let bound = self.options.cache_bytes;
        // Without a record each page is one that changed: then there is none to drop.
        if bytes <= bound || bytes == self.dirty_bytes() {
            return;
        }
        let mut clean = Vec::new();
        for (byte, shard) in (0..=u8::MAX).zip(self.tree.shards()) {
            clean.extend(
                shard
                    .clean()
                    .map(|(used, index, bytes)| (used, byte, index, bytes)),
            );
        }
        clean.sort_unstable();
        let mut excess = bytes.saturating_sub(bound).saturating_add(bound / 8);
        for (_, byte, index, bytes) in clean {
            if excess == 0 {
                return;
            }
            self.tree.shard_mut(byte).evict(index);
            excess = excess.saturating_sub(bytes);
        }
    }
}

fn read_directory(
    bytes: Option<Vec<u8>>,
    shard: u8,
    digest: &[u8; 32],
    leaves_max: u32,
) -> Result<Shard, Damage> {
    let damage = |reason| Damage::new(Part::Directory { shard }, reason);
    let bytes = bytes.ok_or_else(|| damage("it is absent"))?;
    if Sha256::digest(&bytes).as_slice() != digest {
        return Err(damage("it does not have its SHA-256"));
    }
    let mut decoded = Shard::decode_directory(&bytes, shard, leaves_max).map_err(damage)?;
    decoded.digest = *digest;
    Ok(decoded)
}

fn read_page<S: RecordSource>(
    shard: u8,
    slot: &Slot,
    source: &S,
) -> Result<Vec<u8>, TreeError<S::Error>> {
    let bytes = source.record(&page_key(shard, slot.id));
    let bytes = bytes.map_err(TreeError::Source)?;
    bytes.ok_or_else(|| Damage::new(slot.part(shard), "it is absent").into())
}

/// The page of a slot, read if it is not in memory.
fn fetch<'a, S: RecordSource>(
    shard: u8,
    slot: &'a Slot,
    source: &S,
) -> Fetched<'a, TreeError<S::Error>> {
    if let Some(page) = slot.page() {
        return Ok(Some(Cow::Borrowed(page)));
    }
    let bytes = read_page(shard, slot, source)?;
    Ok(Some(Cow::Owned(slot.decode(shard, &bytes)?)))
}

impl<E> From<Damage> for TreeError<E> {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl<E: fmt::Display> fmt::Display for TreeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Damaged(damage) => damage.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for TreeError<E> {}
