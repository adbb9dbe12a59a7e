//! Runs small programs that use every kind of handler, by the trampoline, which miri can execute.
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

/// A checked module, its rules and the engine.
struct TestProgram {
    module: Arc<CheckedModule>,
    rules: Arc<Rules>,
    engine: Interpreter,
}

impl TestProgram {
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
        let invocation = Invocation {
            entry: self.module.exported_function("run").unwrap(),
            arguments: arguments.iter().map(|value| Value::I32(*value)).collect(),
            gas: GasMeter::new(gas),
        };
        let step = execution.start(invocation).unwrap();
        (execution, step)
    }

    /// How the program ends, and the gas that it used.
    fn ends(&self, arguments: &[i32], gas: u64) -> (Stop, u64) {
        let (mut execution, step) = self.start(arguments, gas);
        match step {
            Step::Exit(stop) => (stop, execution.gas().used()),
            Step::HostCall(function) => panic!("{function:?}"),
        }
    }

    fn returns(&self, arguments: &[i32], expected: i32) {
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
    let program = TestProgram::new(
        r#"(module (global $sum (mut i64) (i64.const 0))
        (func (export "run") (param $n i32) (result i32) (local $i i32)
            (loop $next
                (global.set $sum (i64.add (global.get $sum) (i64.extend_i32_u (local.get $i))))
                (br_if $next (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                    (local.get $n))))
            (i32.wrap_i64 (global.get $sum))))"#,
    );
    program.returns(&[30], 435);
}

#[test]
fn miri_loads_and_stores_at_the_edges() {
    let program = TestProgram::new(
        r#"(module (memory 1) (data (i32.const 8) "\ff\80")
        (func (export "run") (param i32) (result i32)
            (i64.store offset=3 (local.get 0) (i64.const -2))
            (i32.store16 (i32.const 1) (i32.const 0x1234))
            (i32.add (i32.add (i32.load8_s offset=9 (i32.const 0)) (i32.load16_u (i32.const 1)))
                (i32.load offset=7 (local.get 0)))))"#,
    );
    program.returns(&[65_525], 0x1234 - 128 - 1);
    for outside in [65_526, 65_535, 65_536, -1, i32::MIN] {
        program.traps(&[outside], Trap::MemoryOutOfBounds);
    }
}

#[test]
fn miri_memory_grows_is_copied_and_filled() {
    let program = TestProgram::new(
        r#"(module (memory 1 2)
        (func (export "run") (param i32 i32) (result i32)
            (drop (memory.grow (i32.const 1)))
            (memory.fill (i32.const 65530) (i32.const 7) (i32.const 12))
            (memory.copy (i32.const 65534) (i32.const 65530) (i32.const 12))
            (memory.copy (local.get 0) (i32.const 65536) (local.get 1))
            (i32.add (memory.grow (i32.const 1)) (i32.load8_u (local.get 0)))))"#,
    );
    program.returns(&[0, 3], 6);
    program.returns(&[131_071, 1], 6);
    program.traps(&[131_071, 2], Trap::MemoryOutOfBounds);
    program.traps(&[0, -1], Trap::MemoryOutOfBounds);
}

#[test]
fn miri_calls_nest_and_overflow() {
    let program = TestProgram::new(
        r#"(module (func $down (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func (export "run") (param i32) (result i32) (call $down (local.get 0))))"#,
    );
    program.returns(&[40], 40);
    program.returns(&[1_022], 1_022);
    program.traps(&[1_023], Trap::StackOverflow);
}

#[test]
fn miri_calls_through_the_table() {
    let program = TestProgram::new(
        r#"(module (type $i32 (func (result i32))) (table 4 funcref) (elem (i32.const 0) $a $b $c)
        (func $a (result i32) (i32.const 11)) (func $b (result i32) (i32.const 12))
        (func $c (result i64) (i64.const 0))
        (func (export "run") (param i32) (result i32)
            (call_indirect (type $i32) (local.get 0))))"#,
    );
    program.returns(&[0], 11);
    program.returns(&[1], 12);
    program.traps(&[2], Trap::IndirectCallTypeMismatch);
    program.traps(&[3], Trap::IndirectCallToNull);
    program.traps(&[4], Trap::TableOutOfBounds);
}

#[test]
fn miri_branches_carry_values() {
    let program = TestProgram::new(
        r#"(module (func (export "run") (param i32) (result i32)
            (i32.add (i32.const 100) (block $two (result i32) (block $one (result i32)
                (br_table $one $two 2 (i32.const 5) (local.get 0)))
                (select (i32.add (i32.const 1)) (i32.const 9) (i32.eqz (local.get 0)))))))"#,
    );
    program.returns(&[0], 106);
    program.returns(&[1], 105);
    program.returns(&[2], 5);
    program.returns(&[-1], 5);
}

/// Every seventh limit, so that every charge fails once, and a trap with a refund.
#[test]
fn miri_out_of_gas_at_every_charge() {
    let program = TestProgram::new(
        r#"(module (memory 1) (func $half (param i32) (result i32)
            (i32.div_u (i32.const 84) (local.get 0)))
        (func (export "run") (param i32) (result i32)
            (i32.store (i32.const 0) (i32.const 1))
            (i32.mul (call $half (local.get 0)) (i32.load (i32.const 0)))))"#,
    );
    let (stop, total) = program.ends(&[2], PLENTY);
    assert_eq!(stop, Stop::Return(Some(Value::I32(42))));
    for limit in (0..total).step_by(7).chain([total - 1]) {
        assert_eq!(program.ends(&[2], limit), (Stop::OutOfGas, limit));
    }
    assert_eq!(program.ends(&[2], total), (stop, total));
    let (stop, used) = program.ends(&[0], PLENTY);
    assert_eq!(stop, Stop::Trap(Trap::IntegerDivideByZero));
    assert_eq!(program.ends(&[0], used).0, stop);
    assert_eq!(program.ends(&[0], used - 1), (Stop::OutOfGas, used - 1));
}

#[test]
fn miri_a_host_call_suspends_and_memory_changes_under_it() {
    let program = TestProgram::new(
        r#"(module (import "lockstep" "block_height" (func $height (result i64))) (memory 1)
        (func $inner (result i32)
            (i32.add (i32.wrap_i64 (call $height)) (i32.load8_u (i32.const 5))))
        (func (export "run") (result i32) (i32.add (call $inner) (i32.const 1))))"#,
    );
    for _ in 0..2 {
        let (mut execution, step) = program.start(&[], PLENTY);
        assert!(matches!(step, Step::HostCall(_)));
        execution.memory()[5] = 30;
        let step = execution.resume(Some(Value::I64(11))).unwrap();
        assert_eq!(step, Step::Exit(Stop::Return(Some(Value::I32(42)))));
    }
    // Dropped while it is suspended.
    drop(program.start(&[], PLENTY));
}
