//! Writes and reads chains as one file: the genesis, then each block with what came of it.
//!
//! ```text
//! file   = "lockstep/archive/1\n" || record(borsh(Genesis)) || record(borsh(ArchivedBlock))*
//! record = payload length u32 LE || sha256(payload) || payload
//! ```
//!
//! Any node of the same genesis can apply the blocks again; what came of them at the time is beside
//! them, down to the hash of each transaction's net diff, so that a difference has a place.
//!
//! Specification: docs/spec/blocks.md, "Archive".

use crate::block::Block;
use crate::digest::{encode, sha256};
use crate::execute::Executed;
use crate::genesis::Genesis;
use crate::header::BlockResult;
use crate::limits::ARCHIVE_RECORD_BYTES_MAX;
use crate::receipt::Receipt;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io::{self, Read, Write};
use vm::StateDiff;

/// Begins every archive.
pub const MAGIC: &[u8; 19] = b"lockstep/archive/1\n";

/// What a transaction came to, as far as an archive keeps it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// Its receipt.
    pub receipt: Receipt,
    /// SHA-256 of the borsh of its net diff, fee included.
    pub diff_hash: [u8; 32],
}

impl Entry {
    /// What is kept of a transaction.
    #[must_use]
    pub fn new(receipt: Receipt, diff: &StateDiff) -> Self {
        let diff_hash = sha256(&[&encode(diff)]);
        Self { receipt, diff_hash }
    }

    /// What is kept of an executed transaction.
    #[must_use]
    pub fn of(executed: &Executed) -> Self {
        Self::new(executed.receipt.clone(), &executed.diff)
    }
}

/// A block, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ArchivedBlock {
    /// The block.
    pub block: Block,
    /// Its transactions' results, in order.
    pub entries: Vec<Entry>,
    /// Its own result.
    pub result: BlockResult,
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file could not be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("not an archive of blocks: it does not begin with `lockstep/archive/1`")]
    Magic,
    /// It ends inside a record.
    #[error("record {record} is cut off: copy the file again")]
    CutOff {
        /// 0 is the genesis, then the block's height in the file.
        record: u64,
    },
    /// The bytes of a record are not those that were written.
    #[error("record {record} is damaged: copy the file again")]
    Damaged {
        /// As above.
        record: u64,
    },
    /// A record is longer than any that is written.
    #[error("record {record} has {bytes} bytes, at most {ARCHIVE_RECORD_BYTES_MAX} are allowed")]
    TooLong {
        /// As above.
        record: u64,
        /// What it says.
        bytes: u32,
    },
    /// A record is whole, but not of this format.
    #[error("record {record} does not decode: another version wrote it")]
    Format {
        /// As above.
        record: u64,
    },
}

/// Writes an archive block by block.
pub struct ArchiveWriter<W> {
    output: W,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive of a chain.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(mut output: W, genesis: &Genesis) -> io::Result<Self> {
        output.write_all(MAGIC)?;
        write_record(&mut output, &genesis.document())?;
        Ok(Self { output })
    }

    /// Appends a block.
    ///
    /// # Errors
    /// Those of the output.
    pub fn push(&mut self, block: &ArchivedBlock) -> io::Result<()> {
        write_record(&mut self.output, &encode(block))
    }

    /// Flushes, and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// Appends one record.
///
/// # Errors
/// Those of the output; a payload longer than [`ARCHIVE_RECORD_BYTES_MAX`].
pub fn write_record(output: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|length| *length <= ARCHIVE_RECORD_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a record is too long"))?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&sha256(&[payload]))?;
    output.write_all(payload)
}

/// Reads an archive block by block; holds one record at a time.
pub struct ArchiveReader<R> {
    input: R,
    genesis: Genesis,
    records: u64,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn new(mut input: R) -> Result<Self, ArchiveError> {
        let mut magic = [0; MAGIC.len()];
        match input.read_exact(&mut magic) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
            Ok(()) if magic == *MAGIC => {}
            _ => return Err(ArchiveError::Magic),
        }
        let payload = read_record(&mut input, 0)?.ok_or(ArchiveError::CutOff { record: 0 })?;
        let genesis = decode(&payload, 0)?;
        Ok(Self {
            input,
            genesis,
            records: 1,
        })
    }

    /// The chain's genesis.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The next block, `None` at the end.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn next_block(&mut self) -> Result<Option<ArchivedBlock>, ArchiveError> {
        let record = self.records;
        let Some(payload) = read_record(&mut self.input, record)? else {
            return Ok(None);
        };
        self.records = record.saturating_add(1);
        decode(&payload, record).map(Some)
    }
}

fn decode<T: BorshDeserialize>(payload: &[u8], record: u64) -> Result<T, ArchiveError> {
    borsh::from_slice(payload).map_err(|_| ArchiveError::Format { record })
}

/// The payload of the next record, `None` at the end of the file.
///
/// # Errors
/// [`ArchiveError`] if the record is cut off, too long or not what was written.
pub fn read_record(input: &mut impl Read, record: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut length = Vec::new();
    input.by_ref().take(4).read_to_end(&mut length)?;
    if length.is_empty() {
        return Ok(None);
    }
    let cut_off = ArchiveError::CutOff { record };
    let Ok(length) = <[u8; 4]>::try_from(length.as_slice()) else {
        return Err(cut_off);
    };
    let bytes = u32::from_le_bytes(length);
    if bytes > ARCHIVE_RECORD_BYTES_MAX {
        return Err(ArchiveError::TooLong { record, bytes });
    }
    // Read as far as the file goes: a length that lies must not reserve memory.
    let mut rest = Vec::new();
    input
        .by_ref()
        .take(u64::from(bytes).saturating_add(32))
        .read_to_end(&mut rest)?;
    let Some((hash, payload)) = rest.split_first_chunk::<32>() else {
        return Err(cut_off);
    };
    if u32::try_from(payload.len()) != Ok(bytes) {
        return Err(cut_off);
    }
    if sha256(&[payload]) != *hash {
        return Err(ArchiveError::Damaged { record });
    }
    Ok(Some(payload.to_vec()))
}
