//! Runs emitted modules in wasmi, suspended at each host call by an error of ours.
//!
//! wasmi resumes a call whose host function failed with a host error (`call_resumable`), which is
//! the suspension that the seam asks for: no thread, no copy of the memory.

use emitted::Session;
use emitted::cache::Cache;
use emitted::machine::{Event, Machine, RECURSION_MAX, STACK_BYTES, fault};
use host_api::Type;
use std::fmt;
use std::sync::Arc;
use vm::unstable::emit::{Bulk, GAS, MEMORY, Options};
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

/// wasmi behind the seam.
#[derive(Debug)]
pub struct Wasmi {
    engine: wasmi::Engine,
    cache: Cache<Compiled>,
}

impl Wasmi {
    /// An engine that keeps compiled modules.
    #[must_use]
    pub fn new() -> Self {
        Self {
            engine: wasmi::Engine::new(&config()),
            cache: Cache::bounded(),
        }
    }

    /// The same with `memory.copy` and `memory.fill` lowered to loops: the operators are off, so
    /// that wasmi refuses a module that still holds one.
    #[must_use]
    pub fn with_lowered_bulk() -> Self {
        let mut config = config();
        config.wasm_bulk_memory(false);
        let cache = Cache::bounded().with_options(Options { bulk: Bulk::Lower });
        Self {
            engine: wasmi::Engine::new(&config),
            cache,
        }
    }

    /// An engine that compiles for every frame: a node whose cache is off must not differ.
    #[must_use]
    pub fn without_cache() -> Self {
        Self {
            cache: Cache::none(),
            ..Self::new()
        }
    }
}

/// An emitted module as [`Wasmi`] has compiled it.
#[derive(Clone, Debug)]
pub struct Compiled(Module);

/// For who has emitted the module, or broken it since.
impl Wasmi {
    /// Compiles an emitted module; the cache is not asked.
    ///
    /// # Errors
    /// A [`Fault`] if wasmi refuses the module.
    pub fn compile(&self, emitted: &[u8]) -> Result<Compiled, Fault> {
        let module = Module::new(&self.engine, emitted);
        module.map(Compiled).map_err(own_fault)
    }

    /// A fresh instance of `compiled`, which stands for `module`.
    ///
    /// # Errors
    /// A [`Fault`] if wasmi cannot make one.
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

/// Only what the emitted module uses is on, so that wasmi refuses it if the emitter goes beyond.
///
/// * Compilation is eager: a lazy failure would come in the middle of a frame.
/// * The recursion limit and the stack are above what the module's own counter allows.
/// * No fuel: gas is the module's own, and a second meter would hide a mistake of the first.
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
        .floats(false)
        .allow_start_fn(false)
        .consume_fuel(false)
        .compilation_mode(CompilationMode::Eager);
    config
}

/// A memory grows as its type says; an allocation that fails is this machine's failure, not a -1.
fn store_limits() -> StoreLimits {
    StoreLimitsBuilder::new()
        .instances(1)
        .tables(1)
        .memories(1)
        .trap_on_grow_failure(true)
        .build()
}

/// The error by which a host function hands its call to the frame loop.
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
    pending: Option<Pending>,
}

/// A call that waits for the host.
#[derive(Debug)]
struct Pending {
    call: ResumableCallHostTrap,
    /// Where wasmi writes the result of the outermost function.
    results: Vec<Val>,
}

impl WasmiMachine {
    /// A fresh instance of an emitted module with these imports.
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
            pending: None,
        })
    }

    fn follow(
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
                let Some(Suspended(asked)) = call.host_error().downcast_ref() else {
                    return Err(fault(NAME, call.host_error()));
                };
                let asked = asked.clone();
                self.pending = Some(Pending { call, results });
                Ok(Event::HostCall(asked))
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
        self.follow(outcome, results)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Event, Fault> {
        let Some(Pending { call, mut results }) = self.pending.take() else {
            return Err(Fault::invariant("wasmi: resumed without a host call"));
        };
        let inputs: Vec<Val> = result.into_iter().map(val_of).collect();
        let outcome = call.resume(&mut self.store, &inputs, &mut results);
        self.follow(outcome, results)
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

/// A host function that does nothing but say that it was called, and with what.
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

/// wasmi's trap in our numbers; `None` where the emitted module cannot raise it.
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
