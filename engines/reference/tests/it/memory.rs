//! Tests loads, stores, growth, copies and fills at the bounds of linear memory.

use crate::{PLENTY, Program, f, i32, i64, trap};
use vm::Trap;
use vm::unstable::execution::{Stop, Value};

/// Loads and stores: name, type, width in bytes.
const ACCESSES: &[(&str, &str, i64)] = &[
    ("i32.load8_s", "i32", 1),
    ("i32.load8_u", "i32", 1),
    ("i32.load16_s", "i32", 2),
    ("i32.load16_u", "i32", 2),
    ("i32.load", "i32", 4),
    ("i64.load8_s", "i64", 1),
    ("i64.load8_u", "i64", 1),
    ("i64.load16_s", "i64", 2),
    ("i64.load16_u", "i64", 2),
    ("i64.load32_s", "i64", 4),
    ("i64.load32_u", "i64", 4),
    ("i64.load", "i64", 8),
    ("i32.store8", "i32", 1),
    ("i32.store16", "i32", 2),
    ("i32.store", "i32", 4),
    ("i64.store8", "i64", 1),
    ("i64.store16", "i64", 2),
    ("i64.store32", "i64", 4),
    ("i64.store", "i64", 8),
];

fn access(name: &str, of: &str, offset: i64) -> Program {
    let body = if name.contains("load") {
        format!("(drop ({name} offset={offset} (local.get 0)))")
    } else {
        format!("({name} offset={offset} (local.get 0) ({of}.const -1))")
    };
    Program::of_text(&format!(
        r#"(module (memory 1) (func (export "f") (param i32) {body}))"#
    ))
}

#[test]
fn the_last_byte_is_in_bounds_and_the_next_one_is_not() {
    let page = 65_536;
    for (name, of, width) in ACCESSES {
        for offset in [0, 1, page - width] {
            let program = access(name, of, offset);
            let last = page - width - offset;
            let at = |address: i64| program.value(&[Value::I32(address as u32 as i32)]);
            assert_eq!(
                at(last),
                Stop::Return(None),
                "{name} offset={offset} {last}"
            );
            assert_eq!(
                at(last + 1),
                trap(Trap::MemoryOutOfBounds),
                "{name} offset={offset}"
            );
            assert_eq!(at(0), Stop::Return(None), "{name} offset={offset}");
        }
    }
}

/// Address and offset are added as 33 bits: 0xffff_ffff + 1 is not 0.
#[test]
fn address_and_offset_do_not_wrap() {
    for (name, of, _) in ACCESSES {
        for (offset, address) in [(1, -1), (0xffff_ffff, 1), (0xffff_ffff, -1), (0, -1)] {
            let result = access(name, of, offset).value(&[Value::I32(address)]);
            assert_eq!(
                result,
                trap(Trap::MemoryOutOfBounds),
                "{name} offset={offset} {address}"
            );
        }
    }
}

#[test]
fn a_store_that_traps_writes_nothing() {
    let program = access("i64.store", "i64", 0);
    let result = program.run("f", &[Value::I32(65_529)], PLENTY);
    assert_eq!(result.stop, trap(Trap::MemoryOutOfBounds));
    assert!(result.memory.iter().all(|byte| *byte == 0));
}

