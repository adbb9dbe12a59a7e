//! Keeps redb's header in three copies, so that neither a crash nor rot loses it.
//!
//! redb overwrites its header in place. So each write of it goes to two of the three blocks, never
//! to the third one, which has a header that was synced; that one follows after the sync:
//!
//! ```text
//! after a sync     n     n     n?        the third block is written, and synced with the next one
//! while writing    n     n+1?  n+1?      the first one is not touched until the next sync
//! after the sync   n+1?  n+1   n+1
//! ```
//!
//! A crash while writing can tear both new copies, and n is left. Two blocks that change at rest
//! leave a third one with the newest header: damage never brings an older one back.

use crate::layout::PAGE;
use twox_hash::XxHash3_64;

/// First line of a store's file; a person, or another build, can read it.
pub(crate) const PREFIX: &[u8] = b"lockstep/redb-store/";
/// Version of the layout that this build reads and writes.
pub(crate) const VERSION: u32 = 2;
const LINE: &[u8] = b"lockstep/redb-store/2\n";
/// The same of version 1, whose tables are some of those of version 2. The first write of a header
/// makes it a file of version 2.
const LINE_1: &[u8] = b"lockstep/redb-store/1\n";
/// Bytes of redb's header that are kept; redb uses the first 320.
pub(crate) const CONTENTS: usize = 1024;
/// First bytes of redb's header once redb has written its first pages.
const REDB: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// A header as it is in one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Number of writes of the header so far.
    pub(crate) number: u64,
    /// Least length of redb's pages that a crash can leave, in bytes: a shorter file is cut off.
    pub(crate) length: u64,
    /// What redb wrote.
    pub(crate) contents: [u8; CONTENTS],
}

impl Header {
    /// The header of a file to which redb has written nothing.
    pub(crate) const EMPTY: Self = Self {
        number: 0,
        length: 0,
        contents: [0; CONTENTS],
    };

    /// True once redb has made its first pages, which it marks last.
    pub(crate) fn is_begun(&self) -> bool {
        self.contents.starts_with(REDB)
    }

    /// The block: line, padding to 32 bytes, number, length, contents, zeros, checksum.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = LINE.to_vec();
        block.resize(32, 0);
        block.extend(self.number.to_le_bytes());
        block.extend(self.length.to_le_bytes());
        block.extend(self.contents);
        block.resize(PAGE.saturating_sub(8), 0);
        block.extend(XxHash3_64::oneshot(&block).to_le_bytes());
        block
    }

    /// `None` if the block is not one that [`Header::encode`] returned.
    pub(crate) fn decode(block: &[u8]) -> Option<Self> {
        let (body, sum) = block.split_last_chunk::<8>()?;
        let is_known = body.starts_with(LINE) || body.starts_with(LINE_1);
        if XxHash3_64::oneshot(body) != u64::from_le_bytes(*sum) || !is_known {
            return None;
        }
        let (number, rest) = body.get(32..)?.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            number: u64::from_le_bytes(*number),
            length: u64::from_le_bytes(*length),
            contents: *rest.first_chunk::<CONTENTS>()?,
        })
    }
}

/// The three copies: which have the newest header, and which one must not be overwritten.
#[derive(Clone, Debug)]
pub(crate) struct Copies {
    /// The newest header.
    pub(crate) newest: Header,
    /// A copy of the last synced header.
    kept: usize,
    /// True if the two other blocks were written since.
    is_unsynced: bool,
}

impl Copies {
    /// The newest of the copies that are whole; `None` if there is none.
    pub(crate) fn choose(copies: [Option<Header>; 3]) -> Option<Self> {
        let whole = (0_usize..).zip(copies);
        let whole = whole.filter_map(|(index, header)| Some((index, header?)));
        let (kept, newest) = whole.max_by_key(|(_, header)| header.number)?;
        Some(Self {
            newest,
            kept,
            is_unsynced: false,
        })
    }

    /// Changes the newest header, and returns the two blocks that it is to be written to.
    pub(crate) fn write(&mut self, header: Header) -> [u64; 2] {
        self.newest = header;
        self.is_unsynced = true;
        match self.kept {
            0 => [1, 2],
            1 => [0, 2],
            _ => [0, 1],
        }
    }

    /// Called once everything is synced: returns the block that has an older header, if any, to
    /// which the newest is to be written as well.
    pub(crate) fn synced(&mut self) -> Option<u64> {
        if !std::mem::take(&mut self.is_unsynced) {
            return None;
        }
        let older = self.kept;
        self.kept = older.saturating_add(1).wrapping_rem(3);
        u64::try_from(older).ok()
    }

    /// Number of these copies that have the newest header.
    pub(crate) fn count(&self, copies: &[Option<Header>; 3]) -> usize {
        let same = copies.iter().flatten();
        same.filter(|header| **header == self.newest).count()
    }
}

