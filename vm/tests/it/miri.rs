//! Runs small programs over every kind of handler, by the trampoline: what miri can watch.
//!
//! `cargo +nightly miri test -p lockstep-vm --test it miri_` looks for undefined behaviour in the
//! interpreter's unsafe code; docs/differential.md has the options. Without miri they are ordinary
//! tests.
#![cfg(test)]

use std::sync::Arc;
use vm::unstable::execute::Strategy;
use vm::unstable::execution::{Invocation, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::{CheckedModule, Engine, Execution, Interpreter, Rules, Trap, check};

const PLENTY: u64 = 1 << 40;

struct Stage {
    module: Arc<CheckedModule>,
    rules: Arc<Rules>,
    engine: Interpreter,
}

impl Stage {
    fn new(text: &str) -> Self {
        let rules = Arc::new(Rules::v1());
        let bytes = wat::parse_str(text).unwrap();
        Self {
            module: Arc::new(check(&bytes, &rules).unwrap()),
            rules,
            engine: Interpreter::with_strategy(Strategy::Trampoline),
        }
    }

    fn start(&self, arguments: &[i32], gas: u64) -> (Box<dyn Execution>, Step) {
        let mut execution = self.engine.instantiate(&self.module, &self.rules).unwrap();
        let frame = Invocation {
            entry: self.module.exported_function("run").unwrap(),
            arguments: arguments.iter().map(|value| Value::I32(*value)).collect(),
            gas: GasMeter::new(gas),
        };
        let step = execution.start(frame).unwrap();
        (execution, step)
    }

    /// How it ends, and what it used.
    fn ends(&self, arguments: &[i32], gas: u64) -> (Stop, u64) {
        let (mut execution, step) = self.start(arguments, gas);
        match step {
            Step::Exit(stop) => (stop, execution.gas().used()),
            Step::HostCall(function) => panic!("{function:?}"),
        }
    }

    fn answers(&self, arguments: &[i32], expected: i32) {
        let stop = Stop::Return(Some(Value::I32(expected)));
        assert_eq!(self.ends(arguments, PLENTY).0, stop, "{arguments:?}");
    }

    fn traps(&self, arguments: &[i32], trap: Trap) {
        let (stop, _) = self.ends(arguments, PLENTY);
        assert_eq!(stop, Stop::Trap(trap), "{arguments:?}");
    }
}

#[test]
fn miri_loops_locals_and_globals() {
    let stage = Stage::new(
        r#"(module (global $sum (mut i64) (i64.const 0))
        (func (export "run") (param $n i32) (result i32) (local $i i32)
            (loop $next
                (global.set $sum (i64.add (global.get $sum) (i64.extend_i32_u (local.get $i))))
                (br_if $next (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                    (local.get $n))))
            (i32.wrap_i64 (global.get $sum))))"#,
    );
    stage.answers(&[30], 435);
}

#[test]
fn miri_loads_and_stores_at_the_edges() {
    let stage = Stage::new(
        r#"(module (memory 1) (data (i32.const 8) "\ff\80")
        (func (export "run") (param i32) (result i32)
            (i64.store offset=3 (local.get 0) (i64.const -2))
            (i32.store16 (i32.const 1) (i32.const 0x1234))
            (i32.add (i32.add (i32.load8_s offset=9 (i32.const 0)) (i32.load16_u (i32.const 1)))
                (i32.load offset=7 (local.get 0)))))"#,
    );
    stage.answers(&[65_525], 0x1234 - 128 - 1);
    for outside in [65_526, 65_535, 65_536, -1, i32::MIN] {
        stage.traps(&[outside], Trap::MemoryOutOfBounds);
    }
}

#[test]
fn miri_memory_grows_is_copied_and_filled() {
    let stage = Stage::new(
        r#"(module (memory 1 2)
        (func (export "run") (param i32 i32) (result i32)
            (drop (memory.grow (i32.const 1)))
            (memory.fill (i32.const 65530) (i32.const 7) (i32.const 12))
            (memory.copy (i32.const 65534) (i32.const 65530) (i32.const 12))
            (memory.copy (local.get 0) (i32.const 65536) (local.get 1))
            (i32.add (memory.grow (i32.const 1)) (i32.load8_u (local.get 0)))))"#,
    );
    stage.answers(&[0, 3], 6);
    stage.answers(&[131_071, 1], 6);
    stage.traps(&[131_071, 2], Trap::MemoryOutOfBounds);
    stage.traps(&[0, -1], Trap::MemoryOutOfBounds);
}

