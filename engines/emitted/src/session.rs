//! Runs one contract frame on a machine: gas in, start function, entry, and what a stop means.
//!
//! The gas of the frame lives in the exported global while the guest runs and in a [`GasMeter`]
//! while the host looks; each step copies it over. This is the only place that knows the
//! convention, so wasmi and wasmtime cannot differ in how they are read.

use crate::machine::{Event, Machine, fault};
use std::sync::Arc;
use vm::unstable::emit::{GLOBAL_PREFIX, STACK, START, TRAP};
use vm::unstable::execution::{Arguments, Invocation, Pending, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::module::ExportKind;
use vm::{CheckedModule, Execution, Fault, Trap};

#[cfg(test)]
mod tests;

/// What `$gas` holds after a charge that could not be paid.
const SPENT: i64 = -1;

/// One contract frame on a machine.
#[derive(Debug)]
pub struct Session<M> {
    machine: M,
    module: Arc<CheckedModule>,
    gas: GasMeter,
    /// The entry that waits until the start function has returned.
    entry: Option<(String, Vec<Value>)>,
    /// Arguments of the host call that it waits in.
    asked: Arguments,
}

impl<M: Machine> Session<M> {
    /// A frame of `module` on a fresh `machine` of its emitted form.
    pub fn new(machine: M, module: Arc<CheckedModule>) -> Self {
        Self {
            machine,
            module,
            gas: GasMeter::new(0),
            entry: None,
            asked: Arguments::default(),
        }
    }

    /// The guest's own name of the function at `index`: an engine calls exports only.
    fn export_of(&self, index: u32) -> Result<String, Fault> {
        let names_it = |kind, at| kind == ExportKind::Function && at == index;
        self.module
            .exports()
            .iter()
            .find(|export| names_it(export.kind, export.index))
            .map(|export| export.name.clone())
            .ok_or_else(|| {
                fault(
                    self.machine.name(),
                    format!("function {index} is not exported"),
                )
            })
    }

    /// Follows events until the host is asked or the frame ends.
    fn advance(&mut self, event: Event) -> Result<Step, Box<Fault>> {
        let mut event = event;
        loop {
            match event {
                Event::HostCall(call) => {
                    self.take_gas()?;
                    self.asked = call.arguments;
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

    /// Copies `$gas` into the frame's gas.
    fn take_gas(&mut self) -> Result<(), Fault> {
        let global = self.machine.gas()?;
        match u64::try_from(global) {
            Ok(remaining) if remaining <= self.gas.remaining() => {
                self.gas.set_remaining(remaining);
                Ok(())
            }
            _ => Err(Fault::invariant(format!(
                "{}: $gas is {global} after {}",
                self.machine.name(),
                self.gas.remaining()
            ))),
        }
    }

    /// What holds after every return of an outermost function.
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

    /// Says why the guest was stopped: `$gas`, else `$trap`, else the engine's own trap.
    ///
    /// The first two are followed by `unreachable` in the emitted module, so the engine must have
    /// said that; anything else means that the module or the engine is wrong.
    fn read_stop(&mut self, own: Option<Trap>, message: String) -> Result<Stop, Fault> {
        let engine = self.machine.name();
        let Some(own) = own else {
            return Err(fault(engine, message));
        };
        let spent = self.machine.gas()? == SPENT;
        let written = self.machine.global(TRAP)?;
        if (spent || written != Value::I32(0)) && own != Trap::Unreachable {
            return Err(Fault::invariant(format!(
                "{engine}: {own:?} with $gas spent {spent}, $trap {written:?}"
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
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        let entry = self.export_of(frame.entry)?;
        self.gas = frame.gas;
        self.write_gas()?;
        let event = if self.machine.has_function(START) {
            self.entry = Some((entry, frame.arguments));
            self.machine.call(START, &[])?
        } else {
            self.machine.call(&entry, &frame.arguments)?
        };
        self.advance(event)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.asked = Arguments::default();
        self.write_gas()?;
        let event = self.machine.resume(result)?;
        self.advance(event)
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.asked,
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
    /// Copies the frame's gas into `$gas`.
    fn write_gas(&mut self) -> Result<(), Fault> {
        let remaining = i64::try_from(self.gas.remaining());
        let remaining = remaining.map_err(|_| Fault::invariant("a gas limit above 2^63 - 1"))?;
        self.machine.set_gas(remaining)
    }
}
