//! Measures the memory of modules in use: within its bound, whatever the number of modules.
//!
//! There is one test, because the counting allocator counts for the whole process.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

extern crate lockstep_node as node;

use node::{
    CachePolicy, CodeCache, Commit, Genesis, MemoryStore, Node, Overlay, Parts, Store,
    limits::Limits,
};
use node_sim::synthetic;
use peakmem_alloc::{INSTRUMENTED_SYSTEM, PeakMemAlloc, PeakMemAllocTrait};
use std::alloc::System;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::unstable::execution::{Invocation, Step};
use vm::unstable::gas::GasMeter;
use vm::{CodeHash, Engine, Interpreter, Rules, StateView as _};

#[global_allocator]
static ALLOCATOR: &PeakMemAlloc<System> = &INSTRUMENTED_SYSTEM;

const MODULES: u32 = 10_000;
/// Bytes of memory for modules and internal code.
const BOUND: u64 = 8 << 20;
/// Bytes of an overlay, a frame's stack, handlers, and what loading one module takes.
const SLACK: usize = 4 << 20;

/// A module of some functions, a table of names, and a custom section; each is another one.
fn module(number: u32) -> Vec<u8> {
    let exports: String = (0..20)
        .map(|export| format!("(export \"entry_{number}_{export}\" (func {export}))"))
        .collect();
    let functions =
        "(func (local i32 i64) (drop (i32.add (i32.const 1) (i32.const 2))))".repeat(20);
    let text = format!("(module {functions} {exports})");
    let mut bytes = wat::parse_str(text).unwrap();
    let size = u8::try_from(number % 100).unwrap();
    bytes.extend([0, size + 2, 1, b'x']);
    bytes.extend(vec![7; usize::from(size)]);
    bytes
}

fn commit(store: &mut MemoryStore, rules: &Arc<Rules>, height: u64, modules: &[Vec<u8>]) {
    let cache = CodeCache::new(CachePolicy::Disabled, &node::rules::rulebook());
    let mut overlay = Overlay::new(&*store, &cache, rules);
    for module in modules {
        overlay.upload(vm::check(module, rules).unwrap());
    }
    overlay.finish_transaction().unwrap();
    let records = overlay.code_records();
    let commit = Commit {
        records,
        ..synthetic::commit(height, overlay.into_diff().unwrap())
    };
    store.commit(commit).unwrap();
}

/// A node with a bound, for its cache and its engine's share.
fn bounded(engine: &Interpreter) -> Node {
    let rules = node::rules::version_1();
    let genesis = Genesis::new("modules", 0, *rules.id(), Limits::v1(), &BTreeMap::new()).unwrap();
    let parts = Parts {
        engine: Box::new(engine.clone()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Bytes(BOUND),
    };
    Node::open(parts, genesis, Box::new(MemoryStore::new())).unwrap()
}

fn run(engine: &Interpreter, overlay: &Overlay<'_>, rules: &Arc<Rules>, code: &CodeHash) {
    let module = overlay.code(code).unwrap().unwrap();
    let entry = module.exports()[0].index;
    let mut execution = engine.instantiate(&module, rules).unwrap();
    let frame = Invocation {
        entry,
        arguments: Vec::new(),
        gas: GasMeter::new(10_000_000),
    };
    assert!(!matches!(
        execution.start(frame).unwrap(),
        Step::HostCall(_)
    ));
}

#[test]
fn modules_in_use_in_turn_are_within_the_bound_and_checked_once() {
    let rules = Arc::new(node::rules::version_1());
    let mut store = MemoryStore::new();
    let mut codes = Vec::new();
    for (height, first) in (0..MODULES).step_by(500).enumerate() {
        let modules: Vec<Vec<u8>> = (first..first + 500).map(module).collect();
        let hashes = modules.iter().map(|module| node::digest::sha256(&[module]));
        codes.extend(hashes.map(CodeHash));
        commit(&mut store, &rules, u64::try_from(height).unwrap(), &modules);
    }
    // As large as a module can be: half of the bound, and its tables.
    let content = vec![1; (4 << 20) - 8 - 5];
    let largest = [b"\0asm\x01\0\0\0\0\xf3\xff\xff\x01".as_slice(), &content].concat();
    commit(&mut store, &rules, 20, std::slice::from_ref(&largest));
    let largest = CodeHash(node::digest::sha256(&[&largest]));

    let engine = Interpreter::new();
    let node = bounded(&engine);
    let cache = node.cache();
    let bound = usize::try_from(BOUND).unwrap();
    // The first module makes the handlers and the stack, which are kept once.
    run(
        &engine,
        &Overlay::new(&store, cache, &rules),
        &rules,
        &codes[0],
    );
    ALLOCATOR.reset_peak_memory();
    for (used, code) in codes.iter().chain(&codes).enumerate() {
        let overlay = Overlay::new(&store, cache, &rules);
        run(&engine, &overlay, &rules, code);
        assert!(cache.bytes() <= BOUND / 2, "{used}: {}", cache.bytes());
        assert!(ALLOCATOR.get_peak_memory() <= bound + SLACK, "{used}");
    }
    // The bound is used: what is dropped is dropped for a reason.
    assert!(cache.bytes() > BOUND / 2 - 65_536);
    let kept = cache.len();
    let overlay = Overlay::new(&store, cache, &rules);
    for _ in 0..3 {
        assert_eq!(overlay.code(&largest).unwrap().unwrap().exports().len(), 0);
        assert_eq!(cache.len(), kept, "a module above the bound is not kept");
    }
    assert_eq!(cache.checks(), 0);
    counted_memory_is_what_the_allocator_granted(&codes, &store, &rules);
}

/// The cache alone, so that its count can be compared with the allocator's.
fn counted_memory_is_what_the_allocator_granted(
    codes: &[CodeHash],
    store: &MemoryStore,
    rules: &Arc<Rules>,
) {
    let rulebook = node::rules::rulebook();
    let cache = CodeCache::new(CachePolicy::Bytes(1 << 30), &rulebook);
    ALLOCATOR.reset_peak_memory();
    for code in codes {
        Overlay::new(store, &cache, rules).code(code).unwrap();
    }
    let (granted, counted) = (ALLOCATOR.get_peak_memory(), cache.bytes());
    let counted = usize::try_from(counted).unwrap();
    assert_eq!(cache.len(), codes.len());
    assert!(
        granted <= counted + 65_536,
        "{granted} bytes, {counted} counted"
    );
    assert!(
        counted <= granted * 3 / 2,
        "{granted} bytes, {counted} counted"
    );
}
