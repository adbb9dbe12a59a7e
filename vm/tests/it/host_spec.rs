//! Compares docs/spec/host.md with the host table, in both directions.

use host_api::status;
use host_api::{Argument, Row, Static, TABLE, Type};
use std::fmt::Write;
use vm::Trap;

const SPEC: &str = include_str!("../../../docs/spec/host.md");

/// The sections of the functions: name and lines.
fn sections() -> Vec<(&'static str, Vec<String>)> {
    let functions = SPEC
        .split("\n## Functions\n")
        .nth(1)
        .expect("a chapter of functions");
    functions
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let mut lines = section.lines();
            let name = lines.next().expect("a heading").trim_matches('`');
            (name, lines.map(without_id).collect())
        })
        .collect()
}

/// The line without the id of its sentence.
fn without_id(line: &str) -> String {
    match line.split_once("[host-") {
        Some((start, rest)) => {
            let sentence = rest.split_once("] ").map_or("", |(_, sentence)| sentence);
            format!("{start}{sentence}")
        }
        None => line.to_owned(),
    }
}

fn signature(row: &Row) -> String {
    let arguments: Vec<String> = row
        .arguments
        .iter()
        .map(|argument| match *argument {
            Argument::Bytes(name) => format!("&{name}"),
            Argument::Fixed(name, size) => format!("{name}[{size}]"),
            Argument::Items(name, size) => format!("{name}[{size}]*count"),
            Argument::Buffer => "dst, cap".to_owned(),
            Argument::Output(size) => format!("dst[{size}]"),
            Argument::Number(name, Type::I32) => format!("{name}: i32"),
            Argument::Number(name, Type::I64) => format!("{name}: i64"),
        })
        .collect();
    let mut text = format!("{}({})", row.name, arguments.join(", "));
    match row.result {
        Some(Type::I32) => text.push_str(" -> i32"),
        Some(Type::I64) => text.push_str(" -> i64"),
        None => {}
    }
    text
}

fn traps(row: &Row) -> String {
    if row.traps.is_empty() {
        return "none".to_owned();
    }
    let mut text = String::new();
    for code in row.traps {
        let trap = Trap::of_code(*code).expect("a code of the list");
        let separator = if text.is_empty() { "" } else { ", " };
        write!(text, "{separator}{code} {}", trap.name()).expect("memory");
    }
    text
}

fn statuses(row: &Row) -> String {
    let known = |code: &u16| {
        let found = status::ALL.iter().find(|(number, ..)| number == code);
        let (number, name, _) = found.expect("a status of the list");
        format!("{number} {name}")
    };
    row.statuses
        .iter()
        .map(known)
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn each_row_has_a_section_and_each_section_a_row() {
    let headings: Vec<&str> = sections().iter().map(|(name, _)| *name).collect();
    let mut rows: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
    let mut sorted = headings.clone();
    rows.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(sorted, rows);
}

#[test]
fn each_section_agrees_with_its_row() {
    for (name, lines) in sections() {
        let row = host_api::table::by_name(name).expect("a row");
        let has = |line: &str| {
            assert!(
                lines.iter().any(|found| found == line),
                "{name}: line missing: {line}"
            )
        };
        has(row.summary);
        has(&format!("- Signature: `{}`", signature(row)));
        has(&format!("- Traps: {}", traps(row)));
        has(match row.in_static_frame() {
            Static::Allowed => "- Static: allowed",
            Static::WithoutValue => "- Static: traps if value is above 0",
            Static::Traps => "- Static: traps",
        });
        if !row.statuses.is_empty() {
            has(&format!("- Statuses: {}", statuses(row)));
        }
        let price = lines.iter().find(|line| line.starts_with("- Price: base"));
        let price = price.unwrap_or_else(|| panic!("{name}: a price"));
        assert_eq!(price.contains("cold"), row.touches, "{name}: {price}");
    }
}
