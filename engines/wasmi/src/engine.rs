//! Runs instrumented modules in wasmi, suspended at each host call by a host error.
//!
//! wasmi can resume a call whose host function failed with a host error (`call_resumable`). The
//! engine interface needs this suspension, and it takes no thread and no copy of the memory.

use emitted::Session;
use emitted::cache::Cache;
use emitted::machine::{Event, Machine, RECURSION_MAX, STACK_BYTES, fault};
use host_api::Type;
use std::fmt;
use std::sync::Arc;
use vm::unstable::emit::{Bulk, GAS, MEMORY, Options, Wide};
use vm::unstable::execution::{HostCall, Value};
use vm::unstable::module::Import;
use vm::{CheckedModule, Engine, Execution, Fault, Rules, Trap};
use wasmi::errors::HostError;
use wasmi::{
    CompilationMode, Config, Error, Extern, Func, FuncType, Global, Instance, Memory, Module,
    ResumableCall, ResumableCallHostTrap, Store, StoreLimits, StoreLimitsBuilder, TrapCode, Val,
    ValType,
};

#[cfg(test)]
mod tests;

const NAME: &str = "wasmi";

/// wasmi as an [`Engine`].
#[derive(Debug)]
pub struct Wasmi {
    engine: wasmi::Engine,
    cache: Cache<Compiled>,
}

impl Wasmi {
    /// An engine with a cache of compiled modules.
    #[must_use]
    pub fn new() -> Self {
        Self {
            engine: wasmi::Engine::new(&config()),
            cache: Cache::bounded(),
        }
    }

    /// The same with `memory.copy` and `memory.fill` lowered to loops. The operators are disabled,
    /// so that wasmi rejects a module that still contains one.
    #[must_use]
    pub fn with_lowered_bulk() -> Self {
        let mut config = config();
        config.wasm_bulk_memory(false);
        let cache = Cache::bounded().with_options(Options {
            bulk: Bulk::Lower,
            ..Options::default()
        });
        Self {
            engine: wasmi::Engine::new(&config),
            cache,
        }
    }

    /// An engine that executes the operators of wide arithmetic itself: they are not lowered.
    #[must_use]
    pub fn with_wide_arithmetic() -> Self {
        let mut config = config();
        config.wasm_wide_arithmetic(true);
        let cache = Cache::bounded().with_options(Options {
            wide: Wide::Keep,
            ..Options::default()
        });
        Self {
            engine: wasmi::Engine::new(&config),
            cache,
        }
    }

    /// An engine without a cache, which compiles for every contract frame.
    #[must_use]
    pub fn without_cache() -> Self {
        Self {
            cache: Cache::none(),
            ..Self::new()
        }
    }
}

/// An instrumented module, compiled by [`Wasmi`].
#[derive(Clone, Debug)]
pub struct Compiled(Module);

/// For callers that instrument the module themselves, or change it afterwards.
impl Wasmi {
    /// Compiles an instrumented module without the cache.
    ///
    /// # Errors
    /// A [`Fault`] if wasmi rejects the module.
    pub fn compile(&self, emitted: &[u8]) -> Result<Compiled, Fault> {
        let module = Module::new(&self.engine, emitted);
        module.map(Compiled).map_err(own_fault)
    }

    /// A fresh instance of `compiled`, the compiled form of `module`.
    ///
    /// # Errors
    /// A [`Fault`] if wasmi cannot instantiate it.
    pub fn instance(
        &self,
        compiled: &Compiled,
        module: &Arc<CheckedModule>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let machine = WasmiMachine::new(&compiled.0, module.imports())?;
        Ok(Box::new(Session::new(machine, Arc::clone(module))))
    }
}

impl Default for Wasmi {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for Wasmi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let compiled = self.cache.get(module, rules, |bytes| self.compile(bytes))?;
        self.instance(&compiled, module)
    }
}

