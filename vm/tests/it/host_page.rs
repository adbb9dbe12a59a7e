//! Tests that every host function is documented, priced and tested, and generates its page.
//!
//! `BLESS=1 cargo test -p lockstep-vm host_page` writes `docs/host.md` from the table.

use host_api::{Argument, MODULE, Row, Static, Type, limits, status};
use std::fmt::Write;
use vm::unstable::schedule::{STATIC_PRICE_BOUND, Schedule};
use vm::{Rules, Trap};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/host.md");
const SPEC: &str = include_str!("../../../docs/spec/host.md");
/// Test sources that call host functions with valid arguments.
const POSITIVE: &[&str] = &[
    include_str!("host.rs"),
    include_str!("calls.rs"),
    include_str!("calls_script.rs"),
    include_str!("host_recover.rs"),
];

fn names(argument: Argument) -> String {
    match argument {
        Argument::Bytes(name) => format!("`{name}` pointer, `{name}` length"),
        Argument::Fixed(name, size) => format!("`{name}` pointer to {size} bytes"),
        Argument::Items(name, size) => format!("`{name}` pointer to count * {size} bytes, count"),
        Argument::Buffer => "`dst` pointer, `cap` its length in bytes".to_owned(),
        Argument::Output(size) => format!("`dst` pointer to {size} bytes that the host writes"),
        Argument::Number(name, Type::I32) => format!("`{name}` i32"),
        Argument::Number(name, Type::I64) => format!("`{name}` i64"),
    }
}

/// Formula of the price of the lengths.
fn first_price(row: &Row) -> String {
    let mut price = "base".to_owned();
    let mut data = Vec::new();
    for argument in row.arguments {
        match *argument {
            Argument::Bytes("value") => price.push_str(" + per_value_byte * value"),
            Argument::Bytes(name) => data.push(name.to_owned()),
            Argument::Items(name, size) => data.push(format!("{size} * count of {name}")),
            _ => {}
        }
    }
    if !data.is_empty() {
        write!(price, " + per_byte * ({})", data.join(" + ")).expect("memory");
    }
    price
}

/// The checks and prices of a call of this function, in order.
fn order(row: &Row) -> String {
    let mut checks = vec!["price of the lengths".to_owned()];
    let trap = |code: u16| Trap::of_code(code).expect("a code of the list").name();
    checks.extend(
        row.traps
            .iter()
            .map(|code| format!("{code} {}", trap(*code))),
    );
    if row.touches {
        checks.push("cold price".to_owned());
    }
    if !row.second_price.is_empty() {
        checks.push("second price".to_owned());
    }
    checks.join("; ")
}

fn section(page: &mut String, row: &Row, schedule: &Schedule) -> std::fmt::Result {
    writeln!(page, "\n## `{}`\n\n{}\n", row.name, row.summary)?;
    for (index, argument) in (1..).zip(row.arguments) {
        writeln!(page, "- Argument {index}: {}", names(*argument))?;
    }
    let result = match row.result {
        None => "none",
        Some(Type::I32) => "i32",
        Some(Type::I64) => "i64",
    };
    writeln!(page, "- Result: {result}")?;
    writeln!(page, "- Checks, in order: {}", order(row))?;
    let in_static = match row.in_static_frame() {
        Static::Allowed => "allowed",
        Static::WithoutValue => "traps if the value is above 0",
        Static::Traps => "traps",
    };
    writeln!(page, "- In a static frame: {in_static}")?;
    for code in row.statuses {
        let known = status::ALL.iter().find(|(number, ..)| number == code);
        let (number, name, text) = known.expect("a status of the list");
        writeln!(page, "- Status {number} {name}: {text}")?;
    }
    writeln!(page, "- Price: {}", first_price(row))?;
    if row.touches {
        writeln!(page, "- At the first touch of a key: cold")?;
    }
    if !row.second_price.is_empty() {
        writeln!(page, "- Second price: {}", row.second_price)?;
    }
    let price = schedule.host(row.function);
    writeln!(
        page,
        "- In version 1: base {}, per_byte {}, per_value_byte {}, cold {}",
        price.base, price.per_byte, price.per_value_byte, price.cold
    )
}

fn page() -> Result<String, std::fmt::Error> {
    let rules = Rules::v1();
    let mut page = String::new();
    writeln!(page, "# Host functions\n")?;
    writeln!(
        page,
        "Generated from the host table by `BLESS=1 cargo test -p lockstep-vm host_page`; edit the\n\
         table.\n\
         The normative description: [spec/host.md](spec/host.md) and\n\
         [spec/frames.md](spec/frames.md). Import module `{MODULE}`; {} functions. Prices are those\n\
         of version 1, in gas; `lockstep schedule` prints those in force.\n",
        rules.host.len()
    )?;
    writeln!(
        page,
        "Limits: keys {} to {} bytes, values, inputs and outputs at most {} bytes, entry\n\
         names {} to {}, {} topics an event, {} events and {} bytes of them a transaction,\n\
         {} frames deep.",
        limits::KEY_BYTES_MIN,
        limits::KEY_BYTES_MAX,
        limits::DATA_BYTES_MAX,
        limits::ENTRY_BYTES_MIN,
        limits::ENTRY_BYTES_MAX,
        limits::EVENT_TOPICS_MAX,
        limits::EVENTS_MAX,
        limits::EVENT_BYTES_MAX,
        limits::CALL_DEPTH_MAX
    )?;
    for row in &rules.host {
        section(&mut page, row, &rules.schedule)?;
    }
    Ok(page)
}

#[test]
fn the_page_agrees_with_the_table() {
    let page = page().expect("memory");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PAGE, &page).expect("writable");
    }
    let found = std::fs::read_to_string(PAGE).expect("docs/host.md");
    assert!(found == page, "docs/host.md is stale: run with BLESS=1");
}

#[test]
fn every_function_is_documented_priced_and_tested() {
    let rules = Rules::v1();
    let entries = rules.prices();
    for row in &rules.host {
        let name = row.name;
        assert!(SPEC.contains(&format!("\n### `{name}`\n")), "{name}: spec");
        let base = entries
            .iter()
            .find(|(entry, _)| *entry == format!("host.{name}.base"));
        let base = base.map(|(_, price)| *price);
        assert!(
            base.is_some_and(|price| price > 0 && price < STATIC_PRICE_BOUND),
            "{name}: price"
        );
        let word = format!("Function::{:?}", row.function);
        let called = |text: &&str| {
            text.match_indices(&word)
                .any(|(index, _)| text[index + word.len()..].starts_with([',', ' ', ')']))
        };
        assert!(POSITIVE.iter().any(called), "{name}: a positive test");
    }
}
