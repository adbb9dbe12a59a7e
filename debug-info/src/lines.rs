//! Maps operators to source lines and back, if the module has DWARF.
//!
//! The table is decoded once into owned data. A unit that does not decode is left out. The work for
//! all units is bounded, since many units may refer to the same long program, table or text.

use crate::limits::{LINE_ROWS_MAX, LINE_WORK_BYTES_MAX, PATH_BYTES_MAX};
use crate::payloads::payloads;
use gimli::{
    ColumnType, DW_FORM_implicit_const, Dwarf, EndianSlice, IncompleteLineProgram,
    LineProgramHeader, LittleEndian, Reader, Section, SectionId, UnitRef,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use wasmparser::Payload;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Prefix of the names of custom sections with DWARF.
const DEBUG_PREFIX: &str = ".debug_";

/// Why a module has no lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoLines {
    /// The module has no line table, or no code.
    Absent,
    /// No line of its DWARF can be decoded.
    Malformed,
    /// Its DWARF needs more work than [`limits`](crate::limits) allow.
    TooMuch,
}

impl fmt::Display for NoLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "the module has no DWARF line table; build it with debug information",
            Self::Malformed => "the module's DWARF cannot be decoded",
            Self::TooMuch => "the module's DWARF exceeds the limits on decoding",
        })
    }
}

impl std::error::Error for NoLines {}

/// A location in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// Path as the compiler wrote it; untrusted, not safe for a terminal.
    pub file: &'a str,
    /// Line, counted from 1; `None` for code without a source line.
    pub line: Option<u32>,
    /// Column, counted from 1; `None` if only the line is known.
    pub column: Option<u32>,
}

/// A byte range of the module with its source location.
#[derive(Debug)]
struct Row {
    start: u64,
    end: u64,
    /// Index in `files`.
    file: usize,
    line: u32,
    column: u32,
}

/// The line table of a module.
#[derive(Debug)]
pub struct Lines {
    files: Vec<String>,
    /// Rows sorted by start.
    rows: Vec<Row>,
}

impl Lines {
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, NoLines> {
        let mut sections: BTreeMap<&str, &[u8]> = BTreeMap::new();
        let mut code = None;
        for payload in payloads(bytes) {
            match payload {
                Payload::CodeSectionStart {
                    unchecked_range, ..
                } => code = Some(unchecked_range.start),
                Payload::CustomSection(custom) if custom.name().starts_with(DEBUG_PREFIX) => {
                    sections.insert(custom.name(), custom.data());
                }
                _ => {}
            }
        }
        let code = code.filter(|_| sections.contains_key(SectionId::DebugLine.name()));
        let code = code.ok_or(NoLines::Absent)?;
        let load = |id: SectionId| {
            let data = sections.get(id.name()).copied().unwrap_or_default();
            Ok::<_, gimli::Error>(EndianSlice::new(complete_strings(id, data), LittleEndian))
        };
        let dwarf = Dwarf::load(load).map_err(|_| NoLines::Malformed)?;
        let mut table = TableBuilder {
            code,
            total: sections.values().map(|data| data.len()).sum(),
            room: LINE_WORK_BYTES_MAX,
            programs: BTreeSet::new(),
            numbers: BTreeMap::new(),
            rows: Vec::new(),
        };
        table.units(&dwarf)?;
        table.finish()
    }

    /// Source location of the operator at byte `offset`.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<Location<'_>> {
        let after = self.rows.partition_point(|row| row.start <= offset);
        let row = self.rows.get(after.checked_sub(1)?)?;
        Some(Location {
            file: self.files.get(row.file).filter(|_| offset < row.end)?,
            line: (row.line > 0).then_some(row.line),
            column: (row.column > 0).then_some(row.column),
        })
    }

    /// Byte ranges compiled from `line` of `file`, in order. `file` may be the last components of a
    /// path: `price.rs` or `src/price.rs`.
    #[must_use]
    pub fn positions_of(&self, file: &str, line: u32) -> Vec<Range<u64>> {
        let matches = |path: &String| {
            let before = path.strip_suffix(file);
            before.is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
        };
        let matching: Vec<bool> = self.files.iter().map(matches).collect();
        let mut positions: Vec<Range<u64>> = Vec::new();
        let of_line = self.rows.iter().filter(|row| {
            row.line == line && line > 0 && matching.get(row.file).copied().unwrap_or_default()
        });
        for row in of_line {
            match positions.last_mut() {
                Some(last) if last.end == row.start => last.end = row.end,
                _ => positions.push(row.start..row.end),
            }
        }
        positions
    }
}

/// A section of strings up to the end of its last complete one: the search for an end always
/// succeeds.
fn complete_strings(id: SectionId, data: &[u8]) -> &[u8] {
    if !matches!(id, SectionId::DebugStr | SectionId::DebugLineStr) {
        return data;
    }
    let last = data.iter().rposition(|byte| *byte == 0);
    let end = last.map_or(0, |last| last.saturating_add(1));
    data.get(..end).unwrap_or_default()
}

/// Decodes the line programs of all units into one table.
struct TableBuilder {
    /// Offset of the code section's content; DWARF addresses are relative to it.
    code: u64,
    /// Total size of all sections, in bytes: the maximum cost of one step.
    total: usize,
    /// Number of bytes that may still be decoded.
    room: usize,
    /// Offsets of the line programs that were executed.
    programs: BTreeSet<usize>,
    /// Number of each file by its path.
    numbers: BTreeMap<String, usize>,
    rows: Vec<Row>,
}

