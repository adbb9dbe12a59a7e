//! Writes modules of one operator each and runs them with edge values as operands.
//!
//! Each operator occurs with both operands from parameters, with one constant, and with two; its
//! result is returned, kept in a local, branched on and selected by: the contexts in which an
//! engine fuses adjacent operators. Loads and stores access every edge of memory with every kind of
//! offset. `control.wat` has the operators that are not arithmetic, in functions called with edge
//! values.

mod wide;

use super::generate::EDGES;
use crate::program::{Program, ProgramInputs};
use std::fmt::Write;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::opcode::{Class, Opcode, Row, TABLE};
use vm::{CheckedModule, Rules};

/// Gas limit of a probe run: enough to grow a memory to its maximum.
const PROBE_GAS: u64 = 20_000_000;
/// Functions for control flow; each is called with all combinations of arguments.
const CONTROL: &str = include_str!("control.wat");
/// The same for functions that call the host.
const HOST: &str = include_str!("host.wat");

/// How many operand values are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A few; takes seconds.
    Quick,
    /// All combinations of all edge values.
    Full,
}

impl Depth {
    fn edges(self) -> Vec<u64> {
        match self {
            Self::Quick => vec![0, 1, 33, 0x8000_0000, 1 << 63, u64::MAX],
            Self::Full => EDGES
                .into_iter()
                .chain([3, 32, 63, 65, 1 << 32, u64::MAX - 1])
                .collect(),
        }
    }

    /// Values of constant operands.
    fn constants(self) -> Vec<u64> {
        match self {
            Self::Quick => vec![0, 7, u64::MAX],
            Self::Full => vec![0, 1, 7, 32, 0x8000_0000, 1 << 63, u64::MAX],
        }
    }

    /// Arguments for functions of `control.wat`.
    fn arguments(self) -> Vec<u64> {
        match self {
            Self::Quick => vec![0, 2, 5, 6, u64::MAX],
            Self::Full => vec![
                0,
                1,
                2,
                3,
                4,
                5,
                6,
                8,
                1023,
                1024,
                65_530,
                65_536,
                1 << 63,
                u64::MAX,
            ],
        }
    }
}

/// Number of groups of programs; each has one module.
#[must_use]
pub const fn groups() -> usize {
    TABLE.len().saturating_add(2)
}

/// The programs of a group, all of one module: one operator of the table, control flow, or host
/// calls. Empty for an operator that `control.wat` covers.
///
/// # Errors
/// A module that does not parse or is rejected, which is a bug here.
pub fn programs(group: u64, depth: Depth, rules: &Arc<Rules>) -> Result<Vec<Program>, String> {
    let index = usize::try_from(group).unwrap_or(usize::MAX);
    let row = TABLE.get(index);
    let (name, text) = match row {
        Some(row) if !rules.has(row.opcode) => return Ok(Vec::new()),
        Some(row) => (row.name, text_of(row, depth)),
        None if index == TABLE.len() => ("control", Some(CONTROL.to_owned())),
        None => ("host", Some(HOST.to_owned())),
    };
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let bytes = wat::parse_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let module = vm::check(&bytes, rules);
    let module = Arc::new(module.map_err(|rejection| format!("{name}: {rejection:?}"))?);
    let values = match row {
        Some(row) if access_bytes(row).is_some() => addresses(row),
        Some(_) => depth.edges(),
        None => depth.arguments(),
    };
    Ok(calls(name, &module, rules, &values))
}

