//! Tests that check rejects each feature outside the profile, with the rule for it.

use vm::unstable::rejection::Rule;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{Rejection, Rules, check};

/// A rule, and modules as text whose first breach is of this rule.
type RuleCase = (Rule, &'static [&'static str]);

const CASES: &[RuleCase] = &[
    (
        Rule::Invalid,
        &[
            "(func (result i32))",
            "(func (drop))",
            "(func call 7)",
            "(start 3)",
            "(memory 2 1)",
            "(memory 1) (data (i64.const 0) \"a\")",
            "(data (i32.const 0) \"a\")",
            "(elem (i32.const 0) 0) (func)",
            "(func) (export \"a\" (func 0)) (export \"a\" (func 0))",
            "(func (param i32)) (start 0)",
            "(global i32 (i64.const 0))",
            "(global i32 (i32.div_s (i32.const 4) (i32.const 2)))",
        ],
    ),
    (
        Rule::Simd,
        &[
            "(func (drop (v128.const i32x4 0 0 0 0)))",
            "(func (param v128))",
            "(func (local v128))",
            "(global v128 (v128.const i64x2 0 0))",
            "(func (block (result v128) unreachable) drop)",
        ],
    ),
    (
        Rule::RelaxedSimd,
        &["(func unreachable i8x16.relaxed_swizzle drop)"],
    ),
    (
        Rule::Threads,
        &[
            "(memory 1 1 shared)",
            "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
            "(func atomic.fence)",
            "(memory 1) (func (drop (memory.atomic.notify (i32.const 0) (i32.const 0))))",
        ],
    ),
    (
        Rule::Gc,
        &[
            "(type (struct))",
            "(type (array i8))",
            "(rec (type (func)) (type (func)))",
            "(type (sub (func)))",
            "(func unreachable ref.i31 drop)",
        ],
    ),
    (
        Rule::Exceptions,
        &[
            "(tag)",
            "(func throw_ref)",
            "(func (try_table))",
            "(func (throw 0))",
        ],
    ),
    (
        Rule::TailCall,
        &[
            "(func return_call 0)",
            "(type (func)) (table 1 funcref) (func i32.const 0 return_call_indirect (type 0))",
        ],
    ),
    (Rule::Memory64, &["(memory i64 1)", "(table i64 1 funcref)"]),
    (Rule::MultiMemory, &["(memory 1) (memory 1)"]),
    (Rule::Tables, &["(table 1 funcref) (table 1 funcref)"]),
    (
        Rule::ReferenceTypes,
        &[
            "(func (param externref))",
            "(func (local funcref))",
            "(table 1 externref)",
            "(func (drop (ref.null func)))",
            "(table 1 funcref) (func (drop (table.get 0 (i32.const 0))))",
            "(table 1 funcref) (func (drop (table.size 0)))",
            "(func (drop (select (result i32) (i32.const 0) (i32.const 0) (i32.const 0))))",
            "(table 1 funcref) (func) (elem (i32.const 0) funcref (ref.func 0))",
        ],
    ),
    (
        Rule::MultiValue,
        &[
            "(func (result i32 i32) unreachable)",
            "(type (func (param i32))) (func i32.const 0 (block (type 0) drop))",
            "(func (loop (result i32 i64) unreachable) drop drop)",
        ],
    ),
    (
        Rule::PassiveSegments,
        &[
            "(memory 1) (data \"a\")",
            "(func) (elem func 0)",
            "(func) (elem declare func 0)",
            "(memory 1) (data (i32.const 0) \"a\") \
             (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))",
            "(memory 1) (data (i32.const 0) \"a\") (func data.drop 0)",
            "(table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
            "(table 1 funcref) (func) (elem (i32.const 0) 0) (func elem.drop 0)",
            "(table 1 funcref) (func) (elem (i32.const 0) 0) \
             (func (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))",
        ],
    ),
    (Rule::CustomPageSizes, &["(memory 1 (pagesize 1))"]),
    (
        Rule::StackSwitching,
        &[
            "(type (func)) (type (cont 0))",
            "(func unreachable suspend 0)",
        ],
    ),
    (
        Rule::FunctionReferences,
        &[
            "(type (func)) (func unreachable call_ref 0)",
            "(func unreachable ref.as_non_null drop)",
        ],
    ),
    (
        Rule::OtherProposal,
        &["(memory 1) (func (memory.discard (i32.const 0) (i32.const 0)))"],
    ),
    (
        Rule::WasiImport,
        &[
            "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))",
            "(import \"wasi:cli/exit\" \"exit\" (func))",
            "(import \"wasi_snapshot_preview1\" \"memory\" (memory 1))",
        ],
    ),
    (
        Rule::UnknownImport,
        &[
            "(import \"env\" \"abort\" (func))",
            "(import \"lockstep\" \"gas\" (func (param i32)))",
            "(import \"Lockstep\" \"input\" (func (param i32 i32) (result i32)))",
            "(import \"$vm\" \"input\" (func (param i32 i32) (result i32)))",
            "(import \"\" \"\" (func))",
        ],
    ),
    (
        Rule::ImportType,
        &[
            "(import \"lockstep\" \"input\" (func (param i32) (result i32)))",
            "(import \"lockstep\" \"input\" (func (param i32 i32)))",
            "(import \"lockstep\" \"input\" (func (param f32 i32) (result i32)))",
            "(import \"lockstep\" \"input\" (func (param i32 i32) (result f32)))",
            "(import \"lockstep\" \"block_height\" (func (result f64)))",
        ],
    ),
    (
        Rule::ImportKind,
        &[
            "(import \"env\" \"memory\" (memory 1))",
            "(import \"env\" \"table\" (table 1 funcref))",
            "(import \"env\" \"__stack_pointer\" (global (mut i32)))",
        ],
    ),
    (
        Rule::ReservedExport,
        &[
            "(func) (export \"$gas\" (func 0))",
            "(memory 1) (export \"$\" (memory 0))",
        ],
    ),
    (
        Rule::Constant,
        &[
            "(global i32 (i32.const 1)) (global i32 (global.get 0))",
            "(memory 1) (global i32 (i32.const 1)) (data (global.get 0) \"a\")",
            "(table 1 funcref) (global i32 (i32.const 0)) (func) (elem (global.get 0) 0)",
        ],
    ),
    (
        Rule::ElementRange,
        &[
            "(table 1 funcref) (func) (elem (i32.const 1) 0)",
            "(table 1 funcref) (func) (elem (i32.const -1) 0)",
            "(table 1 funcref) (elem (i32.const 2))",
        ],
    ),
    (
        Rule::DataRange,
        &[
            "(memory 1) (data (i32.const 65536) \"a\")",
            "(memory 1) (data (i32.const -1) \"a\")",
            "(memory 0) (data (i32.const 1) \"\")",
        ],
    ),
];

