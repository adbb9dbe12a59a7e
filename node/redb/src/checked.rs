//! Keeps a checksum for each page of redb, and compares it at every read.
//!
//! The checksum of a page is XXH3 of its bytes, masked with the page's number, so that a page at
//! another page's place differs too. Checksums are kept in memory once they were read, 2 MiB for
//! each GiB of the file, and written before each sync.
//!
//! Page and checksum are in different blocks, and a crash can keep one without the other. That is
//! no damage: until a sync both belong to a page that no durable commit of redb refers to, and redb
//! does not read it. A block of checksums that a crash tears has, for all other pages, the same
//! bytes before and after.

use crate::file::PagedFile;
use crate::header::{self, CONTENTS, Copies, Header};
use crate::layout::{
    EMPTY_BYTES, GROUP_BYTES, GROUP_PAGES, HEADER_BLOCKS, PAGE, PAGE_BYTES, Place, file_length,
    redb_length, sums_offset,
};
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use twox_hash::XxHash3_64;

/// A file of pages with checksums, as redb reads and writes it. Clones share the file.
#[derive(Clone)]
pub struct CheckedFile(Arc<Shared>);

struct Shared {
    file: Box<dyn PagedFile>,
    state: Mutex<State>,
}

struct State {
    copies: Copies,
    /// Length of redb's pages that a crash cannot undo, in bytes.
    synced: u64,
    groups: BTreeMap<u64, Group>,
}

/// Checksums of one group of pages.
struct Group {
    sums: Vec<u64>,
    is_unwritten: bool,
}

impl CheckedFile {
    /// Opens a file, or starts a new one in a file of length 0.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] with the reason if it is not a store's file, is cut off, or its
    /// header is damaged; the errors of the file.
    pub fn open(file: Box<dyn PagedFile>) -> Result<Self> {
        let length = file.length()?;
        let copies = if length == 0 {
            start(file.as_ref())?
        } else {
            // What a killed process wrote may be in memory of the system alone, and the copy that
            // is kept from here on has to survive a power loss.
            file.sync()?;
            find(file.as_ref(), length)?
        };
        // redb would begin anew in a file whose pages are cut off, or panic.
        let synced = redb_length(file.length()?).filter(|length| *length >= copies.newest.length);
        let synced = synced.ok_or_else(|| invalid("the file is cut off"))?;
        let opened = Self(Arc::new(Shared {
            file,
            state: Mutex::new(State {
                copies,
                synced,
                groups: BTreeMap::new(),
            }),
        }));
        // A crash while redb made its first pages: redb itself would refuse the file.
        if !opened.lock().copies.newest.is_begun() && length > EMPTY_BYTES {
            opened.set_len(0)?;
            opened.sync_data()?;
        }
        Ok(opened)
    }

    /// Reads the three copies of the header from the file, and compares them with the newest.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] if fewer than two have it; the errors of the file.
    pub fn check_header(&self) -> Result<()> {
        let copies = read_copies(self.0.file.as_ref())?.map(|block| Header::decode(&block));
        if self.lock().copies.count(&copies) < 2 {
            return Err(invalid("a copy of its header is damaged"));
        }
        Ok(())
    }

