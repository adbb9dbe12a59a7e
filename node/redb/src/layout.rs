//! Maps pages of redb to blocks of the file.
//!
//! ```text
//! block   0..3        3       4 .. 516     516      517 .. 1029
//!         header x 3  sums 0  pages 1-512  sums 1   pages 513-1024   ...
//! ```
//!
//! Blocks and pages have 4 KiB and are aligned. Page 0, which has redb's header, is no page of the
//! file: its contents are in the three header blocks. A block of checksums precedes the 512 pages
//! that it is about.

use std::io;

/// Length of a page of redb and of a block of the file, in bytes.
pub(crate) const PAGE_BYTES: u64 = 4096;
/// The same, of a buffer.
pub(crate) const PAGE: usize = 4096;
/// Copies of the header.
pub(crate) const HEADER_BLOCKS: u64 = 3;
/// Length of a file without pages, in bytes.
pub(crate) const EMPTY_BYTES: u64 = HEADER_BLOCKS * PAGE_BYTES;
/// Pages of a group: checksums of 8 bytes in one block.
pub(crate) const GROUP_PAGES: u64 = PAGE_BYTES / 8;
/// Length of the pages of a group, in bytes.
pub(crate) const GROUP_BYTES: usize = PAGE / 8 * PAGE;
const GROUP_BLOCKS: u64 = GROUP_PAGES + 1;

/// The place of a page that is not page 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its group.
    pub(crate) group: u64,
    /// Its index in the group.
    pub(crate) index: u64,
}

impl Place {
    /// The place of page `page`, at least 1.
    pub(crate) const fn of(page: u64) -> Self {
        let data = page.saturating_sub(1);
        Self {
            group: data.wrapping_div(GROUP_PAGES),
            index: data.wrapping_rem(GROUP_PAGES),
        }
    }

    /// Offset of the page in the file.
    pub(crate) const fn offset(self) -> u64 {
        let block = self.index.saturating_add(1).saturating_mul(PAGE_BYTES);
        sums_offset(self.group).saturating_add(block)
    }
}

/// Offset of the checksums of a group.
pub(crate) const fn sums_offset(group: u64) -> u64 {
    group
        .saturating_mul(GROUP_BLOCKS)
        .saturating_add(HEADER_BLOCKS)
        .saturating_mul(PAGE_BYTES)
}

/// Length of the file for redb's length.
///
/// # Errors
/// If redb's length is no whole number of pages, which no version of it asks for.
pub(crate) fn file_length(length: u64) -> io::Result<u64> {
    if length.checked_rem(PAGE_BYTES) != Some(0) {
        return Err(io::Error::other("redb asked for a part of a page"));
    }
    let pages = length.wrapping_div(PAGE_BYTES).saturating_sub(1);
    let blocks = pages
        .saturating_add(pages.div_ceil(GROUP_PAGES))
        .saturating_add(HEADER_BLOCKS);
    Ok(blocks.saturating_mul(PAGE_BYTES))
}

/// Redb's length of a file of this length; `None` if no file of a store has it.
pub(crate) fn redb_length(length: u64) -> Option<u64> {
    if length.checked_rem(PAGE_BYTES) != Some(0) {
        return None;
    }
    let blocks = length.wrapping_div(PAGE_BYTES).checked_sub(HEADER_BLOCKS)?;
    if blocks == 0 {
        return Some(0);
    }
    let rest = blocks.wrapping_rem(GROUP_BLOCKS);
    let pages = blocks
        .wrapping_div(GROUP_BLOCKS)
        .saturating_mul(GROUP_PAGES)
        .saturating_add(rest.saturating_sub(1));
    // A block of checksums without a page.
    if rest == 1 {
        return None;
    }
    Some(pages.saturating_add(1).saturating_mul(PAGE_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_of_redb_has_one_length_of_the_file() {
        assert_eq!(file_length(0).unwrap(), EMPTY_BYTES);
        let mut last = EMPTY_BYTES;
        for pages in 2..3_000 {
            let length = file_length(pages * PAGE_BYTES).unwrap();
            assert!(length > last, "{pages}");
            assert_eq!(redb_length(length), Some(pages * PAGE_BYTES));
            // The last page is the last block of the file.
            assert_eq!(Place::of(pages - 1).offset() + PAGE_BYTES, length);
            last = length;
        }
        assert!(file_length(PAGE_BYTES + 1).is_err());
        for length in [0, 1, EMPTY_BYTES - PAGE_BYTES, EMPTY_BYTES + 7] {
            assert_eq!(redb_length(length), None, "{length}");
        }
        assert_eq!(redb_length(EMPTY_BYTES + PAGE_BYTES), None);
    }

    #[test]
    fn no_two_pages_share_a_block() {
        let mut next = HEADER_BLOCKS * PAGE_BYTES;
        for page in 1..2_000 {
            let place = Place::of(page);
            if place.index == 0 {
                assert_eq!(sums_offset(place.group), next);
                next += PAGE_BYTES;
            }
            assert_eq!(place.offset(), next, "{page}");
            next += PAGE_BYTES;
        }
    }
}
