//! Tests stored forms of checked modules: round trips, damaged bytes, any bytes.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows or truncates fails"
)]

use proptest::prelude::*;
use std::sync::Arc;
use vm::unstable::host::crypto::sha256;
use vm::{CheckedModule, CodeHash, Rules, check};

const EVERYTHING: &str = r#"(module
    (type $wide (func (param i32 i64 f32 f64) (result f64)))
    (import "lockstep" "return" (func $return (param i32 i32)))
    (import "lockstep" "block_height" (func $height (result i64)))
    (func $first (type $wide) (local i32 i32 i64)
        local.get 3)
    (func $start)
    (func (export "go") (local f32)
        (call_indirect (type $none) (i32.const 1)))
    (type $none (func))
    (table 4 9 funcref)
    (memory (export "memory") 1 2)
    (global $low (mut i32) (i32.const -1))
    (global $high i64 (i64.const -2))
    (global (mut f64) (f64.const 1))
    (export "first" (func $first))
    (export "" (table 0))
    (export "high" (global $high))
    (elem (i32.const 1) $start $first)
    (elem (i32.const 3) $return)
    (start $start)
    (data (i32.const 7) "seven")
    (data (i32.const 65536) ""))"#;

fn checked(text: &str) -> CheckedModule {
    let bytes = wat::parse_str(text).unwrap();
    check(&bytes, &Rules::v1()).unwrap()
}

fn decoded(module: &CheckedModule, form: &[u8]) -> Option<CheckedModule> {
    let bytes = Arc::new(module.bytes().to_vec());
    CheckedModule::from_stored_form(bytes, *module.code_hash(), form)
}

fn text(module: &CheckedModule) -> String {
    format!("{module:?}")
}

#[test]
fn a_form_with_the_bytes_is_the_checked_module() {
    for module in ["(module)", "(module (func))", EVERYTHING].map(checked) {
        let form = module.stored_form();
        let again = decoded(&module, &form).unwrap();
        assert_eq!(text(&again), text(&module));
        assert_eq!(again.stored_form(), form);
    }
}

/// A form that an earlier build wrote has a valid seal: only the version says that it is another.
#[test]
fn another_encoding_is_another_version() {
    let form = checked(EVERYTHING).stored_form();
    // The id of the rules is between both, and moves with prices.
    let (version, fields) = (form[0], &form[33..]);
    let pinned = "ca0337ae878f687fb1150be076b7d78ba0e4ad3118447c88a9d5ab10f2ee0e7f";
    assert_eq!((version, hex::encode(sha256(fields)).as_str()), (1, pinned));
}

#[test]
fn a_form_has_no_part_of_the_bytes() {
    let short = checked("(module (memory 1) (data (i32.const 0) \"a\"))");
    let long = format!(
        "(module (memory 1) (data (i32.const 0) \"{}\"))",
        "a".repeat(60_000)
    );
    let (short, long) = (short.stored_form(), checked(&long).stored_form());
    assert!(long.len() <= short.len() + 4, "{}", long.len());
}

/// A node uses forms that an earlier build made, if the version is the same.
#[test]
fn a_form_of_this_version_has_these_bytes() {
    let form = checked(EVERYTHING).stored_form();
    let (head, tables) = form.split_at(33);
    assert_eq!(head[0], CheckedModule::STORED_FORM_VERSION);
    // What check finds or how it is written has changed: raise the version, then renew this.
    let expected = "04040001000101010000020000000001010201020b030300020200010108b70103020001\
         0000bc010101000101010002c10106030001040109010102030001ffffffff0f0100feff\
         ffffffffffffff01010180808080808080f83f0502676f0004066d656d6f727902000566\
         6972737400020001000468696768030102010203020301000207cf0105808004db010001\
         0300000140";
    assert_eq!((head[0], hex::encode(tables).as_str()), (1, expected));
}

/// Reads everything that refers to something else, as later stages do.
fn walk(module: &CheckedModule) {
    for import in module.imports() {
        let signature = &module.types()[import.type_index as usize];
        let row = host_api::table::row(import.function).unwrap();
        assert_eq!(signature.parameters.len(), row.parameters().count());
    }
    for function in module.functions() {
        assert!(!module.body_bytes(function).is_empty());
        assert!(module.types().len() > function.type_index as usize);
    }
    let total = module.imports().len() + module.functions().len();
    let table = module.table().map_or(0, |table| table.initial);
    for element in module.elements() {
        assert!(element.offset as usize + element.functions.len() <= table as usize);
        assert!(
            element
                .functions
                .iter()
                .all(|index| (*index as usize) < total)
        );
    }
    let memory = module.memory().map_or(0, |memory| memory.initial) as usize * 65_536;
    for data in module.data() {
        assert_eq!(module.data_bytes(data).len(), data.bytes.len());
        assert!(data.offset as usize + data.bytes.len() <= memory);
    }
    for export in module.exports() {
        let _ = module.exported_function(&export.name);
    }
    if let Some(start) = module.start() {
        assert!(module.function_type(start).is_some());
    }
}

#[test]
fn each_byte_of_a_form_may_be_wrong() {
    let module = checked(EVERYTHING);
    let form = module.stored_form();
    let mut accepted = 0_u32;
    for position in 0..form.len() {
        for wrong in 0..=u8::MAX {
            let mut damaged = form.clone();
            damaged[position] = wrong;
            if let Some(module) = decoded(&module, &damaged) {
                walk(&module);
                accepted += 1;
            }
        }
    }
    // Some fields, such as the id of the rules and names, can have any value.
    assert!(accepted > 255 * 32);
}

#[test]
fn a_form_that_is_cut_or_too_long_or_of_another_version_is_refused() {
    let module = checked(EVERYTHING);
    let mut form = module.stored_form();
    for length in 0..form.len() {
        assert!(decoded(&module, &form[..length]).is_none(), "{length}");
    }
    form.push(0);
    assert!(decoded(&module, &form).is_none());
    form.pop();
    form[0] += 1;
    assert!(decoded(&module, &form).is_none());
}

#[test]
fn ranges_of_a_form_are_within_the_bytes() {
    let module = checked(EVERYTHING);
    let form = module.stored_form();
    let whole = module.bytes();
    // Behind the last data segment, which is empty, there are names only.
    for length in 0..module.data()[1].bytes.end as usize {
        let bytes = Arc::new(whole[..length].to_vec());
        let decoded = CheckedModule::from_stored_form(bytes, CodeHash([0; 32]), &form);
        assert!(decoded.is_none(), "{length}");
    }
}

#[test]
fn a_form_of_many_items_has_few_bytes_for_each() {
    let functions = "(func (local i32 i64))".repeat(5_000);
    let module = checked(&format!("(module {functions})"));
    let form = module.stored_form();
    assert!(form.len() < 5_000 * 14 + 64, "{}", form.len());
    assert!(decoded(&module, &form).is_some());
}

#[test]
fn a_wrong_count_reserves_no_memory() {
    let module = checked("(module)");
    let form = module.stored_form();
    // Version and id of the rules, then the number of types.
    let mut wrong = form[..33].to_vec();
    wrong.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    wrong.extend([0; 64]);
    assert!(decoded(&module, &wrong).is_none());
}

proptest! {
    #[test]
    fn any_bytes_are_a_form_or_not(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let module = checked(EVERYTHING);
        let form = [&module.stored_form()[..33], &tail].concat();
        if let Some(module) = decoded(&module, &form) {
            walk(&module);
        }
    }
}
