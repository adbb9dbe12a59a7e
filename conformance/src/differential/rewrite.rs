//! Rebuilds a generated module within the profile: imports, exports, segments, code.
//!
//! Types and globals of the original stay; host functions are imported before its functions, so
//! that
//! each `call` moves up by their number. A module without memory or table gets one. Segments are
//! drawn anew, in range and overlapping, since `check` refuses what does not fit.

use super::inject::{self, Surroundings};
use super::random::Random;
use host_api::{Row, Type};
use std::borrow::Cow;
use wasm_encoder as wasm;
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload, ValType};

/// Largest memory that is added to a module without one, in pages.
const PAGES_MAX: u64 = 3;
/// Entries of a table that is added to a module without one.
const TABLE_ENTRIES: u32 = 8;
/// Host functions whose base price no generated program could pay.
const UNAFFORDABLE: [&str; 2] = ["secp256k1_verify", "ed25519_verify"];

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// Parameters.
    pub(super) parameters: Vec<wasm::ValType>,
    /// The result, if there is one.
    pub(super) result: Option<wasm::ValType>,
}

/// What of a generated module is kept.
#[derive(Default)]
struct Parts<'a> {
    types: Vec<Signature>,
    functions: Vec<u32>,
    table_entries: Option<u32>,
    memory: Option<(u64, Option<u64>)>,
    globals: Option<&'a [u8]>,
    bodies: Vec<FunctionBody<'a>>,
}

/// Rewrites `module`, with what it adds drawn from `random`.
///
/// # Errors
/// The module does not decode or uses what the configuration of wasm-smith excludes.
pub(super) fn rewrite(module: &[u8], random: &mut Random) -> Result<Vec<u8>, String> {
    let parts = parts(module).map_err(|error| error.to_string())?;
    let imports = imports(random);
    let original = parts.types.len();
    let mut types = parts.types.clone();
    types.extend(imports.iter().map(|row| signature_of_row(row)));
    types.push(Signature {
        parameters: Vec::new(),
        result: None,
    });
    let imported = (original..).take(imports.len()).map(number);
    let functions: Vec<u32> = imported.chain(parts.functions.iter().copied()).collect();
    let memory = parts
        .memory
        .unwrap_or_else(|| (random.below(PAGES_MAX), None));
    let around = Surroundings {
        types,
        functions,
        imports,
        memory_bytes: u32::try_from(memory.0.saturating_mul(65_536)).unwrap_or(u32::MAX),
        table_entries: parts.table_entries.unwrap_or(TABLE_ENTRIES),
    };
    let mut out = wasm::Module::new();
    head(&around, &parts, memory, &mut out);
    exports(&around, random, &mut out);
    elements(&around, random, &mut out);
    let mut code = wasm::CodeSection::new();
    for (body, place) in parts.bodies.iter().zip(around.imports.len()..) {
        let body = inject::body(body, &around, place, random);
        code.raw(&body.map_err(|error| error.to_string())?);
    }
    out.section(&code);
    data(&around, random, &mut out);
    Ok(out.finish())
}

fn parts(module: &[u8]) -> Result<Parts<'_>, BinaryReaderError> {
    let mut parts = Parts::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    parts
                        .types
                        .extend(group?.into_types().map(|kind| signature(&kind)));
                }
            }
            Payload::FunctionSection(section) => {
                parts.functions = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(section) => {
                for table in section {
                    parts.table_entries = u32::try_from(table?.ty.initial).ok();
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    parts.memory = Some((memory.initial, memory.maximum));
                }
            }
            Payload::GlobalSection(section) => {
                let range = section.range();
                let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                parts.globals = module.get(place(range.start)..place(range.end));
            }
            Payload::CodeSectionEntry(body) => parts.bodies.push(body),
            _ => {}
        }
    }
    Ok(parts)
}

fn signature(kind: &wasmparser::SubType) -> Signature {
    let wasmparser::CompositeInnerType::Func(function) = &kind.composite_type.inner else {
        return Signature {
            parameters: Vec::new(),
            result: None,
        };
    };
    Signature {
        parameters: function.params().iter().copied().map(value_type).collect(),
        result: function.results().first().copied().map(value_type),
    }
}

/// The configuration leaves numbers only.
pub(super) const fn value_type(kind: ValType) -> wasm::ValType {
    match kind {
        ValType::I64 => wasm::ValType::I64,
        ValType::F32 => wasm::ValType::F32,
        ValType::F64 => wasm::ValType::F64,
        _ => wasm::ValType::I32,
    }
}

