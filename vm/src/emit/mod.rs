//! Writes the metered module as plain WebAssembly that charges for itself.
//!
//! One meaning of the instrumentation, a second way to run it: any engine with the MVP, sign
//! extension and `memory.copy`/`memory.fill` agrees with R on result, trap, memory and gas, to the
//! unit. It is our strongest check, and never on a node's own path.
//!
//! All indices of the original stay; types, globals and functions of ours are appended, no import
//! is added. Exports of ours: `$gas`, `$stack`, `$trap`, `$memory`, `$global.N`, `$start`. Names
//! that start with `$` are refused by `check`, so nothing can clash.
//!
//! Spec: docs/spec/emitted.md (consensus: "The emitted module").

mod body;

mod bulk;

mod indices;

mod sections;

use crate::{CheckedModule, Rules};
use indices::AppendedIndices;

/// Name of the exported mutable `i64` global that holds the gas that is left; -1 is out of gas.
pub const GAS: &str = "$gas";
/// Name of the exported mutable `i32` global with the weight of the active functions.
pub const STACK: &str = "$stack";
/// Name of the exported mutable `i32` global that tells our traps from the engine's.
pub const TRAP: &str = "$trap";
/// Name of the exported memory.
pub const MEMORY: &str = "$memory";
/// Name of the exported start function.
pub const START: &str = "$start";
/// Prefix of the exported globals of the original.
pub const GLOBAL_PREFIX: &str = "$global.";

/// What the emitted module may ask of an engine; no option changes what it computes or charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of `memory.copy` and `memory.fill`.
    pub bulk: Bulk,
}

/// What becomes of `memory.copy` and `memory.fill`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bulk {
    /// They stay: the engine has them.
    #[default]
    Keep,
    /// They become calls of byte loops of ours: MVP and sign extension are enough.
    Lower,
}

/// The emitted module of `module` with the prices of `rules`.
#[must_use]
pub fn emit(module: &CheckedModule, rules: &Rules) -> Vec<u8> {
    emit_with(module, rules, Options::default())
}

/// As [`emit`], for an engine that `options` describe.
#[must_use]
pub fn emit_with(module: &CheckedModule, rules: &Rules, options: Options) -> Vec<u8> {
    let indices = AppendedIndices::of(module, options);
    let mut out = wasm_encoder::Module::new();
    sections::types(module, &indices, &mut out);
    sections::imports(module, &mut out);
    sections::functions(module, &indices, &mut out);
    sections::table(module, &mut out);
    sections::memory(module, &mut out);
    sections::globals(module, &mut out);
    sections::exports(module, &indices, &mut out);
    sections::elements(module, &mut out);
    body::code(module, &indices, rules, &mut out);
    sections::data(module, &mut out);
    sections::names(&indices, &mut out);
    out.finish()
}

#[cfg(test)]
mod tests;
