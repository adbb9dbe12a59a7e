//! Speaks the protocol for foreign engines from the engine's side: wasmi, R, and wasmi with bugs.
//!
//! It is a test of `vectors::foreign`, and of the page docs/foreign-engines.md, whose transcript it
//! writes. wasmi takes the instrumented module as it is sent, and the original for the types of its
//! imports; R takes the original alone, and meters by itself.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use vectors::foreign::wire::{
    EXECUTION_KINDS, EngineHello, ExitKind, MemoryDigest, ModuleForm, PROTOCOL, Reply, Request,
};
use vm::unstable::execution::{Invocation, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::module::ValueType;
use vm::unstable::rules::FloatPolicy;
use vm::{CheckedModule, Engine, Execution, Rules};

/// A bug of the engine, which the vectors must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineBug {
    /// The gas left at a trap is rounded down to a multiple of 16.
    GasAtTraps,
    /// The digest is that of a memory without its last byte.
    ShortDigest,
    /// More gas is left at a host call than was left before.
    GasReturned,
}

/// Bugs by their names on the command line.
pub const BUGS: [(&str, EngineBug); 3] = [
    ("gas-at-traps", EngineBug::GasAtTraps),
    ("short-digest", EngineBug::ShortDigest),
    ("gas-returned", EngineBug::GasReturned),
];

/// A module that was sent.
struct SentModule {
    checked: Arc<CheckedModule>,
    /// The instrumented module; `None` for R.
    compiled: Option<engine_wasmi::Compiled>,
}

/// The engine's side of the protocol.
pub struct Served {
    wasmi: engine_wasmi::Wasmi,
    forms: Vec<ModuleForm>,
    rules: Arc<Rules>,
    modules: BTreeMap<u32, SentModule>,
    frames: Vec<Frame>,
    bug: Option<EngineBug>,
}

/// An active frame.
struct Frame {
    execution: Box<dyn Execution>,
    /// Type of the result of the pending host call.
    result: Option<ValueType>,
}

impl Served {
    /// R, which takes the original module.
    #[must_use]
    pub fn reference() -> Self {
        Self {
            forms: vec![ModuleForm::Original],
            ..Self::new(None)
        }
    }

    /// wasmi with this bug, or without one.
    #[must_use]
    pub fn new(bug: Option<EngineBug>) -> Self {
        let prices = node::rules::version_1().schedule.clone();
        Self {
            wasmi: engine_wasmi::Wasmi::new(),
            forms: vec![ModuleForm::Instrumented, ModuleForm::Original],
            rules: Arc::new(Rules::new(FloatPolicy::Lower, prices)),
            modules: BTreeMap::new(),
            frames: Vec::new(),
            bug,
        }
    }

    /// Serves lines until the input ends.
    ///
    /// # Errors
    /// A stream that cannot be read or written, or a line that is no request.
    pub fn serve(&mut self, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        for line in input.lines() {
            let reply = self.line(&line?)?;
            writeln!(output, "{reply}")?;
            output.flush()?;
        }
        Ok(())
    }

    /// The reply to one line.
    ///
    /// # Errors
    /// The line is no request.
    pub fn line(&mut self, line: &str) -> io::Result<String> {
        let request = serde_json::from_str(line)?;
        let reply = self.reply(request);
        let reply = reply.unwrap_or_else(|why| Reply::Failed { why });
        Ok(serde_json::to_string(&reply)?)
    }

    fn reply(&mut self, request: Request) -> Result<Reply, String> {
        match request {
            Request::Hello { .. } => Ok(self.hello()),
            Request::Module {
                module,
                rules,
                instrumented,
                original: Some(original),
                ..
            } => self.add(module, &rules, (instrumented.as_deref(), &original)),
            Request::Module { .. } => Err("the original module is missing".to_owned()),
            Request::Start {
                module,
                entry,
                arguments,
                gas,
                ..
            } => self.start(module, &entry, (&arguments, &gas)),
            Request::Need { ranges, .. } => self.bytes(&ranges),
            Request::Resume {
                result,
                gas,
                writes,
                ..
            } => self.resume(result, &gas, &writes),
            Request::End { state, .. } => self.end(state),
            Request::Abandon => {
                self.frames.clear();
                Ok(Reply::Ready)
            }
        }
    }

