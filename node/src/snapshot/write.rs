//! Writes a snapshot in one pass over the keys, which are in the order of no chunk.
//!
//! Each entry is appended to the file of its chunk; then each of these files is sorted by path and
//! hashed. A first pass over the store has counted the bytes, which decides the number of chunks.

use super::chunk::{Chunk, KeyValue, Subtree, fold, index_of};
use super::{
    BITS_MAX, CHUNK_BYTES, CHUNK_BYTES_MAX, Files, MANIFEST, Manifest, SCANNED_AT_ONCE,
    SPILL_BYTES_MAX, chunk_name, spill_name,
};
use crate::digest::{encode, length};
use crate::header::{Header, Tip};
use crate::store::Snapshot;
use borsh::BorshDeserialize;
use std::io;
use tree::Path;
use vm::{Entries, Fault, Height};

/// Bytes of an entry beside its key and value: two lengths.
const ENTRY_BYTES: u64 = 8;

/// How a snapshot is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// Length of a chunk that is aimed at, in bytes.
    pub chunk_bytes: u64,
    /// Bytes of entries in memory; more are appended to files.
    pub memory_bytes: u64,
    /// Header of the next block, if it is known: its hash is then one that a restore can trust.
    pub next: Option<Header>,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self {
            chunk_bytes: CHUNK_BYTES,
            memory_bytes: SPILL_BYTES_MAX,
            next: None,
        }
    }
}

/// Why a snapshot was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The store has no block above the genesis.
    #[error("the store has no block after its genesis, which is all that a snapshot would have")]
    NoBlock,
    /// With the given next header the snapshot would be refused.
    #[error("the next header does not follow the last block of the store")]
    NextHeader,
    /// The entries of a chunk exceed [`CHUNK_BYTES_MAX`].
    #[error("chunk {0} would have more than {CHUNK_BYTES_MAX} bytes")]
    ChunkTooLong(u32),
    /// A file failed.
    #[error("{name}: {error}")]
    File {
        /// Name of the file.
        name: String,
        /// The system's error.
        error: io::Error,
    },
    /// The store failed, or its values do not have its root.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Writes the state of a store's last block into files, the manifest last; calls `each` with the
/// number of entries that were read so far, twice the number of all at the end.
///
/// # Errors
/// [`WriteError`]; the files that were written so far are left.
pub fn write(
    snapshot: &dyn Snapshot,
    files: &mut dyn Files,
    options: &SnapshotOptions,
    each: &mut dyn FnMut(u64),
) -> Result<Manifest, WriteError> {
    let tip = snapshot.tip()?.filter(|tip| tip.height > Height(0));
    let tip = tip.ok_or(WriteError::NoBlock)?;
    let header = snapshot.header(tip.height)?;
    let header = header.ok_or(Fault::invariant("a store lacks its last header"))?;
    let (mut bytes, mut entries) = (0_u64, 0_u64);
    each_entry(snapshot, &mut |(key, value)| {
        bytes = bytes.saturating_add(entry_bytes(key, value));
        entries = entries.saturating_add(1);
        each(entries);
        Ok(())
    })?;
    let mut spill = Spill::new(
        files,
        bits(bytes, options.chunk_bytes),
        options.memory_bytes,
    );
    let mut read = entries;
    each_entry(snapshot, &mut |entry| {
        read = read.saturating_add(1);
        each(read);
        spill.push(entry)
    })?;
    let bits = spill.bits;
    let subtrees = spill.chunks()?;
    let manifest = Manifest {
        chain_id: header.chain_id,
        tip,
        header,
        next: options.next.clone(),
        entries,
        bits,
        subtrees,
    };
    finish(&manifest, &tip, files)?;
    Ok(manifest)
}

fn finish(manifest: &Manifest, tip: &Tip, files: &mut dyn Files) -> Result<(), WriteError> {
    if fold(manifest.subtrees.clone()).hash() != tip.result.state_root {
        let cause = "the values of the store do not have the root of its last block";
        return Err(Fault::Store(cause.to_owned()).into());
    }
    let bytes = manifest.encode();
    Manifest::decode(&bytes).map_err(|reason| match manifest.next {
        Some(_) => WriteError::NextHeader,
        None => Fault::Store(format!("the last block of the store is damaged: {reason}")).into(),
    })?;
    let written = files.write(MANIFEST, &bytes);
    written.map_err(|error| failed(MANIFEST, error))
}

