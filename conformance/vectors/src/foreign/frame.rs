//! A contract frame whose guest runs in another program, behind the engine interface of `vm`.
//!
//! Of the guest's memory only the ranges that a host call names are here, and only during the call:
//! the program is asked for them before it, and gets the bytes that the host changed after it.

use super::connection::{Connection, Trouble};
use super::wire::{ExitKind, MemoryDigest, Reply, Request};
use crate::fields;
use host_api::table::{self, Argument, Row};
use host_api::{Function, Type};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::unstable::execution::{Arguments, Invocation, Pending, Step, Stop, Value};
use vm::unstable::gas::GasMeter;
use vm::unstable::limits::PAGE_BYTES;
use vm::unstable::module::{ExportKind, ValueType};
use vm::{CheckedModule, Engine, Execution, Fault, Rules, Trap};

/// A connection that the frames of a message share.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Connection>>);

impl Shared {
    /// Shares `connection`.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self(Arc::new(Mutex::new(connection)))
    }

    /// The connection, for one exchange.
    pub fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame of `module` that has not begun.
    pub(super) fn frame(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Rules,
    ) -> Result<ForeignFrame, Trouble> {
        let module_number = self.lock().module(module, rules)?;
        Ok(ForeignFrame {
            connection: self.clone(),
            module: Arc::clone(module),
            module_number,
            frame: None,
            gas: GasMeter::new(0),
            result: None,
            call: None,
            arguments: Arguments::default(),
            memory: Vec::new(),
            written: Vec::new(),
        })
    }
}

impl Engine for Shared {
    fn name(&self) -> &'static str {
        "command"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(self.frame(module, rules)?))
    }
}

/// One contract frame whose guest runs in another program.
pub(super) struct ForeignFrame {
    connection: Shared,
    module: Arc<CheckedModule>,
    module_number: u32,
    /// Its number from its start to its end.
    frame: Option<u32>,
    gas: GasMeter,
    /// Type of the entry's result.
    result: Option<ValueType>,
    /// The pending host call.
    call: Option<&'static Row>,
    arguments: Arguments,
    /// The linear memory: its size, and the bytes of the ranges that the pending call names.
    memory: Vec<u8>,
    /// The ranges that the pending call may write, with their bytes before it.
    written: Vec<(u32, Vec<u8>)>,
}

/// A range of memory that a host call names.
struct NamedRange {
    pointer: u32,
    length: u32,
    is_written: bool,
}

impl ForeignFrame {
    /// Ends the frame: the digest of its memory and its globals.
    pub(super) fn finish(&mut self) -> Result<(MemoryDigest, Vec<Value>), Trouble> {
        let Some(frame) = self.frame.take() else {
            return Err(self.failed("a frame ended that had not begun"));
        };
        let reply = self.connection.lock().end_frame(frame, true)?;
        let Reply::Ended {
            memory: Some(memory),
            globals: Some(globals),
        } = reply
        else {
            return Err(self.failed("`ended` without memory and globals"));
        };
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if memory.sha256.len() != 64 || !memory.sha256.bytes().all(is_digit) {
            return Err(self.failed("`sha256` has not 64 lower-case digits"));
        }
        let types: Vec<ValueType> = self
            .module
            .globals()
            .iter()
            .map(|of| of.value_type)
            .collect();
        let globals = self.values(&types, &globals)?;
        Ok((memory, globals))
    }

    fn failed(&self, why: impl ToString) -> Trouble {
        self.connection.lock().failed(why)
    }

    fn ask(&self, request: &Request, further: usize) -> Result<Reply, Trouble> {
        self.connection.lock().ask(request, further)
    }

    fn number(&self) -> Result<u32, Trouble> {
        self.frame
            .ok_or_else(|| self.failed("a frame resumed that had not begun"))
    }

    /// Signed decimal texts as values of these types.
    fn values(&self, types: &[ValueType], texts: &[String]) -> Result<Vec<Value>, Trouble> {
        if types.len() != texts.len() {
            let counts = format!("{} values instead of {}", texts.len(), types.len());
            return Err(self.failed(counts));
        }
        let pairs = types.iter().zip(texts);
        pairs.map(|(kind, text)| self.value(*kind, text)).collect()
    }

    fn value(&self, kind: ValueType, text: &str) -> Result<Value, Trouble> {
        let value = match kind {
            ValueType::I32 => text.parse().map(Value::I32),
            ValueType::I64 => text.parse().map(Value::I64),
        };
        value.map_err(|_| self.failed(format!("{text:?} is no signed decimal of type {kind:?}")))
    }