    fn add(
        &mut self,
        module: u32,
        rules: &str,
        forms: (Option<&str>, &str),
    ) -> Result<Reply, String> {
        if rules != hex::encode(self.rules.id()) {
            return Err(format!("other rules: {rules}"));
        }
        let original = hex::decode(forms.1).map_err(text)?;
        let checked = vm::check(&original, &self.rules).map_err(text)?;
        let compiled = forms.0.map(|instrumented| {
            let instrumented = hex::decode(instrumented).map_err(text)?;
            self.wasmi.compile(&instrumented).map_err(text)
        });
        let sent = SentModule {
            checked: Arc::new(checked),
            compiled: compiled.transpose()?,
        };
        self.modules.insert(module, sent);
        Ok(Reply::Ready)
    }

    fn start(
        &mut self,
        module: u32,
        entry: &str,
        with: (&[String], &str),
    ) -> Result<Reply, String> {
        let sent = self.modules.get(&module).ok_or("no such module")?;
        let index = sent
            .checked
            .exported_function(entry)
            .ok_or("no such entry")?;
        let signature = sent.checked.function_type(index).ok_or("no such entry")?;
        let arguments = values(&signature.parameters, with.0)?;
        let execution = match &sent.compiled {
            Some(compiled) => self.wasmi.instance(compiled, &sent.checked),
            None => reference::Reference::new().instantiate(&sent.checked, &self.rules),
        };
        let mut execution = execution.map_err(text)?;
        let step = execution.start(Invocation {
            entry: index,
            arguments,
            gas: GasMeter::new(with.1.parse().map_err(text)?),
        });
        self.frames.push(Frame {
            execution,
            result: None,
        });
        self.step(step.map_err(text)?)
    }

    /// The reply for a step of the last frame.
    fn step(&mut self, step: Step) -> Result<Reply, String> {
        let bug = self.bug;
        let frame = self.last()?;
        let left = frame.execution.gas().remaining();
        let stop = match step {
            Step::HostCall(function) => {
                let row = host_api::table::row(function).ok_or("no such function")?;
                frame.result = row.result.map(value_type);
                let types: Vec<ValueType> = row.parameters().map(value_type).collect();
                let pending = frame.execution.pending();
                let slots = types.iter().zip(pending.arguments);
                let arguments = slots.map(|(kind, slot)| decimal(Value::from_bits(*kind, *slot)));
                let left = match bug {
                    Some(EngineBug::GasReturned) => left.saturating_add(1 << 40),
                    _ => left,
                };
                return Ok(Reply::Call {
                    function: row.name.to_owned(),
                    arguments: arguments.collect(),
                    gas: left.to_string(),
                    memory: u32::try_from(pending.memory.len()).map_err(text)?,
                });
            }
            Step::Exit(stop) => stop,
        };
        let (exit, value, trap) = match stop {
            Stop::Return(value) => (ExitKind::Return, value.map(decimal), None),
            Stop::Trap(trap) => (ExitKind::Trap, None, Some(trap.code())),
            Stop::OutOfGas => (ExitKind::OutOfGas, None, None),
        };
        let left = match (bug, exit) {
            (Some(EngineBug::GasAtTraps), ExitKind::Trap) => left & !15,
            _ => left,
        };
        let gas = (exit != ExitKind::OutOfGas).then(|| left.to_string());
        Ok(Reply::Exit {
            exit,
            value,
            trap,
            gas,
        })
    }

