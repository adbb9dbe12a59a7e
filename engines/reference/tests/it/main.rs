//! Runs R on small modules and compares exit, values and gas with the specification.
#![cfg(test)]
#![expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "models of integer operators are written with the language's own operators"
)]

extern crate lockstep_reference as reference;

mod calls;
mod control;
mod execution;
mod float;
mod gas;
mod memory;
mod numeric;

use host_api::Function;
use reference::{Backing, Reference};
use std::sync::Arc;
use vm::unstable::execution::{Invocation, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::outcome::Diagnosis;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::{Dynamic, Schedule};
use vm::{CheckedModule, Engine, Rules, Trap};

/// More gas than any program here consumes.
pub(crate) const PLENTY: u64 = 1_000_000_000_000;
/// Result of `block_height` in these tests.
pub(crate) const HEIGHT: i64 = 0x0123_4567_89ab_cdef;

/// Version 1 without prices of first entries, which have tests of their own: sums are short, and
/// small programs can run at every limit.
fn rules() -> Rules {
    let one = Schedule::v1();
    let dynamic = Dynamic {
        function_first: 0,
        function_first_per_operator: 0,
        function_first_per_target: 0,
        ..*one.dynamic()
    };
    let schedule = one.repriced(|_, price| price, dynamic).unwrap();
    Rules::new(FloatPolicy::Lower, schedule)
}

/// A checked module and its rules.
pub(crate) struct Program {
    pub(crate) module: Arc<CheckedModule>,
    pub(crate) rules: Arc<Rules>,
}

/// Result of a run, with all that can be compared.
#[derive(Debug, PartialEq)]
pub(crate) struct RunResult {
    pub(crate) stop: Stop,
    pub(crate) gas_used: u64,
    pub(crate) memory: Vec<u8>,
    pub(crate) globals: Vec<Value>,
    pub(crate) diagnosis: Diagnosis,
}

impl Program {
    pub(crate) fn of_text(text: &str) -> Self {
        Self::of_bytes(&wat::parse_str(text).unwrap())
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self::under(bytes, Arc::new(rules()))
    }

    pub(crate) fn under(bytes: &[u8], rules: Arc<Rules>) -> Self {
        let module = vm::check(bytes, &rules).unwrap_or_else(|no| panic!("{no:?}"));
        Self {
            module: Arc::new(module),
            rules,
        }
    }

    pub(crate) fn invocation(&self, function: &str, arguments: &[Value], limit: u64) -> Invocation {
        let entry = self.module.exported_function(function).unwrap();
        Invocation {
            entry,
            arguments: arguments.to_vec(),
            gas: GasMeter::new(limit),
        }
    }

    /// Runs `function` on `engine`; every host call must be `block_height`.
    pub(crate) fn run_on(&self, engine: &Reference, invocation: Invocation) -> RunResult {
        let mut execution = engine.instantiate(&self.module, &self.rules).unwrap();
        let mut step = execution.start(invocation).unwrap();
        let stop = loop {
            match step {
                Step::Exit(stop) => break stop,
                Step::HostCall(function) => {
                    assert_eq!(function, Function::BlockHeight);
                    assert_eq!(*execution.pending().arguments, []);
                    step = execution.resume(Some(Value::I64(HEIGHT))).unwrap();
                }
            }
        };
        RunResult {
            stop,
            gas_used: execution.gas().used(),
            memory: execution.memory().to_vec(),
            globals: execution.globals().unwrap(),
            diagnosis: execution.diagnosis(),
        }
    }

    pub(crate) fn run(&self, function: &str, arguments: &[Value], limit: u64) -> RunResult {
        let growing = self.run_on(
            &Reference::new(),
            self.invocation(function, arguments, limit),
        );
        let reserved = Reference::new().with_backing(Backing::Reserved);
        let reserved = self.run_on(&reserved, self.invocation(function, arguments, limit));
        assert_eq!(growing, reserved, "the allocation of memory has an effect");
        growing
    }

    /// Exit and gas of `f` without arguments and with plenty of gas.
    pub(crate) fn f(&self) -> (Stop, u64) {
        let ended = self.run("f", &[], PLENTY);
        (ended.stop, ended.gas_used)
    }

    /// What `f` returns.
    pub(crate) fn value(&self, arguments: &[Value]) -> Stop {
        self.run("f", arguments, PLENTY).stop
    }
}

/// Runs the function `f` of a module with these fields.
pub(crate) fn f(fields: &str) -> (Stop, u64) {
    Program::of_text(&format!("(module {fields})")).f()
}

pub(crate) const fn i32(value: i32) -> Stop {
    Stop::Return(Some(Value::I32(value)))
}

pub(crate) const fn i64(value: i64) -> Stop {
    Stop::Return(Some(Value::I64(value)))
}

pub(crate) const fn trap(trap: Trap) -> Stop {
    Stop::Trap(trap)
}
