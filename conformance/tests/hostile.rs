//! Measures with a counting allocator what memory hostile bytes cost: check, emit, translate.
//!
//! One test: the allocator counts for the whole process. Time is measured by the command `hostile`.
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

/// Bytes of memory for each byte of input, over [`SLACK`]: the promise of `check`.
const PER_BYTE: usize = 64;
/// The same with the emitted module beside the checked one, both alive.
const PER_BYTE_EMITTED: usize = 64;
/// The compiled form with all functions translated, the checked module left out. A target of a
/// `br_table` is one byte of the module and a word of the code, and is in lists until its function
/// is complete; a function of four bytes has an entry, a stub and a place in a map.
const PER_BYTE_TRANSLATED: usize = 64;
const SLACK: usize = 1024 * 1024;

/// The worst module so far by bytes a byte, slack deducted.
#[derive(Default)]
struct Worst {
    ratio: usize,
    name: String,
}

impl Worst {
    fn see(&mut self, peak: usize, input: usize, name: &str) -> usize {
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
struct Measured {
    modules: usize,
    accepted: usize,
    check: Worst,
    emit: Worst,
    translate: Worst,
    breaches: Vec<String>,
}

impl Measured {
    fn look(&mut self, rules: &Arc<Rules>, name: &str, bytes: &[u8]) {
        self.modules += 1;
        ALLOCATOR.reset_peak_memory();
        let verdict = vm::check(bytes, rules);
        let peak = ALLOCATOR.get_peak_memory();
        if self.check.see(peak, bytes.len(), name) > PER_BYTE {
            self.breaches
                .push(format!("check: {name}: {peak} of {} bytes", bytes.len()));
        }
        let Ok(module) = verdict else { return };
        self.accepted += 1;
        let emitted = vm::emit(&module, rules);
        let peak = ALLOCATOR.get_peak_memory();
        assert!(emitted.len() <= peak);
        if self.emit.see(peak, bytes.len(), name) > PER_BYTE_EMITTED {
            self.breaches
                .push(format!("emit: {name}: {peak} of {} bytes", bytes.len()));
        }
        drop(emitted);
        let module = Arc::new(module);
        ALLOCATOR.reset_peak_memory();
        let engine = Interpreter::new();
        engine.compile_all(&module, rules).unwrap();
        let peak = ALLOCATOR.get_peak_memory();
        if self.translate.see(peak, bytes.len(), name) > PER_BYTE_TRANSLATED {
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
fn hostile_bytes_cost_bounded_memory_and_never_panic() {
    let rules = Arc::new(Rules::v1());
    let mut measured = Measured::default();
    let corpus = corpus();
    assert!(corpus.len() >= 200, "{}", corpus.len());
    for Hostile { name, bytes } in &corpus {
        measured.look(&rules, name, bytes);
    }
    for name in ["math.wasm", "store.wasm", "counter.wasm"] {
        let module = contract(name);
        for length in 0..module.len() {
            measured.look(
                &rules,
                &format!("{name} cut at {length}"),
                &module[..length],
            );
        }
        for bit in 0..module.len() * 8 {
            let mut flipped = module.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            measured.look(&rules, &format!("{name} bit {bit}"), &flipped);
        }
    }
    println!(
        "{} modules, {} accepted; memory a byte over 1 MiB: check {} ({}), with emit {} ({}); \
         translated {} ({})",
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
