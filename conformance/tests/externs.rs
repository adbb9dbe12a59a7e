//! Compares the imports that the SDK in Rust and C declares with the host table.
#![cfg(test)]

use host_api::{TABLE, Type, render};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// WebAssembly parameter types and result type by import name.
type Externs = BTreeMap<String, (Vec<Type>, Option<Type>)>;

fn table() -> Externs {
    TABLE
        .iter()
        .map(|row| {
            (
                row.name.to_owned(),
                (row.parameters().collect(), row.result),
            )
        })
        .collect()
}

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap()
}

/// The text without its line comments.
fn code(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join(" ")
}

fn rust_type(name: &str) -> Type {
    match name.trim() {
        "*const u8" | "*mut u8" | "usize" | "i32" | "u32" => Type::I32,
        "i64" | "u64" => Type::I64,
        other => panic!("a type that the interface does not have: {other}"),
    }
}

fn rust_result(text: &str) -> Option<Type> {
    let result = text.split_once("->").map(|(_, result)| result.trim());
    result.filter(|name| *name != "!").map(rust_type)
}

/// The declarations of the first `extern "C"` block.
fn rust_externs(text: &str) -> Externs {
    let text = code(text);
    let (_, block) = text.split_once("extern \"C\" {").unwrap();
    let (block, _) = block.split_once('}').unwrap();
    let mut externs = Externs::new();
    for declaration in block.split(';').filter(|text| text.contains("fn ")) {
        let (before, after) = declaration.split_once("fn ").unwrap();
        let (name, after) = after.split_once('(').unwrap();
        let renamed = before
            .split_once("link_name = \"")
            .and_then(|(_, rest)| rest.split_once('"'));
        let (parameters, result) = after.rsplit_once(')').unwrap();
        let parameters = parameters
            .split(',')
            .filter_map(|parameter| parameter.split_once(':'));
        let types = parameters.map(|(_, of)| rust_type(of)).collect();
        let name = renamed.map_or(name, |(name, _)| name).to_owned();
        let twice = externs.insert(name, (types, rust_result(result)));
        assert!(twice.is_none(), "{declaration}");
    }
    externs
}

fn c_type(text: &str) -> Option<Type> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is = |names: &[&str]| words.iter().any(|word| names.contains(word));
    if text.contains('*') || text.contains('[') || is(&["size_t", "int32_t", "uint32_t"]) {
        Some(Type::I32)
    } else if is(&["int64_t", "uint64_t"]) {
        Some(Type::I64)
    } else {
        assert!(
            is(&["void"]),
            "a type that the interface does not have: {text}"
        );
        None
    }
}

fn c_externs(text: &str) -> Externs {
    let text = code(text);
    let mut externs = Externs::new();
    for declaration in text.split("LOCKSTEP_IMPORT(").skip(1) {
        let (name, rest) = declaration.split_once(')').unwrap();
        let Some((signature, _)) = rest.split_once(';') else {
            continue;
        };
        let Some((result, parameters)) = signature.split_once(&format!("lockstep_{name}(")) else {
            // The definition of the macro.
            assert_eq!(name, "name", "{signature}");
            continue;
        };
        let (parameters, _) = parameters.rsplit_once(')').unwrap();
        let types = parameters.split(',').filter_map(c_type).collect();
        let twice = externs.insert(name.to_owned(), (types, c_type(result)));
        assert!(twice.is_none(), "{name}");
    }
    externs
}

fn assert_same(found: &Externs, what: &str) {
    for (name, expected) in table() {
        assert_eq!(found.get(&name), Some(&expected), "{what}: {name}");
    }
    let unknown: Vec<&String> = found
        .keys()
        .filter(|name| !table().contains_key(*name))
        .collect();
    assert!(unknown.is_empty(), "{what}: {unknown:?}");
}

#[test]
fn the_sdk_imports_the_functions_of_the_table() {
    assert_same(
        &rust_externs(&file("contracts/sdk/src/externs.rs")),
        "contracts/sdk/src/externs.rs",
    );
}

#[test]
fn the_c_header_declares_the_functions_of_the_table() {
    assert_same(
        &c_externs(&file("contracts/c/lockstep.h")),
        "contracts/c/lockstep.h",
    );
}

#[test]
fn the_rendered_declarations_match_the_table() {
    let mut text = String::new();
    render::rust_externs(&mut text).unwrap();
    assert_same(&rust_externs(&text), "rendered Rust");
    let mut text = String::new();
    render::c_declarations(&mut text).unwrap();
    assert_same(&c_externs(&text), "rendered C");
}
