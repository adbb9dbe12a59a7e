//! Runs one instance in wasmtime: idle, with access to its store, or suspended on its fiber.

use crate::mailbox::{HostReply, HostRequest, Mailbox};
use emitted::machine::{Event, Machine, fault};
use host_api::Type;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use vm::unstable::emit::{GAS, MEMORY};
use vm::unstable::execution::{Arguments, HostCall, Value};
use vm::unstable::module::Import;
use vm::{Fault, Trap};
use wasmtime::{
    AsContextMut, Caller, Error, Extern, Func, FuncType, Global, Instance, Memory, Module, Store,
    Val, ValType,
};

pub(crate) const NAME: &str = "wasmtime";

/// Exports that a host function accesses in the store of its caller.
#[derive(Clone, Debug, Default)]
struct Handles {
    gas: Option<Global>,
    memory: Option<Memory>,
    globals: Arc<[(String, Global)]>,
}

/// A call that lends the store to wasmtime and returns it at its end.
type RunningCall = Pin<Box<dyn Future<Output = FinishedCall> + Send>>;
/// The returned store, and the results or the error of the call.
type FinishedCall = (Store<Handles>, Result<Vec<Val>, Error>);

enum State {
    Idle(Store<Handles>),
    /// The call has the store; the other fields are copies of the guest's state.
    Suspended {
        call: RunningCall,
        gas: i64,
        memory: Vec<u8>,
        globals: BTreeMap<String, Value>,
    },
    /// After a failure of wasmtime or of this crate.
    Broken,
}

/// One instance in wasmtime.
pub(crate) struct WasmtimeMachine {
    instance: Instance,
    mailbox: Mailbox,
    state: State,
}

impl WasmtimeMachine {
    /// A fresh instance of an instrumented module with these imports.
    pub(crate) fn new(module: &Module, imports: &[Import]) -> Result<Self, Fault> {
        let mailbox = Mailbox::default();
        let mut store = Store::new(module.engine(), Handles::default());
        let externs = imports
            .iter()
            .map(|import| host_function(&mut store, import, &mailbox).map(Extern::Func))
            .collect::<Result<Vec<_>, _>>()?;
        let made = poll_once(Instance::new_async(&mut store, module, &externs));
        let instance = made.ok_or_else(|| Fault::invariant("instantiation runs no guest code"))?;
        let instance = instance.map_err(own_fault)?;
        let gas = instance.get_global(&mut store, GAS);
        let memory = instance.get_memory(&mut store, MEMORY);
        let globals: Vec<(String, Global)> = instance
            .exports(&mut store)
            .filter_map(|export| {
                let name = export.name().to_owned();
                export.into_global().map(|global| (name, global))
            })
            .collect();
        *store.data_mut() = Handles {
            gas,
            memory,
            globals: globals.into(),
        };
        Ok(Self {
            instance,
            mailbox,
            state: State::Idle(store),
        })
    }

    fn store(&mut self) -> Result<&mut Store<Handles>, Fault> {
        match &mut self.state {
            State::Idle(store) => Ok(store),
            _ => Err(Fault::invariant("wasmtime: the store is inside a call")),
        }
    }

    fn poll(&mut self, mut call: RunningCall) -> Result<Event, Fault> {
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => {
                let request = self.mailbox.take_request();
                let Some(HostRequest {
                    call: host_call,
                    gas,
                    memory,
                    globals,
                }) = request
                else {
                    return Err(Fault::invariant("wasmtime: suspended without a host call"));
                };
                self.state = State::Suspended {
                    call,
                    gas,
                    memory,
                    globals,
                };
                Ok(Event::HostCall(host_call))
            }
            Poll::Ready((store, outcome)) => {
                self.state = State::Idle(store);
                event_of(outcome)
            }
        }
    }
}

