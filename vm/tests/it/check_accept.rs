//! Tests that check accepts what the profile allows, and the tables of checked modules.

use vm::unstable::module::{Data, Element, ExportKind, Global, Memory, Table, ValueType};
use vm::{CheckedModule, Rules, check};

fn accept(text: &str) -> CheckedModule {
    let bytes = wat::parse_str(text).unwrap();
    check(&bytes, &Rules::v1()).unwrap_or_else(|rejection| panic!("{rejection}: {text}"))
}

#[test]
fn an_empty_module_is_accepted() {
    let module = accept("(module)");
    assert!(module.functions().is_empty() && module.memory().is_none() && module.table().is_none());
    assert_eq!(module.bytes(), b"\0asm\x01\0\0\0");
    assert_eq!(module.rules_id(), Rules::v1().id());
}

const FULL: &str = r#"(module
    (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
    (table (export "t") 3 7 funcref)
    (memory (export "m") 2 1000)
    (global $a (mut i32) (i32.sub (i32.const 1) (i32.const 3)))
    (global (export "g") i64 (i64.const -1))
    (elem (i32.const 1) $input $f)
    (data (i32.const 65540) "abc")
    (start $start)
    (func $start)
    (func $f (export "f") (param i32 i64) (result i32)
        (local i32 i32) (local i64)
        (call $input (i32.const 1) (i32.const 2))))"#;

#[test]
fn a_checked_module_has_the_tables_of_its_text() {
    let module = accept(FULL);
    assert_eq!(module.imports().len(), 1);
    assert_eq!(
        module.table(),
        Some(Table {
            initial: 3,
            maximum: Some(7)
        })
    );
    assert_eq!(
        module.memory(),
        Some(Memory {
            initial: 2,
            maximum: 256
        })
    );
    let i32_global = Global {
        value_type: ValueType::I32,
        mutable: true,
        initial: 0xffff_fffe,
    };
    let i64_global = Global {
        value_type: ValueType::I64,
        mutable: false,
        initial: u64::MAX,
    };
    assert_eq!(module.globals(), [i32_global, i64_global]);
    assert_eq!(
        module.elements(),
        [Element {
            offset: 1,
            functions: vec![0, 2]
        }]
    );
    let [data] = module.data() else {
        panic!("one data segment")
    };
    assert_eq!(module.data_bytes(data), b"abc");
    assert_eq!(
        data,
        &Data {
            offset: 65540,
            bytes: data.bytes.clone()
        }
    );
    assert_eq!(module.start(), Some(1));
    assert_eq!(module.exported_function("f"), Some(2));
    let kinds: Vec<ExportKind> = module.exports().iter().map(|export| export.kind).collect();
    let (table, memory) = (ExportKind::Table, ExportKind::Memory);
    assert_eq!(
        kinds,
        [table, memory, ExportKind::Global, ExportKind::Function]
    );
}

#[test]
fn a_function_has_its_locals_slots_and_operators() {
    let module = accept(FULL);
    let f = module.function(2).unwrap();
    assert_eq!(f.locals, [(2, ValueType::I32), (1, ValueType::I64)]);
    assert_eq!(f.slots, 2 + 3 + 2);
    assert_eq!(f.operators, 4);
    assert_eq!(module.body_bytes(f), [0x41, 1, 0x41, 2, 0x10, 0, 0x0b]);
}

#[test]
fn every_feature_of_the_profile_is_accepted() {
    let texts = [
        // Sign extension, bulk copies, mutable globals.
        "(memory 1) (global (export \"g\") (mut i32) (i32.const 0)) (func \
            (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)) \
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)) \
            (drop (i64.extend32_s (i64.const 1))) (drop (memory.grow (i32.const 1))))",
        // Segments with an explicit index 0, and segments at the very end.
        "(table $t 1 funcref) (func $f) (elem (table $t) (i32.const 0) func $f)",
        "(memory 1) (data (i32.const 65535) \"a\") (data (i32.const 65536) \"\")",
        "(table 0 funcref) (elem (i32.const 0))",
        // A memory without an export, a duplicate import, exports of any type.
        "(memory 0 65536)",
        "(memory 64) (export \"any name\" (memory 0))",
        "(import \"lockstep\" \"block_height\" (func (result i64))) \
         (import \"lockstep\" \"block_height\" (func (result i64)))",
        "(func (export \"\") (param f32 i64) (result f64) unreachable)",
        // Wide arithmetic: two results on the operand stack.
        "(func (param i64 i64) (result i64) local.get 0 local.get 1 local.get 1 local.get 0 \
            i64.add128 i64.sub (i64.const 7) i64.mul_wide_s drop)",
        "(func (param i64) local.get 0 local.get 0 i64.mul_wide_u local.get 0 i64.const 0 \
            i64.sub128 drop drop)",
        // A DataCount section.
        "(memory 1) (data (i32.const 0) \"a\") (@custom \"x\" (before code) \"\")",
    ];
    for text in texts {
        accept(text);
    }
}

#[test]
fn a_data_count_section_is_accepted() {
    let bytes = b"\0asm\x01\0\0\0\x05\x03\x01\x00\x01\x0c\x01\x01\x0b\x07\x01\x00\x41\x00\x0b\x01a";
    assert_eq!(check(bytes, &Rules::v1()).unwrap().data().len(), 1);
}

