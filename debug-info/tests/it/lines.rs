//! Tests the mapping of source lines, and that the work for hostile DWARF is bounded.

use crate::dwarf::{Source, with_dwarf};
use crate::{assembled, offset_of, with_section};
use debug_info::limits::PATH_BYTES_MAX;
use debug_info::{DebugInfo, Location, NoLines};

const TEXT: &str = "(module (func (drop (i32.const 11)) (drop (i32.const 12))))";

const SOURCE: Source<'_> = Source {
    folder: "contract",
    file: "src/price.rs",
    rows: &[(0, 0), (3, 42), (6, 7), (7, 42)],
    end: 9,
};

/// Offset of the code section's content in the module of [`TEXT`]: the first operator is after the
/// number of bodies, the body length and the locals.
fn code(bytes: &[u8]) -> u64 {
    offset_of(bytes, &[0x41, 11]).saturating_sub(3)
}

#[test]
fn operators_map_to_lines_and_lines_to_operators() {
    for version in [2, 3, 4, 5] {
        let bytes = with_dwarf(assembled(TEXT), version, &SOURCE);
        let code = code(&bytes);
        let info = DebugInfo::of(&bytes);
        let lines = info.lines().expect("there are lines");
        let at = |offset| lines.at(code + offset);
        let file = "contract/src/price.rs";
        let of = |line| Location {
            file,
            line,
            column: Some(5),
        };
        assert_eq!(at(0), Some(of(None)), "version {version}");
        assert_eq!(at(3), Some(of(Some(42))));
        assert_eq!(at(5), Some(of(Some(42))));
        assert_eq!(at(6), Some(of(Some(7))));
        assert_eq!(at(8), Some(of(Some(42))));
        assert_eq!(at(9), None);
        assert_eq!(lines.at(code - 1), None);
        assert_eq!(lines.at(u64::MAX), None);

        let both = vec![code + 3..code + 6, code + 7..code + 9];
        for end in ["price.rs", "src/price.rs", "contract/src/price.rs"] {
            assert_eq!(lines.positions_of(end, 42), both, "{end}");
        }
        for other in ["rice.rs", "other.rs", "x/contract/src/price.rs"] {
            assert!(lines.positions_of(other, 42).is_empty(), "{other}");
        }
        assert!(lines.positions_of("price.rs", 41).is_empty());
        assert!(lines.positions_of("price.rs", 0).is_empty());
    }
}

#[test]
fn an_absolute_path_replaces_the_folder() {
    for (folder, file, path) in [
        ("/build", "/src/lib.rs", "/src/lib.rs"),
        ("/build/", "lib.rs", "/build/lib.rs"),
        ("C:\\build", "src\\lib.rs", "C:\\build\\src\\lib.rs"),
        ("/build", "C:\\lib.rs", "C:\\lib.rs"),
    ] {
        let source = Source {
            folder,
            file,
            ..SOURCE
        };
        let bytes = with_dwarf(assembled(TEXT), 4, &source);
        let info = DebugInfo::of(&bytes);
        let location = info.lines().expect("lines").at(code(&bytes));
        assert_eq!(location.map(|location| location.file), Some(path));
    }
}

#[test]
fn a_file_with_a_too_long_path_has_no_lines() {
    let long = "x".repeat(PATH_BYTES_MAX);
    let source = Source {
        folder: &long,
        ..SOURCE
    };
    let bytes = with_dwarf(assembled(TEXT), 4, &source);
    assert_eq!(
        DebugInfo::of(&bytes).lines().err(),
        Some(NoLines::Malformed)
    );
}

#[test]
fn the_reason_for_missing_lines_is_returned() {
    let bytes = assembled(TEXT);
    assert_eq!(reason(&bytes), Some(NoLines::Absent));
    assert_eq!(reason(b"\0asm"), Some(NoLines::Absent));
    let garbage = with_section(bytes, ".debug_line", &[0xa5; 500]);
    let garbage = with_section(garbage, ".debug_info", &[0x5a; 500]);
    assert_eq!(reason(&garbage), Some(NoLines::Malformed));
}

