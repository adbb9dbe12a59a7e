//! Checks that the text programs call every host function: one without a case has no vector.

use crate::project;
use conformance::{catalogue, observe};
use host_api::Function;
use reference::Reference;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use vm::unstable::execution::{Invocation, Pending, Step, Value};
use vm::{CheckedModule, Engine, Execution, Fault, Rules};

type CalledFunctions = Arc<Mutex<BTreeSet<Function>>>;

/// The reference, which records every host function that a guest calls.
struct RecordingEngine {
    engine: Reference,
    seen: CalledFunctions,
}

struct RecordingExecution {
    execution: Box<dyn Execution>,
    seen: CalledFunctions,
}

impl RecordingExecution {
    fn record(&self, step: Step) -> Step {
        if let Step::HostCall(function) = step {
            self.seen.lock().unwrap().insert(function);
        }
        step
    }
}

impl Engine for RecordingEngine {
    fn name(&self) -> &'static str {
        "recording"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let execution = self.engine.instantiate(module, rules)?;
        let seen = Arc::clone(&self.seen);
        Ok(Box::new(RecordingExecution { execution, seen }))
    }
}

impl Execution for RecordingExecution {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let step = self.execution.start(frame)?;
        Ok(self.record(step))
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let step = self.execution.resume(result)?;
        Ok(self.record(step))
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
    let seen = CalledFunctions::default();
    let engine = RecordingEngine {
        engine: Reference::new(),
        seen: Arc::clone(&seen),
    };
    for case in catalogue::texts(&project("conformance/programs")).unwrap() {
        observe(&engine, &case.program, case.program.probe_gas).unwrap();
    }
    let seen = seen.lock().unwrap();
    let rules = Rules::v1();
    let missing: Vec<&str> = rules
        .host
        .iter()
        .filter(|row| !seen.contains(&row.function))
        .map(|row| row.name)
        .collect();
    assert!(missing.is_empty(), "no case calls {missing:?}");
}

#[test]
fn every_text_program_ends_as_stated() {
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
