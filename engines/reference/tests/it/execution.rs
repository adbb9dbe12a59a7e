//! Tests the engine interface of R: suspension, misuse, diagnosis, traces, rewritten operators.

use crate::{HEIGHT, PLENTY, Program, f, i32, i64, trap};
use host_api::Function;
use reference::{Place, Reference, Trace};
use std::sync::{Arc, Mutex};
use vm::unstable::execution::{Step, Stop, Value};
use vm::unstable::lower::Operator;
use vm::unstable::opcode::Opcode;
use vm::{Engine, Fault, Trap};

const HOST: &str = r#"(module
    (import "lockstep" "block_height" (func $height (result i64)))
    (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
    (memory 1)
    (func $inner (param i64) (result i64)
        (local.get 0)
        (block (call $write (i32.const 1) (i32.const -2) (i32.const 3) (i32.const 4)))
        (i64.add (call $height)))
    (func (export "f") (result i64)
        (i64.const 1000) (call $inner (i64.const 10)) (i64.sub)))"#;

fn is_invariant(step: &Result<Step, Box<Fault>>) -> bool {
    matches!(step, Err(fault) if matches!(**fault, Fault::Invariant(_)))
}

#[test]
fn a_host_call_suspends_and_resumes_inside_nested_calls() {
    let program = Program::of_text(HOST);
    let mut execution = Reference::new()
        .instantiate(&program.module, &program.rules)
        .unwrap();
    let step = execution
        .start(program.invocation("f", &[], PLENTY))
        .unwrap();
    assert_eq!(step, Step::HostCall(Function::StorageWrite));
    assert_eq!(execution.pending().arguments, [1, 0xffff_fffe, 3, 4]);
    // f: entry 46, two constants, a call; inner: entry 40 + 3 * 6, a local, four constants, a call.
    assert_eq!(execution.gas().used(), 46 + 20 + 60 + 58 + 10 + 40 + 60);
    // The host changes memory and gas between two steps, and the guest continues with them.
    execution.memory()[7] = 9;
    execution.gas().charge(500).unwrap();
    let step = execution.resume(None).unwrap();
    assert_eq!(step, Step::HostCall(Function::BlockHeight));
    assert_eq!(execution.pending().arguments, []);
    let step = execution.resume(Some(Value::I64(HEIGHT))).unwrap();
    assert_eq!(step, Step::Exit(i64(1_000 - 10 - HEIGHT)));
    assert_eq!(
        execution.gas().used(),
        46 + 20 + 60 + 58 + 10 + 40 + 60 + 500 + 60 + 10 + 10
    );
    assert_eq!(execution.memory()[7], 9);
}

#[test]
fn a_result_of_another_type_is_a_fault() {
    for wrong in [Some(Value::I32(1)), Some(Value::I64(1))] {
        let program = Program::of_text(HOST);
        let mut execution = Reference::new()
            .instantiate(&program.module, &program.rules)
            .unwrap();
        execution
            .start(program.invocation("f", &[], PLENTY))
            .unwrap();
        assert!(is_invariant(&execution.resume(wrong)));
    }
}