fn signature_of_row(row: &Row) -> Signature {
    let of = |kind| match kind {
        Type::I32 => wasm::ValType::I32,
        Type::I64 => wasm::ValType::I64,
    };
    Signature {
        parameters: row.parameters().map(of).collect(),
        result: row.result.map(of),
    }
}

/// Half of the modules ask nothing of the host.
fn imports(random: &mut Random) -> Vec<&'static Row> {
    if random.one_in(2) {
        return Vec::new();
    }
    let rows = host_api::TABLE
        .iter()
        .filter(|row| !UNAFFORDABLE.contains(&row.name));
    rows.filter(|_| random.one_in(3)).collect()
}

/// The sections before the exports.
fn head(
    around: &Surroundings,
    parts: &Parts<'_>,
    memory: (u64, Option<u64>),
    out: &mut wasm::Module,
) {
    let mut types = wasm::TypeSection::new();
    for Signature { parameters, result } in &around.types {
        types
            .ty()
            .function(parameters.iter().copied(), result.iter().copied());
    }
    out.section(&types);
    let mut imports = wasm::ImportSection::new();
    for (row, kind) in around.imports.iter().zip(&around.functions) {
        imports.import(
            host_api::MODULE,
            row.name,
            wasm::EntityType::Function(*kind),
        );
    }
    out.section(&imports);
    let mut functions = wasm::FunctionSection::new();
    for kind in &parts.functions {
        functions.function(*kind);
    }
    out.section(&functions);
    let mut table = wasm::TableSection::new();
    table.table(wasm::TableType {
        element_type: wasm::RefType::FUNCREF,
        table64: false,
        minimum: u64::from(around.table_entries),
        maximum: None,
        shared: false,
    });
    out.section(&table);
    let mut memories = wasm::MemorySection::new();
    memories.memory(wasm::MemoryType {
        minimum: memory.0,
        maximum: memory.1,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    out.section(&memories);
    if let Some(globals) = parts.globals {
        let id = wasm::SectionId::Global.into();
        out.section(&wasm::RawSection { id, data: globals });
    }
}

/// Every function under its index; a start function now and then.
fn exports(around: &Surroundings, random: &mut Random, out: &mut wasm::Module) {
    let mut section = wasm::ExportSection::new();
    let defined = || (around.imports.len()..around.functions.len()).map(number);
    for index in defined() {
        section.export(&format!("f{index}"), wasm::ExportKind::Func, index);
    }
    out.section(&section);
    let starts: Vec<u32> = defined().filter(|index| around.is_plain(*index)).collect();
    if let Some(function_index) = random.choose(&starts).copied().filter(|_| random.one_in(4)) {
        out.section(&wasm::StartSection { function_index });
    }
}

fn elements(around: &Surroundings, random: &mut Random, out: &mut wasm::Module) {
    let mut section = wasm::ElementSection::new();
    for _ in 0..random.below(4) {
        let offset = random.small(around.table_entries.saturating_add(1));
        let left = around.table_entries.saturating_sub(offset);
        let count = random.small(left.saturating_add(1));
        let bound = number(around.functions.len());
        let functions: Vec<u32> = (0..count).map(|_| random.small(bound)).collect();
        let offset = wasm::ConstExpr::i32_const(offset.cast_signed());
        section.active(
            None,
            &offset,
            wasm::Elements::Functions(Cow::Owned(functions)),
        );
    }
    out.section(&section);
}

fn data(around: &Surroundings, random: &mut Random, out: &mut wasm::Module) {
    let mut section = wasm::DataSection::new();
    for _ in 0..random.below(4) {
        let length = random.small(40).min(around.memory_bytes);
        let last = around.memory_bytes.saturating_sub(length);
        // Near the start, where they overlap and where addresses point; or at the very end.
        let offset = if random.one_in(4) {
            last
        } else {
            random.small(200).min(last)
        };
        let bytes = random.bytes(usize::try_from(length).unwrap_or_default());
        section.active(0, &wasm::ConstExpr::i32_const(offset.cast_signed()), bytes);
    }
    out.section(&section);
}

/// Counts of a generated module are far below `u32::MAX`.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The function that `operator` calls directly.
pub(super) const fn callee(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::Call { function_index } => Some(*function_index),
        _ => None,
    }
}
