//! Measures the interpreter with and without wide arithmetic: the same sources, compiled twice.

use crate::clock::time;
use crate::lockstep::{interpreter, on, reference};
use crate::statistics::{median, ratio};
use crate::workload::{AMM, Kernel, u256_kernels};
use crate::{Measured, Runner};
use contract_types::{Invocation, amm, token};
use serde::Serialize;
use std::collections::BTreeSet;
use testkit::{Address, Call, World};
use vm::CodeHash;

/// Amount of the trade: more than a word, so that the products have 256 bits.
const AMOUNT: u128 = 1 << 70 | 12_345;
/// Times a call is made between two clock readings.
const CALLS: usize = 20;

/// One program without and with wide arithmetic, in this order.
#[derive(Clone, Debug, Serialize)]
pub struct WideRow {
    /// Name of the program.
    pub name: &'static str,
    /// Median time of a run, in nanoseconds.
    pub ns: [f64; 2],
    /// Time without divided by time with.
    pub speedup: f64,
    /// Gas of a run.
    pub gas: [String; 2],
    /// Size of the module in bytes.
    pub bytes: [usize; 2],
}

/// The kernel u256, and `swap` and `quote` of the sample contract amm.
///
/// # Errors
/// If a module is rejected or a run fails, if both builds differ in a result, or if the interpreter
/// differs from R in gas.
pub fn report(rounds: usize, quick: bool) -> Measured<Vec<WideRow>> {
    let mut rows = vec![kernel(rounds, quick)?];
    let worlds = [Pool::new(AMM[0])?, Pool::new(AMM[1])?];
    for name in ["swap", "quote"] {
        rows.push(pool(name, &worlds, rounds)?);
    }
    Ok(rows)
}

fn kernel(rounds: usize, quick: bool) -> Measured<WideRow> {
    let kernels = u256_kernels()?;
    let size = if quick {
        kernels[0].small
    } else {
        kernels[0].size
    };
    let mut gas = [0, 0];
    for (gas, kernel) in gas.iter_mut().zip(&kernels) {
        let samples = [
            on(interpreter(), kernel)?(kernel.small)?,
            reference(kernel)?(kernel.small)?,
        ];
        if samples[0].gas != samples[1].gas || samples[0].checksum != samples[1].checksum {
            return Err(format!("{samples:?} differ: interpreter, R").into());
        }
        let ours = on(interpreter(), kernel)?(size)?;
        *gas = ours.gas.unwrap_or_default();
    }
    let load = |kernel: &Kernel| on(interpreter(), kernel);
    let mut runners: [Runner; 2] = [load(&kernels[0])?, load(&kernels[1])?];
    let mut times: [Vec<f64>; 2] = Default::default();
    for round in 0..=rounds {
        let mut checksums = BTreeSet::new();
        for (runner, times) in runners.iter_mut().zip(&mut times) {
            let sample = runner(size)?;
            checksums.insert(sample.checksum);
            if round > 0 {
                times.push(sample.nanoseconds);
            }
        }
        if checksums.len() > 1 {
            return Err("the two builds of u256 have different results".into());
        }
    }
    let bytes = [kernels[0].wasm.len(), kernels[1].wasm.len()];
    Ok(row("u256", &times, gas, bytes))
}

fn row(name: &'static str, times: &[Vec<f64>; 2], gas: [u64; 2], bytes: [usize; 2]) -> WideRow {
    let [without, with] = times.each_ref().map(|times| median(times));
    WideRow {
        name,
        ns: [without, with],
        speedup: ratio(without, with),
        gas: gas.map(|gas| gas.to_string()),
        bytes,
    }
}

/// A pool with liquidity, in a world of its own.
struct Pool {
    world: World,
    alice: Address,
    contract: Address,
    bytes: usize,
}

impl Pool {
    fn new(wasm: &[u8]) -> Measured<Self> {
        let mut world = World::new();
        let alice = world.account("alice", 1_000_000);
        let supply = token::init(1 << 100);
        let first = deploy(&mut world, alice, TOKEN, &supply)?;
        let second = deploy(&mut world, alice, TOKEN, &supply)?;
        let contract = deploy(&mut world, alice, wasm, &amm::init(first, second))?;
        let mut calls = vec![(contract, amm::add_liquidity(1 << 80, 3 << 80, 0))];
        for token in [first, second] {
            calls.insert(0, (token, token::approve(contract, u128::MAX)));
        }
        for (to, invocation) in calls {
            let call = call_by(alice, to, invocation);
            world.call(&call).map_err(|failure| failure.to_string())?;
        }
        let bytes = wasm.len();
        Ok(Self {
            world,
            alice,
            contract,
            bytes,
        })
    }

    /// Time of one call in nanoseconds, and its gas; the state stays as it is.
    fn call(&self, name: &str) -> Measured<(f64, u64)> {
        let amount = AMOUNT;
        let invocation = match name {
            "swap" => amm::swap(true, amount, 1, 1),
            _ => amm::quote(true, amount),
        };
        let call = call_by(self.alice, self.contract, invocation);
        let mut gas = 0;
        let (nanoseconds, ended) = time(|| {
            (0..CALLS).try_for_each(|_| -> Measured<()> {
                let outcome = self
                    .world
                    .outcome(&call)
                    .map_err(|failure| failure.to_string())?;
                gas = outcome.gas_used.0;
                Ok(())
            })
        });
        ended?;
        Ok((crate::statistics::per(nanoseconds, CALLS), gas))
    }
}

const TOKEN: &[u8] = include_bytes!("../../contracts/wasm/token.wasm");

fn call_by(from: Address, contract: Address, invocation: Invocation) -> Call {
    Call::raw(contract, invocation.entry, invocation.input).from(from)
}

fn deploy(world: &mut World, from: Address, wasm: &[u8], call: &Invocation) -> Measured<Address> {
    let code_hash = world.upload(wasm).map_err(|failure| failure.to_string())?;
    let (salt, input) = (world.salt(), call.input.clone());
    let deployment = Call::deployment(CodeHash(code_hash), salt, call.entry, input).from(from);
    let receipt = world
        .call(&deployment)
        .map_err(|failure| failure.to_string())?;
    Ok(receipt.contract)
}

fn pool(name: &'static str, worlds: &[Pool; 2], rounds: usize) -> Measured<WideRow> {
    let mut times: [Vec<f64>; 2] = Default::default();
    let mut gas = [0, 0];
    for round in 0..=rounds {
        for ((world, times), gas) in worlds.iter().zip(&mut times).zip(&mut gas) {
            let (nanoseconds, used) = world.call(name)?;
            *gas = used;
            if round > 0 {
                times.push(nanoseconds);
            }
        }
    }
    Ok(row(name, &times, gas, [worlds[0].bytes, worlds[1].bytes]))
}
