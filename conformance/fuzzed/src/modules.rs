//! Reads modules and what people see of them, and runs programs on all engines.
#![expect(
    clippy::expect_used,
    reason = "a property that is not true must stop the fuzzer"
)]

/// Contract interfaces in WIT, which only the command writes.
#[path = "../../../cli/src/module/wit.rs"]
mod wit;

use conformance::differential::compare::compare;
use conformance::differential::random::Random;
use conformance::differential::{engines as all, generate};
use conformance::fast_pass::{self, bodies};
use conformance::program::{Program, ProgramInputs};
use debug_info::DebugInfo;
use debug_info::limits::NAME_BYTES_MAX;
use serde_json::Value as Json;
use std::fmt::Write;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{Engine, Rules};

/// First bytes of every module.
const MAGIC: &[u8] = b"\0asm\x01\0\0\0";

/// Gas limit of a program, so that no input takes seconds.
const PROGRAM_GAS: u64 = 200_000;
/// Gas limit of a host call: enough for a signature check.
const HOST_GAS: u64 = 20_000_000;

/// A module under both float policies: the stricter one accepts fewer. Without the first bytes of a
/// module the input is a body. The fast pass and the decoder agree on each.
pub fn check(bytes: &[u8]) {
    let (lower, reject) = (Rules::v1(), Rules::new(FloatPolicy::Reject, Schedule::v1()));
    let around = (!bytes.starts_with(MAGIC)).then(|| bodies::with_body(bytes));
    for module in [Some(bytes), around.as_deref()].into_iter().flatten() {
        for rules in [&lower, &reject] {
            let compared = fast_pass::compare(module, rules);
            assert!(compared.is_ok(), "{:?}", compared.err());
        }
    }
    let lower = vm::check(bytes, &lower);
    let reject = vm::check(bytes, &reject);
    // A module that the stricter policy accepts has no float operators, and the other accepts it
    // too.
    if let Ok(module) = reject {
        assert_eq!(module.floats().operators, 0);
        assert!(lower.is_ok());
    }
}

/// A module that is accepted is metered and emitted, and wasmi accepts the result.
pub fn meter(bytes: &[u8]) {
    let rules = Arc::new(Rules::v1());
    let Ok(module) = vm::check(bytes, &rules) else {
        return;
    };
    let instance = (engines::WASMI.make_uncached)().instantiate(&Arc::new(module), &rules);
    assert!(instance.is_ok(), "{:?}", instance.err());
}

/// A module, or the one that is generated from the bytes, on all engines: equal outcome and gas.
pub fn differential(bytes: &[u8]) {
    let rules = Arc::new(Rules::v1());
    let mix = |seed: u64, byte: &u8| seed.rotate_left(8) ^ u64::from(*byte);
    let seed = bytes.iter().fold(0, mix);
    let module = vm::check(bytes, &rules).unwrap_or_else(|_| {
        let generated = generate::bytes(seed).expect("the generator succeeds");
        vm::check(&generated, &rules).expect("a generated module is accepted")
    });
    let mut program = generate::program_of(seed, Arc::new(module), &rules);
    if program.module.function(program.entry).is_none() {
        return;
    }
    program.probe_gas = PROGRAM_GAS;
    let engines = all::engines();
    let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
    let found = compare(&[program], &engines, 3, &mut Random::new(seed));
    let found = found.expect("the reference has no fault");
    assert!(found.differences.is_empty(), "{:#?}", found.differences);
}