    /// Sets the gas that the engine says is left.
    fn take_gas(&mut self, text: &str) -> Result<(), Trouble> {
        match text.parse::<u64>() {
            Ok(left) if left <= self.gas.remaining() => {
                self.gas.set_remaining(left);
                Ok(())
            }
            _ => Err(self.failed(format!(
                "{text:?} gas is left, and {} was left before",
                self.gas.remaining()
            ))),
        }
    }

    /// Continues with what the engine wrote after a start or a resumption.
    fn advance(&mut self, reply: Reply) -> Result<Step, Trouble> {
        match reply {
            Reply::Call {
                function,
                arguments,
                gas,
                memory,
            } => {
                self.take_gas(&gas)?;
                self.enter(&function, &arguments, memory)
                    .map(Step::HostCall)
            }
            Reply::Exit {
                exit: ExitKind::Return,
                value,
                trap: None,
                gas: Some(gas),
            } => {
                self.take_gas(&gas)?;
                let types: Vec<ValueType> = self.result.into_iter().collect();
                let values = self.values(&types, &value.into_iter().collect::<Vec<_>>())?;
                Ok(Step::Exit(Stop::Return(values.first().copied())))
            }
            Reply::Exit {
                exit: ExitKind::Trap,
                value: None,
                trap: Some(code),
                gas: Some(gas),
            } => {
                self.take_gas(&gas)?;
                let trap = Trap::of_code(code);
                let trap = trap.ok_or_else(|| self.failed(format!("no trap has code {code}")))?;
                Ok(Step::Exit(Stop::Trap(trap)))
            }
            Reply::Exit {
                exit: ExitKind::OutOfGas,
                value: None,
                trap: None,
                ..
            } => {
                self.gas.set_remaining(0);
                Ok(Step::Exit(Stop::OutOfGas))
            }
            Reply::Exit { exit, .. } => {
                let why = format!("the fields of an exit by {exit:?} are others");
                Err(self.failed(why))
            }
            other => Err(self.connection.lock().unexpected("call or exit", &other)),
        }
    }

    /// Prepares the host call: its arguments, and the memory that it names.
    fn enter(
        &mut self,
        name: &str,
        arguments: &[String],
        memory_bytes: u32,
    ) -> Result<Function, Trouble> {
        let is_imported = |row: &&Row| {
            let mut imports = self.module.imports().iter();
            imports.any(|import| import.function == row.function)
        };
        let row = table::by_name(name).filter(is_imported);
        let row = row.ok_or_else(|| self.failed(format!("{name:?} is no import of the module")))?;
        let types: Vec<ValueType> = row.parameters().map(value_type).collect();
        let values = self.values(&types, arguments)?;
        self.arguments = values.into_iter().map(Value::to_bits).collect();
        self.call = Some(row);
        self.resize(memory_bytes)?;
        self.read_ranges(&ranges(row, &self.arguments, memory_bytes))?;
        Ok(row.function)
    }

    /// Sets the size of the memory, which only grows, page by page, up to the module's maximum.
    fn resize(&mut self, memory_bytes: u32) -> Result<(), Trouble> {
        let maximum = self.module.memory().map_or(0, |memory| memory.maximum);
        let pages = memory_bytes.checked_div(PAGE_BYTES).unwrap_or_default();
        let size = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
        let is_whole = memory_bytes.is_multiple_of(PAGE_BYTES);
        let further = size.checked_sub(self.memory.len());
        let further = further.filter(|_| is_whole && pages <= maximum);
        let Some(further) = further else {
            let why = format!(
                "a memory of {memory_bytes} bytes, after {}",
                self.memory.len()
            );
            return Err(self.failed(why));
        };
        if self.memory.try_reserve_exact(further).is_err() {
            return Err(self.failed("this machine has no room for the memory of a frame"));
        }
        self.memory.resize(size, 0);
        Ok(())
    }

    /// Asks for the ranges, and keeps the bytes of those that the call may write.
    fn read_ranges(&mut self, named: &[NamedRange]) -> Result<(), Trouble> {
        self.written.clear();
        if named.is_empty() {
            return Ok(());
        }
        let asked = named.iter().map(|range| (range.pointer, range.length));
        let request = Request::Need {
            frame: self.number()?,
            ranges: asked.collect(),
        };
        let lengths = named.iter().map(|range| index(range.length));
        let digits = lengths.fold(0_usize, |sum, length| {
            sum.saturating_add(length.saturating_mul(2))
        });
        let bytes = match self.ask(&request, digits)? {
            Reply::Bytes { bytes } => bytes,
            other => return Err(self.connection.lock().unexpected("bytes", &other)),
        };
        if bytes.len() != named.len() {
            let why = format!("{} ranges instead of {}", bytes.len(), named.len());
            return Err(self.failed(why));
        }
        for (range, text) in named.iter().zip(&bytes) {
            let end = index(range.pointer).saturating_add(index(range.length));
            let place = self.memory.get_mut(index(range.pointer)..end);
            let is_read = place.is_some_and(|place| hex::decode_to_slice(text, place).is_ok());
            if !is_read {
                let (pointer, length) = (range.pointer, range.length);
                return Err(self.failed(format!("no {length} hexadecimal bytes from {pointer}")));
            }
        }
        for range in named.iter().filter(|range| range.is_written) {
            let before = self.bytes(range.pointer, index(range.length)).to_vec();
            self.written.push((range.pointer, before));
        }
        Ok(())
    }