/// Cases of the rules that apply under `FloatPolicy::Reject` only.
const FLOAT_CASES: &[RuleCase] = &[
    (
        Rule::FloatOperator,
        &[
            "(func (drop (f32.const 0)))",
            "(memory 1) (func (f64.store (i32.const 0) (f64.reinterpret_i64 (i64.const 0))))",
            "(func unreachable i32.trunc_sat_f32_s drop)",
        ],
    ),
    (
        Rule::FloatType,
        &[
            "(func (param f32))",
            "(func (result f64) unreachable)",
            "(func (local f32))",
            "(global f64 (f64.const 0))",
            "(func (block (result f32) unreachable) drop)",
            "(type (func (param f32)))",
            "(type (func (param f32))) (table 1 funcref) (func unreachable call_indirect (type 0))",
        ],
    ),
];

pub(crate) fn rejection_of(bytes: &[u8], rules: &Rules) -> Rejection {
    match check(bytes, rules) {
        Err(rejection) => rejection,
        Ok(_) => panic!("accepted: {bytes:02x?}"),
    }
}

fn reject_floats() -> Rules {
    Rules::new(FloatPolicy::Reject, Schedule::v1())
}

fn expect_cases(cases: &[RuleCase], rules: &Rules) {
    for (rule, texts) in cases {
        for text in *texts {
            let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let rejection = rejection_of(&bytes, rules);
            assert_eq!(rejection.rule, *rule, "{text}: {rejection}");
            assert!(
                !rejection.help.is_empty() && !rejection.message.is_empty(),
                "{text}"
            );
        }
    }
}

#[test]
fn each_feature_outside_the_profile_is_rejected_by_its_rule() {
    expect_cases(CASES, &Rules::v1());
    expect_cases(CASES, &reject_floats());
}

#[test]
fn floats_are_rejected_under_reject_and_accepted_under_lower() {
    expect_cases(FLOAT_CASES, &reject_floats());
    for text in FLOAT_CASES.iter().flat_map(|(_, texts)| *texts) {
        let bytes = wat::parse_str(text).unwrap();
        assert!(check(&bytes, &Rules::v1()).is_ok(), "{text}");
    }
}

#[test]
fn bytes_that_are_not_a_module_are_malformed() {
    let cases: &[&[u8]] = &[
        b"",
        b"\0as",
        b"\0asm",
        b"(module)",
        b"\x7fELF\x02\x01\x01\x00",
        b"\0asm\x02\0\0\0",
        b"\0asm\x01\0\0\0\x7f\0",
        b"\0asm\x01\0\0\0\x01",
        b"\0asm\x01\0\0\0\x0a\x01\x00\x01\x01\x00",
        b"\0asm\x01\0\0\0\x0e\0",
    ];
    for bytes in cases {
        let rejection = rejection_of(bytes, &Rules::v1());
        assert_eq!(rejection.rule, Rule::Malformed, "{bytes:02x?}: {rejection}");
    }
}