/// A host function, its arguments and memory: a result or a trap, equal on all engines.
pub fn host(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let rules = Arc::new(Rules::v1());
    let count = rules.host.len().max(1);
    let row = usize::from(*first)
        .checked_rem(count)
        .and_then(|at| rules.host.get(at));
    let row = row.expect("version 1 has host functions");
    let name = |kind| match kind {
        host_api::Type::I64 => "i64",
        _ => "i32",
    };
    let parameters: Vec<&str> = row.parameters().map(name).collect();
    let result = row.result.map(|kind| format!("(result {})", name(kind)));
    let result = result.unwrap_or_default();
    let kinds = parameters.join(" ");
    let mut text = format!(
        "(module (import \"lockstep\" \"{}\" (func (param {kinds}) {result})) (memory 1)
           (func (export \"f\") (param {kinds}) {result} (call 0",
        row.name
    );
    for index in 0..parameters.len() {
        let _ = write!(text, " (local.get {index})");
    }
    let words = parameters.len().saturating_mul(4).min(rest.len());
    let (numbers, data) = rest.split_at(words);
    let escaped: String = data
        .iter()
        .take(4_000)
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let _ = write!(text, ")) (data (i32.const 0) \"{escaped}\"))");
    let module = wat::parse_str(&text).expect("the generated text is valid");
    let module = vm::check(&module, &rules).expect("the generated module is accepted");
    let mut numbers = numbers.chunks(4).map(|chunk| {
        let bytes = chunk.iter().rev();
        bytes.fold(0_u32, |word, byte| word.wrapping_shl(8) | u32::from(*byte))
    });
    let arguments = parameters.iter().map(|kind| {
        let number = numbers.next().unwrap_or_default();
        match *kind {
            "i64" => Value::I64(i64::from(number)),
            _ => Value::I32(number.cast_signed()),
        }
    });
    let program = Program {
        name: row.name.to_owned(),
        entry: 1,
        arguments: arguments.collect(),
        inputs: ProgramInputs {
            input: data.iter().copied().take(64).collect(),
            ..ProgramInputs::default()
        },
        probe_gas: HOST_GAS,
        module: Arc::new(module),
        rules: Arc::clone(&rules),
    };
    let reference = (engines::REFERENCE.make)();
    let expected = conformance::observe(reference.as_ref(), &program, HOST_GAS);
    let expected = expected.expect("the reference has no fault");
    for engine in all::engines() {
        let seen = conformance::observe(engine.as_ref(), &program, HOST_GAS);
        let seen = seen.expect("the engine has no fault");
        let differences = expected.differences(&seen);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}

/// A custom section.
fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    let content = [&[length], name.as_bytes(), data].concat();
    [&[0], leb(content.len()).as_slice(), &content].concat()
}

/// A number in LEB128.
fn leb(number: usize) -> Vec<u8> {
    let (mut rest, mut bytes) = (number, Vec::new());
    loop {
        let [low, ..] = u64::try_from(rest).unwrap_or(u64::MAX).to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Sections of types, functions, exports and code: three functions, of which one is exported.
const CODE: &[u8] = &[
    1, 4, 1, 0x60, 0, 0, 3, 4, 3, 0, 0, 0, 7, 5, 1, 1, b'f', 0, 0, 10, 15, 3, 4, 0, 0x10, 1, 0x0b,
    4, 0, 0x10, 2, 0x0b, 3, 0, 1, 0x0b,
];

/// A module as it is, or else the content of the name section of a small one.
pub fn names(bytes: &[u8]) {
    let module = match bytes.starts_with(MAGIC) {
        true => bytes.to_vec(),
        false => [MAGIC, CODE, &custom("name", bytes)].concat(),
    };
    let info = DebugInfo::of(&module);
    for index in [0, 1, 2, 3, 4, 1 << 20, u32::MAX] {
        let name = info.function_name(index);
        assert!(name.is_none_or(|name| name.len() <= NAME_BYTES_MAX));
        let _ = info.global_name(index);
        if let Some(path) = info.call_path(index) {
            assert_eq!(path.last().map(|step| step.function), Some(index));
        }
    }
    let length = u64::try_from(module.len()).unwrap_or(u64::MAX);
    for offset in 0..length.min(256) {
        let _ = info.function_at(offset);
    }
    let _ = info.interface();
}

/// Sections with DWARF of which [`lines`] takes the contents, in this order.
pub const DWARF_SECTIONS: [&str; 5] = [
    ".debug_abbrev",
    ".debug_info",
    ".debug_line",
    ".debug_line_str",
    ".debug_str",
];

/// A module as it is; else the lengths (u16 LE) and contents of its sections with DWARF.
pub fn lines(bytes: &[u8]) {
    let module = match bytes.starts_with(MAGIC) {
        true => bytes.to_vec(),
        false => with_dwarf(bytes),
    };
    let info = DebugInfo::of(&module);
    let Ok(lines) = info.lines() else {
        return;
    };
    let length = u64::try_from(module.len()).unwrap_or(u64::MAX);
    for offset in 0..length.min(64) {
        if let Some(location) = lines.at(offset)
            && let Some(line) = location.line
        {
            let positions = lines.positions_of(location.file, line);
            assert!(positions.iter().any(|range| range.contains(&offset)));
        }
    }
}

fn with_dwarf(bytes: &[u8]) -> Vec<u8> {
    let (heads, mut rest) = bytes.split_at(bytes.len().min(10));
    let mut module = [MAGIC, CODE].concat();
    let mut heads = heads.chunks_exact(2);
    for name in DWARF_SECTIONS {
        let length = match heads.next() {
            Some([low, high]) => usize::from(u16::from_le_bytes([*low, *high])),
            _ => 0,
        };
        let (content, after) = rest.split_at(length.min(rest.len()));
        module.extend(custom(name, content));
        rest = after;
    }
    module
}

/// The content of an interface section, in which the SDK describes a contract: it is read as the
/// section of a module, and written as WIT.
pub fn interface(bytes: &[u8]) {
    let module = [MAGIC, CODE, &custom("lockstep.interface", bytes)].concat();
    let info = DebugInfo::of(&module);
    assert_eq!(info.interface(), Some(bytes));
    if let Ok(interface) = serde_json::from_slice::<Json>(bytes) {
        let text = wit::render(&interface);
        assert!(text.ends_with("}\n"));
    }
}
