//! Tests that every host function is documented, priced and tested, and generates its page.
//!
//! `BLESS=1 cargo test -p lockstep-vm host_page` writes `docs/host.md` from the table.

use host_api::{Argument, Function, MODULE, Row, Static, Type, flags, limits, status};
use std::fmt::Write;
use vm::unstable::schedule::STATIC_PRICE_BOUND;
use vm::{Rules, Trap};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/host.md");
const SPEC: &str = include_str!("../../../docs/spec/host.md");
/// Test sources that call host functions with valid arguments.
const POSITIVE: &[&str] = &[
    include_str!("host.rs"),
    include_str!("calls.rs"),
    include_str!("calls_script.rs"),
    include_str!("host_recover.rs"),
    include_str!("host_hashes.rs"),
    include_str!("host_p256.rs"),
    include_str!("host_curves.rs"),
];

fn names(argument: Argument) -> String {
    match argument {
        Argument::Bytes(name) => format!("`{name}` pointer, `{name}` length"),
        Argument::Fixed(name, size) => format!("`{name}` pointer to {size} bytes"),
        Argument::Items(name, size) => format!("`{name}` pointer to count * {size} bytes, count"),
        Argument::Buffer => "`dst` pointer, `cap` its length in bytes".to_owned(),
        Argument::Output(size) => format!("`dst` pointer to {size} bytes that the host writes"),
        Argument::Number("flags", _) => format!(
            "`flags` i32, a sum of {} ALLOW_REENTRY (the calling contract may be entered while it \
             waits) and {} STATIC (the callee's frame is static)",
            flags::ALLOW_REENTRY,
            flags::STATIC
        ),
        Argument::Number(name, Type::I32) => format!("`{name}` i32"),
        Argument::Number(name, Type::I64) => format!("`{name}` i64"),
    }
}

/// Name of the trap with this code.
fn trap_name(code: u16) -> &'static str {
    Trap::of_code(code).expect("a code of the list").name()
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
    let mut checks = vec!["price".to_owned()];
    let named = |code: &u16| format!("{code} {}", trap_name(*code));
    checks.extend(row.traps.iter().map(named));
    if row.touches {
        checks.push("cold price".to_owned());
    }
    if !row.second_price.is_empty() {
        checks.push("second price".to_owned());
    }
    checks.join("; ")
}

/// The state key whose first touch a function pays for.
const fn touched(function: Function) -> &'static str {
    match function {
        Function::StorageScan => "the key `start`, present or not",
        Function::BlockHash => "the hash, for a height among the last 256",
        Function::Balance => "the account",
        Function::Transfer => "the receiver's account",
        Function::Call | Function::Deploy => "the contract's account, then of its code",
        Function::SetCode => "the code",
        _ => "`key`",
    }
}

/// Meaning of a status that `row` returns; some meanings depend on the function.
fn meaning(row: &Row, code: u16, general: &'static str) -> &'static str {
    match (row.function, code) {
        (Function::Transfer, status::RETURN) => "the value was moved",
        (Function::SetCode, status::RETURN) => "the code was replaced",
        (Function::Call, status::NO_CODE) => "the address has no code",
        (Function::Deploy | Function::SetCode, status::NO_CODE) => {
            "the code hash was never uploaded"
        }
        _ => general,
    }
}

/// What else the caller of a function must know.
const fn note(function: Function) -> &'static str {
    match function {
        Function::StorageScan => {
            "\
- An empty `start` is below every key, an empty `end` above every key.
- Page: a count, then for each entry the length of its key, the key, the length of its value, the
  value. Count and lengths are u32, little-endian. At most `limit` entries, each of them whole.
- Next page: `start` is the last key with a zero byte appended; if the last key has the greatest
  length, it is that key without its last bytes of 255, and the byte before them plus 1.
- Returns the length of the page; or, if not even the first entry fits into `cap`, minus the length
  of a page with this entry, and then nothing is written.
- A hidden key existed when the block or the transaction began and is absent now. The scan walks
  over it without an entry.
"
        }
        Function::Deploy => "- `dst`: address of the new contract, written on status 0 only\n",
        _ => "",
    }
}

fn section(page: &mut String, row: &Row, rules: &Rules) -> std::fmt::Result {
    writeln!(page, "\n## `{}`\n\n{}\n", row.name, row.summary)?;
    for (index, argument) in (1..).zip(row.arguments) {
        writeln!(page, "- Argument {index}: {}", names(*argument))?;
    }
    match row.result {
        None => {}
        Some(Type::I32) => writeln!(page, "- Result: i32")?,
        Some(Type::I64) => writeln!(page, "- Result: i64")?,
    }
    writeln!(page, "- Checks, in order: {}", order(row))?;
    match row.in_static_frame() {
        Static::Allowed => {}
        Static::WithoutValue => {
            writeln!(page, "- In a static frame: traps if the value is above 0")?;
        }
        Static::Traps => writeln!(page, "- In a static frame: traps")?,
    }
    for code in row.statuses {
        let known = status::ALL.iter().find(|(number, ..)| number == code);
        let (number, name, text) = known.expect("a status of the list");
        writeln!(
            page,
            "- Status {number} {name}: {}",
            meaning(row, *code, text)
        )?;
    }
    writeln!(page, "- Price: {}", first_price(row))?;
    if row.touches {
        writeln!(
            page,
            "- At the first touch of {}: cold",
            touched(row.function)
        )?;
    }
    if !row.second_price.is_empty() {
        writeln!(page, "- Second price: {}", row.second_price)?;
    }
    page.push_str(note(row.function));
    let prefix = format!("host.{}.", row.name);
    let prices = rules.prices();
    let named = prices
        .iter()
        .filter_map(|(name, price)| Some((name.strip_prefix(&prefix)?, price)));
    let listed: Vec<_> = named
        .map(|(name, price)| format!("{name} {price}"))
        .collect();
    writeln!(page, "- In version 1: {}", listed.join(", "))
}

