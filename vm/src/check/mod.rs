//! Decides whether a module is accepted.
//!
//! One pass over the sections. Each vector of the module goes through these steps: compare its
//! count with the limits of the rules, decode it, check the limits of its items, run the validator
//! of `wasmparser`, then check our allow-list and policy. Memory in proportion to a count is
//! allocated only after the count was compared.
//!
//! The verdict does not depend only on the decoder's feature flags: operators, types and segments
//! are compared with our own list ([`crate::opcode`]).
//!
//! Specification: docs/spec/check.md, "Order of checks".

mod body;

mod constant;

mod diagnosis;

mod fast;

mod operator;

mod section;

mod segment;

mod wire;

use crate::identity::CodeHash;
use crate::module::FloatCount;
use crate::opcode::Opcode;
use crate::rejection::{Rejection, Rule};
use crate::rules::FloatPolicy;
use crate::work::{self, WorkKind};
use crate::{CheckedModule, Rules};
use diagnosis::Stage;
use fast::FastPass;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use wasmparser::{
    BinaryReader, FromReader, FuncValidatorAllocations, Parser, Payload, SectionLimited, Validator,
    WasmFeatures,
};
use wire::WireTypes;

/// Features of the decoder in version 1. Bulk memory is on because a DataCount section
/// needs it; its operators on segments and tables are rejected by the allow-list.
const PROFILE: WasmFeatures = WasmFeatures::MVP
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::COMPACT_IMPORTS)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG);

/// Features of the decoder under `rules`. The allow-list rejects the other types and
/// operators that a feature enables.
fn features(rules: &Rules) -> WasmFeatures {
    if rules.has(Opcode::TypedSelect) {
        PROFILE.union(WasmFeatures::REFERENCE_TYPES)
    } else {
        PROFILE
    }
}

/// Features of the validator. It reads imports through the decoder, which flattens the groups of a
/// compact section; with the feature of its own it would canonicalise every type, in more time and
/// memory.
fn validated(rules: &Rules) -> WasmFeatures {
    features(rules).difference(WasmFeatures::COMPACT_IMPORTS)
}

const MAGIC: &[u8] = b"\0asm";
const VERSION_MODULE: &[u8] = &[1, 0, 0, 0];

/// Checks untrusted bytes against the profile.
///
/// It needs at most 1 MiB of memory and 64 bytes for each byte of input, and linear time.
///
/// # Errors
/// The first rule that the module breaks, in the order of docs/spec/check.md, "Order of checks".
pub fn check(bytes: &[u8], rules: &Rules) -> Result<CheckedModule, Rejection> {
    let mut checker = Checker::new(bytes, rules);
    checker.sections()?;
    checker.finish()
}

/// A check, with what it found on the way.
#[derive(Clone, Debug)]
pub struct Examined {
    /// As [`check`] returns it.
    pub verdict: Result<CheckedModule, Rejection>,
    /// Sums over the module so far: parameters, locals, blocks and targets.
    pub totals: [u64; 4],
    /// Number of bodies that the fast pass accepted.
    pub accepted: u32,
}

/// As [`check`], for a comparison of its two ways: with `fast` false the decoder and its validator
/// check every body, as they check a body that the fast pass leaves to them.
#[must_use]
pub fn examine(bytes: &[u8], rules: &Rules, fast: bool) -> Examined {
    let mut checker = Checker::new(bytes, rules);
    checker.fast = fast.then(|| Box::new(FastPass::new()));
    let sections = checker.sections();
    let (sums, accepted) = (checker.totals, checker.accepted);
    Examined {
        verdict: sections.and_then(|()| checker.finish()),
        totals: [sums.parameters, sums.locals, sums.blocks, sums.targets],
        accepted,
    }
}

/// Checks the first eight bytes here, so that the message can name a text file and a component.
fn header(bytes: &[u8]) -> Result<(), Rejection> {
    let magic = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    if !MAGIC.starts_with(magic) {
        let message = "the file does not begin with \\0asm: it is not a WebAssembly binary";
        return Err(Rejection::new(Rule::Malformed, 0, message).with_help(
            "pass a binary module; wat2wasm or `wasm-tools parse` converts the text format",
        ));
    }
    match bytes.get(4..8) {
        Some(version) if version == VERSION_MODULE => Ok(()),
        // The upper half of the version is the layer; 1 is the component model.
        Some([_, _, 1, 0]) => Err(Rejection::new(
            Rule::Component,
            4,
            "the file is a component, not a core module",
        )),
        Some(_) => Err(Rejection::new(
            Rule::Malformed,
            4,
            "unknown version of the binary format",
        )),
        None => Err(
            Rejection::new(Rule::Malformed, 0, "the file is shorter than its header")
                .with_help("the file is truncated or empty: build it again"),
        ),
    }
}

/// Rejects a count above its limit; `offset` is the position of the counted item.
fn limit(rule: Rule, count: u64, maximum: u32, offset: u64) -> Result<(), Rejection> {
    if count > u64::from(maximum) {
        let message = format!("{count} found, at most {maximum} allowed");
        return Err(Rejection::new(rule, offset, &message));
    }
    Ok(())
}

/// Sums over the whole module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    parameters: u64,
    locals: u64,
    blocks: u64,
    targets: u64,
}