/// `.debug_info` with `count` units that share the abbreviation table at `abbreviations`.
fn many_units(count: usize, abbreviations: u32) -> Vec<u8> {
    let mut unit = vec![12, 0, 0, 0, 4, 0];
    unit.extend(abbreviations.to_le_bytes());
    // Address size, abbreviation 1, and the offset of the line program.
    unit.extend([4, 1, 0, 0, 0, 0]);
    unit.repeat(count)
}

/// Abbreviation 1: a unit with only a line program.
const ABBREVIATION: [u8; 8] = [1, 0x11, 0, 0x10, 0x17, 0, 0, 0];

fn reason(bytes: &[u8]) -> Option<NoLines> {
    DebugInfo::of(bytes).lines().err()
}

/// The module with units that share a line program of `length` bytes, one row per byte.
fn with_long_program(length: u32, units: usize) -> Vec<u8> {
    let mut program = length.saturating_sub(4).to_le_bytes().to_vec();
    // Version 4, header of 14 bytes: no standard opcodes, no directory, file `a`.
    program.extend([
        4, 0, 14, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, b'a', 0, 0, 0, 0, 0, 0,
    ]);
    program.resize(usize::try_from(length).expect("short"), 0x42);
    let bytes = with_section(assembled(TEXT), ".debug_line", &program);
    let bytes = with_section(bytes, ".debug_abbrev", &ABBREVIATION);
    with_section(bytes, ".debug_info", &many_units(units, 0))
}

#[test]
fn the_number_of_rows_is_bounded() {
    assert_eq!(reason(&with_long_program(1 << 20, 1)), None);
    assert_eq!(
        reason(&with_long_program(5 << 20, 1)),
        Some(NoLines::TooMuch)
    );
}

/// 100,000 units that share a line program of a megabyte would take 100 gigabytes of work.
#[test]
fn units_cannot_multiply_a_line_program() {
    assert_eq!(reason(&with_long_program(1 << 20, 2)), None);
    let bytes = with_long_program(1 << 20, 100_000);
    assert_eq!(reason(&bytes), Some(NoLines::TooMuch));
}

/// The same with a long abbreviation table, and with one that has no end.
#[test]
fn units_cannot_multiply_abbreviations() {
    let mut long = Vec::new();
    for code in 2..40_000_u32 {
        long.extend([
            0x80 | code.to_le_bytes()[0],
            0x80 | code.to_le_bytes()[1],
            1,
        ]);
        long.extend([0x11, 0, 0, 0]);
    }
    for end in [&ABBREVIATION[..], &[0x80; 100_000]] {
        let mut table = long.clone();
        table.extend(end);
        let bytes = with_section(assembled(TEXT), ".debug_line", &[0; 64]);
        let bytes = with_section(bytes, ".debug_abbrev", &table);
        let bytes = with_section(bytes, ".debug_info", &many_units(100_000, 0));
        assert_eq!(reason(&bytes), Some(NoLines::TooMuch));
    }
}

/// The same with a folder name of a megabyte to which all units refer.
#[test]
fn units_cannot_multiply_a_string() {
    // Abbreviation 1: a unit with a folder in `.debug_str`, at the four bytes of the program.
    let abbreviation = [1, 0x11, 0, 0x1b, 0x0e, 0, 0, 0];
    let mut text = vec![b'a'; 1 << 20];
    text.push(0);
    let bytes = with_section(assembled(TEXT), ".debug_line", &[0; 64]);
    let bytes = with_section(bytes, ".debug_str", &text);
    let bytes = with_section(bytes, ".debug_abbrev", &abbreviation);
    let bytes = with_section(bytes, ".debug_info", &many_units(100_000, 0));
    assert_eq!(reason(&bytes), Some(NoLines::TooMuch));
}
