//! Formats what a module declares: types, exports with their types, memory, floats.

use crate::text::{counted, grouped, printable};
use vm::CheckedModule;
use vm::unstable::module::{Export, ExportKind, FunctionType, ValueType};

/// The type's name in the text format.
pub(crate) const fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
    }
}

/// `(i32, i64) -> i32`.
pub(crate) fn of_type(signature: &FunctionType) -> String {
    let parameters: Vec<&str> = signature
        .parameters
        .iter()
        .map(|value_type| type_name(*value_type))
        .collect();
    let result = signature.result.map_or("()", type_name);
    format!("({}) -> {result}", parameters.join(", "))
}

/// Names of the contract entries, and the other exports with type or kind.
pub(crate) fn of_exports(module: &CheckedModule) -> (Vec<String>, Vec<String>) {
    let (mut entries, mut others) = (Vec::new(), Vec::new());
    for export in module.exports() {
        if export.kind == ExportKind::Function && module.entry(&export.name).is_some() {
            entries.push(printable(&export.name));
        } else {
            others.push(of_export(module, export));
        }
    }
    (entries, others)
}

fn of_export(module: &CheckedModule, export: &Export) -> String {
    let name = printable(&export.name);
    match export.kind {
        ExportKind::Function => {
            let signature = module
                .function_type(export.index)
                .map(of_type)
                .unwrap_or_default();
            format!("{name}{signature}")
        }
        ExportKind::Table => format!("{name} (table)"),
        ExportKind::Memory => format!("{name} (memory)"),
        ExportKind::Global => format!("{name} (global)"),
    }
}

/// Initial and maximum size of the memory.
pub(crate) fn memory_text(module: &CheckedModule) -> String {
    match module.memory() {
        Some(memory) => format!(
            "{} of 64 KiB, grows to {}",
            counted(memory.initial, "page"),
            grouped(memory.maximum)
        ),
        None => "none".to_owned(),
    }
}

/// Number of float operators and how they are lowered.
pub(crate) fn float_text(module: &CheckedModule) -> String {
    let floats = module.floats();
    if floats.operators == 0 {
        return "none".to_owned();
    }
    format!(
        "{} in {}: moves keep their bits, arithmetic traps",
        counted(floats.operators, "operator"),
        counted(floats.functions, "function"),
    )
}
