//! Rebuilds a generated module within the profile: imports, exports, segments, code.
//!
//! Types and globals of the original stay. Host functions are imported before its functions, so the
//! index in each `call` grows by their number. A module without memory or table gets one. New
//! segments are drawn, in range and overlapping, because `check` rejects those out of range.

use super::inject::{self, ModuleContext};
use super::random::Random;
use host_api::{Row, Type};
use std::borrow::Cow;
use vm::Rules;
use wasm_encoder as wasm;
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload, ValType};

/// Largest memory that is added to a module without one, in pages.
const PAGES_MAX: u64 = 3;
/// Most entries of a table that is added to a module without one.
const TABLE_ENTRIES: u32 = 8;
/// Host functions whose base price exceeds the gas of every generated program.
const UNAFFORDABLE: [&str; 2] = ["secp256k1_verify", "ed25519_verify"];

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// Parameter types.
    pub(super) parameters: Vec<wasm::ValType>,
    /// Result type; `None` without a result.
    pub(super) result: Option<wasm::ValType>,
}

/// The parts of a generated module that stay.
#[derive(Default)]
struct KeptSections<'a> {
    types: Vec<Signature>,
    functions: Vec<u32>,
    table_entries: Option<u32>,
    memory: Option<(u64, Option<u64>)>,
    globals: Option<&'a [u8]>,
    bodies: Vec<FunctionBody<'a>>,
}

/// Rewrites `module`; additions are drawn from `random`.
///
/// # Errors
/// The module does not decode, or uses a feature that the configuration of wasm-smith excludes.
pub(super) fn rewrite(module: &[u8], random: &mut Random) -> Result<Vec<u8>, String> {
    let parts = parts(module).map_err(|error| error.to_string())?;
    let imports = imports(random);
    let original = parts.types.len();
    let mut types = parts.types.clone();
    types.extend(imports.iter().map(signature_of_row));
    types.push(Signature {
        parameters: Vec::new(),
        result: None,
    });
    let imported = (original..).take(imports.len()).map(number);
    let functions: Vec<u32> = imported.chain(parts.functions.iter().copied()).collect();
    let memory = parts
        .memory
        .unwrap_or_else(|| (random.below(PAGES_MAX), None));
    let context = ModuleContext {
        types,
        functions,
        imports,
        memory_bytes: u32::try_from(memory.0.saturating_mul(65_536)).unwrap_or(u32::MAX),
        table_entries: parts.table_entries.unwrap_or(TABLE_ENTRIES),
    };
    let mut out = wasm::Module::new();
    head(&context, &parts, memory, &mut out);
    exports(&context, random, &mut out);
    elements(&context, random, &mut out);
    let mut code = wasm::CodeSection::new();
    for (body, index) in parts.bodies.iter().zip(context.imports.len()..) {
        let body = inject::body(body, &context, index, random);
        code.raw(&body.map_err(|error| error.to_string())?);
    }
    out.section(&code);
    data(&context, random, &mut out);
    Ok(out.finish())
}

fn parts(module: &[u8]) -> Result<KeptSections<'_>, BinaryReaderError> {
    let mut parts = KeptSections::default();
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
                let to_index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                parts.globals = module.get(to_index(range.start)..to_index(range.end));
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

/// The encoder's type; the configuration of wasm-smith allows number types only.
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

/// The imported host functions; half of the modules import none.
fn imports(random: &mut Random) -> Vec<Row> {
    if random.one_in(2) {
        return Vec::new();
    }
    let mut rows = Rules::v1().host.clone();
    rows.retain(|row| !UNAFFORDABLE.contains(&row.name));
    rows.retain(|_| random.one_in(3));
    rows
}

/// Writes the sections before the exports.
fn head(
    context: &ModuleContext,
    parts: &KeptSections<'_>,
    memory: (u64, Option<u64>),
    out: &mut wasm::Module,
) {
    let mut types = wasm::TypeSection::new();
    for Signature { parameters, result } in &context.types {
        types
            .ty()
            .function(parameters.iter().copied(), result.iter().copied());
    }
    out.section(&types);
    let mut imports = wasm::ImportSection::new();
    for (row, kind) in context.imports.iter().zip(&context.functions) {
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
        minimum: u64::from(context.table_entries),
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

/// Exports every function under its index, and sometimes declares a start function.
fn exports(context: &ModuleContext, random: &mut Random, out: &mut wasm::Module) {
    let mut section = wasm::ExportSection::new();
    let defined = || (context.imports.len()..context.functions.len()).map(number);
    for index in defined() {
        section.export(&format!("f{index}"), wasm::ExportKind::Func, index);
    }
    out.section(&section);
    let starts: Vec<u32> = defined().filter(|index| context.is_plain(*index)).collect();
    if let Some(function_index) = random.choose(&starts).copied().filter(|_| random.one_in(4)) {
        out.section(&wasm::StartSection { function_index });
    }
}

fn elements(context: &ModuleContext, random: &mut Random, out: &mut wasm::Module) {
    let mut section = wasm::ElementSection::new();
    for _ in 0..random.below(4) {
        let offset = random.small(context.table_entries.saturating_add(1));
        let left = context.table_entries.saturating_sub(offset);
        let count = random.small(left.saturating_add(1));
        let bound = number(context.functions.len());
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

fn data(context: &ModuleContext, random: &mut Random, out: &mut wasm::Module) {
    let mut section = wasm::DataSection::new();
    for _ in 0..random.below(4) {
        let length = random.small(40).min(context.memory_bytes);
        let last = context.memory_bytes.saturating_sub(length);
        // Near the start, where segments overlap and most addresses point; or at the very end.
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

/// A count as `u32`; counts of a generated module are far below `u32::MAX`.
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
