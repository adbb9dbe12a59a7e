//! Tests the invariants of the interpreter, with both dispatch strategies.
#![cfg(test)]

use host_api::Function;
use std::collections::BTreeSet;
use std::sync::Arc;
use vm::unstable::execute::Strategy;
use vm::unstable::execution::{Invocation, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::translate::disassemble;
use vm::{CheckedModule, Engine, Interpreter, Rules, Trap, check};

const STRATEGIES: [Strategy; 2] = [Strategy::Threaded, Strategy::Trampoline];
fn module(text: &str) -> (Arc<CheckedModule>, Arc<Rules>) {
    let rules = Arc::new(Rules::v1());
    let bytes = wat::parse_str(text).unwrap();
    (Arc::new(check(&bytes, &rules).unwrap()), rules)
}

fn invocation(module: &CheckedModule, arguments: &[Value], gas: u64) -> Invocation {
    Invocation {
        entry: module.exported_function("run").unwrap(),
        arguments: arguments.to_vec(),
        gas: GasMeter::new(gas),
    }
}

fn run(engine: &dyn Engine, text: &str, arguments: &[Value], gas: u64) -> (Stop, u64) {
    let (module, rules) = module(text);
    let mut execution = engine.instantiate(&module, &rules).unwrap();
    match execution
        .start(invocation(&module, arguments, gas))
        .unwrap()
    {
        Step::Exit(stop) => (stop, execution.gas().used()),
        Step::HostCall(function) => panic!("{function:?}"),
    }
}

const COUNT: &str = r#"(module (memory 1)
    (func (export "run") (param $n i32) (result i64) (local $i i32) (local $sum i64)
        (loop $next
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $i))))
            (i64.store (i32.and (local.get $i) (i32.const 0xff8)) (local.get $sum))
            (br_if $next (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (local.get $n))))
        (local.get $sum)))"#;

/// A loop of a million iterations: without a bound on nested handlers this stack would overflow.
#[test]
fn native_depth_is_bounded_in_a_loop() {
    let test = || {
        for strategy in STRATEGIES {
            let engine = Interpreter::with_strategy(strategy);
            let arguments = [Value::I32(1_000_000)];
            let (stop, _) = run(&engine, COUNT, &arguments, 1 << 40);
            assert_eq!(stop, Stop::Return(Some(Value::I64(499_999_500_000))));
        }
    };
    let thread = std::thread::Builder::new().stack_size(Interpreter::NATIVE_STACK_BYTES);
    thread.spawn(test).unwrap().join().unwrap();
}

/// A thousand active functions, each of which returns past three ends that have no price: no slice
/// bounds how many handlers run on the way back.
const RETURNS: &str = r#"(module
    (func $run (export "run") (param $n i32) (result i64)
        (if (result i64) (local.get $n)
            (then (if (result i64) (local.get $n)
                (then (if (result i64) (local.get $n)
                    (then (call $run (i32.sub (local.get $n) (i32.const 1))))
                    (else (i64.const 1))))
                (else (i64.const 2))))
            (else (i64.const 3)))))"#;

/// Fails in a build without optimisation if returns are not counted.
#[test]
fn native_depth_is_bounded_where_nothing_is_charged() {
    let test = || {
        for strategy in STRATEGIES {
            let engine = Interpreter::with_strategy(strategy);
            let (stop, _) = run(&engine, RETURNS, &[Value::I32(1_000)], 1 << 40);
            assert_eq!(stop, Stop::Return(Some(Value::I64(3))));
        }
    };
    let thread = std::thread::Builder::new().stack_size(Interpreter::NATIVE_STACK_BYTES);
    thread.spawn(test).unwrap().join().unwrap();
}

/// Gas does not depend on the ends of slices.
#[test]
fn gas_is_linear_in_the_iterations() {
    for strategy in STRATEGIES {
        let engine = Interpreter::with_strategy(strategy);
        let used = |n: i32| run(&engine, COUNT, &[Value::I32(n)], 1 << 40).1;
        let (one, two) = (used(1), used(2));
        assert_eq!(used(100_000), one + 99_999 * (two - one));
        let exact = used(5_000);
        let (stop, _) = run(&engine, COUNT, &[Value::I32(5_000)], exact);
        assert!(matches!(stop, Stop::Return(_)));
        let (stop, spent) = run(&engine, COUNT, &[Value::I32(5_000)], exact - 1);
        assert_eq!((stop, spent), (Stop::OutOfGas, exact - 1));
    }
}