/// Only features that the instrumented module uses are enabled, so that wasmi rejects any other.
///
/// * Compilation is eager: a lazy one would fail in the middle of a contract frame.
/// * The recursion limit and the stack are above what the module's own counter allows.
/// * No fuel: the module counts its own gas, and a second meter would hide a bug of the first.
fn config() -> Config {
    let mut config = Config::default();
    config
        .set_max_recursion_depth(RECURSION_MAX)
        .set_max_stack_height(STACK_BYTES)
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_bulk_memory(true)
        .wasm_saturating_float_to_int(false)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        .wasm_reference_types(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_wide_arithmetic(false)
        .floats(false)
        .allow_start_fn(false)
        .consume_fuel(false)
        .compilation_mode(CompilationMode::Eager);
    config
}

/// A memory grows up to its maximum; a failed allocation is a failure of this host, not a -1.
fn store_limits() -> StoreLimits {
    StoreLimitsBuilder::new()
        .instances(1)
        .tables(1)
        .memories(1)
        .trap_on_grow_failure(true)
        .build()
}

/// The host error that passes a host call to the frame loop.
#[derive(Debug)]
struct Suspended(HostCall);

impl fmt::Display for Suspended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "suspended in {:?}", self.0.function)
    }
}

impl HostError for Suspended {}

/// One instance in wasmi.
#[derive(Debug)]
pub(crate) struct WasmiMachine {
    store: Store<StoreLimits>,
    instance: Instance,
    gas: Global,
    memory: Option<Memory>,
    suspended: Option<SuspendedCall>,
}

/// A call that waits for the result of a host function.
#[derive(Debug)]
struct SuspendedCall {
    call: ResumableCallHostTrap,
    /// Buffer for the result of the outermost function.
    results: Vec<Val>,
}

impl WasmiMachine {
    /// A fresh instance of an instrumented module with these imports.
    pub(crate) fn new(module: &Module, imports: &[Import]) -> Result<Self, Fault> {
        let mut store = Store::new(module.engine(), store_limits());
        store.limiter(|limiter| limiter);
        let externs = imports
            .iter()
            .map(|import| host_function(&mut store, import).map(Extern::Func))
            .collect::<Result<Vec<_>, _>>()?;
        let instance = Instance::new(&mut store, module, &externs).map_err(own_fault)?;
        let gas = instance.get_global(&store, GAS);
        let gas = gas.ok_or_else(|| fault(NAME, "the module does not export $gas"))?;
        let memory = instance.get_memory(&store, MEMORY);
        Ok(Self {
            store,
            instance,
            gas,
            memory,
            suspended: None,
        })
    }

    /// The event for the outcome of a call or of its resumption.
    fn event_of(
        &mut self,
        outcome: Result<ResumableCall, Error>,
        results: Vec<Val>,
    ) -> Result<Event, Fault> {
        match outcome {
            Ok(ResumableCall::Finished) => {
                let value = results.first().map(value_of).transpose()?;
                Ok(Event::Return(value))
            }
            Ok(ResumableCall::HostTrap(call)) => {
                let Some(Suspended(host_call)) = call.host_error().downcast_ref() else {
                    return Err(fault(NAME, call.host_error()));
                };
                let host_call = host_call.clone();
                self.suspended = Some(SuspendedCall { call, results });
                Ok(Event::HostCall(host_call))
            }
            Ok(ResumableCall::OutOfFuel(_)) => Err(fault(NAME, "fuel is off")),
            Err(error) => match error.as_trap_code() {
                Some(TrapCode::GrowthOperationLimited) => Err(Fault::HostMemory(error.to_string())),
                Some(code) => Ok(Event::Stopped {
                    trap: trap_of(code),
                    message: error.to_string(),
                }),
                None => Err(own_fault(error)),
            },
        }
    }
}

