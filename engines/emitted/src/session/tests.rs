//! Tests how the cause of a stop is read, and that a breach of the convention is a fault.

use super::Session;
use crate::machine::{Event, Machine};
use std::collections::VecDeque;
use std::sync::Arc;
use vm::unstable::execution::{Arguments, HostCall, Invocation, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::{Execution, Fault, Rules, Trap};

/// A machine that returns the events of a test.
#[derive(Debug)]
struct ScriptedMachine {
    /// Value of `$gas` at each event, and the event.
    events: VecDeque<(i64, Event)>,
    calls: Vec<String>,
    has_start: bool,
    gas: i64,
    stack: i32,
    trap: i32,
}

impl ScriptedMachine {
    fn new(events: impl IntoIterator<Item = (i64, Event)>) -> Self {
        let events = events.into_iter().collect();
        Self {
            events,
            calls: Vec::new(),
            has_start: false,
            gas: 0,
            stack: 0,
            trap: 0,
        }
    }

    fn next(&mut self) -> Result<Event, Fault> {
        let (gas, event) = self.events.pop_front().unwrap();
        self.gas = gas;
        Ok(event)
    }
}

impl Machine for ScriptedMachine {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn has_function(&mut self, export: &str) -> bool {
        self.has_start && export == "$start"
    }

    fn call(&mut self, export: &str, _arguments: &[Value]) -> Result<Event, Fault> {
        self.calls.push(export.to_owned());
        self.next()
    }

    fn resume(&mut self, _result: Option<Value>) -> Result<Event, Fault> {
        self.calls.push(format!("resume at {}", self.gas));
        self.next()
    }

    fn gas(&mut self) -> Result<i64, Fault> {
        Ok(self.gas)
    }

    fn set_gas(&mut self, remaining: i64) -> Result<(), Fault> {
        self.gas = remaining;
        Ok(())
    }

    fn global(&mut self, export: &str) -> Result<Value, Fault> {
        Ok(Value::I32(if export == "$stack" {
            self.stack
        } else {
            self.trap
        }))
    }

    fn memory(&mut self) -> &mut [u8] {
        &mut []
    }
}

fn session(machine: ScriptedMachine) -> Session<ScriptedMachine> {
    let bytes = wat::parse_str("(module (func) (func (export \"entry\")))").unwrap();
    let module = vm::check(&bytes, &Rules::v1()).unwrap();
    Session::new(machine, Arc::new(module))
}

fn start(session: &mut Session<ScriptedMachine>) -> Result<Step, Box<Fault>> {
    session.start(Invocation {
        entry: 1,
        arguments: Vec::new(),
        gas: GasMeter::new(100),
    })
}

fn stopped(trap: Trap) -> Event {
    Event::Stopped {
        trap: Some(trap),
        message: String::new(),
    }
}

fn host_call() -> Event {
    Event::HostCall(HostCall {
        function: host_api::Function::GasLeft,
        arguments: Arguments::default(),
    })
}

#[test]
fn the_cause_of_a_stop_is_gas_then_trap_then_the_engines_own_trap() {
    let cases = [
        (-1, 0, Trap::Unreachable, Stop::OutOfGas, 100),
        (
            40,
            8,
            Trap::Unreachable,
            Stop::Trap(Trap::StackOverflow),
            60,
        ),
        (
            40,
            9,
            Trap::Unreachable,
            Stop::Trap(Trap::FloatInstruction),
            60,
        ),
        (40, 0, Trap::Unreachable, Stop::Trap(Trap::Unreachable), 60),
        (
            0,
            0,
            Trap::MemoryOutOfBounds,
            Stop::Trap(Trap::MemoryOutOfBounds),
            100,
        ),
    ];
    for (gas, trap, own, expected, used) in cases {
        let mut session = session(ScriptedMachine {
            trap,
            ..ScriptedMachine::new([(gas, stopped(own))])
        });
        assert_eq!(start(&mut session).unwrap(), Step::Exit(expected));
        assert_eq!(session.gas().used(), used);
    }
}

#[test]
fn a_breach_of_the_convention_is_a_fault() {
    let unreachable = || stopped(Trap::Unreachable);
    let broken = [
        ("gas rises", ScriptedMachine::new([(101, unreachable())])),
        (
            "gas is negative",
            ScriptedMachine::new([(-2, unreachable())]),
        ),
        (
            "spent at a return",
            ScriptedMachine::new([(-1, Event::Return(None))]),
        ),
        (
            "spent at another trap",
            ScriptedMachine::new([(-1, stopped(Trap::MemoryOutOfBounds))]),
        ),
        (
            "unknown $trap",
            ScriptedMachine {
                trap: 7,
                ..ScriptedMachine::new([(1, unreachable())])
            },
        ),
        (
            "$trap at a return",
            ScriptedMachine {
                trap: 8,
                ..ScriptedMachine::new([(1, Event::Return(None))])
            },
        ),
        (
            "$stack at a return",
            ScriptedMachine {
                stack: 64,
                ..ScriptedMachine::new([(1, Event::Return(None))])
            },
        ),
        (
            "the engine's own overflow",
            ScriptedMachine::new([(
                1,
                Event::Stopped {
                    trap: None,
                    message: "stack".to_owned(),
                },
            )]),
        ),
    ];
    for (breach, machine) in broken {
        let outcome = start(&mut session(machine));
        assert!(outcome.is_err(), "{breach}: {outcome:?}");
    }
}

#[test]
fn a_function_that_is_not_exported_is_a_fault() {
    let mut session = session(ScriptedMachine::new([]));
    let invocation = Invocation {
        entry: 0,
        arguments: Vec::new(),
        gas: GasMeter::new(1),
    };
    assert!(session.start(invocation).is_err());
    assert!(session.machine.calls.is_empty());
}

#[test]
fn the_start_function_runs_first_under_the_same_gas_and_may_suspend() {
    let events = [
        (70, host_call()),
        (50, Event::Return(None)),
        (20, Event::Return(None)),
    ];
    let mut session = session(ScriptedMachine {
        has_start: true,
        ..ScriptedMachine::new(events)
    });
    assert!(matches!(start(&mut session).unwrap(), Step::HostCall(_)));
    assert_eq!(session.gas().remaining(), 70);
    session.gas().charge(10).unwrap();
    assert_eq!(
        session.resume(None).unwrap(),
        Step::Exit(Stop::Return(None))
    );
    assert_eq!(session.machine.calls, ["$start", "resume at 60", "entry"]);
    assert_eq!(session.gas().remaining(), 20);
}

#[test]
fn a_trap_in_the_start_function_ends_the_frame() {
    let events = [(70, stopped(Trap::Unreachable))];
    let mut session = session(ScriptedMachine {
        has_start: true,
        ..ScriptedMachine::new(events)
    });
    assert_eq!(
        start(&mut session).unwrap(),
        Step::Exit(Stop::Trap(Trap::Unreachable))
    );
    assert_eq!(session.machine.calls, ["$start"]);
}