/// Meaning of each trap that a host call can raise.
const TRAPS: [(u16, &str); 8] = [
    (64, "pointer and length of an argument exceed memory"),
    (65, "the length of a storage key is outside of the limits"),
    (66, "a storage value is too long"),
    (67, "too many topics, events or bytes of events"),
    (68, "a change of state in a static frame"),
    (69, "an input or output is too long"),
    (70, "a flag that is not defined"),
    (71, "too many terms or pairs in a list"),
];

/// The terms that all sections use.
fn legend(page: &mut String, rules: &Rules) -> std::fmt::Result {
    page.push_str(
        "
## How to read a section

- *Arguments* are the WebAssembly parameters, in order. Pointers, lengths, counts and capacities
  are i32. Amounts have 16 bytes, little-endian. A function with `dst` and `cap` returns and
  charges for the full length, also if less fits (not `storage_scan`). A section without a result
  has none.
- *Checks, in order*: the first one that fails ends the frame.
- *Price*: known from the lengths of the arguments, so it is charged before anything else.
- *Second price*: depends on the input or the state, so it is charged once that is known, and
  before anything is written.
- *cold*: charged when the transaction touches a state key for the first time. Accounts, codes and
  block hashes have state keys as storage values have. The account of the message's sender, and
  account and code of each contract that was entered, are touched already.
- *Static frame*: a frame called with the flag STATIC, and every frame below it. It must not change
  state. A function can be called there if its section does not say otherwise.
- *Status*: 0 is success. 1 to 3 say how the callee failed; from 16 on nothing began, and no value
  was moved.
- A price that cannot be paid ends the frame out of gas.
",
    );
    let dynamic = rules.schedule.dynamic();
    writeln!(
        page,
        "- *Frame price* of a code: {} + {} a byte of the code + {} a type, import,\n  \
         export or function of its own + {} an initial page of its memory + {} a byte of its\n  \
         data segments + {} a segment of data or elements + {} an entry of its table or a\n  \
         global.",
        dynamic.frame_base,
        dynamic.frame_per_code_byte,
        dynamic.frame_per_declaration,
        dynamic.frame_per_page,
        dynamic.frame_per_data_byte,
        dynamic.frame_per_segment,
        dynamic.frame_per_item
    )?;
    writeln!(page, "\nA trap has a number and ends the frame:\n")?;
    writeln!(page, "| trap | cause |\n|---|---|")?;
    for (code, cause) in TRAPS {
        writeln!(page, "| {code} {} | {cause} |", trap_name(code))?;
    }
    Ok(())
}

fn page() -> Result<String, std::fmt::Error> {
    let rules = Rules::v1();
    let mut page = String::new();
    writeln!(page, "# Host functions\n")?;
    writeln!(
        page,
        "Generated from `host-api/src/table/rows.rs` and `vm/tests/it/host_page.rs` by\n\
         `BLESS=1 cargo test -p lockstep-vm --test it host_page`: edit those.\n\
         The normative description: [spec/host.md](spec/host.md) and\n\
         [spec/frames.md](spec/frames.md). Import module `{MODULE}`; {} functions. Prices are\n\
         those of version 1, in gas; `lockstep schedule` prints those in force.\n",
        rules.host.len()
    )?;
    writeln!(
        page,
        "Limits: keys {} to {} bytes, values, inputs and outputs at most {} bytes, entry\n\
         names {} to {}, {} topics an event, {} events and {} bytes of them a transaction,\n\
         {} frames active at once, {} terms of a sum of multiples, {} pairs of points.",
        limits::KEY_BYTES_MIN,
        limits::KEY_BYTES_MAX,
        limits::DATA_BYTES_MAX,
        limits::ENTRY_BYTES_MIN,
        limits::ENTRY_BYTES_MAX,
        limits::EVENT_TOPICS_MAX,
        limits::EVENTS_MAX,
        limits::EVENT_BYTES_MAX,
        limits::CALL_DEPTH_MAX,
        limits::MSM_TERMS_MAX,
        limits::PAIRING_PAIRS_MAX
    )?;
    legend(&mut page, &rules)?;
    for row in &rules.host {
        section(&mut page, row, &rules)?;
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
fn the_page_explains_every_trap_of_the_table() {
    for row in host_api::TABLE {
        for code in row.traps {
            assert!(TRAPS.iter().any(|(known, _)| known == code), "{code}");
        }
    }
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
