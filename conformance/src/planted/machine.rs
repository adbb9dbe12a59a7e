//! Runs a module that calls no host function in wasmi, for emitted modules that we have broken.

use emitted::machine::{Event, Machine, RECURSION_MAX, STACK_BYTES, fault};
use vm::unstable::emit::{GAS, MEMORY};
use vm::unstable::execution::Value;
use vm::{Fault, Trap};
use wasmi::{Config, Global, Instance, Memory, Module, Store, TrapCode, Val};

const NAME: &str = "planted";

/// One instance.
pub(super) struct PlantedMachine {
    store: Store<()>,
    instance: Instance,
    gas: Global,
    memory: Option<Memory>,
}

/// Compiles an emitted module.
pub(super) fn compile(bytes: &[u8]) -> Result<Module, Fault> {
    let mut config = Config::default();
    config
        .set_max_recursion_depth(RECURSION_MAX)
        .set_max_stack_height(STACK_BYTES);
    Module::new(&wasmi::Engine::new(&config), bytes).map_err(|error| fault(NAME, error))
}

impl PlantedMachine {
    pub(super) fn new(module: &Module) -> Result<Self, Fault> {
        let mut store = Store::new(module.engine(), ());
        let instance =
            Instance::new(&mut store, module, &[]).map_err(|error| fault(NAME, error))?;
        let gas = instance
            .get_global(&store, GAS)
            .ok_or_else(|| fault(NAME, "no $gas"))?;
        let memory = instance.get_memory(&store, MEMORY);
        Ok(Self {
            store,
            instance,
            gas,
            memory,
        })
    }
}

impl Machine for PlantedMachine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn has_function(&mut self, export: &str) -> bool {
        self.instance.get_func(&self.store, export).is_some()
    }

    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Event, Fault> {
        let function = self.instance.get_func(&self.store, export);
        let function = function.ok_or_else(|| fault(NAME, export))?;
        let kinds = function.ty(&self.store);
        let mut results: Vec<Val> = kinds
            .results()
            .iter()
            .map(|kind| Val::default_for_ty(*kind))
            .collect();
        let arguments: Vec<Val> = arguments
            .iter()
            .map(|argument| match argument {
                Value::I32(value) => Val::I32(*value),
                Value::I64(value) => Val::I64(*value),
            })
            .collect();
        match function.call(&mut self.store, &arguments, &mut results) {
            Ok(()) => Ok(Event::Return(results.first().map(value_of).transpose()?)),
            Err(error) => match error.as_trap_code() {
                Some(code) => Ok(Event::Stopped {
                    trap: trap_of(code),
                    message: error.to_string(),
                }),
                None => Err(fault(NAME, error)),
            },
        }
    }

    fn resume(&mut self, _result: Option<Value>) -> Result<Event, Fault> {
        Err(fault(NAME, "no host call is possible"))
    }

    fn gas(&mut self) -> Result<i64, Fault> {
        self.gas
            .get(&self.store)
            .i64()
            .ok_or_else(|| fault(NAME, "$gas"))
    }

    fn set_gas(&mut self, remaining: i64) -> Result<(), Fault> {
        let set = self.gas.set(&mut self.store, Val::I64(remaining));
        set.map_err(|error| fault(NAME, error))
    }

    fn global(&mut self, export: &str) -> Result<Value, Fault> {
        let global = self.instance.get_global(&self.store, export);
        value_of(&global.ok_or_else(|| fault(NAME, export))?.get(&self.store))
    }

    fn memory(&mut self) -> &mut [u8] {
        match self.memory {
            Some(memory) => memory.data_mut(&mut self.store),
            None => &mut [],
        }
    }
}

fn value_of(val: &Val) -> Result<Value, Fault> {
    match val {
        Val::I32(value) => Ok(Value::I32(*value)),
        Val::I64(value) => Ok(Value::I64(*value)),
        other => Err(fault(NAME, format!("{other:?}"))),
    }
}

const fn trap_of(code: TrapCode) -> Option<Trap> {
    match code {
        TrapCode::UnreachableCodeReached => Some(Trap::Unreachable),
        TrapCode::IntegerDivisionByZero => Some(Trap::IntegerDivideByZero),
        TrapCode::IntegerOverflow => Some(Trap::IntegerOverflow),
        TrapCode::MemoryOutOfBounds => Some(Trap::MemoryOutOfBounds),
        TrapCode::TableOutOfBounds => Some(Trap::TableOutOfBounds),
        TrapCode::IndirectCallToNull => Some(Trap::IndirectCallToNull),
        TrapCode::BadSignature => Some(Trap::IndirectCallTypeMismatch),
        _ => None,
    }
}
