//! Restores a store from a snapshot, chunk by chunk, in any order, with interruptions.

use super::chunk::Chunk;
use super::{Manifest, chunk_name};
use crate::digest::{encode, sha256};
use crate::header::Tip;
use crate::store::{RestoredPart, Store};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::{Fault, key};

/// Why a store was not restored. Nothing that was written before is lost.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The manifest is wrong.
    #[error("the manifest is refused: {0}")]
    Manifest(&'static str),
    /// The manifest does not follow from the trusted hash.
    #[error(
        "the snapshot is of another block, or of another chain: neither the next header nor \
             the result of block {0} has the trusted hash"
    )]
    Untrusted(vm::Height),
    /// A chunk is wrong.
    #[error("{} is refused: {reason}", chunk_name(*.index))]
    Chunk {
        /// Its index.
        index: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// The store has a chain.
    #[error("the store has block {0} already: a snapshot is restored into an empty one")]
    NotEmpty(vm::Height),
    /// The store has a part of another snapshot.
    #[error(
        "the store has a part of another snapshot: go on with that one, or take an empty store"
    )]
    OtherSnapshot,
    /// Not all chunks are in the store.
    #[error("{0} chunks are missing")]
    Incomplete(u32),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a store has of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct RestoreProgress {
    /// Hash of what decides the chunks: root, bits of the prefix, subtrees.
    chunks: [u8; 32],
    /// Entries so far.
    entries: u64,
    /// For each chunk, whether it is in the store.
    done: Vec<bool>,
}

/// A restore of one snapshot into one store.
pub struct Restore<'a> {
    store: &'a mut dyn Store,
    manifest: Manifest,
    progress: RestoreProgress,
}

impl<'a> Restore<'a> {
    /// Begins or continues a restore; `trusted` is the hash of the next header, or
    /// [`super::app_hash`] of the block's result.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn open(
        store: &'a mut dyn Store,
        manifest: &[u8],
        trusted: &[u8; 32],
    ) -> Result<Self, RestoreError> {
        let manifest = Manifest::decode(manifest).map_err(RestoreError::Manifest)?;
        if !manifest.follows_from(trusted) {
            return Err(RestoreError::Untrusted(manifest.tip.height));
        }
        if let Some(tip) = store.tip()? {
            return Err(RestoreError::NotEmpty(tip.height));
        }
        let chunks = usize::try_from(manifest.chunks()).unwrap_or_default();
        let root = &manifest.tip.result.state_root;
        let hash = sha256(&[&encode(&(root, manifest.bits, &manifest.subtrees))]);
        let progress = match store.restoring()? {
            None => RestoreProgress {
                chunks: hash,
                entries: 0,
                done: vec![false; chunks],
            },
            Some(bytes) => {
                let known = RestoreProgress::try_from_slice(&bytes);
                let known = known.map_err(|_| Fault::invariant("a restore's progress"))?;
                if known.chunks != hash || known.done.len() != chunks {
                    return Err(RestoreError::OtherSnapshot);
                }
                known
            }
        };
        Ok(Self {
            store,
            manifest,
            progress,
        })
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Indices of the chunks that are not in the store.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        let chunks = (0_u32..).zip(&self.progress.done);
        chunks
            .filter(|(_, done)| !**done)
            .map(|(index, _)| index)
            .collect()
    }

    /// Verifies a chunk and writes it, in one commit; a chunk that the store has is not written
    /// again.
    ///
    /// # Errors
    /// [`RestoreError::Chunk`] if it is not the one of the manifest; nothing of it was written.
    pub fn chunk(&mut self, index: u32, bytes: &[u8]) -> Result<(), RestoreError> {
        let refused = |reason| RestoreError::Chunk { index, reason };
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let expected = self.manifest.subtrees.get(place);
        let expected = expected.ok_or_else(|| refused("the snapshot has no such chunk"))?;
        let chunk = Chunk::decode(bytes, index, self.manifest.bits).map_err(refused)?;
        if chunk.subtree != *expected {
            return Err(refused("its entries do not have its hash"));
        }
        let mut progress = self.progress.clone();
        match progress.done.get_mut(place) {
            Some(done) if !*done => *done = true,
            _ => return Ok(()),
        }
        let count = u64::try_from(chunk.entries.len()).unwrap_or(u64::MAX);
        progress.entries = progress.entries.saturating_add(count);
        let mut entries = chunk.entries;
        // A store takes them fastest in its own order.
        entries.sort_unstable();
        self.store.restore(RestoredPart {
            entries,
            progress: encode(&progress),
            end: None,
        })?;
        self.progress = progress;
        Ok(())
    }

    /// Writes the last block, once the store has every chunk.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn finish(self) -> Result<Tip, RestoreError> {
        let missing = self.missing();
        if !missing.is_empty() {
            let missing = u32::try_from(missing.len()).unwrap_or(u32::MAX);
            return Err(RestoreError::Incomplete(missing));
        }
        if self.progress.entries != self.manifest.entries {
            return Err(RestoreError::Manifest(
                "its number of entries is another one",
            ));
        }
        let Manifest { tip, header, .. } = self.manifest;
        // The state has the hashes of its last blocks, its own as the last one, so the header
        // follows from the trusted hash too.
        let hash = self.store.read(&key::block_hash(tip.height))?;
        let is_last = !self.store.contains(&key::block_hash(tip.height.next()))?;
        if !is_last || hash.as_deref() != Some(&tip.hash) {
            return Err(RestoreError::Manifest(
                "its header is not that of its state",
            ));
        }
        self.store.restore(RestoredPart {
            entries: Vec::new(),
            progress: Vec::new(),
            end: Some((tip, header)),
        })?;
        Ok(tip)
    }
}