/// State of the check of one module.
struct Checker<'a> {
    bytes: &'a [u8],
    rules: &'a Rules,
    validator: Validator,
    allocations: FuncValidatorAllocations,
    /// For each type whether it has a float; the tables contain lowered types.
    float_types: Vec<bool>,
    /// Offset of the first type with a float.
    first_float_type: Option<u64>,
    /// Type indices of the defined functions, from the function section.
    declared: Vec<u32>,
    totals: Totals,
    /// Types before lowering.
    types: WireTypes,
    /// `None` if the decoder and its validator check every body.
    fast: Option<Box<FastPass>>,
    /// Number of bodies that the fast pass accepted.
    accepted: u32,
    module: CheckedModule,
}

impl<'a> Checker<'a> {
    fn new(bytes: &'a [u8], rules: &'a Rules) -> Self {
        let module = CheckedModule {
            bytes: Arc::default(),
            code_hash: CodeHash::default(),
            rules_id: *rules.id(),
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            table: None,
            memory: None,
            globals: Vec::new(),
            exports: Vec::new(),
            elements: Vec::new(),
            data: Vec::new(),
            start: None,
            floats: FloatCount::default(),
            entry_bytes: rules.host_limits.entry_bytes_min..=rules.host_limits.entry_bytes_max,
        };
        Self {
            bytes,
            rules,
            validator: Validator::new_with_features(validated(rules)),
            allocations: FuncValidatorAllocations::default(),
            float_types: Vec::new(),
            first_float_type: None,
            declared: Vec::new(),
            totals: Totals::default(),
            types: WireTypes::default(),
            fast: Some(Box::new(FastPass::new())),
            accepted: 0,
            module,
        }
    }

    /// Checks all that is before the end of the file.
    fn sections(&mut self) -> Result<(), Rejection> {
        let (bytes, rules) = (self.bytes, self.rules);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        limit(Rule::ModuleBytes, length, rules.limits.module_bytes_max, 0)?;
        header(bytes)?;
        let mut parser = Parser::new(0);
        parser.set_features(features(rules));
        for payload in parser.parse_all(bytes) {
            let payload = payload.map_err(|error| self.undecoded(&error))?;
            self.payload(payload)?;
        }
        Ok(())
    }

    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Rejection> {
        match payload {
            Payload::TypeSection(section) => self.types(&section),
            Payload::ImportSection(section) => self.imports(&section),
            Payload::FunctionSection(section) => self.functions(&section),
            Payload::TableSection(section) => self.tables(&section),
            Payload::MemorySection(section) => self.memories(&section),
            Payload::GlobalSection(section) => self.globals(&section),
            Payload::ExportSection(section) => self.exports(&section),
            Payload::ElementSection(section) => self.elements(&section),
            Payload::DataSection(section) => self.data(&section),
            Payload::DataCountSection { count, ref range } => {
                let rule = Rule::DataSegments;
                limit(
                    rule,
                    u64::from(count),
                    self.rules.limits.data_segments_max,
                    range.start,
                )?;
                self.validate(&payload)
            }
            Payload::StartSection { func, .. } => {
                self.validate(&payload)?;
                self.module.start = Some(func);
                Ok(())
            }
            Payload::CodeSectionStart {
                count,
                unchecked_range: ref range,
                ..
            } => {
                limit(
                    Rule::Functions,
                    u64::from(count),
                    self.rules.limits.functions_max,
                    range.start,
                )?;
                self.validate(&payload)
            }
            Payload::CodeSectionEntry(body) => self.body(&body),
            // Not parsed: custom sections do not change the result.
            Payload::CustomSection(_) => Ok(()),
            Payload::UnknownSection { id, ref range, .. } => {
                let message = format!("unknown section, id {id}");
                Err(Rejection::new(Rule::Malformed, range.start, &message))
            }
            other => self.validate(&other),
        }
    }

    fn validate(&mut self, payload: &Payload<'a>) -> Result<(), Rejection> {
        match self.validator.payload(payload) {
            Ok(_) => Ok(()),
            Err(error) => Err(diagnosis::reject(self.bytes, &error, Stage::Validation)),
        }
    }

    fn undecoded(&self, error: &wasmparser::Error) -> Rejection {
        diagnosis::reject(self.bytes, error, Stage::Decoding)
    }

    /// The items of a section with their offsets; its count has been checked.
    fn items<T: FromReader<'a>>(
        &self,
        section: &SectionLimited<'a, T>,
    ) -> Result<Vec<(u64, T)>, Rejection> {
        section
            .clone()
            .into_iter_with_offsets()
            .map(|item| item.map_err(|error| self.undecoded(&error)))
            .collect()
    }

    /// A reader of the content of a section.
    fn reader<T>(&self, section: &SectionLimited<'a, T>) -> BinaryReader<'a> {
        let start = section.original_position();
        let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        let content = self.bytes.get(index(start)..index(section.range().end));
        BinaryReader::new_features(content.unwrap_or_default(), start, features(self.rules))
    }

    fn finish(mut self) -> Result<CheckedModule, Rejection> {
        if let (FloatPolicy::Reject, Some(offset)) = (self.rules.floats, self.first_float_type) {
            let message = "a function type has a float";
            return Err(Rejection::new(Rule::FloatType, offset, message));
        }
        work::add(WorkKind::Hashed, self.bytes.len());
        self.module.code_hash = CodeHash(Sha256::digest(self.bytes).into());
        self.module.bytes = Arc::new(self.bytes.to_vec());
        Ok(self.module)
    }
}
