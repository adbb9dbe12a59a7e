//! Calls one host function with any arguments and memory: a result or a trap, never a fault.
#![no_main]

use conformance::program::{Program, ProgramInputs};
use libfuzzer_sys::fuzz_target;
use std::fmt::Write;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::Rules;

/// Gas limit of a run: enough for a signature check.
const GAS: u64 = 20_000_000;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let rules = Arc::new(Rules::v1());
    let row = &rules.host[usize::from(*first) % rules.host.len()];
    let name = |kind| if kind == host_api::Type::I64 { "i64" } else { "i32" };
    let parameters: Vec<&str> = row.parameters().map(name).collect();
    let result = row.result.map(|kind| format!("(result {})", name(kind))).unwrap_or_default();
    let kinds = parameters.join(" ");
    let mut text = format!(
        "(module (import \"lockstep\" \"{}\" (func (param {kinds}) {result})) (memory 1)
           (func (export \"f\") (param {kinds}) {result} (call 0",
        row.name
    );
    for index in 0..parameters.len() {
        let _ = write!(text, " (local.get {index})");
    }
    let (numbers, data) = rest.split_at(rest.len().min(parameters.len() * 4));
    let escaped: String = data.iter().take(4_000).map(|byte| format!("\\{byte:02x}")).collect();
    let _ = write!(text, ")) (data (i32.const 0) \"{escaped}\"))");
    let module = wat::parse_str(&text).expect("the generated text is valid");
    let module = Arc::new(vm::check(&module, &rules).expect("the generated module is accepted"));
    let mut numbers = numbers.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
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
        probe_gas: GAS,
        module,
        rules: Arc::clone(&rules),
    };
    let reference = (engines::REFERENCE.make)();
    let expected = conformance::observe(reference.as_ref(), &program, GAS);
    let expected = expected.expect("the reference has no fault");
    for engine in conformance::differential::engines::engines() {
        let seen = conformance::observe(engine.as_ref(), &program, GAS);
        let seen = seen.expect("the engine has no fault");
        assert!(expected.differences(&seen).is_empty(), "{:#?}", expected.differences(&seen));
    }
});
