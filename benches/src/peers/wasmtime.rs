//! Runs kernels in wasmtime with fuel: the compilers Cranelift (optimising) and Winch (baseline).

use crate::Measured;
use crate::clock::time;
use crate::contender::{Runner, Sample};
use crate::lockstep::{PLENTY, Range, emit_event, storage_read, storage_write};
use crate::workload::Kernel;
use std::hint::black_box;
use wasmtime::{Caller, Config, Engine, Error, Linker, Memory, Module, Store, Strategy};

/// The guest's memory, looked up once for each instance.
type WasmtimeMemory = Option<Memory>;

fn range(start: u32, length: u32) -> Range {
    let wide = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    (wide(start), wide(length))
}

/// Runs a host call on the guest's memory; an error ends the guest.
fn with_memory<T>(
    caller: &mut Caller<'_, WasmtimeMemory>,
    host_call: impl FnOnce(&mut [u8]) -> Option<T>,
) -> Result<T, Error> {
    let failed = || Error::msg("a host call has a range outside of memory");
    let memory = (*caller.data()).ok_or_else(failed)?;
    host_call(memory.data_mut(caller)).ok_or_else(failed)
}

fn linker(engine: &Engine) -> Result<Linker<WasmtimeMemory>, Error> {
    let mut linker = Linker::new(engine);
    let module = host_api::MODULE;
    linker.func_wrap(
        module,
        "storage_read",
        |mut caller: Caller<'_, WasmtimeMemory>, key: u32, key_len: u32, dst: u32, cap: u32| {
            with_memory(&mut caller, |memory| {
                storage_read(memory, range(key, key_len), range(dst, cap))
            })
        },
    )?;
    linker.func_wrap(
        module,
        "storage_write",
        |mut caller: Caller<'_, WasmtimeMemory>,
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
        |mut caller: Caller<'_, WasmtimeMemory>,
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

pub(crate) fn runner(kernel: &Kernel, strategy: Strategy) -> Measured<Runner> {
    let mut config = Config::new();
    config.consume_fuel(true).strategy(strategy);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, kernel.wasm)?;
    let linker = linker(&engine)?;
    Ok(Box::new(move |size| {
        kernels::env::reset();
        let mut store = Store::new(&engine, None);
        store.set_fuel(PLENTY)?;
        let instance = linker.instantiate(&mut store, &module)?;
        *store.data_mut() = instance.get_memory(&mut store, "memory");
        let run = instance.get_typed_func::<u32, u64>(&mut store, "run")?;
        let (nanoseconds, checksum) = time(|| run.call(&mut store, black_box(size)));
        Ok(Sample {
            nanoseconds,
            checksum: checksum?,
            gas: Some(PLENTY.saturating_sub(store.get_fuel()?)),
        })
    }))
}
