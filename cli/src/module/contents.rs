//! Reads sections, imports, exports and floats of a module, accepted or not.
//!
//! Best effort on untrusted bytes: it stops at the first decoding error and keeps a bounded number
//! of items. Only `vm::check` decides whether a module is accepted.

use crate::text::printable;
use std::ops::Range;
use vm::unstable::limits::Limits;
use vm::unstable::opcode::Opcode;
use wasmparser::{Encoding, FunctionBody, Parser, Payload, TypeRef, ValType};

/// Maximum number of sections kept for display.
const SECTIONS_MAX: usize = 256;

/// A section of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// `type`, `code` and so on; for a custom section `custom` and its name in quotes.
    pub(crate) name: String,
    /// Byte range of its content.
    pub(crate) range: Range<u64>,
}

/// Contents of a module.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModuleContents {
    /// Sections in the order of the file.
    pub(crate) sections: Vec<Section>,
    /// Imports as `module.name`.
    pub(crate) imports: Vec<String>,
    /// Export names.
    pub(crate) exports: Vec<String>,
    /// Number of operators with f32 or f64 in their names.
    pub(crate) float_operators: u32,
    /// Number of functions with at least one such operator.
    pub(crate) float_functions: u32,
    /// For each type, whether it has a float parameter or result.
    float_types: Vec<bool>,
    /// For each function, imports first, the index of its type.
    function_types: Vec<u32>,
}

impl ModuleContents {
    /// Reads `bytes`; the result is empty for a component and for a file above the size limit.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut contents = Self::default();
        let limit = usize::try_from(Limits::V1.module_bytes_max).unwrap_or(usize::MAX);
        if bytes.len() <= limit {
            for payload in Parser::new(0).parse_all(bytes) {
                match payload {
                    Ok(Payload::Version {
                        encoding: Encoding::Component,
                        ..
                    })
                    | Err(_) => break,
                    Ok(payload) => contents.payload(&payload),
                }
            }
        }
        contents
    }

    /// True if the function at `index` has a float parameter or result in its original type.
    pub(crate) fn has_float_signature(&self, index: u32) -> bool {
        usize::try_from(index)
            .ok()
            .and_then(|at| self.function_types.get(at))
            .and_then(|type_index| usize::try_from(*type_index).ok())
            .and_then(|at| self.float_types.get(at))
            .copied()
            .unwrap_or_default()
    }

    fn payload(&mut self, payload: &Payload<'_>) {
        if let Some((id, range)) = payload.as_section()
            && self.sections.len() < SECTIONS_MAX
        {
            let name = match payload {
                Payload::CustomSection(custom) => {
                    format!("custom \"{}\"", printable(custom.name()))
                }
                _ => section_name(id).to_owned(),
            };
            self.sections.push(Section { name, range });
        }
        match payload {
            Payload::TypeSection(reader) => self.types(reader.clone()),
            Payload::ImportSection(reader) => self.imports(reader.clone()),
            Payload::FunctionSection(reader) => {
                let limit = usize::try_from(Limits::V1.functions_max).unwrap_or(usize::MAX);
                let types = reader.clone().into_iter().map_while(Result::ok).take(limit);
                self.function_types.extend(types);
            }
            Payload::ExportSection(reader) => self.exports(reader.clone()),
            Payload::CodeSectionEntry(body) => self.floats(body),
            _ => {}
        }
    }

    fn types(&mut self, reader: wasmparser::TypeSectionReader<'_>) {
        let limit = usize::try_from(Limits::V1.types_max).unwrap_or(usize::MAX);
        let is_float = |value_type: &ValType| matches!(value_type, ValType::F32 | ValType::F64);
        let types = reader
            .into_iter_err_on_gc_types()
            .map_while(Result::ok)
            .take(limit);
        self.float_types.extend(types.map(|signature| {
            signature
                .params()
                .iter()
                .chain(signature.results())
                .any(is_float)
        }));
    }

    fn imports(&mut self, reader: wasmparser::ImportSectionReader<'_>) {
        let limit = usize::try_from(Limits::V1.imports_max).unwrap_or(usize::MAX);
        for import in reader.into_imports().map_while(Result::ok).take(limit) {
            if let TypeRef::Func(type_index) | TypeRef::FuncExact(type_index) = import.ty {
                self.function_types.push(type_index);
            }
            self.imports
                .push(format!("{}.{}", import.module, import.name));
        }
    }

    fn exports(&mut self, reader: wasmparser::ExportSectionReader<'_>) {
        let limit = usize::try_from(Limits::V1.exports_max).unwrap_or(usize::MAX);
        for export in reader.into_iter().map_while(Result::ok).take(limit) {
            self.exports.push(export.name.to_owned());
        }
    }

    fn floats(&mut self, body: &FunctionBody<'_>) {
        let Ok(reader) = body.get_operators_reader() else {
            return;
        };
        let is_float = |name: &str| name.contains("f32") || name.contains("f64");
        let operators = reader
            .into_iter()
            .map_while(Result::ok)
            .filter(|wire| Opcode::of(wire).is_some_and(|opcode| is_float(opcode.name())))
            .count();
        let operators = u32::try_from(operators).unwrap_or(u32::MAX);
        self.float_operators = self.float_operators.saturating_add(operators);
        self.float_functions = self
            .float_functions
            .saturating_add(u32::from(operators > 0));
    }
}

fn section_name(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        13 => "tag",
        _ => "unknown",
    }
}
