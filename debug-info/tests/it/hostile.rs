//! Reads hostile modules: every query returns, and none panics.

use crate::{assembled, with_section};
use debug_info::DebugInfo;
use debug_info::limits::{ENTRIES_MAX, MODULE_BYTES_MAX, NAME_BYTES_MAX};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;

const TEXT: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (import "lockstep" "input" (func $input (param i32)))
    (table 2 funcref)
    (elem (i32.const 0) $_ZN4core3fmt5write17h0123456789abcdefE $input)
    (global $__stack_pointer (mut i32) (i32.const 9))
    (func $_ZN4core3fmt5write17h0123456789abcdefE (type $unary) (local.get 0))
    (func $_RNvC6_123foo3bar (export "call") (param i32) (result i32)
      (call_indirect (type $unary) (local.get 0) (i32.const 0)))
    (start $start)
    (func $start (drop (call $_RNvC6_123foo3bar (i32.const 1)))))"#;

/// Runs every query.
fn query_all(bytes: &[u8]) {
    let info = DebugInfo::of(bytes);
    for index in [0, 1, 2, 3, 4, 1 << 20, u32::MAX] {
        let name = info.function_name(index);
        assert!(name.is_none_or(|name| name.len() <= NAME_BYTES_MAX));
        let _ = info.global_name(index);
        let path = info.call_path(index);
        assert!(path.is_none_or(|path| path.last().expect("a step").function == index));
    }
    for offset in 0..u64::try_from(bytes.len()).expect("short") {
        let _ = info.function_at(offset);
    }
    let _ = info.interface();
    #[cfg(feature = "lines")]
    if let Ok(lines) = info.lines() {
        for offset in 0..u64::try_from(bytes.len()).expect("short") {
            if let Some(location) = lines.at(offset) {
                let line = location.line.unwrap_or_default();
                let positions = lines.positions_of(location.file, line);
                assert!(line == 0 || positions.iter().any(|range| range.contains(&offset)));
            }
        }
    }
}

/// A module with all sections that the crate reads.
fn whole() -> Vec<u8> {
    let bytes = with_section(assembled(TEXT), "lockstep.interface", b"{}");
    #[cfg(feature = "lines")]
    let bytes = crate::dwarf::with_dwarf(
        bytes,
        4,
        &crate::dwarf::Source {
            folder: "contract",
            file: "src/price.rs",
            rows: &[(0, 3), (5, 42), (9, 7)],
            end: 30,
        },
    );
    bytes
}

/// A module whose name section has one subsection with function names.
fn function_names(count: u64, namings: &[(u32, &str)]) -> Vec<u8> {
    let mut map = Vec::new();
    wasm_encoder::Encode::encode(&count, &mut map);
    for (index, name) in namings {
        wasm_encoder::Encode::encode(index, &mut map);
        wasm_encoder::Encode::encode(*name, &mut map);
    }
    let mut section = vec![1];
    wasm_encoder::Encode::encode(&map.len(), &mut section);
    section.extend(map);
    with_section(assembled("(module (func))"), "name", &section)
}

#[test]
fn a_name_section_may_name_functions_that_do_not_exist() {
    let bytes = function_names(2, &[(7, "seven"), (u32::MAX, "last")]);
    let info = DebugInfo::of(&bytes);
    assert_eq!(info.function_name(0), None);
    assert_eq!(info.function_name(7).as_deref(), Some("seven"));
    assert_eq!(info.function_name(u32::MAX).as_deref(), Some("last"));
    query_all(&bytes);
}

#[test]
fn a_wrong_count_does_not_allocate_memory() {
    let bytes = function_names(u64::from(u32::MAX), &[(0, "zero")]);
    let name = DebugInfo::of(&bytes).function_name(0);
    assert_eq!(name.as_deref(), Some("zero"));
    query_all(&bytes);
    // Sections of types, imports, functions, exports, elements and bodies that claim 2^32 - 1.
    for id in [1, 2, 3, 7, 9, 10] {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend([id, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x60]);
        query_all(&bytes);
    }
}

#[test]
fn a_name_longer_than_the_limit_is_left_out() {
    let (fits, long) = ("x".repeat(NAME_BYTES_MAX), "x".repeat(NAME_BYTES_MAX + 1));
    let bytes = function_names(2, &[(0, &fits), (1, &long)]);
    let info = DebugInfo::of(&bytes);
    assert_eq!(info.function_name(0), Some(fits));
    assert_eq!(info.function_name(1), None);
}

#[test]
fn names_beyond_the_maximum_number_are_left_out() {
    let most = u32::try_from(ENTRIES_MAX).expect("fits");
    let namings: Vec<(u32, &str)> = (0..=most).map(|index| (index, "")).collect();
    let bytes = function_names(u64::from(most) + 1, &namings);
    let info = DebugInfo::of(&bytes);
    assert_eq!(info.function_name(most - 1).as_deref(), Some(""));
    assert_eq!(info.function_name(most), None);
}

#[test]
fn a_module_above_the_size_limit_is_not_read() {
    let mut bytes = assembled("(module (func $named))");
    let mut padded = |length: usize| {
        bytes.resize(length, 0);
        DebugInfo::of(&bytes).function_name(0)
    };
    assert_eq!(padded(MODULE_BYTES_MAX).as_deref(), Some("named"));
    assert_eq!(padded(MODULE_BYTES_MAX + 1), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn damaged_bytes_never_panic(damages in vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut bytes = whole();
        for (index, byte) in damages {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        query_all(&bytes);
    }

    #[test]
    fn a_cut_module_never_panics(end in any::<Index>()) {
        let bytes = whole();
        query_all(&bytes[..end.index(bytes.len())]);
    }

    #[test]
    fn random_sections_never_panic(
        id in 0_usize..12,
        data in vec(any::<u8>(), 0..400),
        more in vec(any::<u8>(), 0..400),
    ) {
        const NAMES: [&str; 12] = [
            "name", "lockstep.interface", ".debug_line", ".debug_info", ".debug_abbrev",
            ".debug_str", ".debug_line_str", ".debug_str_offsets", ".debug_addr", ".debug_ranges",
            ".debug_rnglists", ".debug_types",
        ];
        let bytes = with_section(whole(), NAMES[id], &data);
        query_all(&with_section(bytes, ".debug_line", &more));
    }
}
