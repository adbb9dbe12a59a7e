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
use crate::digest::{encode, length, sha256};
use crate::execute::Executed;
use crate::genesis::{Genesis, GenesisError};
use crate::header::BlockResult;
use crate::limits::{ARCHIVE_RECORD_BYTES_MAX, BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX, Limits};
use crate::receipt::Receipt;
use crate::transaction::DecodeError;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::io::{self, Read, Write};
use vm::StateDiff;

/// First bytes of every archive.
pub const MAGIC: &[u8; 19] = b"lockstep/archive/1\n";

/// Bytes of a record before its payload: the length and the hash.
const RECORD_HEAD_BYTES: u64 = 36;

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
///
/// The results are those that the writer recorded. In the last block of an archive they may be
/// disputed: a replay compares them and names the first one that it does not compute.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct ArchivedBlock {
    /// The block as it was proposed.
    pub block: Block,
    /// Results of the block's transactions, in order.
    pub entries: Vec<ArchivedTransaction>,
    /// Result of the block.
    pub result: BlockResult,
}

impl ArchivedBlock {
    /// Decodes the payload of a record.
    ///
    /// # Errors
    /// [`DecodeError`]; each count is checked before its items are read.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut rest = payload;
        let block = Block {
            header: take(&mut rest)?,
            transactions: take_list(&mut rest)?,
        };
        let block_bytes = payload.len().saturating_sub(rest.len());
        if u32::try_from(block_bytes).map_or(true, |bytes| bytes > BLOCK_BYTES_MAX) {
            return Err(DecodeError::TooLong(BLOCK_BYTES_MAX));
        }
        let entries = take_list(&mut rest)?;
        let result = take(&mut rest)?;
        if rest.is_empty() {
            Ok(Self {
                block,
                entries,
                result,
            })
        } else {
            Err(DecodeError::Malformed)
        }
    }
}

/// Position of a record in a file, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPosition {
    /// Index of the record: 0 is the first one, in an archive the genesis; record n is block n.
    pub record: u64,
    /// Offset of the record's first byte in the file, in bytes.
    pub offset: u64,
}

impl RecordPosition {
    /// The first record after `magic` bytes.
    #[must_use]
    pub fn first(magic: &[u8]) -> Self {
        Self {
            record: 0,
            offset: length(magic),
        }
    }

    /// The record after this one, which has `payload` bytes.
    fn after(self, payload: &[u8]) -> Self {
        Self {
            record: self.record.saturating_add(1),
            offset: self
                .offset
                .saturating_add(RECORD_HEAD_BYTES)
                .saturating_add(length(payload)),
        }
    }
}

impl fmt::Display for RecordPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, offset } = self;
        write!(f, "record {record} at byte {offset}")
    }
}

/// Why an archive cannot be read. Each reason is one of the file, none of this machine, but `Io`.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Reading the file failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is not an archive.
    #[error("not an archive of blocks: it does not begin with `lockstep/archive/1`")]
    Magic,
    /// The file ends inside a record.
    #[error("{at} is cut off: copy the file again")]
    CutOff {
        /// Position of the record.
        at: RecordPosition,
    },
    /// The bytes of a record do not match its hash.
    #[error("{at} is damaged: copy the file again")]
    Damaged {
        /// Position of the record.
        at: RecordPosition,
    },
    /// The stated length of a record is above the maximum.
    #[error(
        "{at} states {bytes} bytes, at most {ARCHIVE_RECORD_BYTES_MAX} are allowed: copy the file \
         again"
    )]
    TooLong {
        /// Position of the record.
        at: RecordPosition,
        /// Stated length, in bytes.
        bytes: u32,
    },
    /// The record is intact but is not a genesis document.
    #[error("{at} is no genesis: {reason}; write the archive again")]
    Genesis {
        /// Position of the record.
        at: RecordPosition,
        /// Which check the document does not pass.
        reason: GenesisError,
    },
    /// A limit of the chain is above that of this build, so that a block could take any time.
    #[error("{at} is a genesis with limits above those of this build: use a build that has them")]
    Limits {
        /// Position of the record.
        at: RecordPosition,
    },
    /// The record is intact but does not decode.
    #[error("{at} is no block with its results: {reason}; write the archive again")]
    Format {
        /// Position of the record.
        at: RecordPosition,
        /// What does not decode.
        reason: DecodeError,
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
    /// I/O errors of `output`; `InvalidInput` for a chain whose limits no reader admits: those
    /// above [`Limits::v1`].
    pub fn new(mut output: W, genesis: &Genesis) -> io::Result<Self> {
        if !genesis.limits().is_within(&Limits::v1()) {
            let reason = "the limits of the chain are above those of an archive";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
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
    next: RecordPosition,
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
        let at = RecordPosition::first(MAGIC);
        let payload = read_record(&mut input, at)?.ok_or(ArchiveError::CutOff { at })?;
        let genesis =
            Genesis::decode(&payload).map_err(|reason| ArchiveError::Genesis { at, reason })?;
        if !genesis.limits().is_within(&Limits::v1()) {
            return Err(ArchiveError::Limits { at });
        }
        Ok(Self {
            input,
            genesis,
            next: at.after(&payload),
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
        let at = self.next;
        let Some(payload) = read_record(&mut self.input, at)? else {
            return Ok(None);
        };
        self.next = at.after(&payload);
        ArchivedBlock::decode(&payload)
            .map(Some)
            .map_err(|reason| ArchiveError::Format { at, reason })
    }
}

/// Takes a list of at most [`BLOCK_TRANSACTIONS_MAX`] items from the front of `rest`.
fn take_list<T: BorshDeserialize>(rest: &mut &[u8]) -> Result<Vec<T>, DecodeError> {
    let count: u32 = take(rest)?;
    if count > BLOCK_TRANSACTIONS_MAX {
        return Err(DecodeError::TooMany(BLOCK_TRANSACTIONS_MAX));
    }
    // The list grows as its items are read: a wrong count must not reserve memory.
    (0..count).map(|_| take(rest)).collect()
}

/// Takes a value from the front of `rest`.
fn take<T: BorshDeserialize>(rest: &mut &[u8]) -> Result<T, DecodeError> {
    T::deserialize(rest).map_err(|_| DecodeError::Malformed)
}

/// The payload of the next record, `None` at the end of the file.
///
/// # Errors
/// [`ArchiveError`] if the record is cut off, is too long or does not match its hash.
pub fn read_record(
    input: &mut impl Read,
    at: RecordPosition,
) -> Result<Option<Vec<u8>>, ArchiveError> {
    let head = read_up_to(input, RECORD_HEAD_BYTES)?;
    if head.is_empty() {
        return Ok(None);
    }
    let Some((stated, hash)) = head.split_first_chunk::<4>() else {
        return Err(ArchiveError::CutOff { at });
    };
    let bytes = u32::from_le_bytes(*stated);
    if bytes > ARCHIVE_RECORD_BYTES_MAX {
        return Err(ArchiveError::TooLong { at, bytes });
    }
    let payload = read_up_to(input, u64::from(bytes))?;
    if length(hash).saturating_add(4) < RECORD_HEAD_BYTES || length(&payload) < u64::from(bytes) {
        return Err(ArchiveError::CutOff { at });
    }
    if sha256(&[&payload]).as_slice() != hash {
        return Err(ArchiveError::Damaged { at });
    }
    Ok(Some(payload))
}

/// Reads `bytes` bytes, fewer at the end of the file. Reserves no memory for what the file lacks.
fn read_up_to(input: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    input.by_ref().take(bytes).read_to_end(&mut read)?;
    Ok(read)
}
