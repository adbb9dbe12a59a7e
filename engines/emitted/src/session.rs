//! Runs one contract frame on a machine: sets the gas, calls the start function and the entry
//! point, and reads the cause of a stop.
//!
//! The gas of the frame is in the exported global while the guest runs and in a [`GasMeter`] while
//! the host does; each step copies it over. No other code implements this convention, so wasmi and
//! wasmtime cannot differ in it.

use crate::machine::{Event, Machine, fault};
use std::sync::Arc;
use vm::unstable::emit::{GLOBAL_PREFIX, STACK, START, TRAP};
use vm::unstable::execution::{Arguments, Invocation, Pending, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::module::ExportKind;
use vm::{CheckedModule, Execution, Fault, Trap};

#[cfg(test)]
mod tests;

/// Value of `$gas` after a charge that could not be paid.
const SPENT: i64 = -1;

/// One contract frame on a machine.
#[derive(Debug)]
pub struct Session<M> {
    machine: M,
    module: Arc<CheckedModule>,
    gas: GasMeter,
    /// Export name and arguments of the entry point, until the start function has returned.
    entry: Option<(String, Vec<Value>)>,
    /// Arguments of the pending host call.
    host_arguments: Arguments,
}

impl<M: Machine> Session<M> {
    /// A frame of `module` on `machine`, a fresh instance of the instrumented module.
    pub fn new(machine: M, module: Arc<CheckedModule>) -> Self {
        Self {
            machine,
            module,
            gas: GasMeter::new(0),
            entry: None,
            host_arguments: Arguments::default(),
        }
    }

    /// The export name of the function at `index`: engines call exports only.
    fn export_of(&self, index: u32) -> Result<String, Fault> {
        let is_function = |kind, of| kind == ExportKind::Function && of == index;
        self.module
            .exports()
            .iter()
            .find(|export| is_function(export.kind, export.index))
            .map(|export| export.name.clone())
            .ok_or_else(|| {
                fault(
                    self.machine.name(),
                    format!("function {index} is not exported"),
                )
            })
    }

    /// Processes events until a host call or the end of the frame.
    fn advance(&mut self, event: Event) -> Result<Step, Box<Fault>> {
        let mut event = event;
        loop {
            match event {
                Event::HostCall(call) => {
                    self.take_gas()?;
                    self.host_arguments = call.arguments;
                    return Ok(Step::HostCall(call.function));
                }
                Event::Stopped { trap, message } => {
                    return Ok(Step::Exit(self.read_stop(trap, message)?));
                }
                Event::Return(value) => {
                    self.check_return()?;
                    match self.entry.take() {
                        Some((name, arguments)) => event = self.machine.call(&name, &arguments)?,
                        None => return Ok(Step::Exit(Stop::Return(value))),
                    }
                }
            }
        }
    }

    /// Copies `$gas` into the frame's gas meter.
    fn take_gas(&mut self) -> Result<(), Fault> {
        let global = self.machine.gas()?;
        match u64::try_from(global) {
            Ok(remaining) if remaining <= self.gas.remaining() => {
                self.gas.set_remaining(remaining);
                Ok(())
            }
            _ => Err(Fault::invariant(format!(
                "{}: $gas is {global}, and was {} at the last step",
                self.machine.name(),
                self.gas.remaining()
            ))),
        }
    }

    /// Checks what is true after every return of an outermost function.
    fn check_return(&mut self) -> Result<(), Fault> {
        self.take_gas()?;
        for name in [STACK, TRAP] {
            let value = self.machine.global(name)?;
            if value != Value::I32(0) {
                let engine = self.machine.name();
                return Err(Fault::invariant(format!(
                    "{engine}: {name} is {value:?} at a return"
                )));
            }
        }
        Ok(())
    }

    /// The cause of a stop: `$gas`, else `$trap`, else the engine's own trap.
    ///
    /// The instrumented module executes `unreachable` after it sets one of the first two, so the
    /// engine must report that trap; any other means a bug of the emitter or of the engine.
    fn read_stop(&mut self, own: Option<Trap>, message: String) -> Result<Stop, Fault> {
        let engine = self.machine.name();
        let Some(own) = own else {
            return Err(fault(engine, message));
        };
        let spent = self.machine.gas()? == SPENT;
        let written = self.machine.global(TRAP)?;
        if (spent || written != Value::I32(0)) && own != Trap::Unreachable {
            return Err(Fault::invariant(format!(
                "{engine}: trap {own:?}, but out of gas is {spent} and $trap is {written:?}"
            )));
        }
        if spent {
            self.gas.set_remaining(0);
            return Ok(Stop::OutOfGas);
        }
        self.take_gas()?;
        match written {
            Value::I32(0) => Ok(Stop::Trap(own)),
            Value::I32(code) => [Trap::StackOverflow, Trap::FloatInstruction]
                .into_iter()
                .find(|trap| i32::from(trap.code()) == code)
                .map(Stop::Trap)
                .ok_or_else(|| Fault::invariant(format!("{engine}: $trap is {code}"))),
            Value::I64(_) => Err(Fault::invariant(format!("{engine}: $trap is not an i32"))),
        }
    }
}

impl<M: Machine> Execution for Session<M> {
    fn start(&mut self, invocation: Invocation) -> Result<Step, Box<Fault>> {
        let entry = self.export_of(invocation.entry)?;
        self.gas = invocation.gas;
        self.write_gas()?;
        let event = if self.machine.has_function(START) {
            self.entry = Some((entry, invocation.arguments));
            self.machine.call(START, &[])?
        } else {
            self.machine.call(&entry, &invocation.arguments)?
        };
        self.advance(event)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.host_arguments = Arguments::default();
        self.write_gas()?;
        let event = self.machine.resume(result)?;
        self.advance(event)
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.host_arguments,
            memory: self.machine.memory(),
            gas: &mut self.gas,
        }
    }

    fn memory(&mut self) -> &mut [u8] {
        self.machine.memory()
    }

    fn gas(&mut self) -> &mut GasMeter {
        &mut self.gas
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        (0..self.module.globals().len())
            .map(|index| self.machine.global(&format!("{GLOBAL_PREFIX}{index}")))
            .collect()
    }
}

impl<M: Machine> Session<M> {
    /// Copies the frame's gas meter into `$gas`.
    fn write_gas(&mut self) -> Result<(), Fault> {
        let remaining = i64::try_from(self.gas.remaining());
        let remaining = remaining.map_err(|_| Fault::invariant("a gas limit above 2^63 - 1"))?;
        self.machine.set_gas(remaining)
    }
}