fn entry_bytes(key: &[u8], value: &[u8]) -> u64 {
    length(key)
        .saturating_add(length(value))
        .saturating_add(ENTRY_BYTES)
}

/// The fewest bits with which the average chunk has at most this length.
fn bits(bytes: u64, chunk_bytes: u64) -> u8 {
    let fits = |bits: &u8| bytes.wrapping_shr(u32::from(*bits)) <= chunk_bytes;
    (0..BITS_MAX).find(fits).unwrap_or(BITS_MAX)
}

fn each_entry(
    snapshot: &dyn Snapshot,
    entry: &mut dyn FnMut(&KeyValue) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let mut start = Vec::new();
    loop {
        let entries: Entries = snapshot.scan(&start, None, SCANNED_AT_ONCE)?;
        let Some((last, _)) = entries.last() else {
            return Ok(());
        };
        start.clone_from(last);
        start.push(0);
        entries.iter().try_for_each(&mut *entry)?;
    }
}

fn failed(name: &str, error: io::Error) -> WriteError {
    let name = name.to_owned();
    WriteError::File { name, error }
}

/// Entries by chunk, in memory until there are too many.
struct Spill<'a> {
    files: &'a mut dyn Files,
    bits: u8,
    chunks: Vec<Vec<u8>>,
    bytes: u64,
    bytes_max: u64,
}

impl<'a> Spill<'a> {
    fn new(files: &'a mut dyn Files, bits: u8, bytes_max: u64) -> Self {
        let count = 1_usize.checked_shl(u32::from(bits)).unwrap_or(1);
        Self {
            files,
            bits,
            chunks: vec![Vec::new(); count],
            bytes: 0,
            bytes_max,
        }
    }

    fn push(&mut self, entry: &KeyValue) -> Result<(), WriteError> {
        let index = index_of(&Path::of_key(&entry.0), self.bits);
        let bytes = encode(entry);
        self.bytes = self.bytes.saturating_add(length(&bytes));
        let chunk = usize::try_from(index).ok();
        if let Some(chunk) = chunk.and_then(|index| self.chunks.get_mut(index)) {
            chunk.extend(bytes);
        }
        if self.bytes < self.bytes_max {
            return Ok(());
        }
        self.bytes = 0;
        let chunks = (0_u32..).zip(&mut self.chunks);
        for (index, chunk) in chunks.filter(|(_, chunk)| !chunk.is_empty()) {
            let name = spill_name(index);
            let appended = self.files.append(&name, &std::mem::take(chunk));
            appended.map_err(|error| failed(&name, error))?;
        }
        Ok(())
    }

    /// Writes the chunks; returns their subtrees.
    fn chunks(self) -> Result<Vec<Subtree>, WriteError> {
        let Self {
            files,
            bits,
            chunks,
            ..
        } = self;
        let mut subtrees = Vec::with_capacity(chunks.len());
        for (index, rest) in (0_u32..).zip(chunks) {
            let (spilled, name) = (spill_name(index), chunk_name(index));
            let mut bytes = match files.read(&spilled, CHUNK_BYTES_MAX) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(WriteError::ChunkTooLong(index));
                }
                Err(error) => return Err(failed(&spilled, error)),
            };
            bytes.extend(rest);
            let chunk = Chunk::new(entries(&bytes)?, bits);
            let encoded = chunk.encode();
            if length(&encoded) > CHUNK_BYTES_MAX {
                return Err(WriteError::ChunkTooLong(index));
            }
            let written = files.write(&name, &encoded);
            written.map_err(|error| failed(&name, error))?;
            let removed = files.remove(&spilled);
            removed.map_err(|error| failed(&spilled, error))?;
            subtrees.push(chunk.subtree);
        }
        Ok(subtrees)
    }
}

/// Entries that were encoded one after the other.
fn entries(mut bytes: &[u8]) -> Result<Vec<KeyValue>, WriteError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let entry = KeyValue::deserialize(&mut bytes);
        let entry = entry.map_err(|error| failed("a spilled file", error))?;
        entries.push(entry);
    }
    Ok(entries)
}
