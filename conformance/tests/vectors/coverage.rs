//! Counts which host functions the text programs call: a function without a case has no vector.

use crate::project;
use conformance::{catalogue, observe};
use host_api::Function;
use reference::Reference;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use vm::unstable::execution::{Invocation, Pending, Step, Value};
use vm::{CheckedModule, Engine, Execution, Fault, Rules};

type Seen = Arc<Mutex<BTreeSet<Function>>>;

/// The reference, and every host function that a guest called on it.
struct Listening {
    engine: Reference,
    seen: Seen,
}

struct Heard {
    execution: Box<dyn Execution>,
    seen: Seen,
}

impl Heard {
    fn hear(&self, step: Step) -> Step {
        if let Step::HostCall(function) = step {
            self.seen.lock().unwrap().insert(function);
        }
        step
    }
}

impl Engine for Listening {
    fn name(&self) -> &'static str {
        "listening"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let execution = self.engine.instantiate(module, rules)?;
        let seen = Arc::clone(&self.seen);
        Ok(Box::new(Heard { execution, seen }))
    }
}

impl Execution for Heard {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let step = self.execution.start(frame)?;
        Ok(self.hear(step))
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let step = self.execution.resume(result)?;
        Ok(self.hear(step))
    }

    fn pending(&mut self) -> Pending<'_> {
        self.execution.pending()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.execution.globals()
    }
}

#[test]
fn every_host_function_is_called_by_a_text_program() {
    let seen = Seen::default();
    let engine = Listening {
        engine: Reference::new(),
        seen: Arc::clone(&seen),
    };
    for case in catalogue::texts(&project("conformance/programs")).unwrap() {
        observe(&engine, &case.program, case.program.probe_gas).unwrap();
    }
    let seen = seen.lock().unwrap();
    let rows = host_api::TABLE.iter();
    let missing: Vec<&str> = rows
        .filter(|row| !seen.contains(&row.function))
        .map(|row| row.name)
        .collect();
    assert!(missing.is_empty(), "no case calls {missing:?}");
}

#[test]
fn every_text_program_ends_as_it_says() {
    let engine = Reference::new();
    let mut wrong = Vec::new();
    for case in catalogue::texts(&project("conformance/programs")).unwrap() {
        let seen = observe(&engine, &case.program, case.program.probe_gas).unwrap();
        let end = catalogue::describe(&seen.exit);
        if case
            .expected
            .as_ref()
            .is_some_and(|expected| *expected != end)
        {
            wrong.push(format!(
                "{}: {end}, not {:?}",
                case.program.name, case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
