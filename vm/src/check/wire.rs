//! Keeps the types of a module as they are encoded, floats included, for the fast pass.
//!
//! The tables of a checked module contain lowered types, in which `f32` is `i32`.

use super::fast::Effect;
use wasmparser::ValType;

/// A value type by its byte of the binary format (WebAssembly core 5.3.1).
pub(super) type WireType = u8;

pub(super) const I32: WireType = 0x7f;
pub(super) const I64: WireType = 0x7e;
pub(super) const F32: WireType = 0x7d;
pub(super) const F64: WireType = 0x7c;
/// The block type without a result.
pub(super) const NONE: WireType = 0x40;

/// True for a value type of the profile.
#[inline(always)]
pub(super) const fn is_value(byte: u8) -> bool {
    matches!(byte, F64..=I32)
}

/// True for the two types that lowering replaces.
#[inline(always)]
pub(super) const fn is_float(byte: WireType) -> bool {
    matches!(byte, F64 | F32)
}

/// The byte of a type; [`NONE`] for one outside the profile, which no operand has.
pub(super) const fn byte_of(value_type: ValType) -> WireType {
    match value_type {
        ValType::I32 => I32,
        ValType::I64 => I64,
        ValType::F32 => F32,
        ValType::F64 => F64,
        _ => NONE,
    }
}

/// A function type.
#[derive(Clone, Copy, Debug)]
pub(super) struct WireSignature {
    /// What a call does, if it has at most four parameters; else only its result.
    pub(super) effect: Effect,
    /// Index of its first parameter.
    start: usize,
    /// Number of its parameters.
    pub(super) parameters: usize,
}

/// The types of functions and globals of a module.
#[derive(Debug, Default)]
pub(super) struct WireTypes {
    /// By type index.
    signatures: Vec<WireSignature>,
    /// Parameters of all types, one after the other.
    parameters: Vec<WireType>,
    /// By global index: its type, and whether it can be set.
    pub(super) globals: Vec<(WireType, bool)>,
}

impl WireTypes {
    /// Adds a function type.
    pub(super) fn add(&mut self, parameters: &[ValType], result: Option<ValType>) {
        let start = self.parameters.len();
        let parameters = parameters.iter().map(|found| byte_of(*found));
        self.parameters.extend(parameters);
        let added = self.parameters.get(start..).unwrap_or_default();
        let effect = added
            .iter()
            .fold(Effect::NONE, |effect, parameter| effect.above(*parameter));
        self.signatures.push(WireSignature {
            effect: effect.pushing(result.map_or(NONE, byte_of)),
            start,
            parameters: added.len(),
        });
    }

    #[inline(always)]
    pub(super) fn signature(&self, index: u32) -> Option<&WireSignature> {
        self.signatures.get(usize::try_from(index).ok()?)
    }

    /// Parameters of a function type.
    pub(super) fn parameters(&self, signature: &WireSignature) -> Option<&[WireType]> {
        let end = signature.start.checked_add(signature.parameters)?;
        self.parameters.get(signature.start..end)
    }

    #[inline(always)]
    pub(super) fn global(&self, index: u32) -> Option<(WireType, bool)> {
        self.globals.get(usize::try_from(index).ok()?).copied()
    }
}