/// Every exported function, called with every combination of `values`.
fn calls(
    name: &str,
    module: &Arc<CheckedModule>,
    rules: &Arc<Rules>,
    values: &[u64],
) -> Vec<Program> {
    let mut programs = Vec::new();
    for (export, entry) in Program::functions(module) {
        let signature = module.function_type(entry);
        let parameters = signature.map(|signature| signature.parameters.clone());
        let mut combinations: Vec<Vec<Value>> = vec![Vec::new()];
        for kind in parameters.into_iter().flatten() {
            let longer = |shorter: &Vec<Value>| {
                let shorter = shorter.clone();
                values.iter().map(move |value| {
                    let mut arguments = shorter.clone();
                    arguments.push(Value::from_bits(kind, *value));
                    arguments
                })
            };
            combinations = combinations.iter().flat_map(longer).collect();
        }
        for arguments in combinations {
            programs.push(Program {
                name: format!("{name}: {export} {arguments:?}"),
                module: Arc::clone(module),
                rules: Arc::clone(rules),
                entry,
                arguments,
                inputs: ProgramInputs {
                    input: vec![0xab; 24],
                    ..ProgramInputs::default()
                },
                probe_gas: PROBE_GAS,
            });
        }
    }
    programs
}

fn text_of(row: &Row, depth: Depth) -> Option<String> {
    if let Some(bytes) = access_bytes(row) {
        return Some(access(row, bytes, depth));
    }
    match row.class {
        Class::FloatConst => Some(constants(row.name, depth)),
        _ if matches!(row.opcode, Opcode::I32Const | Opcode::I64Const) => {
            Some(constants(row.name, depth))
        }
        Class::WideAdd => Some(wide::text(row.name, 4, depth)),
        Class::WideMultiply => Some(wide::text(row.name, 2, depth)),
        Class::Simple | Class::Divide | Class::Reinterpret | Class::Float => {
            let (operands, result) = signature(row.name)?;
            Some(numeric(row.name, &operands, result, depth))
        }
        _ => None,
    }
}

/// Operand types and result type of an arithmetic operator, derived from its name.
fn signature(name: &str) -> Option<(Vec<&str>, &str)> {
    let (kind, operator) = name.split_once('.')?;
    if !matches!(kind, "i32" | "i64" | "f32" | "f64") {
        return None;
    }
    let from = ["i32", "i64", "f32", "f64"]
        .into_iter()
        .find(|from| operator.contains(from));
    let unary = [
        "clz", "ctz", "popcnt", "abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt",
    ];
    Some(match (from, operator) {
        (Some(from), _) => (vec![from], kind),
        (None, "eqz") => (vec![kind], "i32"),
        (None, _) if unary.contains(&operator) || operator.starts_with("extend") => {
            (vec![kind], kind)
        }
        (None, _) => {
            let compares = ["eq", "ne", "lt", "gt", "le", "ge"];
            let compares = compares.iter().any(|word| {
                operator
                    .strip_prefix(word)
                    .is_some_and(|rest| matches!(rest, "" | "_s" | "_u"))
            });
            (vec![kind, kind], if compares { "i32" } else { kind })
        }
    })
}

/// A constant of `kind` with these bits.
fn constant(kind: &str, bits: u64) -> String {
    let narrow = u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    match kind {
        "i32" => format!("(i32.const {narrow})"),
        "i64" => format!("(i64.const {})", bits.cast_signed()),
        "f32" => format!("(f32.reinterpret_i32 (i32.const {narrow}))"),
        _ => format!("(f64.reinterpret_i64 (i64.const {}))", bits.cast_signed()),
    }
}

/// Sources of the operands of an operator: name, parameters of the function, operands.
fn sources(operands: &[&str], depth: Depth) -> Vec<(String, String, String)> {
    let mut sources: Vec<(String, String, String)> = Vec::new();
    let parameters: String = operands
        .iter()
        .map(|kind| format!("(param {kind})"))
        .collect();
    let all = (0..operands.len())
        .map(|at| format!("(local.get {at})"))
        .collect::<Vec<_>>();
    sources.push(("pp".to_owned(), parameters, all.join(" ")));
    for (at, bits) in depth.constants().into_iter().enumerate() {
        match operands {
            [only] => sources.push((format!("c{at}"), String::new(), constant(only, bits))),
            [first, second, ..] => {
                let (left, right) = (constant(first, bits), constant(second, bits));
                let parameter = format!("(param {first})");
                let of = |text: String| (parameter.clone(), text);
                let (p, text) = of(format!("(local.get 0) {right}"));
                sources.push((format!("pc{at}"), p, text));
                let (p, text) = of(format!("{left} (local.get 0)"));
                sources.push((format!("cp{at}"), p, text));
                let other = constant(second, bits.rotate_left(1).wrapping_add(2));
                sources.push((format!("cc{at}"), String::new(), format!("{left} {other}")));
            }
            [] => {}
        }
    }
    sources
}