impl Machine for WasmiMachine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn has_function(&mut self, export: &str) -> bool {
        self.instance.get_func(&self.store, export).is_some()
    }

    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Event, Fault> {
        let function = self.instance.get_func(&self.store, export);
        let function = function.ok_or_else(|| fault(NAME, format!("no function {export}")))?;
        let result_types = function.ty(&self.store);
        let mut results: Vec<Val> = result_types
            .results()
            .iter()
            .map(|kind| Val::default_for_ty(*kind))
            .collect();
        let arguments: Vec<Val> = arguments.iter().copied().map(val_of).collect();
        let outcome = function.call_resumable(&mut self.store, &arguments, &mut results);
        self.event_of(outcome, results)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Event, Fault> {
        let Some(SuspendedCall { call, mut results }) = self.suspended.take() else {
            return Err(Fault::invariant("wasmi: resumed without a host call"));
        };
        let inputs: Vec<Val> = result.into_iter().map(val_of).collect();
        let outcome = call.resume(&mut self.store, &inputs, &mut results);
        self.event_of(outcome, results)
    }

    fn gas(&mut self) -> Result<i64, Fault> {
        let value = self.gas.get(&self.store);
        value.i64().ok_or_else(|| fault(NAME, "$gas is not an i64"))
    }

    fn set_gas(&mut self, remaining: i64) -> Result<(), Fault> {
        self.gas
            .set(&mut self.store, Val::I64(remaining))
            .map_err(|error| fault(NAME, error))
    }

    fn global(&mut self, export: &str) -> Result<Value, Fault> {
        let global = self.instance.get_global(&self.store, export);
        let global = global.ok_or_else(|| fault(NAME, format!("no global {export}")))?;
        value_of(&global.get(&self.store))
    }

    fn memory(&mut self) -> &mut [u8] {
        match self.memory {
            Some(memory) => memory.data_mut(&mut self.store),
            None => &mut [],
        }
    }
}

/// A host function that only suspends the guest, with its call.
fn host_function(store: &mut Store<StoreLimits>, import: &Import) -> Result<Func, Fault> {
    let function = import.function;
    let row = host_api::table::row(function)
        .ok_or_else(|| Fault::invariant(format!("{function:?} has no row in the host table")))?;
    let parameters: Vec<ValType> = row.parameters().map(wasmi_type).collect();
    let signature = FuncType::new(parameters, row.result.map(wasmi_type));
    Ok(Func::new(store, signature, move |_, arguments, _| {
        let values = arguments
            .iter()
            .map(|argument| value_of(argument).map(Value::to_bits));
        let arguments = values
            .collect::<Result<_, _>>()
            .map_err(|error| Error::new(error.to_string()))?;
        Err(Error::host(Suspended(HostCall {
            function,
            arguments,
        })))
    }))
}

const fn wasmi_type(kind: Type) -> ValType {
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

/// The [`Trap`] for wasmi's trap code; `None` if the instrumented module cannot raise it.
const fn trap_of(code: TrapCode) -> Option<Trap> {
    match code {
        TrapCode::UnreachableCodeReached => Some(Trap::Unreachable),
        TrapCode::IntegerDivisionByZero => Some(Trap::IntegerDivideByZero),
        TrapCode::IntegerOverflow => Some(Trap::IntegerOverflow),
        TrapCode::MemoryOutOfBounds => Some(Trap::MemoryOutOfBounds),
        TrapCode::TableOutOfBounds => Some(Trap::TableOutOfBounds),
        TrapCode::IndirectCallToNull => Some(Trap::IndirectCallToNull),
        TrapCode::BadSignature => Some(Trap::IndirectCallTypeMismatch),
        TrapCode::StackOverflow
        | TrapCode::BadConversionToInteger
        | TrapCode::OutOfFuel
        | TrapCode::GrowthOperationLimited
        | TrapCode::OutOfSystemMemory => None,
    }
}

fn own_fault(error: Error) -> Fault {
    fault(NAME, error)
}
