//! Implements the engine interface: start, suspend, resume and inspect an instance.

use crate::instance::{Instance, Phase};
use crate::interpret::Halt;
use vm::unstable::execution::{Arguments, Invocation, Pending, Step, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::outcome::Diagnosis;
use vm::{Execution, Fault};

/// Maximum number of active functions in a diagnosis.
const DIAGNOSIS_FUNCTIONS_MAX: usize = 64;

impl Execution for Instance {
    fn start(&mut self, invocation: Invocation) -> Result<Step, Box<Fault>> {
        if self.phase != Phase::Fresh {
            return Err(Fault::invariant("an instance serves one contract frame").into());
        }
        self.gas = invocation.gas;
        self.entry = Some((invocation.entry, invocation.arguments));
        let begun = match self.module.start() {
            Some(start) => self.enter(start),
            None => self.enter_entry(),
        };
        self.drive(begun)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        if self.phase != Phase::Suspended(result.map(Value::value_type)) {
            let message = "resumed without a host call, or with a result of a wrong type";
            return Err(Fault::invariant(message).into());
        }
        self.host_arguments = Arguments::default();
        self.values.extend(result.map(Value::to_bits));
        self.drive(Ok(()))
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.host_arguments,
            memory: self.memory.bytes_mut(),
            gas: &mut self.gas,
        }
    }

    fn memory(&mut self) -> &mut [u8] {
        self.memory.bytes_mut()
    }

    fn gas(&mut self) -> &mut GasMeter {
        &mut self.gas
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        let types = self.module.globals().iter().map(|global| global.value_type);
        Ok(types
            .zip(&self.globals)
            .map(|(of, bits)| Value::from_bits(of, *bits))
            .collect())
    }

    /// The current position of the guest; after a trap or out of gas, where it was stopped.
    fn diagnosis(&self) -> Diagnosis {
        let innermost = self.activations.iter().rev().take(DIAGNOSIS_FUNCTIONS_MAX);
        let functions = innermost.map(|active| active.code.function).collect();
        let current = self.activations.last().and_then(|active| {
            let index = active.next.checked_sub(1)?;
            active.code.instructions.get(index)
        });
        let offset = current.map(|current| u64::from(current.offset));
        Diagnosis {
            functions,
            offset,
            ..Diagnosis::default()
        }
    }
}

impl Instance {
    /// Executes operators until a host call, the end of the guest or a fault.
    fn drive(&mut self, begun: Result<(), Halt>) -> Result<Step, Box<Fault>> {
        self.phase = Phase::Running;
        let mut progress = begun;
        let halt = loop {
            match progress {
                Ok(()) => progress = self.step(),
                Err(halt) => break halt,
            }
        };
        match halt {
            Halt::HostCall(call, result) => {
                self.phase = Phase::Suspended(result);
                self.host_arguments = call.arguments;
                Ok(Step::HostCall(call.function))
            }
            Halt::Exit(stop) => {
                self.phase = Phase::Ended;
                Ok(Step::Exit(stop))
            }
            Halt::Fault(fault) => Err(fault.into()),
        }
    }
}