#[test]
fn a_module_without_memory_has_an_empty_one() {
    let program = Program::of_text(r#"(module (func (export "f")))"#);
    assert_eq!(program.run("f", &[], PLENTY).memory, []);
}

#[test]
fn loads_extend_by_their_sign() {
    let cases = [
        ("i64.load8_s", -128),
        ("i64.load8_u", 0x80),
        ("i64.load16_s", 0x8180_u16 as i16 as i64),
        ("i64.load16_u", 0x8180),
        ("i64.load32_s", 0x8382_8180_u32 as i32 as i64),
        ("i64.load32_u", 0x8382_8180),
        ("i64.load", 0x8786_8584_8382_8180_u64 as i64),
    ];
    for (name, expected) in cases {
        let text = format!(
            r#"(memory 1) (data (i32.const 3) "\80\81\82\83\84\85\86\87")
            (func (export "f") (result i64) ({name} offset=1 (i32.const 2)))"#
        );
        assert_eq!(f(&text).0, i64(expected), "{name}");
    }
    let cases = [
        ("i32.load8_s", -128),
        ("i32.load8_u", 0x80),
        ("i32.load16_s", 0x8180_u16 as i16 as i32),
        ("i32.load16_u", 0x8180),
        ("i32.load", 0x8382_8180_u32 as i32),
    ];
    for (name, expected) in cases {
        let text = format!(
            r#"(memory 1) (data (i32.const 3) "\80\81\82\83")
            (func (export "f") (result i32) ({name} (i32.const 3)))"#
        );
        assert_eq!(f(&text).0, i32(expected), "{name}");
    }
}

#[test]
fn stores_write_the_low_bytes_in_little_endian() {
    for (name, of, width) in ACCESSES.iter().filter(|(name, ..)| name.contains("store")) {
        let value: i64 = if *of == "i32" {
            0x0403_0201
        } else {
            0x0807_0605_0403_0201
        };
        let program = Program::of_text(&format!(
            r#"(module (memory 1) (func (export "f") ({name} (i32.const 9) ({of}.const {value}))))"#
        ));
        let memory = program.run("f", &[], PLENTY).memory;
        let expected: Vec<u8> = (1..=*width as u8).collect();
        let end = 9 + expected.len();
        assert_eq!(memory[9..end], expected, "{name}");
        assert!(
            memory[..9]
                .iter()
                .chain(&memory[end..])
                .all(|byte| *byte == 0),
            "{name}"
        );
    }
}

#[test]
fn data_segments_are_written_in_order() {
    let program = Program::of_text(
        r#"(module (memory 1) (data (i32.const 65533) "abc") (data (i32.const 65534) "x")
            (func (export "f")))"#,
    );
    assert_eq!(program.run("f", &[], PLENTY).memory[65_532..], *b"\0axc");
}

fn grow(declared: &str) -> Program {
    Program::of_text(&format!(
        r#"(module (memory {declared}) (func (export "f") (param i32) (result i32)
            (memory.grow (local.get 0))))"#
    ))
}

/// Entry 46 (one parameter, one operand), the parameter 10, `memory.grow` 1,000.
const GROW: u64 = 46 + 10 + 1_000;
/// Price of a granted page.
const PAGE: u64 = 300_000;

#[test]
fn growing_pays_for_each_granted_page() {
    let cases = [
        ("1 3", 2, 1, 3),
        ("1 3", 0, 1, 1),
        ("1 3", 3, -1, 1),
        ("1 3", -1, -1, 1),
        ("0", 256, 0, 256),
        ("0", 257, -1, 0),
        ("1 65536", 255, 1, 256),
        ("1 65536", 256, -1, 1),
    ];
    for (declared, delta, returned, pages) in cases {
        let result = grow(declared).run("f", &[Value::I32(delta)], PLENTY * 1_000);
        assert_eq!(result.stop, i32(returned), "{declared} by {delta}");
        let granted = if returned < 0 { 0 } else { delta as u32 };
        let gas = GROW + PAGE * u64::from(granted);
        assert_eq!(result.gas_used, gas, "{declared} by {delta}");
        assert_eq!(result.memory.len(), pages * 65_536, "{declared} by {delta}");
    }
}

#[test]
fn growing_that_cannot_be_paid_is_out_of_gas() {
    let total = GROW + 2 * PAGE;
    let result = grow("1 3").run("f", &[Value::I32(2)], total - 1);
    assert_eq!((result.stop, result.gas_used), (Stop::OutOfGas, total - 1));
    assert_eq!(result.memory.len(), 65_536);
    // What is not granted costs the operator only.
    assert_eq!(
        grow("1 3").run("f", &[Value::I32(3)], GROW - 1).stop,
        Stop::OutOfGas
    );
    assert_eq!(grow("1 3").run("f", &[Value::I32(3)], GROW).stop, i32(-1));
}