impl Machine for WasmtimeMachine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn has_function(&mut self, export: &str) -> bool {
        let instance = self.instance;
        self.store()
            .is_ok_and(|store| instance.get_func(store, export).is_some())
    }

    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Event, Fault> {
        let instance = self.instance;
        let function = instance.get_func(self.store()?, export);
        let function = function.ok_or_else(|| fault(NAME, format!("no function {export}")))?;
        let State::Idle(mut store) = std::mem::replace(&mut self.state, State::Broken) else {
            return Err(Fault::invariant("wasmtime: called inside a call"));
        };
        let arguments: Vec<Val> = arguments.iter().copied().map(val_of).collect();
        let mut results = vec![Val::I32(0); function.ty(&store).results().len()];
        self.poll(Box::pin(async move {
            let outcome = function
                .call_async(&mut store, &arguments, &mut results)
                .await;
            (store, outcome.map(|()| results))
        }))
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Event, Fault> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Suspended {
                call, gas, memory, ..
            } => {
                self.mailbox.reply(HostReply {
                    result,
                    gas,
                    memory,
                });
                self.poll(call)
            }
            _ => Err(Fault::invariant("wasmtime: resumed without a host call")),
        }
    }

    fn gas(&mut self) -> Result<i64, Fault> {
        match &mut self.state {
            State::Idle(store) => read_gas(store),
            State::Suspended { gas, .. } => Ok(*gas),
            State::Broken => Err(Fault::invariant("wasmtime: broken")),
        }
    }

    fn set_gas(&mut self, remaining: i64) -> Result<(), Fault> {
        match &mut self.state {
            State::Idle(store) => write_gas(store, remaining).map_err(own_fault),
            State::Suspended { gas, .. } => {
                *gas = remaining;
                Ok(())
            }
            State::Broken => Err(Fault::invariant("wasmtime: broken")),
        }
    }

    fn global(&mut self, export: &str) -> Result<Value, Fault> {
        let found = match &mut self.state {
            State::Idle(store) => {
                let globals = Arc::clone(&store.data().globals);
                let named = globals.iter().find(|(name, _)| name == export);
                named
                    .map(|(_, global)| value_of(&global.get(store)))
                    .transpose()?
            }
            State::Suspended { globals, .. } => globals.get(export).copied(),
            State::Broken => None,
        };
        found.ok_or_else(|| fault(NAME, format!("no global {export}")))
    }

    fn memory(&mut self) -> &mut [u8] {
        match &mut self.state {
            State::Idle(store) => match store.data().memory {
                Some(memory) => memory.data_mut(store),
                None => &mut [],
            },
            State::Suspended { memory, .. } => memory,
            State::Broken => &mut [],
        }
    }
}

/// Polls a future once; `None` if it is not ready.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A host function that only suspends the guest, with its call.
fn host_function(
    store: &mut Store<Handles>,
    import: &Import,
    mailbox: &Mailbox,
) -> Result<Func, Fault> {
    let function = import.function;
    let row = host_api::table::row(function)
        .ok_or_else(|| Fault::invariant(format!("{function:?} has no row in the host table")))?;
    let engine = store.engine();
    let signature = FuncType::new(
        engine,
        row.parameters().map(wasmtime_type),
        row.result.map(wasmtime_type),
    );
    let mailbox = mailbox.clone();
    Ok(Func::new_async(
        store,
        signature,
        move |caller, arguments, results| {
            let mailbox = mailbox.clone();
            let arguments = arguments
                .iter()
                .map(|argument| value_of(argument).map(Value::to_bits));
            let arguments = arguments.collect::<Result<Arguments, Fault>>();
            Box::new(async move {
                let arguments = arguments.map_err(broken)?;
                suspend(
                    caller,
                    HostCall {
                        function,
                        arguments,
                    },
                    results,
                    mailbox,
                )
                .await
            })
        },
    ))
}