    fn bytes(&mut self, ranges: &[(u32, u32)]) -> Result<Reply, String> {
        let memory = self.last()?.execution.memory();
        let of = |(pointer, length): &(u32, u32)| {
            let start = usize::try_from(*pointer).ok()?;
            let end = start.checked_add(usize::try_from(*length).ok()?)?;
            memory.get(start..end).map(hex::encode)
        };
        let bytes: Option<Vec<String>> = ranges.iter().map(of).collect();
        let bytes = bytes.ok_or("a range outside the memory")?;
        Ok(Reply::Bytes { bytes })
    }

    fn resume(
        &mut self,
        result: Option<String>,
        gas: &str,
        writes: &[(u32, String)],
    ) -> Result<Reply, String> {
        let frame = self.last()?;
        for (pointer, bytes) in writes {
            let bytes = hex::decode(bytes).map_err(text)?;
            let start = usize::try_from(*pointer).map_err(text)?;
            let place = frame.execution.memory().get_mut(start..);
            let place = place.and_then(|place| place.get_mut(..bytes.len()));
            place
                .ok_or("a write outside the memory")?
                .copy_from_slice(&bytes);
        }
        frame
            .execution
            .gas()
            .set_remaining(gas.parse().map_err(text)?);
        let types: Vec<ValueType> = frame.result.into_iter().collect();
        let values = values(&types, &result.into_iter().collect::<Vec<_>>())?;
        let step = frame.execution.resume(values.first().copied());
        self.step(step.map_err(text)?)
    }

    fn end(&mut self, state: bool) -> Result<Reply, String> {
        let mut frame = self.frames.pop().ok_or("no frame is active")?;
        if !state {
            return Ok(Reply::Ended {
                memory: None,
                globals: None,
            });
        }
        let globals = frame.execution.globals().map_err(text)?;
        let mut memory: &[u8] = frame.execution.memory();
        let bytes = u32::try_from(memory.len()).map_err(text)?;
        if self.bug == Some(EngineBug::ShortDigest) {
            memory = memory.split_last().map_or(memory, |(_, rest)| rest);
        }
        Ok(Reply::Ended {
            memory: Some(MemoryDigest {
                bytes,
                sha256: hex::encode(Sha256::digest(memory)),
            }),
            globals: Some(globals.into_iter().map(decimal).collect()),
        })
    }

    fn hello(&self) -> Reply {
        let is_wasmi = self.forms.contains(&ModuleForm::Instrumented);
        Reply::Hello(EngineHello {
            protocol: PROTOCOL,
            name: if is_wasmi { "wasmi" } else { "reference" }.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kinds: EXECUTION_KINDS.map(str::to_owned).to_vec(),
            modules: self.forms.clone(),
        })
    }

    fn last(&mut self) -> Result<&mut Frame, String> {
        let last = self.frames.last_mut();
        last.ok_or_else(|| "no frame is active".to_owned())
    }
}

/// Values with their types, as Lockstep writes them.
fn values(types: &[ValueType], texts: &[String]) -> Result<Vec<Value>, String> {
    if types.len() != texts.len() {
        return Err(format!("{} values instead of {}", texts.len(), types.len()));
    }
    let pairs = types.iter().zip(texts);
    let of = |(kind, typed): (&ValueType, &String)| {
        let value = match (kind, typed.split_once(':')) {
            (ValueType::I32, Some(("i32", value))) => value.parse().ok().map(Value::I32),
            (ValueType::I64, Some(("i64", value))) => value.parse().ok().map(Value::I64),
            _ => None,
        };
        value.ok_or_else(|| format!("{typed:?} is no value of type {kind:?}"))
    };
    pairs.map(of).collect()
}

const fn value_type(kind: host_api::Type) -> ValueType {
    match kind {
        host_api::Type::I32 => ValueType::I32,
        host_api::Type::I64 => ValueType::I64,
    }
}

fn decimal(value: Value) -> String {
    match value {
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