/// A module with a function for each source of the operands and each use of the result.
fn numeric(name: &str, operands: &[&str], result: &str, depth: Depth) -> String {
    let mut text = String::from("(module (memory 1)\n");
    for (source, parameters, operands) in &sources(operands, depth) {
        let applied = format!("({name} {operands})");
        let mut function = |use_of_result: &str, result: &str, body: &str| {
            let head = format!(
                "(func (export \"{source} {use_of_result}\") {parameters} (result {result})"
            );
            let _ = writeln!(text, "{head} {body})");
        };
        function("returned", result, &applied);
        function(
            "kept",
            result,
            &format!("(local $k {result}) (local.set $k {applied}) local.get $k"),
        );
        if result == "i32" {
            let arms = "(then (i32.const 1)) (else (i32.const 2))";
            function("if", "i32", &format!("(if (result i32) {applied} {arms})"));
            function(
                "br_if",
                "i32",
                &format!("(block (br_if 0 {applied}) (return (i32.const 3))) (i32.const 4)"),
            );
            function(
                "not",
                "i32",
                &format!(
                    "(block (br_if 0 (i32.eqz {applied})) (return (i32.const 3))) (i32.const 4)"
                ),
            );
            function(
                "select",
                "i32",
                &format!("(select (i32.const 5) (i32.const 6) {applied})"),
            );
        }
        function(
            "stored",
            result,
            &format!(
                "(local $k {result}) \
                 ({result}.store (i32.const 8) (local.tee $k {applied})) local.get $k"
            ),
        );
    }
    text.push(')');
    text
}

fn constants(name: &str, depth: Depth) -> String {
    let kind = name.split('.').next().unwrap_or_default();
    let mut text = String::from("(module (memory 1)\n");
    for (at, bits) in depth.edges().into_iter().enumerate() {
        let narrow = u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        let value = match kind {
            "i32" => narrow.to_string(),
            "i64" => bits.cast_signed().to_string(),
            "f32" => hexadecimal(u64::from(narrow), 23, 8),
            _ => hexadecimal(bits, 52, 11),
        };
        let value = format!("({name} {value})");
        let _ = writeln!(text, "(func (export \"r{at}\") (result {kind}) {value})");
        let _ = writeln!(
            text,
            "(func (export \"s{at}\") ({kind}.store (i32.const 8) {value}))"
        );
    }
    text.push(')');
    text
}

/// The float with these bits in the text format, NaN payloads included.
fn hexadecimal(bits: u64, fraction_bits: u32, exponent_bits: u32) -> String {
    let fraction = bits & !(u64::MAX << fraction_bits);
    let ones = !(u64::MAX << exponent_bits);
    let exponent = (bits >> fraction_bits) & ones;
    let sign = if (bits >> fraction_bits) >> exponent_bits == 0 {
        ""
    } else {
        "-"
    };
    if exponent == ones {
        return match fraction {
            0 => format!("{sign}inf"),
            payload => format!("{sign}nan:{payload:#x}"),
        };
    }
    // A subnormal has the exponent of 1 and no leading one.
    let (lead, exponent) = if exponent == 0 { (0, 1) } else { (1, exponent) };
    let whole = (lead << fraction_bits) | fraction;
    let bias = (ones >> 1).saturating_add(u64::from(fraction_bits));
    let power = exponent.cast_signed().saturating_sub(bias.cast_signed());
    format!("{sign}0x{whole:x}p{power:+}")
}