    /// The file under the pages.
    pub(crate) fn file(&self) -> &dyn PagedFile {
        self.0.file.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in a locked part panics, so a poisoned state is a whole one.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_header(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let range = header_range(offset, out.len())?;
        let state = self.lock();
        let found = state.copies.newest.contents.get(range);
        out.copy_from_slice(found.ok_or_else(outside)?);
        Ok(())
    }

    fn write_header(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let range = header_range(offset, bytes.len())?;
        let mut state = self.lock();
        let mut contents = state.copies.newest.contents;
        let part = contents.get_mut(range).ok_or_else(outside)?;
        part.copy_from_slice(bytes);
        state.write_header(self.file(), contents)
    }

    fn read_pages(&self, first: u64, out: &mut [u8]) -> Result<()> {
        for (place, page, part) in runs_mut(first, out) {
            let sums = self.lock().sums(self.file(), place, part.len())?;
            self.0.file.read(place.offset(), part)?;
            for ((number, bytes), sum) in (page..).zip(part.chunks_exact(PAGE)).zip(sums) {
                if checksum(number, bytes) != sum {
                    let at = Place::of(number).offset();
                    return Err(invalid(format!(
                        "page {number}, at byte {at} of the file, is damaged"
                    )));
                }
            }
        }
        Ok(())
    }

    fn write_pages(&self, first: u64, bytes: &[u8]) -> Result<()> {
        for (place, page, part) in runs(first, bytes) {
            let mut state = self.lock();
            let group = state.group(self.file(), place.group)?;
            let index = usize::try_from(place.index).unwrap_or(usize::MAX);
            let sums = group.sums.iter_mut().skip(index);
            for ((number, bytes), sum) in (page..).zip(part.chunks_exact(PAGE)).zip(sums) {
                *sum = checksum(number, bytes);
            }
            group.is_unwritten = true;
            drop(state);
            self.0.file.write(place.offset(), part)?;
        }
        Ok(())
    }
}

impl StorageBackend for CheckedFile {
    fn len(&self) -> Result<u64> {
        let length = self.0.file.length()?;
        redb_length(length).ok_or_else(|| invalid("its length is not one of a store"))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        if offset < PAGE_BYTES {
            return self.read_header(offset, out);
        }
        self.read_pages(page_number(offset, out.len())?, out)
    }

    fn set_len(&self, length: u64) -> Result<()> {
        let new = file_length(length)?;
        if length < self.lock().synced {
            // The header says first that the file may be shorter.
            let mut state = self.lock();
            state.synced = length;
            let contents = state.copies.newest.contents;
            state.write_header(self.file(), contents)?;
            drop(state);
            self.sync_data()?;
        }
        self.0.file.set_len(new)?;
        let pages = length.wrapping_div(PAGE_BYTES);
        let mut state = self.lock();
        state.synced = state.synced.min(length);
        // Checksums behind the new end would make the file longer again.
        state
            .groups
            .retain(|group, _| group.saturating_mul(GROUP_PAGES).saturating_add(1) < pages);
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        let mut state = self.lock();
        for (number, group) in &mut state.groups {
            if group.is_unwritten {
                let block: Vec<u8> = group
                    .sums
                    .iter()
                    .flat_map(|sum| sum.to_le_bytes())
                    .collect();
                self.0.file.write(sums_offset(*number), &block)?;
                group.is_unwritten = false;
            }
        }
        self.0.file.sync()?;
        let older = state.copies.synced();
        state.synced = self.len()?;
        if let Some(block) = older {
            let newest = state.copies.newest.encode();
            let offset = block.saturating_mul(PAGE_BYTES);
            self.0.file.write(offset, &newest)?;
        }
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if offset < PAGE_BYTES {
            return self.write_header(offset, bytes);
        }
        self.write_pages(page_number(offset, bytes.len())?, bytes)
    }
}

impl State {
    fn write_header(&mut self, file: &dyn PagedFile, contents: [u8; CONTENTS]) -> Result<()> {
        let changed = Header {
            number: self.copies.newest.number.saturating_add(1),
            length: self.synced,
            contents,
        };
        let block = changed.encode();
        for index in self.copies.write(changed) {
            file.write(index.saturating_mul(PAGE_BYTES), &block)?;
        }
        Ok(())
    }

    /// Checksums of a group, read from the file at the first use.
    fn group(&mut self, file: &dyn PagedFile, number: u64) -> Result<&mut Group> {
        match self.groups.entry(number) {
            std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::btree_map::Entry::Vacant(unknown) => {
                let mut block = vec![0; PAGE];
                file.read(sums_offset(number), &mut block)?;
                let words = block.as_chunks::<8>().0.iter();
                let sums = words.map(|word| u64::from_le_bytes(*word)).collect();
                Ok(unknown.insert(Group {
                    sums,
                    is_unwritten: false,
                }))
            }
        }
    }

    /// Checksums of the pages in `bytes` bytes from a place on.
    fn sums(&mut self, file: &dyn PagedFile, place: Place, bytes: usize) -> Result<Vec<u64>> {
        let group = self.group(file, place.group)?;
        let index = usize::try_from(place.index).unwrap_or(usize::MAX);
        let sums = group.sums.iter().skip(index);
        Ok(sums.take(bytes.wrapping_div(PAGE)).copied().collect())
    }
}

impl fmt::Debug for CheckedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckedFile")
    }
}

