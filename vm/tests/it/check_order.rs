//! Breaks several rules at once and expects the first, in the specified order.

use super::check_rules::rejection_of;
use vm::Rules;
use vm::unstable::limits::Limits;
use vm::unstable::rejection::Rule;

fn expect(rule: Rule, text: &str) {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let rejection = rejection_of(&bytes, &Rules::v1());
    let start: String = text.chars().take(200).collect();
    assert_eq!(rejection.rule, rule, "{start}: {rejection}");
}

fn many(item: &str, count: u32) -> String {
    item.repeat(usize::try_from(count).unwrap())
}

#[test]
fn sections_are_checked_in_the_order_of_the_file() {
    let wasi = "(import \"wasi_snapshot_preview1\" \"x\" (memory 1))";
    expect(
        Rule::MultiValue,
        &format!("(type (func (result i32 i32))) {wasi}"),
    );
    expect(Rule::WasiImport, &format!("{wasi} (memory 257)"));
    expect(
        Rule::MultiMemory,
        "(memory 1) (memory 1) (export \"$\" (memory 0))",
    );
}

#[test]
fn a_section_is_checked_by_count_items_validity_policy() {
    let long = many("n", Limits::V1.name_bytes_max + 1);
    let cases = [
        (
            Rule::Imports,
            many(&format!("(import \"wasi\" \"{long}\" (func)) "), 101),
        ),
        (
            Rule::NameBytes,
            format!("(import \"wasi\" \"{long}\" (func (type 9)))"),
        ),
        (
            Rule::Invalid,
            "(import \"wasi\" \"x\" (func (type 9)))".to_owned(),
        ),
        (
            Rule::Exports,
            format!("(memory 1) {}", many("(export \"$\" (memory 0)) ", 257)),
        ),
        (
            Rule::NameBytes,
            format!("(export \"{long}\" (func 9)) (export \"$\" (func 9))"),
        ),
        (
            Rule::Invalid,
            format!("(memory 1) {}", many("(export \"$\" (memory 0)) ", 2)),
        ),
        (
            Rule::MemoryPagesInitial,
            "(memory 257 257 shared)".to_owned(),
        ),
        (Rule::TableEntries, "(table 16385 externref)".to_owned()),
        (
            Rule::Globals,
            many("(global v128 (v128.const i64x2 0 0)) ", 257),
        ),
        (
            Rule::Constant,
            "(global i64 (i32.const 0)) (global i32 (global.get 7))".to_owned(),
        ),
        (
            Rule::Elements,
            format!("(elem (i32.const 0) {})", many("7 ", 16385)),
        ),
        (
            Rule::Invalid,
            "(table 1 funcref) (elem (i64.const 9) 7)".to_owned(),
        ),
        (
            Rule::DataBytes,
            format!("(data \"{}\")", many("x", Limits::V1.data_bytes_max + 1)),
        ),
        (
            Rule::Invalid,
            "(memory 1) (data \"a\") (data (i64.const -1) \"b\")".to_owned(),
        ),
        (
            Rule::PassiveSegments,
            "(memory 1) (data \"\") (data (i32.const -1) \"\")".to_owned(),
        ),
    ];
    for (rule, text) in cases {
        expect(rule, &text);
    }
}

#[test]
fn an_import_is_checked_by_module_kind_name_type() {
    expect(
        Rule::WasiImport,
        "(import \"wasi_snapshot_preview1\" \"x\" (memory 1))",
    );
    expect(Rule::ImportKind, "(import \"env\" \"m\" (memory 1))");
    expect(
        Rule::UnknownImport,
        "(import \"env\" \"input\" (func (param f32)))",
    );
}

#[test]
fn a_body_is_checked_by_locals_then_operator_by_operator() {
    let cases = [
        (
            Rule::Locals,
            format!("(func (local {}) v128.any_true)", many("i32 ", 1025)),
        ),
        (
            Rule::Nesting,
            format!(
                "(func {} drop {})",
                many("block ", 1025),
                many("end ", 1025)
            ),
        ),
        (
            Rule::BrTableTargets,
            format!("(func br_table {} 7)", many("7 ", 1025)),
        ),
        (
            Rule::Arguments,
            format!(
                "(func (param {})) (func unreachable call 0 call 0 call_indirect (type 0))",
                many("i32 ", 64)
            ),
        ),
        (Rule::Invalid, "(func i32.add drop data.drop 0)".to_owned()),
        (
            Rule::PassiveSegments,
            "(memory 1) (data (i32.const 9) \"\") (func data.drop 0 i32.add)".to_owned(),
        ),
    ];
    for (rule, text) in cases {
        expect(rule, &text);
    }
}

#[test]
fn the_length_of_the_module_is_checked_first() {
    let bytes = vec![0xff; usize::try_from(Limits::V1.module_bytes_max + 1).unwrap()];
    assert_eq!(rejection_of(&bytes, &Rules::v1()).rule, Rule::ModuleBytes);
}

#[test]
fn a_count_is_checked_before_the_items_that_it_counts() {
    // A section with a count of 2^32 - 1 and no items.
    let cases = [
        (1, Rule::Types),
        (2, Rule::Imports),
        (3, Rule::Functions),
        (4, Rule::Tables),
        (5, Rule::MultiMemory),
        (6, Rule::Globals),
        (7, Rule::Exports),
        (9, Rule::ElementSegments),
        (11, Rule::DataSegments),
        (12, Rule::DataSegments),
    ];
    for (section, rule) in cases {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend([section, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(
            rejection_of(&bytes, &Rules::v1()).rule,
            rule,
            "section {section}"
        );
    }
}