/// Why a file without a whole header is refused; `start` is its first bytes.
pub(crate) fn refusal(start: &[u8]) -> String {
    let advice = "replay an archive of its blocks into a new file (`lockstep node replay ARCHIVE \
                  --store redb:PATH`)";
    if let Some(version) = other_version(start) {
        let what = if version > VERSION {
            "open it with the newer build that wrote it"
        } else {
            "this build cannot convert it"
        };
        return format!(
            "it has version {version} of the layout, this build needs version {VERSION}: {what}, \
             or {advice}"
        );
    }
    if start.starts_with(PREFIX) {
        return format!("its header is damaged: restore it from a backup, or {advice}");
    }
    if start.starts_with(b"redb") {
        return "it is a redb file of something else, without the checksums of a store".to_owned();
    }
    "it is a file of something else".to_owned()
}

fn other_version(start: &[u8]) -> Option<u32> {
    let rest = start.strip_prefix(PREFIX)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let number = str::from_utf8(rest.get(..end)?).ok()?.parse().ok()?;
    (number == 0 || number > VERSION).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: u64) -> Header {
        Header {
            number,
            ..Header::EMPTY
        }
    }

    #[test]
    fn a_block_with_any_byte_changed_is_no_header() {
        let mut block = numbered(7).encode();
        assert_eq!(block.len(), PAGE);
        assert_eq!(Header::decode(&block), Some(numbered(7)));
        for index in 0..PAGE {
            block[index] ^= 0x20;
            assert_eq!(Header::decode(&block), None, "byte {index}");
            block[index] ^= 0x20;
        }
        assert_eq!(Header::decode(&block[..PAGE - 1]), None);
    }

    /// Tears both blocks of each write, one of them, or none.
    #[test]
    fn a_synced_header_is_never_overwritten_and_has_two_copies() {
        let mut blocks = [const { Some(Header::EMPTY) }; 3];
        let mut copies = Copies::choose(blocks.clone()).unwrap();
        for number in 1..20 {
            let blocks_written = copies.write(numbered(number));
            let written = blocks_written.map(|block| usize::try_from(block).expect("one of three"));
            for torn in [[true, true], [true, false], [false, true], [false, false]] {
                let mut left = blocks.clone();
                for (block, is_torn) in written.into_iter().zip(torn) {
                    left[block] = (!is_torn).then(|| numbered(number));
                }
                let found = Copies::choose(left).expect("a whole copy").newest;
                let expected = if torn == [true, true] {
                    number - 1
                } else {
                    number
                };
                assert_eq!(found.number, expected);
            }
            // A second write before a sync goes to the same blocks.
            assert_eq!(copies.write(numbered(number)), blocks_written);
            for block in written {
                blocks[block] = Some(numbered(number));
            }
            let older = copies.synced().expect("a header was written");
            assert_eq!(copies.count(&blocks), 2);
            let older = usize::try_from(older).expect("one of three");
            assert!(!written.contains(&older));
            // A crash may lose this write, or tear it.
            blocks[older] = match number % 3 {
                0 => blocks[older].take(),
                1 => None,
                _ => Some(numbered(number)),
            };
            for lost in 0..3 {
                let mut left = blocks.clone();
                left[lost] = None;
                assert_eq!(Copies::choose(left).unwrap().newest, numbered(number));
            }
            assert_eq!(copies.synced(), None);
        }
    }

    #[test]
    fn two_damaged_blocks_leave_the_newest_header() {
        let mut blocks = [const { Some(Header::EMPTY) }; 3];
        let mut copies = Copies::choose(blocks.clone()).unwrap();
        for number in 1..9 {
            for block in copies.write(numbered(number)) {
                blocks[usize::try_from(block).expect("one of three")] = Some(numbered(number));
            }
            let older = copies
                .synced()
                .and_then(|block| usize::try_from(block).ok());
            blocks[older.expect("one of three")] = Some(numbered(number));
            for left in 0..3 {
                let mut damaged = [const { None }; 3];
                damaged[left].clone_from(&blocks[left]);
                assert_eq!(Copies::choose(damaged).unwrap().newest, numbered(number));
            }
        }
    }

    #[test]
    fn a_header_of_version_1_is_read() {
        let mut block = numbered(7).encode();
        block[..LINE_1.len()].copy_from_slice(LINE_1);
        assert_eq!(Header::decode(&block), None, "the checksum covers the line");
        let body = PAGE - 8;
        let sum = XxHash3_64::oneshot(&block[..body]).to_le_bytes();
        block[body..].copy_from_slice(&sum);
        assert_eq!(Header::decode(&block), Some(numbered(7)));
    }

    #[test]
    fn other_files_are_named() {
        assert!(refusal(b"lockstep/redb-store/3\n").contains("newer build"));
        assert!(refusal(b"lockstep/redb-store/0\n").contains("cannot convert"));
        assert!(refusal(b"lockstep/redb-store/1\n").contains("damaged"));
        assert!(refusal(b"lockstep/redb-store/2\n").contains("damaged"));
        assert!(refusal(REDB).contains("redb file of something else"));
        assert!(refusal(b"GIF89a").contains("something else"));
    }
}
