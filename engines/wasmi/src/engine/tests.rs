//! Tests the machine on handwritten modules in the form of instrumented ones.

use super::{WasmiMachine, config};
use emitted::machine::{Event, Machine};
use host_api::Function;
use vm::Trap;
use vm::unstable::execution::Value;
use vm::unstable::module::Import;
use wasmi::Module;

fn machine(text: &str, imports: &[Function]) -> WasmiMachine {
    let bytes = wat::parse_str(text).unwrap();
    let module = Module::new(&wasmi::Engine::new(&config()), bytes).unwrap();
    let imports: Vec<Import> = imports
        .iter()
        .map(|function| Import {
            function: *function,
            type_index: 0,
        })
        .collect();
    WasmiMachine::new(&module, &imports).unwrap()
}

/// A charge before each observable operator, as `emit` writes it.
const CONVENTION: &str = r#"(module
  (type $result (func (result i64)))
  (import "lockstep" "block_height" (func $height (result i64)))
  (global $gas (export "$gas") (mut i64) (i64.const 0))
  (global (export "$trap") (mut i32) (i32.const 0))
  (global (export "$stack") (mut i32) (i32.const 0))
  (global (export "$global.0") i64 (i64.const -7))
  (memory (export "$memory") 1 3)
  (table 3 funcref)
  (elem (i32.const 0) $height $deep)
  (func $oog (global.set $gas (i64.const -1)) unreachable)
  (func $charge (param i64)
    (global.set $gas (i64.sub (global.get $gas) (local.get 0)))
    (if (i64.lt_s (global.get $gas) (i64.const 0)) (then (call $oog))))
  (func (export "direct") (result i64)
    (call $charge (i64.const 60)) (i64.add (call $height) (i64.load (i32.const 0))))
  (func (export "indirect") (param i32) (result i64)
    (call $charge (i64.const 100)) (call_indirect (type $result) (local.get 0)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (i32.const 0))))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "crash") unreachable))"#;

fn convention() -> WasmiMachine {
    machine(CONVENTION, &[Function::BlockHeight])
}

fn assert_host_call(event: &Event) {
    let Event::HostCall(call) = event else {
        panic!("{event:?}")
    };
    assert_eq!(call.function, Function::BlockHeight);
    assert!(call.arguments.is_empty());
}

#[test]
fn a_guest_sees_the_result_and_the_memory_writes_of_a_host_call() {
    let mut machine = convention();
    machine.set_gas(100).unwrap();
    assert_host_call(&machine.call("direct", &[]).unwrap());
    assert_eq!(machine.gas().unwrap(), 40);
    machine.memory()[0] = 5;
    machine.set_gas(9).unwrap();
    let event = machine.resume(Some(Value::I64(1_000))).unwrap();
    assert_eq!(event, Event::Return(Some(Value::I64(1_005))));
    assert_eq!(machine.gas().unwrap(), 9);
    assert!(machine.resume(None).is_err());
}

#[test]
fn a_host_call_through_the_table_suspends_too() {
    let mut machine = convention();
    machine.set_gas(100).unwrap();
    assert_host_call(&machine.call("indirect", &[Value::I32(0)]).unwrap());
    let event = machine.resume(Some(Value::I64(-3))).unwrap();
    assert_eq!(event, Event::Return(Some(Value::I64(-3))));
}

#[test]
fn a_charge_that_cannot_be_paid_leaves_minus_one() {
    let mut machine = convention();
    machine.set_gas(59).unwrap();
    let event = machine.call("direct", &[]).unwrap();
    assert!(
        matches!(
            event,
            Event::Stopped {
                trap: Some(Trap::Unreachable),
                ..
            }
        ),
        "{event:?}"
    );
    assert_eq!(machine.gas().unwrap(), -1);
}

#[test]
fn every_trap_of_the_engine_is_one_of_ours() {
    let least = Value::I32(i32::MIN);
    let pair = |left, right| vec![left, right];
    let cases = [
        ("crash", vec![], Trap::Unreachable),
        (
            "divide",
            pair(Value::I32(1), Value::I32(0)),
            Trap::IntegerDivideByZero,
        ),
        ("divide", pair(least, Value::I32(-1)), Trap::IntegerOverflow),
        ("load", vec![Value::I32(65_533)], Trap::MemoryOutOfBounds),
        ("indirect", vec![Value::I32(3)], Trap::TableOutOfBounds),
        ("indirect", vec![Value::I32(2)], Trap::IndirectCallToNull),
        (
            "indirect",
            vec![Value::I32(1)],
            Trap::IndirectCallTypeMismatch,
        ),
    ];
    for (name, arguments, expected) in cases {
        let mut machine = convention();
        machine.set_gas(1_000).unwrap();
        let event = machine.call(name, &arguments).unwrap();
        let Event::Stopped { trap, .. } = event else {
            panic!("{name}: {event:?}")
        };
        assert_eq!(trap, Some(expected), "{name}");
    }
}

#[test]
fn recursion_reaches_our_limit_and_the_engines_own_overflow_is_not_our_trap() {
    let mut machine = convention();
    let event = machine.call("deep", &[Value::I32(1_025)]).unwrap();
    assert_eq!(event, Event::Return(Some(Value::I32(1_025))));
    let event = machine.call("deep", &[Value::I32(2_000)]).unwrap();
    assert!(
        matches!(event, Event::Stopped { trap: None, .. }),
        "{event:?}"
    );
}

#[test]
fn growing_past_the_maximum_returns_minus_one() {
    let mut machine = convention();
    let mut grow = |pages| machine.call("grow", &[Value::I32(pages)]).unwrap();
    assert_eq!(grow(2), Event::Return(Some(Value::I32(1))));
    assert_eq!(grow(1), Event::Return(Some(Value::I32(-1))));
    assert_eq!(grow(0), Event::Return(Some(Value::I32(3))));
    assert_eq!(machine.memory().len(), 3 * 65_536);
}

#[test]
fn globals_are_read_by_their_export() {
    let mut machine = convention();
    assert_eq!(machine.global("$global.0").unwrap(), Value::I64(-7));
    assert!(machine.global("$global.1").is_err());
    assert!(machine.has_function("deep") && !machine.has_function("$start"));
}

#[test]
fn a_module_without_memory_has_an_empty_one() {
    let text = r#"(module (global (export "$gas") (mut i64) (i64.const 0)))"#;
    assert!(machine(text, &[]).memory().is_empty());
}

#[test]
fn features_that_the_instrumented_module_never_uses_are_rejected() {
    let engine = wasmi::Engine::new(&config());
    for text in [
        "(module (func (param f32)))",
        "(module (func (result i32 i32) i32.const 0 i32.const 0))",
        "(module (func $f) (start $f))",
        "(module (func return_call 0))",
    ] {
        assert!(
            Module::new(&engine, wat::parse_str(text).unwrap()).is_err(),
            "{text}"
        );
    }
}
