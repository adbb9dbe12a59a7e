//! Generates one module of the profile from a seed, by wasm-smith and a rewriting pass of our own.
//!
//! wasm-smith generates types, structure and arithmetic. Bulk memory is off, because with it nearly
//! every module has passive segments. [`super::rewrite`] writes imports, exports, segments and the
//! start function, and [`inject`](super::inject) inserts host calls, bulk operators and floats
//! between the operators. So `check` accepts every module, and every operator is reached.

use super::random::Random;
use super::rewrite;
use crate::program::{Program, ProgramInputs};
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::{CheckedModule, Rejection, Rules};
use wasm_smith::MemoryOffsetChoices;

/// Gas limit of the run that finds the total, without host calls: endless loops are common, and two
/// pages of memory cost 600,000.
const PROBE_GAS: u64 = 700_000;
/// The same with host calls: a cold storage key alone costs half a million gas.
const PROBE_GAS_HOST: u64 = 3_000_000;
/// Number of bytes from which wasm-smith takes its decisions.
const ENTROPY_BYTES: u64 = 3_000;

/// Numbers at which arithmetic, addresses and shifts change their behaviour.
pub const EDGES: [u64; 16] = [
    0,
    1,
    2,
    31,
    64,
    0xff,
    0x7fff,
    0xfff8,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];

/// The module of `seed`, encoded.
///
/// # Errors
/// The error of wasm-smith or of the rewriting pass, which is a bug of the generator.
pub fn bytes(seed: u64) -> Result<Vec<u8>, String> {
    let mut random = Random::new(seed);
    let config = config(&mut random);
    let count = ENTROPY_BYTES.saturating_sub(random.below(ENTROPY_BYTES.saturating_sub(200)));
    let entropy = random.bytes(usize::try_from(count).unwrap_or_default());
    let module = wasm_smith::Module::new(config, &mut arbitrary::Unstructured::new(&entropy));
    let module = module.map_err(|error| format!("seed {seed}: wasm-smith: {error}"))?;
    rewrite::rewrite(&module.to_bytes(), &mut random)
        .map_err(|error| format!("seed {seed}: rewriting: {error}"))
}

/// The program of `seed`: its module, one of its functions, arguments, input.
///
/// # Errors
/// The same as [`bytes`]; or the module is rejected, which is a bug of the generator too.
pub fn program(seed: u64, rules: &Arc<Rules>) -> Result<Program, String> {
    let module = vm::check(&bytes(seed)?, rules);
    let module = module.map_err(|refused| rejected(seed, &refused))?;
    Ok(program_of(seed, Arc::new(module), rules))
}

/// A program that runs one function of `module`, drawn from `seed`.
#[must_use]
pub fn program_of(seed: u64, module: Arc<CheckedModule>, rules: &Arc<Rules>) -> Program {
    let mut random = Random::new(seed ^ 0x5eed);
    let functions = Program::functions(&module);
    let entry = random.choose(&functions).map_or(0, |(_, index)| *index);
    let parameters = module
        .function_type(entry)
        .map(|signature| signature.parameters.clone());
    let arguments = parameters
        .into_iter()
        .flatten()
        .map(|kind| Value::from_bits(kind, random.choose(&EDGES).copied().unwrap_or_default()))
        .collect();
    let probe_gas = if module.imports().is_empty() {
        PROBE_GAS
    } else {
        PROBE_GAS_HOST
    };
    let size = usize::try_from(random.below(40)).unwrap_or_default();
    let inputs = ProgramInputs {
        input: random.bytes(size),
        is_static: random.one_in(8),
        ..ProgramInputs::default()
    };
    let name = format!("seed {seed}");
    let rules = Arc::clone(rules);
    Program {
        name,
        module,
        rules,
        entry,
        arguments,
        inputs,
        probe_gas,
    }
}

fn rejected(seed: u64, rejection: &Rejection) -> String {
    format!("seed {seed}: rejected: {rejection:?}")
}

/// Every seed switches some features off, so that rare combinations occur.
fn config(random: &mut Random) -> wasm_smith::Config {
    let floats = random.one_in(8);
    let mut upto = |maximum: u64| usize::try_from(random.below(maximum)).unwrap_or_default();
    let (functions, globals, types) = (upto(7), upto(6), upto(8));
    let (instructions, nesting, tables, memories) = (upto(100), upto(8), upto(2), upto(4));
    wasm_smith::Config {
        allow_floats: floats,
        saturating_float_to_int_enabled: floats,
        disallow_traps: random.one_in(3),
        min_funcs: 1,
        max_funcs: functions.saturating_add(1),
        max_globals: globals,
        max_types: types.saturating_add(1),
        min_types: 1,
        max_instructions: instructions.saturating_add(8),
        max_nesting_depth: nesting.saturating_add(2),
        max_tables: tables,
        max_table_elements: 16,
        max_memories: memories.min(1),
        max_memory32_bytes: 4 * 65_536,
        memory_offset_choices: MemoryOffsetChoices(75, 24, 1),
        max_imports: 0,
        max_exports: 0,
        max_data_segments: 0,
        max_element_segments: 0,
        max_tags: 0,
        allow_start_export: false,
        bulk_memory_enabled: false,
        reference_types_enabled: false,
        multi_value_enabled: false,
        memory64_enabled: false,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        compact_imports_enabled: false,
        wide_arithmetic_enabled: true,
        ..wasm_smith::Config::default()
    }
}
