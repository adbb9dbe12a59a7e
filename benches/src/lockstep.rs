//! Runs kernels natively and on Lockstep's engines, with the host that all engines of a run share.

use crate::Measured;
use crate::clock::time;
use crate::contender::{Contender, Runner, Sample};
use crate::workload::Kernel;
use engines::{Kind, Row};
use host_api::Function;
use std::hint::black_box;
use std::sync::Arc;
#[cfg(feature = "unmetered")]
use vm::Interpreter;
#[cfg(feature = "unmetered")]
use vm::unstable::execute::Strategy;
use vm::unstable::execution::{Invocation, Pending, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::{CheckedModule, Engine, Execution, Rules, check};

/// Gas limit above the use of any kernel.
pub const PLENTY: u64 = 1 << 60;

/// Native code, and Lockstep's engines for nodes; the default one is called `lockstep`.
#[must_use]
pub fn contenders() -> Vec<Contender> {
    let mut contenders = vec![Contender {
        name: "native",
        load: Box::new(native),
    }];
    for row in engines::ours().filter(|row| row.kind == Kind::Node) {
        let default = row.name == engines::INTERPRETER.name;
        contenders.push(Contender {
            name: if default { "lockstep" } else { row.name },
            load: Box::new(|kernel| on(made(row), kernel)),
        });
    }
    #[cfg(feature = "unmetered")]
    contenders.push(Contender {
        name: "lockstep-unmetered",
        load: Box::new(|kernel| {
            let unmetered = Interpreter::with_strategy(Strategy::Unmetered);
            on(Arc::new(unmetered), kernel)
        }),
    });
    contenders
}

/// A new interpreter, with empty caches.
#[must_use]
pub fn interpreter() -> Arc<dyn Engine> {
    made(&engines::INTERPRETER)
}

fn made(row: &Row) -> Arc<dyn Engine> {
    let engine: Box<dyn Engine> = (row.make)();
    engine.into()
}

/// A kernel on R, whose gas is the reference; it is too slow for the table.
///
/// # Errors
/// As [`on`].
pub fn reference(kernel: &Kernel) -> Measured<Runner> {
    on(made(&engines::REFERENCE), kernel)
}

fn native(kernel: &Kernel) -> Measured<Runner> {
    let run = kernel.native;
    Ok(Box::new(move |size| {
        kernels::env::reset();
        let (nanoseconds, checksum) = time(|| run(black_box(size)));
        Ok(Sample {
            nanoseconds,
            checksum,
            gas: None,
        })
    }))
}

/// A kernel on one of Lockstep's engines.
///
/// # Errors
/// If the module is rejected or does not export `run`.
pub fn on(engine: Arc<dyn Engine>, kernel: &Kernel) -> Measured<Runner> {
    let loaded = LoadedModule::new(engine, kernel.wasm)?;
    let run = loaded.function("run")?;
    Ok(Box::new(move |size| {
        kernels::env::reset();
        let mut execution = loaded.instantiate()?;
        let arguments = vec![Value::I32(black_box(size).cast_signed())];
        let (nanoseconds, stop) = time(|| drive(execution.as_mut(), run, arguments));
        let checksum = match stop? {
            Stop::Return(Some(Value::I64(checksum))) => checksum,
            stop => return Err(format!("ended with {stop:?}").into()),
        };
        Ok(Sample {
            nanoseconds,
            checksum: checksum.cast_unsigned(),
            gas: Some(execution.gas().used()),
        })
    }))
}

/// A validated module with the engine that runs it.
pub struct LoadedModule {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The module.
    pub module: Arc<CheckedModule>,
    /// The rules of engine and module.
    pub rules: Arc<Rules>,
}

impl LoadedModule {
    /// Validates `wasm` under the rules of version 1.
    ///
    /// # Errors
    /// The rejection, as text.
    pub fn new(engine: Arc<dyn Engine>, wasm: &[u8]) -> Measured<Self> {
        let rules = Arc::new(Rules::v1());
        let module = check(wasm, &rules).map_err(|rejection| format!("{rejection:?}"))?;
        Ok(Self {
            engine,
            module: Arc::new(module),
            rules,
        })
    }

    /// Index of the exported function `name`.
    ///
    /// # Errors
    /// If the module does not export such a function.
    pub fn function(&self, name: &str) -> Measured<u32> {
        let found = self.module.exported_function(name);
        found.ok_or_else(|| format!("the module exports no function {name}").into())
    }

    /// A new instance.
    ///
    /// # Errors
    /// The engine's fault.
    pub fn instantiate(&self) -> Measured<Box<dyn Execution>> {
        Ok(self.engine.instantiate(&self.module, &self.rules)?)
    }
}

/// Runs an instance to its end, with the shared host.
///
/// # Errors
/// A fault of the engine, or a range outside the guest's memory.
pub fn drive(execution: &mut dyn Execution, entry: u32, arguments: Vec<Value>) -> Measured<Stop> {
    let mut step = execution.start(Invocation {
        entry,
        arguments,
        gas: GasMeter::new(PLENTY),
    })?;
    loop {
        match step {
            Step::Exit(stop) => return Ok(stop),
            Step::HostCall(function) => {
                let Pending {
                    arguments, memory, ..
                } = execution.pending();
                let argument = |index: usize| {
                    let bits = arguments.get(index).copied().unwrap_or(u64::MAX);
                    usize::try_from(bits).unwrap_or(usize::MAX)
                };
                let result = match function {
                    Function::StorageRead => {
                        let [key, key_len, dst, cap] = [0, 1, 2, 3].map(argument);
                        storage_read(memory, (key, key_len), (dst, cap)).map(Some)
                    }
                    Function::StorageWrite => {
                        let [key, key_len, value, value_len] = [0, 1, 2, 3].map(argument);
                        storage_write(memory, (key, key_len), (value, value_len)).map(|()| None)
                    }
                    Function::EmitEvent => {
                        let [topic, _, data, data_len] = [0, 1, 2, 3].map(argument);
                        emit_event(memory, topic, (data, data_len)).map(|()| None)
                    }
                    _ => None,
                };
                let result = result.ok_or("a host call has a range outside of memory")?;
                step = execution.resume(result.map(Value::I32))?;
            }
        }
    }
}

/// Pointer and length.
pub type Range = (usize, usize);

fn bytes(memory: &[u8], (start, length): Range) -> Option<&[u8]> {
    memory.get(start..start.checked_add(length)?)
}

/// `storage_read` on guest memory; `None` if a range is outside of it.
pub fn storage_read(memory: &mut [u8], key: Range, out: Range) -> Option<i32> {
    let end = |(start, length): Range| Some(start..start.checked_add(length)?);
    kernels::env::storage_read_within(memory, end(key)?, end(out)?)
}

/// `storage_write` on guest memory; `None` if a range is outside of it.
pub fn storage_write(memory: &[u8], key: Range, value: Range) -> Option<()> {
    kernels::env::storage_write(bytes(memory, key)?, bytes(memory, value)?);
    Some(())
}

/// `emit_event` with one topic on guest memory; `None` if a range is outside of it.
pub fn emit_event(memory: &[u8], topic: usize, data: Range) -> Option<()> {
    let topic = bytes(memory, (topic, 32))?.as_array::<32>()?;
    kernels::env::emit_event(topic, bytes(memory, data)?);
    Some(())
}
