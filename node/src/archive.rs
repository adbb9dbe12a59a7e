//! Writes and reads archives: a chain in one file, first the genesis, then each block with its
//! results.
//!
//! ```text
//! file   = "lockstep/archive/1\n" || record(borsh(Genesis)) || record(borsh(ArchivedBlock))*
//! record = payload length u32 LE || sha256(payload) || payload
//! ```
//!
//! Any node with the same genesis can replay an archive. Each block is stored with the results of
//! its first execution, down to the hash of each transaction's net diff, so that a replay can name
//! the transaction that differs.
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

/// First bytes of every archive.
pub const MAGIC: &[u8; 19] = b"lockstep/archive/1\n";

/// What an archive records of one executed transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ArchivedTransaction {
    /// Receipt of the transaction.
    pub receipt: Receipt,
    /// SHA-256 of the borsh encoding of the transaction's net diff, fee included.
    pub diff_hash: [u8; 32],
}

impl ArchivedTransaction {
    /// The record of a transaction with this receipt and net diff.
    #[must_use]
    pub fn new(receipt: Receipt, diff: &StateDiff) -> Self {
        let diff_hash = sha256(&[&encode(diff)]);
        Self { receipt, diff_hash }
    }

    /// The record of an executed transaction.
    #[must_use]
    pub fn of(executed: &Executed) -> Self {
        Self::new(executed.receipt.clone(), &executed.diff)
    }
}

/// A block with the results of its execution.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ArchivedBlock {
    /// The block as it was proposed.
    pub block: Block,
    /// Results of the block's transactions, in order.
    pub entries: Vec<ArchivedTransaction>,
    /// Result of the block.
    pub result: BlockResult,
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Reading the file failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is not an archive.
    #[error("not an archive of blocks: it does not begin with `lockstep/archive/1`")]
    Magic,
    /// The file ends inside a record.
    #[error("record {record} is cut off: copy the file again")]
    CutOff {
        /// Index of the record: 0 is the genesis, then the block's position in the file.
        record: u64,
    },
    /// The bytes of a record do not match its hash.
    #[error("record {record} is damaged: copy the file again")]
    Damaged {
        /// Index of the record.
        record: u64,
    },
    /// The stated length of a record is above the maximum.
    #[error("record {record} has {bytes} bytes, at most {ARCHIVE_RECORD_BYTES_MAX} are allowed")]
    TooLong {
        /// Index of the record.
        record: u64,
        /// Stated length, in bytes.
        bytes: u32,
    },
    /// The record is intact but does not decode.
    #[error("record {record} does not decode: another version wrote it")]
    Format {
        /// Index of the record.
        record: u64,
    },
}

/// Writes an archive block by block.
pub struct ArchiveWriter<W> {
    output: W,
}

impl<W: Write> ArchiveWriter<W> {
    /// Starts an archive with the genesis of a chain.
    ///
    /// # Errors
    /// I/O errors of `output`.
    pub fn new(mut output: W, genesis: &Genesis) -> io::Result<Self> {
        output.write_all(MAGIC)?;
        write_record(&mut output, &genesis.document())?;
        Ok(Self { output })
    }

    /// Appends a block.
    ///
    /// # Errors
    /// I/O errors of the output.
    pub fn push(&mut self, block: &ArchivedBlock) -> io::Result<()> {
        write_record(&mut self.output, &encode(block))
    }

    /// Flushes and returns the output.
    ///
    /// # Errors
    /// I/O errors of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// Appends one record.
///
/// # Errors
/// I/O errors of `output`, or a payload longer than [`ARCHIVE_RECORD_BYTES_MAX`].
pub fn write_record(output: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|length| *length <= ARCHIVE_RECORD_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a record is too long"))?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&sha256(&[payload]))?;
    output.write_all(payload)
}

/// Reads an archive block by block; keeps one record in memory at a time.
pub struct ArchiveReader<R> {
    input: R,
    genesis: Genesis,
    records: u64,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the magic bytes and the genesis.
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
/// [`ArchiveError`] if the record is cut off, is too long or does not match its hash.
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
    // Read only what the file has: a wrong length must not reserve memory.
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
