//! Writes every section but the code: the items of the original module, then the appended ones.

use super::indices::{AppendedIndices, BULK_FUNCTIONS, FUNCTIONS, WIDE_FUNCTIONS, count};
use super::{GAS, GLOBAL_PREFIX, MEMORY, STACK, START, TRAP};
use crate::module::{CheckedModule, ExportKind, FunctionType, ValueType};
use std::borrow::Cow;
use wasm_encoder as wasm;

/// Name of the global with the high word of the last wide result; it is not exported.
const HIGH: &str = "$high";
/// Prefix of the names of the globals that say whether a function was entered, before its index;
/// they are not exported.
const ENTERED: &str = "$entered.";

pub(super) const fn value_type(value_type: ValueType) -> wasm::ValType {
    match value_type {
        ValueType::I32 => wasm::ValType::I32,
        ValueType::I64 => wasm::ValType::I64,
    }
}

pub(super) fn types(module: &CheckedModule, indices: &AppendedIndices, out: &mut wasm::Module) {
    let mut section = wasm::TypeSection::new();
    for FunctionType { parameters, result } in module.types() {
        let parameters = parameters.iter().copied().map(value_type);
        section
            .ty()
            .function(parameters, result.iter().copied().map(value_type));
    }
    section.ty().function([], []);
    section
        .ty()
        .function([wasm::ValType::I32], [wasm::ValType::I32]);
    if indices.lowered.is_some() {
        section.ty().function([wasm::ValType::I32; 3], []);
    }
    if indices.wide.is_some() {
        let word = wasm::ValType::I64;
        section.ty().function([word; 4], [word]);
        section.ty().function([word; 2], [word]);
    }
    out.section(&section);
}

pub(super) fn imports(module: &CheckedModule, out: &mut wasm::Module) {
    if module.imports().is_empty() {
        return;
    }
    let mut section = wasm::ImportSection::new();
    for import in module.imports() {
        let name = host_api::table::row(import.function).map_or("", |row| row.name);
        section.import(
            host_api::MODULE,
            name,
            wasm::EntityType::Function(import.type_index),
        );
    }
    out.section(&section);
}

pub(super) fn functions(module: &CheckedModule, indices: &AppendedIndices, out: &mut wasm::Module) {
    let mut section = wasm::FunctionSection::new();
    for function in module.functions() {
        section.function(function.type_index);
    }
    section.function(indices.oog_type);
    for _ in FUNCTIONS.iter().skip(1) {
        section.function(indices.charge_type);
    }
    if let Some(lowered) = indices.lowered {
        for _ in BULK_FUNCTIONS {
            section.function(lowered.bulk_type);
        }
    }
    if let Some(wide) = indices.wide {
        for type_index in [
            wide.sum_type,
            wide.sum_type,
            wide.product_type,
            wide.product_type,
        ] {
            section.function(type_index);
        }
    }
    out.section(&section);
}

pub(super) fn table(module: &CheckedModule, out: &mut wasm::Module) {
    if let Some(table) = module.table() {
        let mut section = wasm::TableSection::new();
        section.table(wasm::TableType {
            element_type: wasm::RefType::FUNCREF,
            table64: false,
            minimum: u64::from(table.initial),
            maximum: table.maximum.map(u64::from),
            shared: false,
        });
        out.section(&section);
    }
}

