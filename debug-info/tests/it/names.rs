//! Tests the names of functions and globals, and the lookup of a function by offset.

use crate::{assembled, offset_of, with_section};
use debug_info::DebugInfo;

#[test]
fn a_function_is_named_by_name_section_then_export_then_import() {
    let bytes = assembled(
        r#"(module
            (import "lockstep" "input" (func (param i32)))
            (func $_ZN4core3fmt5write17h0123456789abcdefE (export "write"))
            (func (export "first") (export "second"))
            (func))"#,
    );
    let info = DebugInfo::of(&bytes);
    let name = |index| info.function_name(index);
    assert_eq!(name(0).as_deref(), Some("lockstep.input"));
    assert_eq!(name(1).as_deref(), Some("core::fmt::write"));
    assert_eq!(name(2).as_deref(), Some("first"));
    assert_eq!(name(3), None);
    assert_eq!(name(4), None);
    assert_eq!(name(u32::MAX), None);
}

#[test]
fn a_global_is_named_by_the_name_section() {
    let bytes = assembled(
        "(module (global (mut i32) (i32.const 0)) (global $__stack_pointer i32 (i32.const 1)))",
    );
    let info = DebugInfo::of(&bytes);
    assert_eq!(info.global_name(0), None);
    assert_eq!(info.global_name(1), Some("__stack_pointer"));
}

#[test]
fn the_interface_is_the_content_of_its_section() {
    let bytes = assembled("(module)");
    assert_eq!(DebugInfo::of(&bytes).interface(), None);
    let bytes = with_section(bytes, "lockstep.interface", b"not JSON \xff");
    let info = DebugInfo::of(&bytes);
    assert_eq!(info.interface(), Some(&b"not JSON \xff"[..]));
}

#[test]
fn a_byte_belongs_to_the_function_whose_body_contains_it() {
    let bytes = assembled(
        r#"(module
            (import "lockstep" "input" (func (param i32)))
            (func (drop (i32.const 11)))
            (func (drop (i32.const 12))))"#,
    );
    let info = DebugInfo::of(&bytes);
    for (index, operator) in [(1, [0x41, 11, 0x1a]), (2, [0x41, 12, 0x1a])] {
        // The number of locals, two operators and the end.
        let start = offset_of(&bytes, &operator);
        for offset in start - 1..=start + 3 {
            assert_eq!(info.function_at(offset), Some(index), "{offset}");
        }
        // The length before the body belongs to no function.
        assert_eq!(info.function_at(start - 2), None);
    }
    assert_eq!(info.function_at(0), None);
    assert_eq!(info.function_at(u64::MAX), None);
}

#[test]
fn a_component_and_a_text_have_no_names() {
    for bytes in [&b"\0asm\x0d\0\x01\0"[..], b"(module)", b""] {
        let info = DebugInfo::of(bytes);
        assert_eq!(info.function_name(0), None);
        assert_eq!(info.function_at(0), None);
        assert_eq!(info.call_path(0), None);
    }
}
