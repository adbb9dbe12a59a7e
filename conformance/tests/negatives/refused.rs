//! Modules that broke other nodes at upload: `check` rejects each before expensive work.

use crate::check;
use vm::Rules;
use vm::unstable::rejection::Rule;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;

fn rule(text: &str) -> Rule {
    check(text).expect_err(text).rule
}

fn binary(sections: &[&[u8]]) -> Vec<u8> {
    [&b"\0asm\x01\0\0\0"[..]]
        .iter()
        .chain(sections)
        .copied()
        .flatten()
        .copied()
        .collect()
}

fn rule_of(sections: &[&[u8]]) -> Rule {
    vm::check(&binary(sections), &Rules::v1())
        .expect_err("the module is rejected")
        .rule
}

/// A section with `count` copies of an item.
fn section(id: u8, count: u32, item: &[u8]) -> Vec<u8> {
    let mut content = leb(count);
    for _ in 0..count {
        content.extend(item);
    }
    let length = leb(u32::try_from(content.len()).unwrap());
    [vec![id], length, content].concat()
}

fn leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[test]
fn n02_wide_type_times_many_functions() {
    let wide = |parameters: u8| {
        [
            vec![0x60, parameters],
            vec![0x7f; usize::from(parameters)],
            vec![0],
        ]
        .concat()
    };
    let functions = |parameters: u8, count: u32| {
        let types = section(1, 1, &wide(parameters));
        let (declared, bodies) = (section(3, count, &[0]), section(10, count, &[2, 0, 0x0b]));
        vm::check(&binary(&[&types, &declared, &bodies]), &Rules::v1())
            .map_err(|rejection| rejection.rule)
            .map(drop)
    };
    assert_eq!(functions(64, 781), Ok(()));
    assert_eq!(functions(64, 782), Err(Rule::ParametersTotal));
    assert_eq!(functions(64, 10_001), Err(Rule::Functions));
    assert_eq!(functions(65, 1), Err(Rule::Parameters));
}

