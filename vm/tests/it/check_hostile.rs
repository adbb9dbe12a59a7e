//! Tests that check returns a verdict for damaged and hostile bytes, quickly and without a panic.

use super::check_rules::rejection_of;
use vm::unstable::rejection::Rule;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{Rejection, Rules, check};

/// 2^32 - 1 in LEB128.
const HUGE_NUMBER: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];

const TEXTS: &[&str] = &[
    r#"(module
        (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
        (table 3 7 funcref) (memory (export "m") 2 1000)
        (global (mut i32) (i32.sub (i32.const 1) (i32.const 3))) (global f64 (f64.const 1.5))
        (elem (i32.const 1) $input $f) (data (i32.const 65540) "abc") (start $start)
        (func $start)
        (func $f (export "f") (param i32 i64) (result i32) (local i32 i32) (local f64)
            (block (loop (br_table 0 1 0 1 (local.get 0))))
            (drop (call_indirect (type 0) (i32.const 1) (i32.const 2) (i32.const 3)))
            (if (result i32) (local.get 0) (then (i32.load offset=70000 (i32.const 9)))
                (else (i32.trunc_sat_f64_s (f64.sqrt (local.get 4)))))))"#,
    r"(memory 1 1 shared) (table 1 externref) (tag) (type (struct (field i32)))
      (rec (type (func)) (type (array i8)))
      (func (result i32 i64) (local v128) (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))
        (drop (v128.const i64x2 1 2)) (return_call 0)) (data $d (i32.const 0) 'a')",
];

fn modules() -> Vec<Vec<u8>> {
    let texts = TEXTS
        .iter()
        .map(|text| wat::parse_str(text.replace('\'', "\"")).unwrap());
    let math = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/wasm/math.wasm");
    texts.chain([std::fs::read(math).unwrap()]).collect()
}

fn policies() -> [Rules; 2] {
    [Rules::v1(), Rules::new(FloatPolicy::Reject, Schedule::v1())]
}

#[derive(Default)]
struct OperatorCounter {
    operators: u32,
}

impl vm::unstable::lower::Sink for OperatorCounter {
    fn operator(&mut self, _operator: vm::unstable::lower::Operator<'_>, _offset: u32) {
        self.operators = self.operators.saturating_add(1);
    }
}

/// Checks invariants of a verdict: a rejection's offset is in the file, its texts are single lines.
fn assert_consistent(bytes: &[u8], verdict: Result<vm::CheckedModule, Rejection>) {
    match verdict {
        Ok(module) => {
            assert_eq!(module.bytes(), bytes);
            // Lowering can decode every accepted function.
            for function in module.functions() {
                let mut counter = OperatorCounter::default();
                vm::unstable::lower::function(&module, function, &mut counter);
                assert!(counter.operators <= function.operators);
            }
        }
        Err(rejection) => {
            assert!(
                rejection.offset <= u64::try_from(bytes.len()).unwrap(),
                "{rejection}"
            );
            for text in [&rejection.message, &rejection.help] {
                assert!(!text.is_empty() && !text.contains('\n'), "{rejection}");
            }
        }
    }
}

#[test]
fn every_truncation_of_a_module_has_a_verdict() {
    for module in modules() {
        for length in 0..module.len() {
            let cut = &module[..length];
            for rules in policies() {
                assert_consistent(cut, check(cut, &rules));
            }
        }
    }
}