#[test]
fn miri_calls_nest_and_overflow() {
    let stage = Stage::new(
        r#"(module (func $down (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func (export "run") (param i32) (result i32) (call $down (local.get 0))))"#,
    );
    stage.answers(&[40], 40);
    stage.answers(&[1_022], 1_022);
    stage.traps(&[1_023], Trap::StackOverflow);
}

#[test]
fn miri_calls_through_the_table() {
    let stage = Stage::new(
        r#"(module (type $give (func (result i32))) (table 4 funcref) (elem (i32.const 0) $a $b $c)
        (func $a (result i32) (i32.const 11)) (func $b (result i32) (i32.const 12))
        (func $c (result i64) (i64.const 0))
        (func (export "run") (param i32) (result i32)
            (call_indirect (type $give) (local.get 0))))"#,
    );
    stage.answers(&[0], 11);
    stage.answers(&[1], 12);
    stage.traps(&[2], Trap::IndirectCallTypeMismatch);
    stage.traps(&[3], Trap::IndirectCallToNull);
    stage.traps(&[4], Trap::TableOutOfBounds);
}

#[test]
fn miri_branches_carry_values() {
    let stage = Stage::new(
        r#"(module (func (export "run") (param i32) (result i32)
            (i32.add (i32.const 100) (block $two (result i32) (block $one (result i32)
                (br_table $one $two 2 (i32.const 5) (local.get 0)))
                (select (i32.add (i32.const 1)) (i32.const 9) (i32.eqz (local.get 0)))))))"#,
    );
    stage.answers(&[0], 106);
    stage.answers(&[1], 105);
    stage.answers(&[2], 5);
    stage.answers(&[-1], 5);
}

/// Every limit, so that every charge fails once, and a trap gives back at each site.
#[test]
fn miri_gas_ends_everywhere() {
    let stage = Stage::new(
        r#"(module (memory 1) (func $half (param i32) (result i32)
            (i32.div_u (i32.const 84) (local.get 0)))
        (func (export "run") (param i32) (result i32)
            (i32.store (i32.const 0) (i32.const 1))
            (i32.mul (call $half (local.get 0)) (i32.load (i32.const 0)))))"#,
    );
    let (stop, total) = stage.ends(&[2], PLENTY);
    assert_eq!(stop, Stop::Return(Some(Value::I32(42))));
    for limit in (0..total).step_by(7).chain([total - 1]) {
        assert_eq!(stage.ends(&[2], limit), (Stop::OutOfGas, limit));
    }
    assert_eq!(stage.ends(&[2], total), (stop, total));
    let (stop, used) = stage.ends(&[0], PLENTY);
    assert_eq!(stop, Stop::Trap(Trap::IntegerDivideByZero));
    assert_eq!(stage.ends(&[0], used).0, stop);
    assert_eq!(stage.ends(&[0], used - 1), (Stop::OutOfGas, used - 1));
}

#[test]
fn miri_a_host_call_suspends_and_memory_changes_under_it() {
    let stage = Stage::new(
        r#"(module (import "lockstep" "block_height" (func $height (result i64))) (memory 1)
        (func $inner (result i32)
            (i32.add (i32.wrap_i64 (call $height)) (i32.load8_u (i32.const 5))))
        (func (export "run") (result i32) (i32.add (call $inner) (i32.const 1))))"#,
    );
    for _ in 0..2 {
        let (mut execution, step) = stage.start(&[], PLENTY);
        assert!(matches!(step, Step::HostCall(_)));
        execution.memory()[5] = 30;
        let step = execution.resume(Some(Value::I64(11))).unwrap();
        assert_eq!(step, Step::Exit(Stop::Return(Some(Value::I32(42)))));
    }
    // Dropped while it waits.
    drop(stage.start(&[], PLENTY));
}