#[test]
fn n19_guest_imports_the_charge_function() {
    for (module, name) in [
        ("env", "gas"),
        ("env", "gas_counter"),
        ("lockstep", "gas"),
        ("lockstep", "$oog"),
        ("lockstep", "$charge_grow"),
        ("metering", "usegas"),
    ] {
        for kind in ["(func (param i32))", "(func (param i64))", "(func)"] {
            let text = format!(r#"(module (import "{module}" "{name}" {kind}))"#);
            assert_eq!(rule(&text), Rule::UnknownImport, "{text}");
        }
    }
}

#[test]
fn n20_names_of_injected_things_clash() {
    for name in [
        "$gas",
        "$stack",
        "$trap",
        "$memory",
        "$global.0",
        "$start",
        "$",
        "$x",
    ] {
        for export in [
            format!(r#"(func (export "{name}"))"#),
            format!(r#"(global (export "{name}") (mut i64) (i64.const 9))"#),
            format!(r#"(memory (export "{name}") 1)"#),
            format!(r#"(table (export "{name}") 1 funcref)"#),
        ] {
            assert_eq!(
                rule(&format!("(module {export})")),
                Rule::ReservedExport,
                "{export}"
            );
        }
    }
    assert_eq!(
        rule(r#"(module (import "$vm" "copy" (func)))"#),
        Rule::UnknownImport
    );
    assert_eq!(
        rule(r#"(module (import "lockstep" "$gas" (global (mut i64))))"#),
        Rule::ImportKind
    );
}

#[test]
fn n21_many_globals_are_accepted_but_do_not_load() {
    let globals = |count| binary(&[&section(6, count, &[0x7f, 0, 0x41, 0, 0x0b])]);
    let rules = Rules::v1();
    let rejection = vm::check(&globals(100_000), &rules).expect_err("the module is rejected");
    assert_eq!(rejection.rule, Rule::Globals);
    assert_eq!(
        vm::check(&globals(257), &rules)
            .expect_err("the module is rejected")
            .rule,
        Rule::Globals
    );
    // An accepted module instantiates: the most globals with the largest table and memory.
    let body = "(global i32 (i32.const 0))".repeat(256);
    let text = format!(r#"(module (memory 256) (table 16384 funcref) {body} (func (export "f")))"#);
    crate::run(&crate::program(&text, "f", &[]), 1_000_000);
}

#[test]
fn n23_a_changed_rule_is_another_version() {
    let rules = Rules::v1();
    let float = Rules::new(FloatPolicy::Reject, Schedule::v1());
    assert_ne!(rules.id(), float.id());
    assert_eq!(rules.id(), Rules::v1().id());
    // The rules name every limit, so that no limit can change without changing the id.
    let names: Vec<String> = rules.named_limits().map(|limit| limit.name).collect();
    for name in [
        "MODULE_BYTES_MAX",
        "OPERATORS_MAX",
        "NESTING_MAX",
        "STACK_SLOTS_MAX",
    ] {
        assert!(names.iter().any(|named| named == name), "{name}");
    }
}

#[test]
fn n31_the_hostile_list_of_soroban() {
    let texts = [
        ("(module (memory 1) (memory 1))", Rule::MultiMemory),
        ("(module (memory 65536))", Rule::MemoryPagesInitial),
        (
            r#"(module (memory 1) (data (i32.const 65533) "abcd"))"#,
            Rule::DataRange,
        ),
        (
            r#"(module (memory 1) (data (i32.const -1) "a"))"#,
            Rule::DataRange,
        ),
        (
            "(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
            Rule::ElementRange,
        ),
        ("(module (table 1 externref))", Rule::ReferenceTypes),
        ("(module (func (param externref)))", Rule::ReferenceTypes),
        ("(module (func (drop (v128.const i64x2 0 0))))", Rule::Simd),
        (
            r#"(module (import "lockstep" "sha256" (func)))"#,
            Rule::ImportType,
        ),
        (
            r#"(module (import "lockstep" "nonsense" (func)))"#,
            Rule::UnknownImport,
        ),
        (
            r#"(module (import "lockstep" "sha256" (memory 1)))"#,
            Rule::ImportKind,
        ),
        ("(module (table 16385 funcref))", Rule::TableEntries),
        (
            "(module (global i32 (i32.const 1)) (global i32 (global.get 0)))",
            Rule::Constant,
        ),
    ];
    for (text, expected) in texts {
        assert_eq!(rule(text), expected, "{text}");
    }
}

#[test]
fn n31_the_hostile_list_of_soroban_in_bytes() {
    let code: &[u8] = &[10, 4, 1, 2, 0, 0x0b];
    let one: &[&[u8]] = &[&[1, 4, 1, 0x60, 0, 0], &[3, 2, 1, 0]];
    let types = section(1, 100_000, &[0x60, 0, 0]);
    assert_eq!(rule_of(&[&types]), Rule::Types);
    assert_eq!(
        rule_of(&[
            &[5, 3, 1, 0, 1],
            &section(11, 32_769, &[0, 0x41, 0, 0x0b, 0])
        ]),
        Rule::DataSegments
    );
    // The data count is two, or 2^32 - 1, but there is one segment.
    let data: &[u8] = &[11, 6, 1, 0, 0x41, 0, 0x0b, 0];
    let memory: &[u8] = &[5, 3, 1, 0, 1];
    assert_eq!(rule_of(&[memory, &[12, 1, 2], data]), Rule::Malformed);
    assert_eq!(
        rule_of(&[memory, &[12, 5, 255, 255, 255, 255, 15], data]),
        Rule::DataSegments
    );
    // A custom section whose name exceeds it; an element with the index of a missing function.
    assert_eq!(rule_of(&[&[0, 2, 9, b'x']]), Rule::Malformed);
    let missing: &[u8] = &[9, 7, 1, 0, 0x41, 0, 0x0b, 1, 7];
    let table: &[u8] = &[4, 4, 1, 0x70, 0, 1];
    assert_eq!(
        rule_of(&[one[0], one[1], table, missing, code]),
        Rule::Invalid
    );
    // A constant expression of the wrong type, and one without a value.
    assert_eq!(
        rule_of(&[&[6, 6, 1, 0x7f, 0, 0x42, 0, 0x0b]]),
        Rule::Invalid
    );
    assert_eq!(rule_of(&[&[6, 4, 1, 0x7f, 0, 0x0b]]), Rule::Invalid);
    // A duplicate export, a missing export; an import that occurs twice is two imports.
    assert_eq!(
        rule(r#"(module (func (export "f") (export "f")))"#),
        Rule::Invalid
    );
    assert_eq!(rule_of(&[&[7, 5, 1, 1, b'f', 0, 9]]), Rule::Invalid);
    let twice = r#"(import "lockstep" "block_height" (func (result i64)))"#.repeat(2);
    assert_eq!(
        check(&format!("(module {twice})"))
            .expect("the module is accepted")
            .imports()
            .len(),
        2
    );
}

#[test]
fn n31_floats_under_the_strict_policy() {
    let rules = Rules::new(FloatPolicy::Reject, Schedule::v1());
    for (text, expected) in [
        ("(module (func (drop (f32.const 1))))", Rule::FloatOperator),
        ("(module (func (param f64)))", Rule::FloatType),
        ("(module (func (local f32)))", Rule::FloatType),
        ("(module (global f32 (f32.const 1)))", Rule::FloatType),
    ] {
        let module = wat::parse_str(text).unwrap();
        let rejection = vm::check(&module, &rules).expect_err(text);
        assert_eq!(rejection.rule, expected, "{text}");
        assert!(vm::check(&module, &Rules::v1()).is_ok(), "{text}");
    }
}

#[test]
fn n33_an_index_of_all_ones() {
    const MAX: [u8; 5] = [255, 255, 255, 255, 15];
    let types: &[u8] = &[1, 4, 1, 0x60, 0, 0];
    let function: &[u8] = &[3, 2, 1, 0];
    let code: &[u8] = &[10, 4, 1, 2, 0, 0x0b];
    let with = |id: u8, head: &[u8], tail: &[u8]| {
        let content = [head, &MAX, tail].concat();
        [vec![id, u8::try_from(content.len()).unwrap()], content].concat()
    };
    let body = |operator: &[u8]| {
        let body = [&[0], operator, &MAX, &[0x0b]].concat();
        let length = u8::try_from(body.len()).unwrap();
        [vec![10, length + 2, 1, length], body].concat()
    };
    let export = with(7, &[1, 1, b'f', 0], &[]);
    let start = with(8, &[], &[]);
    let element = with(9, &[1, 0, 0x41, 0, 0x0b, 1], &[]);
    let table: &[u8] = &[4, 4, 1, 0x70, 0, 1];
    for section in [export, start, element] {
        let rule = rule_of(&[types, function, table, &section, code]);
        assert_eq!(rule, Rule::Invalid, "{section:?}");
    }
    for operator in [&[0x10][..], &[0x20], &[0x23], &[0x0c], &[0x41, 0, 0x0d]] {
        let rule = rule_of(&[types, function, &body(operator)]);
        assert_eq!(rule, Rule::Invalid, "{operator:?}");
    }
    assert_eq!(rule_of(&[types, &with(3, &[1], &[]), code]), Rule::Invalid);
}

#[test]
fn n41_a_name_section_with_a_wrong_count() {
    // Names of 2^32 - 1 functions in a few bytes; the VM never reads the name section.
    let wrong: &[u8] = &[
        0, 12, 4, b'n', b'a', b'm', b'e', 1, 5, 255, 255, 255, 255, 15,
    ];
    let rules = Rules::v1();
    let module = vm::check(&binary(&[wrong]), &rules).expect("the module is accepted");
    let emitted = vm::emit(&module, &rules);
    assert!(!emitted.windows(4).any(|window| window == &wrong[10..14]));
    assert!(conformance::second_decoder::compare(&emitted).is_ok());
}

#[test]
fn n42_a_module_that_decodes_but_is_invalid() {
    assert_eq!(rule_of(&[&[5, 5, 2, 0, 1, 0, 1]]), Rule::MultiMemory);
    let types: &[u8] = &[1, 4, 1, 0x60, 0, 0];
    let locals: &[u8] = &[10, 10, 1, 8, 1, 255, 255, 255, 255, 15, 0x7f, 0x0b];
    assert_eq!(rule_of(&[types, &[3, 2, 1, 0], locals]), Rule::Locals);
    let select = "(module (func (drop (select (i32.const 1) (i64.const 2) (i32.const 0)))))";
    assert_eq!(rule(select), Rule::Invalid);
}