const GROW: &str = r#"(module (memory 1 3)
    (import "lockstep" "block_height" (func $height (result i64)))
    (func (export "run") (result i32)
        (drop (call $height))
        (drop (memory.grow (i32.const 2)))
        (i32.store (i32.const 196604) (i32.const -1))
        (drop (call $height))
        (memory.size)))"#;

fn host_call(step: Step) -> Function {
    match step {
        Step::HostCall(function) => function,
        Step::Exit(stop) => panic!("{stop:?}"),
    }
}

#[test]
fn the_arguments_of_a_host_call_are_available_while_the_guest_is_suspended() {
    let text = r#"(module
        (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
        (memory 1)
        (func (export "run")
            (call $write (i32.const 1) (i32.const -2) (i32.const 3) (i32.const 4))))"#;
    let (module, rules) = module(text);
    for strategy in STRATEGIES {
        let engine = Interpreter::with_strategy(strategy);
        let mut execution = engine.instantiate(&module, &rules).unwrap();
        assert!(execution.pending().arguments.is_empty());
        let step = execution.start(invocation(&module, &[], 1 << 40)).unwrap();
        assert_eq!(host_call(step), Function::StorageWrite);
        let pending = execution.pending();
        assert_eq!(pending.arguments, [1_u64, 0xffff_fffe, 3, 4]);
        pending.memory[3] = 9;
        pending.gas.charge(500).unwrap();
        let used = execution.gas().used();
        let step = execution.resume(None).unwrap();
        assert_eq!(step, Step::Exit(Stop::Return(None)));
        assert!(execution.gas().used() >= used);
        assert!(execution.pending().arguments.is_empty());
        assert_eq!(execution.memory()[3], 9);
    }
}

#[test]
fn the_memory_base_does_not_move_and_reused_memory_is_zero() {
    // The text format requires imports before other definitions.
    let text = GROW.replacen("(memory 1 3)", "", 1);
    let text = text.replacen("(func (export", "(memory 1 3) (func (export", 1);
    let (module, rules) = module(&text);
    for strategy in STRATEGIES {
        let engine = Interpreter::with_strategy(strategy);
        for _ in 0..3 {
            let mut execution = engine.instantiate(&module, &rules).unwrap();
            assert_eq!(execution.memory().len(), 65_536);
            host_call(execution.start(invocation(&module, &[], 1 << 40)).unwrap());
            let base = execution.memory().as_ptr();
            host_call(execution.resume(Some(Value::I64(1))).unwrap());
            assert_eq!(execution.memory().as_ptr(), base);
            assert_eq!(execution.memory().len(), 3 * 65_536);
            let dirty = execution.memory().iter().filter(|byte| **byte != 0).count();
            assert_eq!(dirty, 4);
            let step = execution.resume(Some(Value::I64(1))).unwrap();
            assert_eq!(step, Step::Exit(Stop::Return(Some(Value::I32(3)))));
            execution.memory().fill(0xff);
        }
    }
}

const NESTED: &str = r#"(module (memory 1)
    (func $innermost (param i32) (result i32)
        (i32.add (i32.const 7) (i32.load offset=65533 (local.get 0))))
    (func $middle (param i32) (result i32)
        (i32.mul (call $innermost (i32.add (local.get 0) (i32.const 1))) (i32.const 3)))
    (func (export "run") (result i32) (i32.add (call $middle (i32.const 0)) (i32.const 1))))"#;

#[test]
fn a_trap_has_a_diagnosis_of_its_position() {
    let (module, rules) = module(NESTED);
    for strategy in STRATEGIES {
        let engine = Interpreter::with_strategy(strategy);
        let mut execution = engine.instantiate(&module, &rules).unwrap();
        let step = execution.start(invocation(&module, &[], 1 << 40)).unwrap();
        assert_eq!(step, Step::Exit(Stop::Trap(Trap::MemoryOutOfBounds)));
        let diagnosis = execution.diagnosis();
        assert_eq!(diagnosis.functions, [0, 1, 2]);
        let offset = usize::try_from(diagnosis.offset.unwrap()).unwrap();
        // The encoding of i32.load.
        assert_eq!(module.bytes()[offset], 0x28);
    }
}