#[test]
fn an_overlong_table_index_of_call_indirect_is_accepted() {
    let mut bytes =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x04\x04\x01\x70\x00\x01".to_vec();
    let body = [
        0x00, 0x41, 0x00, 0x11, 0x00, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b,
    ];
    bytes.extend([0x0a, 13, 0x01, 11]);
    bytes.extend(body);
    let module = check(&bytes, &Rules::v1()).unwrap_or_else(|rejection| panic!("{rejection}"));
    assert_eq!(module.functions()[0].operators, 3);
}

#[test]
fn custom_sections_are_not_parsed() {
    // A name section with a count of 2^32 - 1 functions.
    let bytes = b"\0asm\x01\0\0\0\x00\x0c\x04name\x01\x05\xff\xff\xff\xff\x0f";
    assert!(check(bytes, &Rules::v1()).is_ok());
}

#[test]
fn slots_are_parameters_locals_and_the_maximum_operand_height() {
    let cases = [
        ("(func)", 0),
        ("(func (param i32 i64) (local i32))", 3),
        ("(func (drop (i32.add (i32.const 1) (i32.const 2))))", 2),
        (
            "(func (param i32) (local i64) \
                (drop (i32.add (block (result i32) i32.const 1) (i32.const 2))))",
            4,
        ),
        // Unreachable code counts.
        (
            "(func unreachable i32.const 1 i32.const 2 i32.const 3 drop drop drop)",
            3,
        ),
        ("(func unreachable i32.add drop)", 1),
        // The result counts, although only the final end pushes it.
        ("(func (result i32) unreachable)", 1),
        // A call pops its arguments before it pushes its result.
        (
            "(func (param i32 i32) (result i32) (call 0 (i32.const 1) (i32.const 2)))",
            4,
        ),
    ];
    for (text, slots) in cases {
        assert_eq!(accept(text).functions()[0].slots, slots, "{text}");
    }
}

#[test]
fn constants_are_evaluated_with_wrapping() {
    let module = accept(
        "(global i32 (i32.mul (i32.const 0x10001) (i32.const 0x10001)))
         (global i32 (i32.sub (i32.const 0) (i32.const 1)))
         (global i64 (i64.add (i64.const -1) (i64.const 3)))
         (global i64 (i64.mul (i64.const 0x100000001) (i64.const 0x100000001)))
         (global i64 (i64.sub (i64.const 2) (i64.add (i64.const 3) (i64.const 4))))
         (global f32 (f32.const nan:0x200001))
         (global f64 (f64.const -nan:0x4000000000001))",
    );
    let values: Vec<u64> = module
        .globals()
        .iter()
        .map(|global| global.initial)
        .collect();
    let expected = [
        0x0002_0001,
        0xffff_ffff,
        2,
        0x2_0000_0001,
        5_u64.wrapping_neg(),
        0x7fa0_0001,
        0xfff4_0000_0000_0001,
    ];
    assert_eq!(values, expected);
    assert_eq!(module.globals()[5].value_type, ValueType::I32);
    assert_eq!(module.globals()[6].value_type, ValueType::I64);
}

#[test]
fn floats_are_counted_by_operators_and_functions() {
    let module = accept(
        "(func) (func (drop (f32.const 1)))
         (func (param f32) (result i32) (i32.reinterpret_f32 (f32.neg (local.get 0))))",
    );
    assert_eq!(
        (module.floats().operators, module.floats().functions),
        (3, 2)
    );
    let types = module.types();
    assert_eq!(types[1].parameters, [ValueType::I32]);
}

#[test]
fn no_host_function_can_be_a_start_function() {
    let is_entry = |row: &&host_api::Row| row.result.is_none() && row.arguments.is_empty();
    assert!(host_api::TABLE.iter().find(is_entry).is_none());
}

#[test]
fn the_committed_contracts_are_accepted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/wasm");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let bytes = std::fs::read(&path).unwrap();
            let verdict = check(&bytes, &Rules::v1());
            assert!(
                verdict.is_ok(),
                "{}: {}",
                path.display(),
                verdict.unwrap_err()
            );
            seen += 1;
        }
    }
    assert!(seen > 0, "no module in {folder}");
}

#[test]
fn compact_imports_mean_the_same_as_single_ones() {
    let single = "(import \"lockstep\" \"block_height\" (func (result i64))) \
        (import \"lockstep\" \"block_time\" (func (result i64))) \
        (func (result i64) (i64.add (call 0) (call 1)))";
    let function = "(func (result i64) (i64.add (call 0) (call 1)))";
    let compact = [
        "(import \"lockstep\" (item \"block_height\" (func (result i64))) \
            (item \"block_time\" (func (result i64))))",
        "(import \"lockstep\" (item \"block_height\") (item \"block_time\") (func (result i64)))",
        "(import \"lockstep\" (item \"block_height\") (func (result i64))) \
            (import \"lockstep\" \"block_time\" (func (result i64)))",
    ];
    let expected = accept(single);
    for imports in compact {
        let module = accept(&format!("{imports} {function}"));
        let functions = |module: &CheckedModule| -> Vec<_> {
            module
                .imports()
                .iter()
                .map(|import| import.function)
                .collect()
        };
        assert_eq!(functions(&module), functions(&expected), "{imports}");
        assert_eq!(module.imports().len(), 2, "{imports}");
    }
}
