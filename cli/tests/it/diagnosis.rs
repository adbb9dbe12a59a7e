//! Tests that a rejection shows the function with its source line and a call chain to it.

use crate::{file, lockstep};
use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use serde_json::{Value, json};
use std::borrow::Cow;

/// `transfer` calls `quote`, which calls through the table; `scale` multiplies floats.
const TEXT: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (table 2 funcref)
    (elem (i32.const 0) $scale $other)
    (func $other (param i32) (result i64) (i64.const 0))
    (func $scale (type $unary)
      (drop (i32.const 7))
      (drop (f64.mul (f64.const 1) (f64.const 2)))
      (local.get 0))
    (func $quote (param i32) (result i32)
      (call_indirect (type $unary) (local.get 0) (i32.const 0)))
    (func (export "transfer") (drop (call $quote (i32.const 1))))
    (func $alone (drop (f32.const 0))))"#;

fn refused(name: &str, bytes: &[u8]) -> (Value, String) {
    let path = file(name, bytes);
    let arguments = ["check", &path, "--floats", "reject"];
    let text = lockstep(&arguments);
    assert_eq!(text.code, 3, "{text:?}");
    let line = lockstep(&[&arguments[..], &["--json"]].concat()).json();
    (line["rejection"].clone(), text.stdout)
}

/// Offset of the code section's content, and of the operator with these bytes.
fn offsets(bytes: &[u8], operator: &[u8]) -> (u64, u64) {
    let mut code = None;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::Payload::CodeSectionStart {
            unchecked_range, ..
        } = payload.unwrap()
        {
            code = Some(unchecked_range.start);
        }
    }
    let windows = bytes.windows(operator.len());
    let found = windows.enumerate().find(|(_, window)| *window == operator);
    (code.unwrap(), u64::try_from(found.unwrap().0).unwrap())
}

/// Adds DWARF with one unit for the whole code: line 3 before `address`, line 42 from there on.
fn with_dwarf(mut bytes: Vec<u8>, address: u64, end: u64) -> Vec<u8> {
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 4,
        address_size: 4,
    };
    let mut dwarf = DwarfUnit::new(encoding);
    let (folder, name) = (b"contract".to_vec(), b"src/price.rs".to_vec());
    let mut lines = LineProgram::new(
        encoding,
        LineEncoding::default(),
        LineString::String(folder.clone()),
        None,
        LineString::String(name.clone()),
        None,
    );
    let directory = lines.default_directory();
    let source = lines.add_file(LineString::String(name.clone()), directory, None);
    lines.begin_sequence(Some(Address::Constant(0)));
    for (address, line) in [(0, 3), (address, 42)] {
        lines.row().address_offset = address;
        lines.row().file = source;
        lines.row().line = line;
        lines.generate_row();
    }
    lines.end_sequence(end);
    dwarf.unit.line_program = lines;
    let root = dwarf.unit.root();
    let root = dwarf.unit.get_mut(root);
    root.set(gimli::DW_AT_name, AttributeValue::String(name));
    root.set(gimli::DW_AT_comp_dir, AttributeValue::String(folder));
    root.set(
        gimli::DW_AT_low_pc,
        AttributeValue::Address(Address::Constant(0)),
    );
    root.set(gimli::DW_AT_high_pc, AttributeValue::Udata(end));
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).unwrap();
    let append = |id: gimli::SectionId, data: &EndianVec<LittleEndian>| {
        let section = wasm_encoder::CustomSection {
            name: Cow::Borrowed(id.name()),
            data: Cow::Borrowed(data.slice()),
        };
        bytes.push(0);
        wasm_encoder::Encode::encode(&section, &mut bytes);
        Ok::<(), gimli::write::Error>(())
    };
    sections.for_each(append).unwrap();
    bytes
}

#[test]
fn a_float_is_reported_with_its_function_and_call_chain() {
    let (rejection, text) = refused("chain.wasm", &wat::parse_str(TEXT).unwrap());
    assert_eq!(rejection["name"], "FloatOperator");
    assert_eq!(rejection["function"]["name"], "scale");
    assert_eq!(rejection["location"], Value::Null);
    let chain = json!([
        { "index": 3, "name": "transfer", "through_table": false },
        { "index": 2, "name": "quote", "through_table": false },
        { "index": 1, "name": "scale", "through_table": true },
    ]);
    assert_eq!(rejection["path"], chain);
    let shown = "  called: function 3 (transfer) -> function 2 (quote) -> (table) -> \
                 function 1 (scale)\n";
    assert!(text.contains(shown), "{text}");
    assert!(!text.contains("source:"), "{text}");
}

#[test]
fn a_float_is_reported_with_file_and_line_if_the_module_has_dwarf() {
    let bytes = wat::parse_str(TEXT).unwrap();
    // f64.const 1, the first float operator of the module.
    let (code, float) = offsets(&bytes, &[0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    let end = u64::try_from(bytes.len()).unwrap() - code;
    for (first, line) in [(float - code, 42), (float - code + 1, 3)] {
        let (rejection, text) = refused("lines.wasm", &with_dwarf(bytes.clone(), first, end));
        assert_eq!(rejection["offset"], float);
        let location = format!("contract/src/price.rs:{line}");
        assert_eq!(rejection["location"], location.as_str());
        assert!(text.contains(&format!("  source: {location}\n")), "{text}");
    }
}

#[test]
fn a_function_that_no_export_reaches_is_reported_as_such() {
    let text = r#"(module (func (export "f")) (func $alone (drop (f32.const 0))))"#;
    let (rejection, text) = refused("alone.wasm", &wat::parse_str(text).unwrap());
    assert_eq!(rejection["function"]["name"], "alone");
    assert_eq!(rejection["path"], Value::Null);
    assert!(
        text.contains("  called: not reached from an export\n"),
        "{text}"
    );
}

#[test]
fn the_middle_of_a_long_call_chain_is_left_out() {
    let mut text = "(module (func $f0 (export \"first\") (call $f1))".to_owned();
    for index in 1..30 {
        text.push_str(&format!("(func $f{index} (call $f{}))", index + 1));
    }
    text.push_str("(func $f30 (drop (f32.const 0))))");
    let (rejection, text) = refused("long.wasm", &wat::parse_str(&text).unwrap());
    assert_eq!(rejection["path"].as_array().unwrap().len(), 31);
    let shown = "function 3 (f3) -> (23 more) -> function 27 (f27)";
    assert!(text.contains(shown), "{text}");
}

#[test]
fn corrupted_dwarf_does_not_change_the_verdict() {
    let bytes = wat::parse_str(TEXT).unwrap();
    let (code, float) = offsets(&bytes, &[0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    let whole = with_dwarf(bytes.clone(), float - code, 400);
    for index in (bytes.len()..whole.len()).step_by(9) {
        let mut broken = whole.clone();
        broken[index] = !broken[index];
        let path = file("broken-dwarf.wasm", &broken);
        let ran = lockstep(&["check", &path, "--floats", "reject", "--json"]);
        assert_eq!(ran.code, 3, "byte {index}: {ran:?}");
    }
}