/// Number of bytes that a load or store accesses; `None` for every other operator.
fn access_bytes(row: &Row) -> Option<u64> {
    let (kind, operator) = row.name.split_once('.')?;
    let rest = operator
        .strip_prefix("load")
        .or_else(|| operator.strip_prefix("store"))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let bits = digits.parse().ok().or_else(|| kind.get(1..)?.parse().ok());
    bits.and_then(|bits: u64| bits.checked_div(8))
}

/// Addresses near 0, near the end of one and of two pages, and far outside.
fn addresses(row: &Row) -> Vec<u64> {
    let bytes = access_bytes(row).unwrap_or(1);
    let page = 65_536_u64;
    let around = [page, page.saturating_mul(2)].into_iter().flat_map(|end| {
        let last = end.saturating_sub(bytes);
        [last.saturating_sub(1), last, last.saturating_add(1), end]
    });
    let far = [
        1 << 31,
        (1_u64 << 32).saturating_sub(bytes),
        u64::from(u32::MAX),
    ];
    [0, 1].into_iter().chain(around).chain(far).collect()
}

fn access(row: &Row, bytes: u64, depth: Depth) -> String {
    let name = row.name;
    let kind = name.split('.').next().unwrap_or_default();
    let last = 65_536_u64.saturating_sub(bytes);
    let offsets: Vec<u64> = match depth {
        Depth::Quick => vec![0, last, u64::from(u32::MAX)],
        Depth::Full => {
            vec![
                0,
                1,
                last,
                last.saturating_add(1),
                65_536,
                1 << 31,
                u64::from(u32::MAX),
            ]
        }
    };
    let mut text = String::from(
        "(module (memory 1 3) (data (i32.const 0) \"\\80\\ff\\7f\\81\\fe\\01\\80\\ff\\7f\")
         (data (i32.const 65520)
            \"\\ff\\80\\01\\7f\\fe\\81\\90\\a0\\b0\\c0\\d0\\e0\\f0\\f8\\fc\\fe\")\n",
    );
    let grown = "(drop (memory.grow (i32.const 1)))";
    let loads = name.contains("load");
    for (at, offset) in offsets.into_iter().enumerate() {
        for (before, state) in [("", "fresh"), (grown, "grown")] {
            let head = format!("(func (export \"{state}{at}\")");
            let _ = match loads {
                true => writeln!(
                    text,
                    "{head} (param i32) (result {kind}) {before} \
                     ({name} offset={offset} (local.get 0)))"
                ),
                false => writeln!(
                    text,
                    "{head} (param i32 {kind}) {before} \
                     ({name} offset={offset} (local.get 0) (local.get 1)))"
                ),
            };
        }
        for (number, address) in addresses(row).into_iter().enumerate() {
            let address = constant("i32", address);
            let head = format!("(func (export \"constant{at} {number}\")");
            let value = constant(kind, 0x8182_8384_f5f6_f7f8);
            let _ = match loads {
                true => writeln!(
                    text,
                    "{head} (result {kind}) ({name} offset={offset} {address}))"
                ),
                false => writeln!(text, "{head} ({name} offset={offset} {address} {value}))"),
            };
        }
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_with_their_bits() {
        for bits in [
            0_u64,
            1,
            0x8000_0000,
            0x7f80_0000,
            0xffa0_0002,
            0x3f80_0000,
            0x0080_0000,
        ] {
            let text = hexadecimal(bits, 23, 8);
            let module = wat::parse_str(format!("(module (func (drop (f32.const {text}))))"));
            let bytes = u32::try_from(bits).unwrap().to_le_bytes();
            let module = module.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(module.windows(4).any(|found| found == bytes), "{text}");
        }
    }

    #[test]
    fn every_group_is_a_module_of_the_profile() {
        let rules = Arc::new(Rules::v1());
        for group in 0..u64::try_from(groups()).unwrap() {
            programs(group, Depth::Quick, &rules).unwrap();
        }
    }
}
