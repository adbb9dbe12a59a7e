//! Remembers the last block that was acknowledged, in a file beside RocksDB's own.
//!
//! ```text
//! file = slot || slot           512 bytes each; block h is in slot h mod 2
//! slot = height u64 LE || hash [u8;32] || sha256(height || hash) || zeros
//! ```
//!
//! RocksDB takes damage inside its log for the end of the log, and opens at an older block: only
//! what is written outside of the log shows that. The file is written in place after each sync of
//! the log, and is not synced itself. So it is never ahead of what is durable; a killed process
//! leaves it up to date, and a power loss may leave an older slot, which shows less.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tree::ValueHash;
use vm::Height;

const FILE: &str = "ACKNOWLEDGED";
const SLOT: usize = 512;
const SLOT_BYTES: u64 = 512;
const SLOTS: u64 = 2;
/// Height and hash.
const BODY: usize = 8 + 32;

/// A block that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) height: Height,
    /// Hash of the header.
    pub(crate) hash: [u8; 32],
}

impl Acknowledged {
    fn encode(self) -> Vec<u8> {
        let mut slot = self.height.0.to_le_bytes().to_vec();
        slot.extend(self.hash);
        let sum = ValueHash::of(&slot);
        slot.extend(sum.0);
        slot.resize(SLOT, 0);
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let (height, rest) = slot.split_first_chunk::<8>()?;
        let (hash, _) = rest.split_first_chunk::<32>()?;
        let decoded = Self {
            height: Height(u64::from_le_bytes(*height)),
            hash: *hash,
        };
        // Zeros behind the checksum, too, so that no byte of the file is without a meaning.
        (slot.get(..BODY).is_some() && decoded.encode() == slot).then_some(decoded)
    }
}

/// The last block that a folder's file has; `None` without a whole slot.
///
/// # Errors
/// The system's error; that there is no file is none.
pub(crate) fn last(folder: &Path) -> io::Result<Option<Acknowledged>> {
    let mut bytes = Vec::new();
    match File::open(folder.join(FILE)) {
        Ok(file) => file
            .take(SLOTS.saturating_mul(SLOT_BYTES))
            .read_to_end(&mut bytes)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let slots = bytes.chunks(SLOT).filter_map(Acknowledged::decode);
    Ok(slots.max_by_key(|block| block.height))
}

/// Removes a folder's file, if there is one.
///
/// # Errors
/// The system's error.
pub(crate) fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(FILE)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes the file of a folder; makes it at the first block.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    file: Option<File>,
}

impl Writer {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
            file: None,
        }
    }

    /// Writes the slot of a block that is durable.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn write(&mut self, block: Acknowledged) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&self.path)?,
        };
        let slot = block.height.0.wrapping_rem(SLOTS);
        file.seek(SeekFrom::Start(slot.saturating_mul(SLOT_BYTES)))?;
        file.write_all(&block.encode())?;
        self.file = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_with_any_byte_changed_is_none() {
        let block = Acknowledged {
            height: Height(9),
            hash: [7; 32],
        };
        let mut slot = block.encode();
        assert_eq!(Acknowledged::decode(&slot), Some(block));
        for index in 0..SLOT {
            slot[index] ^= 4;
            assert_eq!(Acknowledged::decode(&slot), None, "{index}");
            slot[index] ^= 4;
        }
        assert_eq!(Acknowledged::decode(&slot[..SLOT - 1]), None);
        assert_eq!(Acknowledged::decode(&[]), None);
    }
}