/// The checksum of page `number`. A multiplication by an odd number maps no two pages to one mask.
fn checksum(number: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The parts of some pages that are in one group each, with their place and the first page.
fn runs(first: u64, bytes: &[u8]) -> impl Iterator<Item = (Place, u64, &[u8])> {
    let (head, rest) = bytes.split_at(first_run(first, bytes.len()));
    std::iter::once(head)
        .chain(rest.chunks(GROUP_BYTES))
        .scan(first, |page, part| Some(advance(page, part.len(), part)))
        .filter(|(_, _, part)| !part.is_empty())
}

/// As [`runs`], for reading.
fn runs_mut(first: u64, bytes: &mut [u8]) -> impl Iterator<Item = (Place, u64, &mut [u8])> {
    let (head, rest) = bytes.split_at_mut(first_run(first, bytes.len()));
    std::iter::once(head)
        .chain(rest.chunks_mut(GROUP_BYTES))
        .scan(first, |page, part| Some(advance(page, part.len(), part)))
        .filter(|(_, _, part)| !part.is_empty())
}

/// Bytes of `length` up to the end of the first page's group.
fn first_run(first: u64, length: usize) -> usize {
    let left = GROUP_PAGES.saturating_sub(Place::of(first).index);
    let left = usize::try_from(left.saturating_mul(PAGE_BYTES)).unwrap_or(usize::MAX);
    left.min(length)
}

fn advance<T>(page: &mut u64, length: usize, part: T) -> (Place, u64, T) {
    let first = *page;
    let pages = u64::try_from(length.wrapping_div(PAGE)).unwrap_or(u64::MAX);
    *page = first.saturating_add(pages);
    (Place::of(first), first, part)
}

/// The first page of an access; redb reads and writes whole pages, but for its header.
fn page_number(offset: u64, length: usize) -> Result<u64> {
    let whole = offset.wrapping_rem(PAGE_BYTES) == 0 && length.wrapping_rem(PAGE) == 0;
    if whole {
        Ok(offset.wrapping_div(PAGE_BYTES))
    } else {
        Err(Error::other("redb asked for a part of a page"))
    }
}

fn header_range(offset: u64, length: usize) -> Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| outside())?;
    let end = start.checked_add(length).filter(|end| *end <= CONTENTS);
    Ok(start..end.ok_or_else(outside)?)
}

fn outside() -> Error {
    Error::other("redb asked for bytes behind its header")
}

fn invalid(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, cause.into())
}

/// Starts a new file.
fn start(file: &dyn PagedFile) -> Result<Copies> {
    file.set_len(EMPTY_BYTES)?;
    for index in 0..HEADER_BLOCKS {
        file.write(index.saturating_mul(PAGE_BYTES), &Header::EMPTY.encode())?;
    }
    file.sync()?;
    Copies::choose([const { Some(Header::EMPTY) }; 3]).ok_or_else(outside)
}

/// Finds the newest header of a file that is not empty.
fn find(file: &dyn PagedFile, length: u64) -> Result<Copies> {
    if length < EMPTY_BYTES {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read(0, &mut bytes)?;
        return Err(invalid(header::refusal(&bytes)));
    }
    let blocks = read_copies(file)?;
    if let Some(copies) = Copies::choose(blocks.each_ref().map(|block| Header::decode(block))) {
        return Ok(copies);
    }
    if length == EMPTY_BYTES && blocks.iter().all(|block| is_torn_start(block)) {
        return start(file);
    }
    let [first, ..] = &blocks;
    Err(invalid(header::refusal(first)))
}

fn read_copies(file: &dyn PagedFile) -> Result<[Vec<u8>; 3]> {
    let mut blocks = [const { Vec::new() }; 3];
    for (index, block) in (0_u64..).zip(&mut blocks) {
        block.resize(PAGE, 0);
        file.read(index.saturating_mul(PAGE_BYTES), block)?;
    }
    Ok(blocks)
}

/// True if a crash of [`start`] can leave this block: each sector is written, or zero.
fn is_torn_start(block: &[u8]) -> bool {
    const SECTOR: usize = 512;
    let whole = Header::EMPTY.encode();
    let pairs = block.chunks(SECTOR).zip(whole.chunks(SECTOR));
    pairs
        .into_iter()
        .all(|(found, written)| found == written || found.iter().all(|byte| *byte == 0))
}