pub(super) fn memory(module: &CheckedModule, out: &mut wasm::Module) {
    if let Some(memory) = module.memory() {
        let mut section = wasm::MemorySection::new();
        section.memory(wasm::MemoryType {
            minimum: u64::from(memory.initial),
            maximum: Some(u64::from(memory.maximum)),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        out.section(&section);
    }
}

#[expect(clippy::as_conversions, reason = "the low half of a slot is the i32")]
pub(super) fn globals(module: &CheckedModule, indices: &AppendedIndices, out: &mut wasm::Module) {
    let mut section = wasm::GlobalSection::new();
    for global in module.globals() {
        let initial = match global.value_type {
            ValueType::I32 => wasm::ConstExpr::i32_const((global.initial as u32).cast_signed()),
            ValueType::I64 => wasm::ConstExpr::i64_const(global.initial.cast_signed()),
        };
        section.global(
            wasm::GlobalType {
                val_type: value_type(global.value_type),
                mutable: global.mutable,
                shared: false,
            },
            &initial,
        );
    }
    let ours = |val_type| wasm::GlobalType {
        val_type,
        mutable: true,
        shared: false,
    };
    section.global(ours(wasm::ValType::I64), &wasm::ConstExpr::i64_const(0));
    section.global(ours(wasm::ValType::I32), &wasm::ConstExpr::i32_const(0));
    section.global(ours(wasm::ValType::I32), &wasm::ConstExpr::i32_const(0));
    if indices.wide.is_some() {
        section.global(ours(wasm::ValType::I64), &wasm::ConstExpr::i64_const(0));
    }
    for _ in module.functions() {
        section.global(ours(wasm::ValType::I32), &wasm::ConstExpr::i32_const(0));
    }
    out.section(&section);
}

pub(super) fn exports(module: &CheckedModule, indices: &AppendedIndices, out: &mut wasm::Module) {
    let mut section = wasm::ExportSection::new();
    for export in module.exports() {
        let kind = match export.kind {
            ExportKind::Function => wasm::ExportKind::Func,
            ExportKind::Table => wasm::ExportKind::Table,
            ExportKind::Memory => wasm::ExportKind::Memory,
            ExportKind::Global => wasm::ExportKind::Global,
        };
        section.export(&export.name, kind, export.index);
    }
    section.export(GAS, wasm::ExportKind::Global, indices.gas);
    section.export(STACK, wasm::ExportKind::Global, indices.stack);
    section.export(TRAP, wasm::ExportKind::Global, indices.trap);
    if module.memory().is_some() {
        section.export(MEMORY, wasm::ExportKind::Memory, 0);
    }
    for index in 0..count(module.globals().len()) {
        section.export(
            &format!("{GLOBAL_PREFIX}{index}"),
            wasm::ExportKind::Global,
            index,
        );
    }
    if let Some(start) = module.start() {
        section.export(START, wasm::ExportKind::Func, start);
    }
    out.section(&section);
}

pub(super) fn elements(module: &CheckedModule, out: &mut wasm::Module) {
    if module.elements().is_empty() {
        return;
    }
    let mut section = wasm::ElementSection::new();
    for element in module.elements() {
        section.active(
            None,
            &wasm::ConstExpr::i32_const(element.offset.cast_signed()),
            wasm::Elements::Functions(Cow::Borrowed(&element.functions)),
        );
    }
    out.section(&section);
}

pub(super) fn data(module: &CheckedModule, out: &mut wasm::Module) {
    if module.data().is_empty() {
        return;
    }
    let mut section = wasm::DataSection::new();
    for data in module.data() {
        section.active(
            0,
            &wasm::ConstExpr::i32_const(data.offset.cast_signed()),
            module.data_bytes(data).iter().copied(),
        );
    }
    out.section(&section);
}

/// Names the appended items for a disassembly; the name section of the original is never read.
pub(super) fn names(module: &CheckedModule, indices: &AppendedIndices, out: &mut wasm::Module) {
    let mut functions = wasm::NameMap::new();
    let bulk = BULK_FUNCTIONS.iter().filter(|_| indices.lowered.is_some());
    let wide = WIDE_FUNCTIONS.iter().filter(|_| indices.wide.is_some());
    let names = FUNCTIONS.iter().chain(bulk).chain(wide);
    for (index, name) in (indices.oog..).zip(names) {
        functions.append(index, name);
    }
    let mut globals = wasm::NameMap::new();
    let high = indices.wide.map(|_| HIGH);
    for (index, name) in (indices.gas..).zip([GAS, STACK, TRAP].into_iter().chain(high)) {
        globals.append(index, name);
    }
    let defined = count(module.imports().len())..indices.oog;
    for (index, function) in (indices.entered..).zip(defined) {
        globals.append(index, &format!("{ENTERED}{function}"));
    }
    let mut section = wasm::NameSection::new();
    section.functions(&functions);
    section.globals(&globals);
    out.section(&section);
}
