//! Compares parity-wasm with wasmparser on every module that the emitter writes.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts and oracles of tests"
)]

use conformance::catalogue::{contracts, texts};
use conformance::encodings;
use conformance::second_decoder::{DecoderDisagreement, compare};
use conformance::spec::{Suite, official};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm::CodeHash;
use vm::unstable::emit::{Bulk, Options, Wide, emit_with};
use vm::unstable::lower::{self, Operator, Sink};
use vm::unstable::opcode::{Class, Opcode};
use vm::{CheckedModule, Rules, emit};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Modules by code hash, so that each is decoded once.
fn modules() -> BTreeMap<CodeHash, Arc<CheckedModule>> {
    let mut modules: Vec<Arc<CheckedModule>> = Vec::new();
    let cases = [
        texts(&folder("programs")),
        contracts(&folder("../contracts/wasm")),
    ];
    for case in cases.into_iter().flat_map(Result::unwrap) {
        modules.push(case.program.module);
    }
    let suite = Suite::read(&official().unwrap()).unwrap();
    modules.extend(suite.modules);
    modules
        .into_iter()
        .map(|module| (*module.code_hash(), module))
        .collect()
}

/// Number of occurrences of each operator.
#[derive(Default)]
struct OpcodeCounts(BTreeMap<Opcode, usize>);

impl Sink for OpcodeCounts {
    fn operator(&mut self, operator: Operator<'_>, _offset: u32) {
        *self.0.entry(operator.opcode()).or_default() += 1;
    }
}

/// The classes of the operators of a module.
fn classes(module: &CheckedModule, seen: &mut OpcodeCounts) -> BTreeSet<Class> {
    let mut operators = OpcodeCounts::default();
    for function in module.functions() {
        lower::function(module, function, &mut operators);
    }
    for (opcode, count) in &operators.0 {
        *seen.0.entry(*opcode).or_default() += count;
    }
    operators.0.keys().map(|opcode| opcode.class()).collect()
}

/// Features under which the second decoder would guess are off: it rejects what it does not know.
fn assert_unreadable(emitted: &[u8]) {
    assert!(matches!(
        compare(emitted),
        Err(DecoderDisagreement::Unreadable {
            decoder: "parity-wasm",
            ..
        })
    ));
}

/// The encoding of an immediate of the original is not in the instrumented module.
#[test]
fn the_encoding_of_an_immediate_does_not_change_the_instrumented_module() {
    let rules = Rules::v1();
    let mut emitted = BTreeSet::new();
    let accepted = encodings::modules().into_iter().filter(|of| of.accepted);
    for encoded in accepted {
        let module = vm::check(&encoded.bytes, &rules).unwrap();
        let lowered = Options {
            bulk: Bulk::Lower,
            ..Options::default()
        };
        compare(&emit_with(&module, &rules, lowered)).unwrap();
        emitted.insert(emit(&module, &rules));
    }
    assert_eq!(emitted.len(), 1);
}

#[test]
fn both_decoders_agree_on_every_instrumented_module() {
    let rules = Rules::v1();
    let lowered = Options {
        bulk: Bulk::Lower,
        ..Options::default()
    };
    let kept = Options {
        wide: Wide::Keep,
        ..lowered
    };
    let (mut unlowered, mut operators, mut rejected, mut wide) = (0, 0, 0, 0);
    let mut seen = OpcodeCounts::default();
    let modules = modules();
    for module in modules.values() {
        operators += compare(&emit_with(module, &rules, lowered)).unwrap();
        let whole = emit(module, &rules);
        let classes = classes(module, &mut seen);
        if classes.contains(&Class::Bulk) {
            assert_unreadable(&whole);
            rejected += 1;
        } else {
            operators += compare(&whole).unwrap();
            unlowered += 1;
        }
        if classes.contains(&Class::WideAdd) || classes.contains(&Class::WideMultiply) {
            assert_unreadable(&emit_with(module, &rules, kept));
            wide += 1;
        }
    }
    assert!(rejected > 0 && wide > 0);
    println!(
        "{} modules with bulk operators lowered, {unlowered} of them also without lowering, \
         {rejected} contain bulk operators, {wide} wide arithmetic; \
         {operators} operators are equal",
        modules.len()
    );
    let missing: Vec<&str> = rules
        .operators()
        .filter(|row| !row.opcode.mentions_float() && !seen.0.contains_key(&row.opcode))
        .map(|row| row.name)
        .collect();
    assert!(missing.is_empty(), "no module contains {missing:?}");
}

#[test]
fn a_disagreement_is_found() {
    let rules = Rules::v1();
    let text = "(module (memory 1) (func (export \"f\") (param i32) (result i32)
        (i32.load offset=8 (local.get 0))))";
    let module = vm::check(&wat::parse_str(text).unwrap(), &rules).unwrap();
    let bytes = emit(&module, &rules);
    assert!(compare(&bytes).is_ok());
    // The same number in a longer encoding: both decode it, and parity-wasm writes it shorter.
    let overlong = [0x28, 0x02, 0x88, 0x00];
    let offset = bytes
        .windows(3)
        .position(|window| window == [0x28, 0x02, 0x08])
        .unwrap();
    let mut longer = bytes.clone();
    longer.splice(offset..offset + 3, overlong);
    for header in [code_section(&bytes), first_body(&bytes)] {
        longer[header] += 1;
    }
    assert!(
        matches!(compare(&longer), Err(DecoderDisagreement::RoundTrip(_))),
        "{:?}",
        compare(&longer)
    );
}

/// Offset of the length of the code section, which is one byte in the module above.
fn code_section(bytes: &[u8]) -> usize {
    let mut offset = 8;
    while bytes[offset] != 10 {
        let (length, size) = leb(&bytes[offset + 1..]);
        offset += 1 + size + length;
    }
    offset + 1
}

/// Offset of the length of the first body, after the length and the count of the section.
fn first_body(bytes: &[u8]) -> usize {
    let section = code_section(bytes);
    section + leb(&bytes[section..]).1 + 1
}

fn leb(bytes: &[u8]) -> (usize, usize) {
    let size = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let value = bytes[..size]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    (value, size)
}
