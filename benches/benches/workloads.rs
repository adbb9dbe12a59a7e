//! Tracks the interpreter's performance over time with criterion: kernels, loading, calls.
//!
//! `cargo bench -p benches`. For comparisons with other engines see docs/performance.md.

use benches::Measured;
use benches::linked::{COUNTER, linked};
use benches::lockstep::{LoadedModule, drive, interpreter, on};
use benches::workload::{KERNELS, token};
use criterion::{Criterion, Throughput};
use std::hint::black_box;

fn execute(criterion: &mut Criterion) -> Measured<()> {
    let mut group = criterion.benchmark_group("execute");
    for kernel in KERNELS {
        let mut runner = on(interpreter(), kernel)?;
        runner(kernel.small)?;
        group.bench_function(kernel.name, |bencher| {
            bencher.iter(|| runner(black_box(kernel.small)));
        });
    }
    group.finish();
    Ok(())
}

fn loading(criterion: &mut Criterion) -> Measured<()> {
    let mut group = criterion.benchmark_group("load");
    for (name, wasm) in [("contract", COUNTER.to_vec()), ("300KB", linked(300_000)?)] {
        group.throughput(Throughput::Bytes(u64::try_from(wasm.len())?));
        group.bench_function(name, |bencher| {
            bencher.iter(|| LoadedModule::new(interpreter(), black_box(&wasm))?.instantiate());
        });
    }
    group.finish();
    Ok(())
}

fn frames(criterion: &mut Criterion) -> Measured<()> {
    let loaded = LoadedModule::new(interpreter(), token()?.wasm)?;
    let empty = loaded.function("empty")?;
    criterion.bench_function("instantiate and call", |bencher| {
        bencher.iter(|| drive(loaded.instantiate()?.as_mut(), empty, Vec::new()));
    });
    Ok(())
}

fn main() -> Measured<()> {
    let mut criterion = Criterion::default().configure_from_args();
    execute(&mut criterion)?;
    loading(&mut criterion)?;
    frames(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