/// Passes the call with the guest's gas and memory to the frame loop, waits, and takes over the
/// result, gas and memory of the reply.
async fn suspend(
    mut caller: Caller<'_, Handles>,
    call: HostCall,
    results: &mut [Val],
    mailbox: Mailbox,
) -> Result<(), Error> {
    let gas = read_gas(&mut caller).map_err(broken)?;
    let Handles {
        memory, globals, ..
    } = caller.data().clone();
    let bytes = memory.map_or_else(Vec::new, |memory| memory.data(&caller).to_vec());
    let globals = globals
        .iter()
        .map(|(name, global)| Ok((name.clone(), value_of(&global.get(&mut caller))?)))
        .collect::<Result<_, Fault>>()
        .map_err(broken)?;
    let reply = mailbox
        .request(HostRequest {
            call,
            gas,
            memory: bytes,
            globals,
        })
        .await;
    write_gas(&mut caller, reply.gas)?;
    if let Some(memory) = memory {
        memory.write(&mut caller, 0, &reply.memory)?;
    }
    match (results, reply.result) {
        ([slot], Some(value)) => *slot = val_of(value),
        ([], None) => {}
        _ => {
            return Err(Error::msg("the host returned a wrong number of results"));
        }
    }
    Ok(())
}

fn broken(fault: Fault) -> Error {
    Error::msg(fault.to_string())
}

fn read_gas(mut store: impl AsContextMut<Data = Handles>) -> Result<i64, Fault> {
    let mut store = store.as_context_mut();
    let gas = store
        .data()
        .gas
        .ok_or_else(|| fault(NAME, "the module does not export $gas"))?;
    gas.get(&mut store)
        .i64()
        .ok_or_else(|| fault(NAME, "$gas is not an i64"))
}

fn write_gas(mut store: impl AsContextMut<Data = Handles>, remaining: i64) -> Result<(), Error> {
    let mut store = store.as_context_mut();
    let gas = store
        .data()
        .gas
        .ok_or_else(|| Error::msg("the module does not export $gas"))?;
    gas.set(&mut store, Val::I64(remaining))
}

fn event_of(outcome: Result<Vec<Val>, Error>) -> Result<Event, Fault> {
    match outcome {
        Ok(results) => Ok(Event::Return(results.first().map(value_of).transpose()?)),
        Err(error) => match error.downcast_ref::<wasmtime::Trap>() {
            Some(trap) => Ok(Event::Stopped {
                trap: trap_of(*trap),
                message: format!("{error:?}"),
            }),
            None => Err(own_fault(error)),
        },
    }
}

const fn wasmtime_type(kind: Type) -> ValType {
    match kind {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
    }
}

const fn val_of(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
    }
}

fn value_of(val: &Val) -> Result<Value, Fault> {
    match val {
        Val::I32(value) => Ok(Value::I32(*value)),
        Val::I64(value) => Ok(Value::I64(*value)),
        other => Err(fault(NAME, format!("a value of another type: {other:?}"))),
    }
}

/// The [`Trap`] for wasmtime's trap; `None` if the instrumented module cannot raise it.
const fn trap_of(trap: wasmtime::Trap) -> Option<Trap> {
    match trap {
        wasmtime::Trap::UnreachableCodeReached => Some(Trap::Unreachable),
        wasmtime::Trap::IntegerDivisionByZero => Some(Trap::IntegerDivideByZero),
        wasmtime::Trap::IntegerOverflow => Some(Trap::IntegerOverflow),
        wasmtime::Trap::MemoryOutOfBounds => Some(Trap::MemoryOutOfBounds),
        wasmtime::Trap::TableOutOfBounds => Some(Trap::TableOutOfBounds),
        wasmtime::Trap::IndirectCallToNull => Some(Trap::IndirectCallToNull),
        wasmtime::Trap::BadSignature => Some(Trap::IndirectCallTypeMismatch),
        _ => None,
    }
}

pub(crate) fn own_fault(error: Error) -> Fault {
    fault(NAME, format!("{error:?}"))
}
