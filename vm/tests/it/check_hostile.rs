//! Feeds damaged and lying bytes to check: it answers, quickly, without a panic.

use super::check_rules::refuse;
use vm::unstable::rejection::Rule;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{Rejection, Rules, check};

const LYING: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];

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
struct Counter {
    operators: u32,
}

impl vm::unstable::lower::Sink for Counter {
    fn operator(&mut self, _operator: vm::unstable::lower::Operator<'_>, _offset: u32) {
        self.operators = self.operators.saturating_add(1);
    }
}

/// Whatever the verdict: a rejection's place lies in the file and its texts are single lines.
fn look(bytes: &[u8], verdict: Result<vm::CheckedModule, Rejection>) {
    match verdict {
        Ok(module) => {
            assert_eq!(module.bytes(), bytes);
            // What check accepts, lowering can read.
            for function in module.functions() {
                let mut counter = Counter::default();
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
fn a_module_cut_anywhere_is_answered() {
    for module in modules() {
        for length in 0..module.len() {
            let cut = &module[..length];
            for rules in policies() {
                look(cut, check(cut, &rules));
            }
        }
    }
}

#[test]
fn a_module_with_any_bit_flipped_is_answered() {
    for mut module in modules() {
        for place in 0..module.len() {
            for bit in 0..8 {
                module[place] ^= 1 << bit;
                for rules in policies() {
                    look(&module, check(&module, &rules));
                }
                module[place] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn a_module_with_any_byte_replaced_by_a_huge_number_is_answered() {
    for module in modules() {
        for place in 8..module.len() {
            let mut bytes = module[..place].to_vec();
            bytes.extend(LYING);
            bytes.extend(&module[place + 1..]);
            look(&bytes, check(&bytes, &Rules::v1()));
        }
    }
}

/// A module of the sections (id, content), lengths right.
fn sections(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, content) in parts {
        bytes.extend([*id, u8::try_from(content.len()).unwrap()]);
        bytes.extend(*content);
    }
    bytes
}

#[test]
fn lying_counts_inside_items_are_refused() {
    const TYPE: (u8, &[u8]) = (1, &[1, 0x60, 0, 0]);
    const FUNCTION: (u8, &[u8]) = (3, &[1, 0]);
    const TABLE: (u8, &[u8]) = (4, &[1, 0x70, 0, 1]);
    const MEMORY: (u8, &[u8]) = (5, &[1, 0, 1]);
    let lie = |before: &[u8]| [before, &LYING].concat();
    let cases: Vec<(Rule, Vec<u8>)> = vec![
        (Rule::Parameters, sections(&[(1, &lie(&[1, 0x60]))])),
        (Rule::MultiValue, sections(&[(1, &lie(&[1, 0x60, 0]))])),
        (Rule::Gc, sections(&[(1, &lie(&[1, 0x4e]))])),
        (Rule::Malformed, sections(&[(2, &lie(&[1]))])),
        (Rule::Malformed, sections(&[(2, &lie(&[1, 1, b'm']))])),
        (Rule::Malformed, sections(&[(7, &lie(&[1]))])),
        (Rule::TableEntries, sections(&[(4, &lie(&[1, 0x70, 0]))])),
        (Rule::MemoryPagesInitial, sections(&[(5, &lie(&[1, 0]))])),
        (Rule::Invalid, sections(&[(8, &LYING)])),
        (Rule::Invalid, sections(&[(3, &lie(&[1]))])),
        (
            Rule::Invalid,
            sections(&[TYPE, FUNCTION, (7, &lie(&[1, 1, b'e', 0]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TABLE, (9, &lie(&[1, 0, 0x41, 0, 0x0b]))]),
        ),
        (Rule::Malformed, sections(&[TYPE, FUNCTION, (10, &LYING)])),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &lie(&[1]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &lie(&[1, 5]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &lie(&[1, 6, 1]))]),
        ),
        (
            Rule::Malformed,
            sections(&[TYPE, FUNCTION, (10, &lie(&[1, 7, 0, 0x0e]))]),
        ),
        (
            Rule::Malformed,
            sections(&[MEMORY, (11, &lie(&[1, 0, 0x41, 0, 0x0b]))]),
        ),
    ];
    for (place, (rule, bytes)) in cases.iter().enumerate() {
        let rejection = refuse(bytes, &Rules::v1());
        assert_eq!(rejection.rule, *rule, "case {place}: {rejection}");
    }
}

/// N2: a wide type shared by many empty functions is cheap to write and dear to validate.
#[test]
fn many_functions_of_a_wide_type_are_refused_before_their_bodies() {
    let mut types = encoder_types(1_000);
    let wide = refuse(&types, &Rules::v1());
    assert_eq!(wide.rule, Rule::Parameters);
    types = encoder_types(64);
    let many = refuse(&types, &Rules::v1());
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

/// N33: indices at the top of their range are refused, not wrapped.
#[test]
fn indices_of_u32_max_are_refused() {
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
        assert_eq!(refuse(&bytes, &Rules::v1()).rule, Rule::Invalid, "{text}");
    }
}
