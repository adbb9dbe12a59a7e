//! Turns an error of the decoder or validator into a rejection.
//!
//! The module is rejected already; this file only chooses the rule and the text. An error about a
//! missing feature names its proposal; every other one is "malformed" or "invalid".

use crate::rejection::{Rejection, Rule};
use wasmparser::{Error, WasmFeatures};

/// The stage that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Decoding of the bytes.
    Decoding,
    /// Validation of the decoded module.
    Validation,
}

/// Proposals outside the profile, the more specific first.
const PROPOSALS: &[(WasmFeatures, Rule)] = &[
    (WasmFeatures::SIMD, Rule::Simd),
    (WasmFeatures::RELAXED_SIMD, Rule::RelaxedSimd),
    (WasmFeatures::THREADS, Rule::Threads),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, Rule::Threads),
    (WasmFeatures::ACQUIRE_RELEASE_ATOMICS, Rule::Threads),
    (WasmFeatures::GC, Rule::Gc),
    (WasmFeatures::GC_TYPES, Rule::Gc),
    (WasmFeatures::CUSTOM_DESCRIPTORS, Rule::Gc),
    (WasmFeatures::MULTIBYTE_ARRAY_ACCESS, Rule::Gc),
    (WasmFeatures::EXCEPTIONS, Rule::Exceptions),
    (WasmFeatures::LEGACY_EXCEPTIONS, Rule::Exceptions),
    (WasmFeatures::TAIL_CALL, Rule::TailCall),
    (WasmFeatures::MEMORY64, Rule::Memory64),
    (WasmFeatures::MULTI_MEMORY, Rule::MultiMemory),
    (WasmFeatures::REFERENCE_TYPES, Rule::ReferenceTypes),
    (WasmFeatures::MULTI_VALUE, Rule::MultiValue),
    (WasmFeatures::CUSTOM_PAGE_SIZES, Rule::CustomPageSizes),
    (WasmFeatures::STACK_SWITCHING, Rule::StackSwitching),
    (WasmFeatures::FUNCTION_REFERENCES, Rule::FunctionReferences),
    (WasmFeatures::COMPONENT_MODEL, Rule::Component),
];

/// The rejection for an error of the decoder or validator.
pub(super) fn reject(bytes: &[u8], error: &Error, stage: Stage) -> Rejection {
    let offset = error.offset();
    let message = error.message();
    if let Some(feature) = error.missing_wasm_feature() {
        let named = PROPOSALS
            .iter()
            .find(|(proposal, _)| feature.contains(*proposal));
        let rule = named.map_or(Rule::OtherProposal, |(_, rule)| *rule);
        return Rejection::new(rule, offset, message);
    }
    if let Some(rule) = simd(bytes, error) {
        return Rejection::new(rule, offset, "operator with the SIMD prefix 0xfd");
    }
    match stage {
        Stage::Decoding if message.contains("end-of-file") || message.contains("end of file") => {
            Rejection::new(Rule::Malformed, offset, message).with_help(
                "the file ends too early: it is truncated, or one of its counts is too large",
            )
        }
        Stage::Decoding => Rejection::new(Rule::Malformed, offset, message),
        Stage::Validation => Rejection::new(Rule::Invalid, offset, message),
    }
}

/// The rule for a SIMD operator. The decoder is built without them and reports an unknown opcode.
fn simd(bytes: &[u8], error: &Error) -> Option<Rule> {
    let offset = usize::try_from(error.offset()).ok()?;
    let (prefix, rest) = bytes.get(offset..)?.split_first()?;
    if *prefix != 0xfd || !error.message().contains("SIMD") {
        return None;
    }
    let mut reader = wasmparser::BinaryReader::new(rest, 0);
    match reader.read_var_u32() {
        Ok(code) if code >= 0x100 => Some(Rule::RelaxedSimd),
        _ => Some(Rule::Simd),
    }
}
