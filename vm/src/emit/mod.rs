//! Writes the instrumented module: standard WebAssembly that charges gas itself.
//!
//! Any engine with the MVP, sign extension and `memory.copy`/`memory.fill` agrees with R on result,
//! trap, memory and gas, to the unit: wide arithmetic is lowered, unless [`Wide::Keep`] is chosen.
//! This is our strongest check of the metering; a node never executes blocks with it.
//!
//! All indices of the original stay; types, globals and functions are appended, no import is added.
//! The added exports are `$gas`, `$stack`, `$trap`, `$memory`, `$global.N` and `$start`. `check`
//! rejects exports whose name starts with `$`, so names cannot collide.
//!
//! Specification: docs/spec/emitted.md, "Charges".

mod body;

mod bulk;

mod indices;

mod sections;

mod wide;

use crate::{CheckedModule, Rules};
use indices::AppendedIndices;

/// Name of the exported mutable `i64` global with the remaining gas; -1 is out of gas.
pub const GAS: &str = "$gas";
/// Name of the exported mutable `i32` global with the weight of the active functions.
pub const STACK: &str = "$stack";
/// Name of the exported mutable `i32` global with the code of a trap that the engine does not have.
pub const TRAP: &str = "$trap";
/// Name of the exported memory.
pub const MEMORY: &str = "$memory";
/// Name of the exported start function.
pub const START: &str = "$start";
/// Prefix of the exported globals of the original.
pub const GLOBAL_PREFIX: &str = "$global.";

/// Options of the instrumented module; none changes what it computes or charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How `memory.copy` and `memory.fill` are emitted.
    pub bulk: Bulk,
    /// How wide arithmetic is emitted.
    pub wide: Wide,
}

/// How `memory.copy` and `memory.fill` are emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bulk {
    /// They are kept: the engine supports them.
    #[default]
    Keep,
    /// They become calls of added byte loops: the engine needs only the MVP and sign extension.
    Lower,
}

/// How `i64.add128`, `i64.sub128`, `i64.mul_wide_s` and `i64.mul_wide_u` are emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wide {
    /// They become calls of added functions: the engine needs no wide arithmetic.
    #[default]
    Lower,
    /// They are kept: the engine supports them. The second decoder of `conformance` does not.
    Keep,
}

/// The instrumented module of `module` with the prices of `rules`.
#[must_use]
pub fn emit(module: &CheckedModule, rules: &Rules) -> Vec<u8> {
    emit_with(module, rules, Options::default())
}

/// As [`emit`], with `options`.
#[must_use]
pub fn emit_with(module: &CheckedModule, rules: &Rules, options: Options) -> Vec<u8> {
    let indices = AppendedIndices::of(module, options);
    let mut out = wasm_encoder::Module::new();
    sections::types(module, &indices, &mut out);
    sections::imports(module, &mut out);
    sections::functions(module, &indices, &mut out);
    sections::table(module, &mut out);
    sections::memory(module, &mut out);
    sections::globals(module, &indices, &mut out);
    sections::exports(module, &indices, &mut out);
    sections::elements(module, &mut out);
    body::code(module, &indices, rules, &mut out);
    sections::data(module, &mut out);
    sections::names(module, &indices, &mut out);
    out.finish()
}

#[cfg(test)]
mod tests;
