//! Writes a plain module that charges for itself.

use crate::{CheckedModule, Rules};

/// The emitted module (docs/spec/emitted.md): `$gas`, `$stack`, `$trap`, `$memory`, `$global.N`, `$start`.
#[must_use]
pub fn emit(_module: &CheckedModule, _rules: &Rules) -> Vec<u8> {
    Vec::new()
}