#[test]
fn a_component_is_rejected_by_its_own_rule() {
    let rejection = rejection_of(b"\0asm\x0d\0\x01\0", &Rules::v1());
    assert_eq!(rejection.rule, Rule::Component);
    let component = wat::parse_str("(component)").unwrap();
    assert_eq!(rejection_of(&component, &Rules::v1()).rule, Rule::Component);
}

#[test]
fn imports_of_a_group_are_checked_one_by_one() {
    let group = |imports: &str| wat::parse_str(format!("(module {imports})")).unwrap();
    let cases = [
        (
            "(import \"wasi_snapshot_preview1\" (item \"proc_exit\") (func (param i32)))",
            Rule::WasiImport,
        ),
        (
            "(import \"lockstep\" (item \"block_height\" (func (result i64)))
                (item \"no_such\" (func)))",
            Rule::UnknownImport,
        ),
        (
            "(import \"lockstep\" (item \"block_height\") (item \"input\") (func (result i64)))",
            Rule::ImportType,
        ),
        (
            "(import \"lockstep\" (item \"memory\" (memory 1)))",
            Rule::ImportKind,
        ),
    ];
    for (imports, rule) in cases {
        let rejection = rejection_of(&group(imports), &Rules::v1());
        assert_eq!(rejection.rule, rule, "{imports}: {rejection:?}");
    }
    // One group without imports: module "", empty name, 0x7f.
    let bytes = b"\0asm\x01\0\0\0\x02\x05\x01\x00\x00\x7f\x00";
    assert!(check(bytes, &Rules::v1()).is_ok());
    // A group that announces more imports than the file has bytes.
    let bytes = b"\0asm\x01\0\0\0\x02\x09\x01\x00\x00\x7f\xff\xff\xff\xff\x0f";
    assert_eq!(rejection_of(bytes, &Rules::v1()).rule, Rule::Malformed);
}

#[test]
fn a_rejection_names_function_offset_and_flag() {
    let text = "(module
        (import \"lockstep\" \"block_height\" (func (result i64)))
        (func)
        (func (drop (v128.const i64x2 0 0))))";
    let bytes = wat::parse_str(text).unwrap();
    let rejection = rejection_of(&bytes, &Rules::v1());
    assert_eq!(rejection.function, Some(2));
    let index = bytes.iter().position(|byte| *byte == 0xfd).unwrap();
    assert_eq!(rejection.offset, u64::try_from(index).unwrap());
    assert!(rejection.help.contains("-simd128"), "{}", rejection.help);
    let line = rejection.to_string();
    assert!(
        line.starts_with("R0064 Simd: ") && line.contains("function 2, offset 0x"),
        "{line}"
    );
}

#[test]
fn a_rejected_float_has_operator_function_and_offset() {
    let bytes = wat::parse_str(
        "(func) (func (result i32) (i32.trunc_f64_s (f64.add (f64.const 1) (f64.const 2))))",
    )
    .unwrap();
    let rejection = rejection_of(&bytes, &reject_floats());
    assert_eq!(
        (rejection.rule, rejection.function),
        (Rule::FloatOperator, Some(1))
    );
    let index = bytes.iter().position(|byte| *byte == 0x44).unwrap();
    assert_eq!(rejection.offset, u64::try_from(index).unwrap());
    assert_eq!(rejection.message, "float operator f64.const");
    let bytes = wat::parse_str("(func) (func (param f32))").unwrap();
    let rejection = rejection_of(&bytes, &reject_floats());
    assert_eq!(
        (rejection.rule, rejection.function),
        (Rule::FloatType, Some(1))
    );
}

#[test]
fn a_rejection_names_the_import_with_control_characters_escaped() {
    let bytes = wat::parse_str("(import \"en\\0av\\c3\\a9\" \"x\\1b[0m\" (func))").unwrap();
    let rejection = rejection_of(&bytes, &Rules::v1());
    let expected = "import `en\\nv\\u{e9}` `x\\u{1b}[0m` is not in the host interface";
    assert_eq!(rejection.message, expected);
    let bytes = wat::parse_str("(import \"wasi_snapshot_preview1\" \"fd_write\" (func))").unwrap();
    let rejection = rejection_of(&bytes, &Rules::v1());
    assert!(rejection.message.contains("fd_write"), "{rejection}");
    assert!(
        rejection.help.contains("wasm32-unknown-unknown"),
        "{}",
        rejection.help
    );
}

#[test]
fn every_rule_is_broken_by_a_test() {
    let by_hand = [Rule::Malformed, Rule::Component];
    let tables = CASES.iter().chain(FLOAT_CASES).map(|(rule, _)| *rule);
    let covered: Vec<Rule> = tables
        .chain(by_hand)
        .chain(super::check_limits::rules())
        .collect();
    for rule in Rule::ALL {
        assert!(covered.contains(rule), "{} has no test", rule.name());
    }
}