#[test]
fn every_bit_flip_of_a_module_has_a_verdict() {
    for mut module in modules() {
        for index in 0..module.len() {
            for bit in 0..8 {
                module[index] ^= 1 << bit;
                for rules in policies() {
                    assert_consistent(&module, check(&module, &rules));
                }
                module[index] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn every_replacement_of_a_byte_by_a_huge_number_has_a_verdict() {
    for module in modules() {
        for index in 8..module.len() {
            let mut bytes = module[..index].to_vec();
            bytes.extend(HUGE_NUMBER);
            bytes.extend(&module[index + 1..]);
            assert_consistent(&bytes, check(&bytes, &Rules::v1()));
        }
    }
}

/// A module of the sections (id, content) with correct lengths.
fn sections(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, content) in parts {
        bytes.extend([*id, u8::try_from(content.len()).unwrap()]);
        bytes.extend(*content);
    }
    bytes
}

#[test]
fn huge_counts_inside_items_are_rejected() {
    const TYPE: (u8, &[u8]) = (1, &[1, 0x60, 0, 0]);
    const FUNCTION: (u8, &[u8]) = (3, &[1, 0]);
    const TABLE: (u8, &[u8]) = (4, &[1, 0x70, 0, 1]);
    const MEMORY: (u8, &[u8]) = (5, &[1, 0, 1]);
    let with_huge_number = |before: &[u8]| [before, &HUGE_NUMBER].concat();
    let cases: Vec<(Rule, Vec<u8>)> = vec![
        (
            Rule::Parameters,
            sections(&[(1, &with_huge_number(&[1, 0x60]))]),
        ),
        (
            Rule::MultiValue,
            sections(&[(1, &with_huge_number(&[1, 0x60, 0]))]),
        ),
        (Rule::Gc, sections(&[(1, &with_huge_number(&[1, 0x4e]))])),
        (Rule::Malformed, sections(&[(2, &with_huge_number(&[1]))])),
        (
            Rule::Malformed,
            sections(&[(2, &with_huge_number(&[1, 1, b'm']))]),
        ),
        (Rule::Malformed, sections(&[(7, &with_huge_number(&[1]))])),
        (
            Rule::TableEntries,
            sections(&[(4, &with_huge_number(&[1, 0x70, 0]))]),
        ),
        (
            Rule::MemoryPagesInitial,
            sections(&[(5, &with_huge_number(&[1, 0]))]),
        ),
        (Rule::Invalid, sections(&[(8, &HUGE_NUMBER)])),
        (Rule::Invalid, sections(&[(3, &with_huge_number(&[1]))])),
        (
            Rule::Invalid,
            sections(&[TYPE, FUNCTION, (7, &with_huge_number(&[1, 1, b'e', 0]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TABLE, (9, &with_huge_number(&[1, 0, 0x41, 0, 0x0b]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &HUGE_NUMBER)]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &with_huge_number(&[1]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &with_huge_number(&[1, 5]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &with_huge_number(&[1, 6, 1]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &with_huge_number(&[1, 7, 0, 0x0e]))]),
        ),
        (
            Rule::Malformed,
            sections(&[MEMORY, (11, &with_huge_number(&[1, 0, 0x41, 0, 0x0b]))]),
        ),
    ];
    for (index, (rule, bytes)) in cases.iter().enumerate() {
        let rejection = rejection_of(bytes, &Rules::v1());
        assert_eq!(rejection.rule, *rule, "case {index}: {rejection}");
    }
}

/// N2: a type with many parameters, shared by many functions, is short but expensive to validate.
#[test]
fn many_functions_with_many_parameters_are_rejected_before_their_bodies() {
    let mut types = encoder_types(1_000);
    let wide = rejection_of(&types, &Rules::v1());
    assert_eq!(wide.rule, Rule::Parameters);
    types = encoder_types(64);
    let many = rejection_of(&types, &Rules::v1());
    assert_eq!((many.rule, many.function), (Rule::ParametersTotal, None));
}

fn encoder_types(parameters: usize) -> Vec<u8> {
    let mut types = wasm_encoder::TypeSection::new();
    types
        .ty()
        .function(vec![wasm_encoder::ValType::I32; parameters], []);
    let mut functions = wasm_encoder::FunctionSection::new();
    let mut code = wasm_encoder::CodeSection::new();
    for _ in 0..9_999 {
        functions.function(0);
        code.raw(&[0, 0x0b]);
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&code);
    module.finish()
}

/// N33: indices at the top of their range are rejected and do not wrap.
#[test]
fn indices_of_u32_max_are_rejected() {
    let texts = [
        "(func call 4294967295)",
        "(func local.get 4294967295 drop)",
        "(func global.get 4294967295 drop)",
        "(func br 4294967295)",
        "(start 4294967295)",
        "(export \"e\" (func 4294967295))",
        "(table 1 funcref) (elem (i32.const 0) 4294967295)",
        "(table 1 funcref) (func i32.const 0 call_indirect (type 4294967295))",
    ];
    for text in texts {
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            rejection_of(&bytes, &Rules::v1()).rule,
            Rule::Invalid,
            "{text}"
        );
    }
}