impl TableBuilder {
    fn finish(mut self) -> Result<Lines, NoLines> {
        if self.rows.is_empty() {
            return Err(NoLines::Malformed);
        }
        self.rows.sort_by_key(|row| (row.start, row.end));
        let mut files: Vec<(String, usize)> = self.numbers.into_iter().collect();
        files.sort_by_key(|(_, number)| *number);
        Ok(Lines {
            files: files.into_iter().map(|(path, _)| path).collect(),
            rows: self.rows,
        })
    }

    fn charge(&mut self, bytes: usize) -> Result<(), NoLines> {
        self.room = self.room.checked_sub(bytes).ok_or(NoLines::TooMuch)?;
        Ok(())
    }

    fn units(&mut self, dwarf: &Dwarf<Slice<'_>>) -> Result<(), NoLines> {
        let mut headers = dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            let abbreviations = header.debug_abbrev_offset().0;
            let length = abbreviation_bytes(dwarf.debug_abbrev.reader(), abbreviations);
            self.charge(length.unwrap_or(self.total))?;
            let Ok(unit) = dwarf.unit(header) else {
                self.charge(self.total)?;
                continue;
            };
            let texts = [unit.name, unit.comp_dir].into_iter().flatten();
            self.charge(texts.map(|text| text.len()).sum())?;
            if let Some(program) = unit.line_program.clone() {
                self.program(UnitRef::new(dwarf, &unit), program)?;
            }
        }
        Ok(())
    }

    fn program<'a>(
        &mut self,
        unit: UnitRef<'_, Slice<'a>>,
        program: IncompleteLineProgram<Slice<'a>>,
    ) -> Result<(), NoLines> {
        self.charge(program.header().unit_length())?;
        if !self.programs.insert(program.header().offset().0) {
            return Ok(());
        }
        let mut numbers: BTreeMap<u64, Option<usize>> = BTreeMap::new();
        let mut before: Option<Row> = None;
        let mut rows = program.rows();
        while let Ok(Some((header, row))) = rows.next_row() {
            let Some(start) = self.code.checked_add(row.address()) else {
                break;
            };
            if let Some(before) = before.take().filter(|before| before.start < start) {
                if self.rows.len() >= LINE_ROWS_MAX {
                    return Err(NoLines::TooMuch);
                }
                self.rows.push(Row {
                    end: start,
                    ..before
                });
            }
            let index = row.file_index();
            let number = match numbers.get(&index) {
                Some(number) => *number,
                None => {
                    let number = self.file(unit, header, index)?;
                    numbers.insert(index, number);
                    number
                }
            };
            before = number.filter(|_| !row.end_sequence()).map(|file| Row {
                start,
                end: start,
                file,
                line: row.line().map_or(0, |line| u32_or_zero(line.get())),
                column: match row.column() {
                    ColumnType::LeftEdge => 0,
                    ColumnType::Column(column) => u32_or_zero(column.get()),
                },
            });
        }
        Ok(())
    }

    /// Number of a source file; `None` if it has no path or its path is too long.
    fn file<'a>(
        &mut self,
        unit: UnitRef<'_, Slice<'a>>,
        header: &LineProgramHeader<Slice<'a>>,
        index: u64,
    ) -> Result<Option<usize>, NoLines> {
        let Some(entry) = header.file(index) else {
            return Ok(None);
        };
        let mut parts = Vec::from_iter(unit.comp_dir);
        // Directory 0 is the compilation directory of the unit.
        if entry.directory_index() != 0 {
            let directory = entry.directory(header);
            parts.extend(directory.and_then(|text| unit.attr_string(text).ok()));
        }
        let Ok(name) = unit.attr_string(entry.path_name()) else {
            return Ok(None);
        };
        parts.push(name);
        self.charge(parts.iter().map(|part| part.len()).sum())?;
        if parts.iter().any(|part| part.len() > PATH_BYTES_MAX) {
            return Ok(None);
        }
        let mut path = String::new();
        for part in parts {
            join(&mut path, &part.to_string_lossy());
        }
        if path.len() > PATH_BYTES_MAX {
            return Ok(None);
        }
        let next = self.numbers.len();
        Ok(Some(*self.numbers.entry(path).or_insert(next)))
    }
}

fn u32_or_zero(number: u64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// Appends `part` to `path`, or replaces `path` if `part` is absolute.
fn join(path: &mut String, part: &str) {
    let is_of_windows = |text: &str| text.starts_with('\\') || text.get(1..3) == Some(":\\");
    if part.starts_with('/') || part.get(1..3) == Some(":/") || is_of_windows(part) {
        path.clear();
    }
    let separator = if is_of_windows(path) { '\\' } else { '/' };
    if !path.is_empty() && !path.ends_with(separator) {
        path.push(separator);
    }
    path.push_str(part);
}

/// Size of the abbreviation table at `offset`, in bytes; `None` if it has no end.
fn abbreviation_bytes(section: &Slice<'_>, offset: usize) -> Option<usize> {
    let mut input = *section;
    input.skip(offset).ok()?;
    let whole = input.len();
    while input.read_uleb128().ok()? != 0 {
        let _tag = input.read_uleb128().ok()?;
        let _has_children = input.read_u8().ok()?;
        loop {
            let name = input.read_uleb128().ok()?;
            let form = input.read_uleb128().ok()?;
            if form == u64::from(DW_FORM_implicit_const.0) {
                input.read_sleb128().ok()?;
            }
            if (name, form) == (0, 0) {
                break;
            }
        }
    }
    whole.checked_sub(input.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A string without an end would be searched once for each unit that refers to it.
    #[test]
    fn a_string_without_an_end_is_left_out() {
        for id in [SectionId::DebugStr, SectionId::DebugLineStr] {
            assert_eq!(complete_strings(id, b"ab\0cd"), b"ab\0");
            assert_eq!(complete_strings(id, b"cd"), b"");
        }
        assert_eq!(complete_strings(SectionId::DebugLine, b"cd"), b"cd");
    }
}
