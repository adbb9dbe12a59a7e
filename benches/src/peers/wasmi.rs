//! Runs kernels in wasmi, with and without fuel.

use crate::Measured;
use crate::clock::time;
use crate::contender::{CallMeasurement, LoadTimes, Runner, Sample};
use crate::lockstep::{PLENTY, Range, emit_event, storage_read, storage_write};
use crate::statistics::per;
use crate::workload::{self, Kernel};
use std::hint::black_box;
use wasmi::{Caller, CompilationMode, Config, Engine, Error, Instance, Linker, Memory};
use wasmi::{Module, Store};

/// Whether wasmi meters fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fuel {
    On,
    Off,
}

/// The guest's memory, looked up once for each instance.
type WasmiMemory = Option<Memory>;

fn engine(fuel: Fuel, mode: CompilationMode) -> Engine {
    let mut config = Config::default();
    config.consume_fuel(fuel == Fuel::On).compilation_mode(mode);
    Engine::new(&config)
}

fn range(start: u32, length: u32) -> Range {
    let wide = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    (wide(start), wide(length))
}

/// Runs a host call on the guest's memory; an error ends the guest.
fn with_memory<T>(
    caller: &mut Caller<'_, WasmiMemory>,
    host_call: impl FnOnce(&mut [u8]) -> Option<T>,
) -> Result<T, Error> {
    let failed = || Error::new("a host call has a range outside of memory");
    let memory = (*caller.data()).ok_or_else(failed)?;
    host_call(memory.data_mut(caller)).ok_or_else(failed)
}

fn linker(engine: &Engine) -> Measured<Linker<WasmiMemory>> {
    let mut linker = Linker::new(engine);
    let module = host_api::MODULE;
    linker.func_wrap(
        module,
        "storage_read",
        |mut caller: Caller<'_, WasmiMemory>, key: u32, key_len: u32, dst: u32, cap: u32| {
            with_memory(&mut caller, |memory| {
                storage_read(memory, range(key, key_len), range(dst, cap))
            })
        },
    )?;
    linker.func_wrap(
        module,
        "storage_write",
        |mut caller: Caller<'_, WasmiMemory>,
         key: u32,
         key_len: u32,
         value: u32,
         value_len: u32| {
            with_memory(&mut caller, |memory| {
                storage_write(memory, range(key, key_len), range(value, value_len))
            })
        },
    )?;
    linker.func_wrap(
        module,
        "emit_event",
        |mut caller: Caller<'_, WasmiMemory>,
         topics: u32,
         _count: u32,
         data: u32,
         data_len: u32| {
            with_memory(&mut caller, |memory| {
                emit_event(memory, range(topics, 0).0, range(data, data_len))
            })
        },
    )?;
    Ok(linker)
}

/// A module compiled by wasmi, with engine and linker.
struct WasmiModule {
    engine: Engine,
    module: Module,
    linker: Linker<WasmiMemory>,
    fuel: Fuel,
}

impl WasmiModule {
    fn new(wasm: &[u8], fuel: Fuel) -> Measured<Self> {
        let engine = engine(fuel, CompilationMode::Eager);
        Ok(Self {
            module: Module::new(&engine, wasm)?,
            linker: linker(&engine)?,
            engine,
            fuel,
        })
    }

    fn instantiate(&self) -> Measured<(Store<WasmiMemory>, Instance)> {
        let mut store = Store::new(&self.engine, None);
        if self.fuel == Fuel::On {
            store.set_fuel(PLENTY)?;
        }
        let instance = self
            .linker
            .instantiate_and_start(&mut store, &self.module)?;
        *store.data_mut() = instance.get_memory(&store, "memory");
        Ok((store, instance))
    }
}

pub(crate) fn runner(kernel: &Kernel, fuel: Fuel) -> Measured<Runner> {
    let loaded = WasmiModule::new(kernel.wasm, fuel)?;
    Ok(Box::new(move |size| {
        kernels::env::reset();
        let (mut store, instance) = loaded.instantiate()?;
        let run = instance.get_typed_func::<u32, u64>(&store, "run")?;
        let (nanoseconds, checksum) = time(|| run.call(&mut store, black_box(size)));
        let gas = match fuel {
            Fuel::On => Some(PLENTY.saturating_sub(store.get_fuel()?)),
            Fuel::Off => None,
        };
        Ok(Sample {
            nanoseconds,
            checksum: checksum?,
            gas,
        })
    }))
}

pub(crate) fn calls() -> Measured<Vec<CallMeasurement>> {
    let kernel = workload::token()?;
    let loaded = || WasmiModule::new(kernel.wasm, Fuel::On);
    let entering = WasmiModule::new(workload::EMPTY, Fuel::On)?;
    let (transferring, instantiating) = (loaded()?, loaded()?);
    Ok(vec![
        (
            "empty",
            "wasmi-fuel",
            Box::new(move |count| {
                let (mut store, instance) = entering.instantiate()?;
                let empty = instance.get_typed_func::<(), ()>(&store, "empty")?;
                let (nanoseconds, ended) =
                    time(|| (0..count).try_for_each(|_| empty.call(&mut store, ())));
                ended?;
                Ok(per(nanoseconds, count))
            }),
        ),
        (
            "transfer",
            "wasmi-fuel",
            Box::new(move |count| {
                kernels::env::reset();
                let (mut store, instance) = transferring.instantiate()?;
                let run = instance.get_typed_func::<u32, u64>(&store, "run")?;
                let rounds = u32::try_from(count)?;
                let (nanoseconds, ended) = time(|| run.call(&mut store, rounds));
                ended?;
                Ok(per(nanoseconds, count))
            }),
        ),
        (
            "instantiate",
            "wasmi-fuel",
            Box::new(move |count| {
                let (nanoseconds, ended) = time(|| {
                    (0..count).try_for_each(|_| -> Measured<()> {
                        let (mut store, instance) = instantiating.instantiate()?;
                        let empty = instance.get_typed_func::<(), ()>(&store, "empty")?;
                        Ok(empty.call(&mut store, ())?)
                    })
                });
                ended?;
                Ok(per(nanoseconds, count))
            }),
        ),
    ])
}

/// Nanoseconds of compiling a module: eagerly, and lazily at the first call of each function.
pub(crate) fn load(wasm: &[u8]) -> Measured<LoadTimes> {
    let modes = [
        ("wasmi", Fuel::Off, CompilationMode::Eager),
        ("wasmi-fuel", Fuel::On, CompilationMode::Eager),
        ("wasmi-lazy", Fuel::Off, CompilationMode::LazyTranslation),
    ];
    let mut times = Vec::new();
    for (name, fuel, mode) in modes {
        let engine = engine(fuel, mode);
        let (nanoseconds, module) = time(|| Module::new(&engine, wasm));
        module?;
        times.push((name, nanoseconds));
    }
    Ok(times)
}