/// More modules than the cache keeps: cached and recompiled ones have equal results.
#[test]
fn the_cache_has_no_effect_on_results() {
    let engine = Interpreter::new();
    let text = |number: usize| {
        format!("(module (func (export \"run\") (result i64) (i64.const {number})))")
    };
    let count = Interpreter::COMPILED_MODULES_MAX + 8;
    let mut seen = Vec::new();
    for round in 0..2 {
        for number in (0..count).step_by(if round == 0 { 1 } else { 97 }) {
            let (stop, used) = run(&engine, &text(number), &[], 1 << 20);
            let value = i64::try_from(number).unwrap();
            assert_eq!(stop, Stop::Return(Some(Value::I64(value))));
            seen.push(used);
        }
    }
    assert!(seen.iter().all(|used| *used == seen[0]), "{seen:?}");
}

/// Modules above the bound run and are not kept; internal code counts once it is translated.
#[test]
fn the_cache_keeps_its_bound_in_bytes_whatever_runs() {
    let text = |number: usize, operators: usize| {
        let sum = "(i64.const 1) i64.add ".repeat(operators);
        format!(r#"(module (func (export "run") (result i64) (i64.const {number}) {sum}))"#)
    };
    for bound in [0, 1, 20_000, 1 << 20] {
        let engine = Interpreter::new();
        engine.bound_compiled_bytes(bound);
        let mut kept = BTreeSet::new();
        for number in 0..40 {
            let operators = if number % 8 == 0 { 10_000 } else { number };
            let (stop, _) = run(&engine, &text(number, operators), &[], 1 << 40);
            let sum = i64::try_from(number + operators).unwrap();
            assert_eq!(stop, Stop::Return(Some(Value::I64(sum))));
            assert!(engine.compiled_bytes() <= bound);
            kept.insert(engine.compiled_bytes());
        }
        assert_eq!(kept.len() > 1, bound > 1, "{bound}: {kept:?}");
        engine.bound_compiled_bytes(0);
        assert_eq!(engine.compiled_bytes(), 0);
    }
}

/// What was translated is counted with the module.
#[test]
fn a_first_entry_adds_its_code_to_what_is_kept() {
    let (module, rules) = module(COUNT);
    let engine = Interpreter::new();
    let mut execution = engine.instantiate(&module, &rules).unwrap();
    let before = engine.compiled_bytes();
    assert!(before > module.bytes().len());
    let frame = invocation(&module, &[Value::I32(3)], 1 << 30);
    execution.start(frame).unwrap();
    let after = engine.compiled_bytes();
    assert!(after > before + module.bytes().len(), "{before} {after}");
    engine.compile_all(&module, &rules).unwrap();
    assert_eq!(engine.compiled_bytes(), after);
}

#[test]
fn a_call_in_the_wrong_phase_is_a_fault() {
    let (module, rules) = module(COUNT);
    let engine = Interpreter::new();
    let mut execution = engine.instantiate(&module, &rules).unwrap();
    assert!(execution.resume(None).is_err());
    assert!(execution.start(invocation(&module, &[], 1)).is_err());
    let mut execution = engine.instantiate(&module, &rules).unwrap();
    let begin = || invocation(&module, &[Value::I32(3)], 1 << 30);
    assert!(execution.start(begin()).is_ok());
    assert!(execution.start(begin()).is_err());
}

#[test]
fn a_listing_has_instructions_costs_and_trap_sites() {
    let (module, rules) = module(COUNT);
    let listing = disassemble(&module, &rules, 0).unwrap();
    for expected in [
        "function 0: first metering block ",
        "store S64",
        "compare.branch",
        "return",
        "refunds",
    ] {
        assert!(listing.contains(expected), "{expected}: {listing}");
    }
    assert_eq!(disassemble(&module, &rules, 1), None);
}
