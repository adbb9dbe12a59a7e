//! Measures the memory that check, emit and translate use on hostile bytes.
//!
//! There is one test, because the counting allocator counts for the whole process. The command
//! `hostile` measures time.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

use conformance::differential::hostile::{Hostile, corpus};
use peakmem_alloc::{INSTRUMENTED_SYSTEM, PeakMemAlloc, PeakMemAllocTrait};
use std::alloc::System;
use std::path::Path;
use std::sync::Arc;
use vm::{Interpreter, Rules};

#[global_allocator]
static ALLOCATOR: &PeakMemAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Most bytes of memory for each byte of input, beyond [`SLACK`], in `check`.
const PER_BYTE: usize = 64;
/// The same while both the instrumented and the checked module are in memory.
const PER_BYTE_EMITTED: usize = 64;
/// The same for the translated code of all functions, without the checked module. A target of a
/// `br_table` is one byte of the module, but a word of code, and in lists until its function is
/// complete; a function of four bytes has a table entry, a stub and a map entry.
const PER_BYTE_TRANSLATED: usize = 64;
const SLACK: usize = 1024 * 1024;

/// The worst module so far, by bytes of memory for each byte of input, beyond [`SLACK`].
#[derive(Default)]
struct WorstModule {
    ratio: usize,
    name: String,
}

impl WorstModule {
    fn record(&mut self, peak: usize, input: usize, name: &str) -> usize {
        let ratio = peak.saturating_sub(SLACK).div_ceil(input.max(1));
        if ratio > self.ratio {
            *self = Self {
                ratio,
                name: name.to_owned(),
            };
        }
        ratio
    }
}

#[derive(Default)]
struct MemoryMeasurement {
    modules: usize,
    accepted: usize,
    check: WorstModule,
    emit: WorstModule,
    translate: WorstModule,
    breaches: Vec<String>,
}

impl MemoryMeasurement {
    fn measure(&mut self, rules: &Arc<Rules>, name: &str, bytes: &[u8]) {
        self.modules += 1;
        ALLOCATOR.reset_peak_memory();
        let verdict = vm::check(bytes, rules);
        let peak = ALLOCATOR.get_peak_memory();
        if self.check.record(peak, bytes.len(), name) > PER_BYTE {
            self.breaches
                .push(format!("check: {name}: {peak} of {} bytes", bytes.len()));
        }
        let Ok(module) = verdict else { return };
        self.accepted += 1;
        let emitted = vm::emit(&module, rules);
        let peak = ALLOCATOR.get_peak_memory();
        assert!(emitted.len() <= peak);
        if self.emit.record(peak, bytes.len(), name) > PER_BYTE_EMITTED {
            self.breaches
                .push(format!("emit: {name}: {peak} of {} bytes", bytes.len()));
        }
        drop(emitted);
        let module = Arc::new(module);
        ALLOCATOR.reset_peak_memory();
        let engine = Interpreter::new();
        engine.compile_all(&module, rules).unwrap();
        let peak = ALLOCATOR.get_peak_memory();
        if self.translate.record(peak, bytes.len(), name) > PER_BYTE_TRANSLATED {
            self.breaches.push(format!(
                "translate: {name}: {peak} of {} bytes",
                bytes.len()
            ));
        }
    }
}

fn contract(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/wasm");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn hostile_bytes_use_bounded_memory_and_never_panic() {
    let rules = Arc::new(Rules::v1());
    let mut measured = MemoryMeasurement::default();
    let corpus = corpus();
    assert!(corpus.len() >= 200, "{}", corpus.len());
    for Hostile { name, bytes } in &corpus {
        measured.measure(&rules, name, bytes);
    }
    for name in ["math.wasm", "store.wasm", "counter.wasm"] {
        let module = contract(name);
        for length in 0..module.len() {
            measured.measure(
                &rules,
                &format!("{name} cut at {length}"),
                &module[..length],
            );
        }
        for bit in 0..module.len() * 8 {
            let mut flipped = module.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            measured.measure(&rules, &format!("{name} bit {bit}"), &flipped);
        }
    }
    println!(
        "{} modules, {} accepted; memory for each byte beyond 1 MiB: check {} ({}), \
         with emit {} ({}); translated {} ({})",
        measured.modules,
        measured.accepted,
        measured.check.ratio,
        measured.check.name,
        measured.emit.ratio,
        measured.emit.name,
        measured.translate.ratio,
        measured.translate.name
    );
    assert!(measured.accepted > 100, "{}", measured.accepted);
    assert!(
        measured.breaches.is_empty(),
        "{}",
        measured.breaches.join("\n")
    );
}