#[test]
fn an_instance_serves_one_contract_frame() {
    let program = Program::of_text(r#"(module (func (export "f")))"#);
    let mut execution = Reference::new()
        .instantiate(&program.module, &program.rules)
        .unwrap();
    assert!(is_invariant(&execution.resume(None)));
    let step = execution
        .start(program.invocation("f", &[], PLENTY))
        .unwrap();
    assert_eq!(step, Step::Exit(Stop::Return(None)));
    let again = execution.start(program.invocation("f", &[], PLENTY));
    assert!(is_invariant(&again));
    assert!(is_invariant(&execution.resume(None)));
}

#[test]
fn instances_share_nothing() {
    let program = Program::of_text(
        r#"(module (memory 1) (global $g (mut i32) (i32.const 0))
            (func (export "f") (result i32)
                (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
                (global.set $g (i32.add (global.get $g) (i32.load (i32.const 0))))
                (global.get $g)))"#,
    );
    assert_eq!(program.value(&[]), i32(1));
    assert_eq!(program.value(&[]), i32(1));
}

#[test]
fn a_diagnosis_names_the_operator_and_the_active_functions() {
    let program = Program::of_text(
        r#"(module
            (func $divide (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
            (func $other)
            (func $middle (result i32) (call $other) (call $divide (i32.const 0)))
            (func (export "f") (drop (call $middle))))"#,
    );
    let result = program.run("f", &[], PLENTY);
    assert_eq!(result.stop, trap(Trap::IntegerDivideByZero));
    assert_eq!(result.diagnosis.functions, [0, 2, 3]);
    let offset = usize::try_from(result.diagnosis.offset.unwrap()).unwrap();
    assert_eq!(
        u16::from(program.module.bytes()[offset]),
        Opcode::I32DivS.encoding()
    );
}

/// At an overflow the callee is not active yet: the diagnosis names the call, and 64 functions.
#[test]
fn a_diagnosis_is_bounded() {
    let program = Program::of_text(r#"(module (func) (func $f (export "f") (call $f)))"#);
    let result = program.run("f", &[], PLENTY);
    assert_eq!(result.diagnosis.functions, [1; 64]);
    let offset = usize::try_from(result.diagnosis.offset.unwrap()).unwrap();
    assert_eq!(
        u16::from(program.module.bytes()[offset]),
        Opcode::Call.encoding()
    );
}

#[test]
fn a_diagnosis_of_an_entry_that_cannot_be_paid_is_empty() {
    let program = Program::of_text(r#"(module (func (export "f")))"#);
    let result = program.run("f", &[], 39);
    assert_eq!(result.stop, Stop::OutOfGas);
    assert_eq!(result.diagnosis.functions, []);
    assert_eq!(result.diagnosis.offset, None);
}

/// Function, byte offset and gas before each operator.
#[derive(Default)]
struct Recorder(Vec<(u32, u32, u64)>);

impl Trace for Recorder {
    fn operator(&mut self, function: u32, offset: u32, gas_before: u64) {
        self.0.push((function, offset, gas_before));
    }
}

#[test]
fn a_trace_sees_every_operator_and_changes_nothing() {
    let program = Program::of_text(
        r#"(module (func $g (result i32) (block (result i32) (i32.const 5)))
            (func (export "f") (result i32) (i32.add (call $g) (i32.const 2))))"#,
    );
    let recorder = Arc::new(Mutex::new(Recorder::default()));
    let traced = Reference::new().with_trace(Arc::<Mutex<Recorder>>::clone(&recorder));
    let limit = 1_000;
    let result = program.run_on(&traced, program.invocation("f", &[], limit));
    assert_eq!(result, program.run("f", &[], limit));
    let bytes = program.module.bytes();
    let seen: Vec<(u32, u8, u64)> = recorder
        .lock()
        .unwrap()
        .0
        .iter()
        .map(|(function, offset, gas)| (*function, bytes[*offset as usize], limit - gas))
        .collect();
    // Function, opcode and gas used before it. f: entry 46; call 60, entry of g 43.
    let expected = [
        (1, 0x10, 46),
        (0, 0x02, 149),
        (0, 0x41, 149),
        (0, 0x0b, 159),
        (0, 0x0b, 159),
        (1, 0x41, 159),
        (1, 0x6a, 169),
        (1, 0x0b, 179),
    ];
    assert_eq!(seen, expected);
    assert_eq!(result.gas_used, 179);
}

const SUM: &str = r#"(module (func (export "f") (result i32)
    (i32.add (i32.add (i32.const 1) (i32.const 2)) (i32.const 4))))"#;

fn subtract_instead<'a>(place: &Place<'_>, operator: Operator<'a>) -> Operator<'a> {
    // The second addition: const, const, add, const, add.
    if (place.function, place.place) == (0, 4) && operator == Operator::Numeric(Opcode::I32Add) {
        return Operator::Numeric(Opcode::I32Sub);
    }
    operator
}

#[test]
fn an_injected_bug_changes_one_operator() {
    let program = Program::of_text(SUM);
    let wrong = Reference::new().with_rewrite(subtract_instead);
    let result = program.run_on(&wrong, program.invocation("f", &[], PLENTY));
    assert_eq!(result.stop, i32(-1));
    assert_eq!(program.value(&[]), i32(7));
}

/// A rewrite that makes the function invalid causes a fault, not a panic.
#[test]
fn a_rewrite_that_makes_the_module_invalid_is_a_fault() {
    for broken in [
        Operator::Drop,
        Operator::Else,
        Operator::Br(0),
        Operator::LocalGet(99),
        Operator::GlobalGet(0),
        Operator::Call(77),
        Operator::Numeric(Opcode::I32Load),
    ] {
        let program = Program::of_text(SUM);
        let wrong = Reference::new().with_rewrite(
            move |place, operator| {
                if place.place == 0 { broken } else { operator }
            },
        );
        let mut execution = wrong.instantiate(&program.module, &program.rules).unwrap();
        let step = execution.start(program.invocation("f", &[], PLENTY));
        assert!(is_invariant(&step), "{broken:?}: {step:?}");
    }
}

#[test]
fn the_engine_has_a_name() {
    assert_eq!(Reference::new().name(), "reference");
    assert_eq!(f(r#"(func (export "f"))"#).1, 40);
}