#[test]
fn grown_memory_is_zero_and_usable() {
    let text = r#"(memory 1 2) (data (i32.const 65535) "\07")
        (func (export "f") (result i64)
            (drop (memory.grow (i32.const 1)))
            (i64.store (i32.const 131064) (i64.const 5))
            (i64.add
                (i64.extend_i32_u (i32.mul (memory.size) (i32.const 1000)))
                (i64.add (i64.load (i32.const 65535)) (i64.load (i32.const 131064)))))"#;
    assert_eq!(f(text).0, i64(2_012));
}

fn bulk(operator: &str) -> Program {
    Program::of_text(&format!(
        r#"(module (memory 1) (data (i32.const 0) "abcdefgh")
            (func (export "f") (param i32 i32 i32)
                ({operator} (local.get 0) (local.get 1) (local.get 2))))"#
    ))
}

/// Entry 40 + 3 * 6, three parameters, `memory.copy` or `memory.fill` 100, without the 2 per byte.
const BULK: u64 = 58 + 30 + 100;

fn run_bulk(operator: &str, arguments: [i32; 3]) -> crate::RunResult {
    bulk(operator).run("f", &arguments.map(Value::I32), PLENTY)
}

#[test]
fn copy_reads_before_it_writes() {
    for (to, from, expected) in [
        (2, 0, b"ababcdgh"),
        (0, 2, b"cdefefgh"),
        (3, 3, b"abcdefgh"),
    ] {
        let result = run_bulk("memory.copy", [to, from, 4]);
        assert_eq!(
            (result.stop, result.gas_used),
            (Stop::Return(None), BULK + 2 * 4)
        );
        assert_eq!(result.memory[..8], *expected);
    }
}

#[test]
fn fill_writes_the_low_byte() {
    let result = run_bulk("memory.fill", [1, 0x1_7a, 3]);
    assert_eq!(
        (result.stop, result.gas_used),
        (Stop::Return(None), BULK + 2 * 3)
    );
    assert_eq!(result.memory[..8], *b"azzzefgh");
}

/// The price is paid, then the range is checked, also for no bytes at all; nothing is written.
#[test]
fn bulk_ranges_are_checked_after_the_price() {
    let page = 65_536;
    let cases = [
        ([page, 0, 0], [0, page, 0], true),
        ([page + 1, 0, 0], [0, page + 1, 0], false),
        ([-1, 0, 0], [0, -1, 0], false),
        ([page - 4, 0, 4], [0, page - 4, 4], true),
        ([page - 3, 0, 4], [0, page - 3, 4], false),
        ([0, 0, page + 1], [0, 0, page + 1], false),
        ([1, 0, -1], [0, 1, -1], false),
    ];
    for (target, source, fits) in cases {
        for (operator, arguments) in [
            ("memory.fill", target),
            ("memory.copy", target),
            ("memory.copy", source),
        ] {
            let result = run_bulk(operator, arguments);
            let expected = if fits {
                Stop::Return(None)
            } else {
                trap(Trap::MemoryOutOfBounds)
            };
            let gas = BULK + 2 * u64::from(arguments[2] as u32);
            assert_eq!(
                (result.stop, result.gas_used),
                (expected, gas),
                "{operator} {arguments:?}"
            );
            if !fits {
                assert_eq!(result.memory[..9], *b"abcdefgh\0");
                assert!(result.memory[9..].iter().all(|byte| *byte == 0));
            }
        }
    }
}

#[test]
fn bulk_bytes_that_cannot_be_paid_are_out_of_gas_before_the_range() {
    for operator in ["memory.copy", "memory.fill"] {
        let total = BULK + 2 * 70_000;
        let arguments = [0, 0, 70_000].map(Value::I32);
        assert_eq!(
            bulk(operator).run("f", &arguments, total - 1).stop,
            Stop::OutOfGas
        );
        let result = bulk(operator).run("f", &arguments, total);
        assert_eq!(
            (result.stop, result.gas_used),
            (trap(Trap::MemoryOutOfBounds), total)
        );
    }
}