    fn bytes(&self, pointer: u32, length: usize) -> &[u8] {
        let end = index(pointer).saturating_add(length);
        self.memory.get(index(pointer)..end).unwrap_or_default()
    }

    /// What the host changed in the ranges that it may write: from the first changed byte of a
    /// range to the last.
    fn changes(&self) -> Vec<(u32, String)> {
        let of_range = |(pointer, before): &(u32, Vec<u8>)| {
            let after = self.bytes(*pointer, before.len());
            let differs = |place: &usize| before.get(*place) != after.get(*place);
            let first = (0..after.len()).find(differs)?;
            let last = (0..after.len()).rfind(differs)?;
            let address = pointer.checked_add(u32::try_from(first).ok()?)?;
            Some((address, hex::encode(after.get(first..=last)?)))
        };
        self.written.iter().filter_map(of_range).collect()
    }

    fn begin(&mut self, invocation: Invocation) -> Result<Step, Trouble> {
        let is_entry = |kind, of| kind == ExportKind::Function && of == invocation.entry;
        let mut exports = self.module.exports().iter();
        let entry = exports.find(|export| is_entry(export.kind, export.index));
        let entry = entry.map(|export| export.name.clone());
        let entry = entry.ok_or_else(|| self.failed("the entry is not exported"))?;
        let signature = self.module.function_type(invocation.entry);
        self.result = signature.and_then(|signature| signature.result);
        self.gas = invocation.gas;
        let frame = self.connection.lock().begin_frame();
        self.frame = Some(frame);
        let request = Request::Start {
            frame,
            module: self.module_number,
            entry,
            arguments: invocation
                .arguments
                .into_iter()
                .map(fields::value_text)
                .collect(),
            gas: self.gas.remaining().to_string(),
        };
        let reply = self.ask(&request, 0)?;
        self.advance(reply)
    }

    fn go_on(&mut self, result: Option<Value>) -> Result<Step, Trouble> {
        let request = Request::Resume {
            frame: self.number()?,
            result: result.map(fields::value_text),
            gas: self.gas.remaining().to_string(),
            writes: self.changes(),
        };
        self.written.clear();
        let reply = self.ask(&request, 0)?;
        self.advance(reply)
    }
}

impl Execution for ForeignFrame {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        Ok(self.begin(frame)?)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        Ok(self.go_on(result)?)
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.arguments,
            memory: &mut self.memory,
            gas: &mut self.gas,
        }
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        Err(self
            .failed("the globals of a frame are known at its end alone")
            .into())
    }
}

impl Drop for ForeignFrame {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            // What goes wrong stays in the connection, which the vector's runner asks.
            let _ = self.connection.lock().end_frame(frame, false);
        }
    }
}

/// The ranges inside a memory of `memory_bytes` that the arguments name; the host finds those
/// outside by itself.
fn ranges(row: &Row, slots: &[u64], memory_bytes: u32) -> Vec<NamedRange> {
    let mut slots = slots.iter().copied();
    let mut named = Vec::new();
    for argument in row.arguments {
        let of = slots.next().unwrap_or_default();
        let length = match *argument {
            Argument::Number(..) => continue,
            Argument::Bytes(_) | Argument::Buffer => slots.next().unwrap_or_default(),
            Argument::Items(_, size) => {
                let count = slots.next().unwrap_or_default();
                count.saturating_mul(u64::from(size))
            }
            Argument::Fixed(_, size) | Argument::Output(size) => u64::from(size),
        };
        let is_inside = of.saturating_add(length) <= u64::from(memory_bytes);
        if let (true, Ok(pointer), Ok(length)) = (
            is_inside && length > 0,
            u32::try_from(of),
            u32::try_from(length),
        ) {
            named.push(NamedRange {
                pointer,
                length,
                is_written: matches!(argument, Argument::Buffer | Argument::Output(_)),
            });
        }
    }
    named
}

const fn value_type(kind: Type) -> ValueType {
    match kind {
        Type::I32 => ValueType::I32,
        Type::I64 => ValueType::I64,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
