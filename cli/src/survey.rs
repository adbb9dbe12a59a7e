//! Reads what bytes say about themselves, accepted or not: names, sections, exports, floats.
//!
//! Best effort over untrusted bytes: it stops at the first thing that does not decode, keeps a
//! bounded number of everything, and decides nothing. Verdicts come from `vm::check` alone, which
//! never looks at the name section.

use crate::print::printable;
use std::collections::BTreeMap;
use std::ops::Range;
use vm::unstable::limits;
use vm::unstable::opcode::Opcode;
use wasmparser::{
    CustomSectionReader, Encoding, FunctionBody, KnownCustom, Name, Parser, Payload, TypeRef,
    ValType,
};

/// Sections that are kept for display.
const SECTIONS_MAX: usize = 256;
/// Bytes of a function name before demangling; longer names are not kept.
const RAW_NAME_BYTES_MAX: usize = 4_096;
/// The custom section that carries the contract's interface.
const INTERFACE_SECTION: &str = "lockstep.interface";

/// A section of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// `type`, `code` and so on; a custom section's own name in quotes.
    pub(crate) name: String,
    /// Where its content lies.
    pub(crate) range: Range<u64>,
}

/// What bytes say about themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Sections in order.
    pub(crate) sections: Vec<Section>,
    /// Imports as `module.name`.
    pub(crate) imports: Vec<String>,
    /// Export names.
    pub(crate) exports: Vec<String>,
    /// Operators whose name mentions f32 or f64.
    pub(crate) float_operators: u32,
    /// Functions that hold at least one of them.
    pub(crate) float_functions: u32,
    /// Content of the interface section.
    pub(crate) interface: Option<Vec<u8>>,
    /// Name of global 0 in the name section.
    pub(crate) first_global_name: Option<String>,
    /// Of each type, whether it mentions a float.
    float_types: Vec<bool>,
    /// Of each function, imports first, the index of its type.
    function_types: Vec<u32>,
    imported_functions: Vec<String>,
    exported_functions: BTreeMap<u32, String>,
    named_functions: BTreeMap<u32, String>,
}

impl Survey {
    /// Reads `bytes`; nothing of a component or of a file above the size limit.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut survey = Self::default();
        let limit = usize::try_from(limits::MODULE_BYTES_MAX).unwrap_or(usize::MAX);
        if bytes.len() <= limit {
            for payload in Parser::new(0).parse_all(bytes) {
                match payload {
                    Ok(Payload::Version {
                        encoding: Encoding::Component,
                        ..
                    })
                    | Err(_) => break,
                    Ok(payload) => survey.payload(&payload),
                }
            }
        }
        survey
    }

    /// What the function at `index` is called: by the name section, its export, its import; where
    /// it has no name, `func[index]`. Demangled, safe to print.
    pub(crate) fn function_name(&self, index: u32) -> String {
        if let Some(name) = self.named_functions.get(&index) {
            return demangled(name);
        }
        let imported = usize::try_from(index)
            .ok()
            .and_then(|at| self.imported_functions.get(at));
        match self.exported_functions.get(&index).or(imported) {
            Some(name) => printable(name),
            None => Self::placeholder(index),
        }
    }

    /// What stands for the name of a function that has none.
    pub(crate) fn placeholder(index: u32) -> String {
        format!("func[{index}]")
    }

    /// Whether the original type of the function at `index` mentions a float.
    pub(crate) fn takes_or_gives_floats(&self, index: u32) -> bool {
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
                let limit = usize::try_from(limits::FUNCTIONS_MAX).unwrap_or(usize::MAX);
                let types = reader.clone().into_iter().map_while(Result::ok).take(limit);
                self.function_types.extend(types);
            }
            Payload::ExportSection(reader) => self.exports(reader.clone()),
            Payload::CodeSectionEntry(body) => self.floats(body),
            Payload::CustomSection(custom) => self.custom(custom),
            _ => {}
        }
    }

    fn types(&mut self, reader: wasmparser::TypeSectionReader<'_>) {
        let limit = usize::try_from(limits::TYPES_MAX).unwrap_or(usize::MAX);
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
        let limit = usize::try_from(limits::IMPORTS_MAX).unwrap_or(usize::MAX);
        for import in reader.into_imports().map_while(Result::ok).take(limit) {
            let name = format!("{}.{}", import.module, import.name);
            if let TypeRef::Func(type_index) | TypeRef::FuncExact(type_index) = import.ty {
                self.imported_functions.push(name.clone());
                self.function_types.push(type_index);
            }
            self.imports.push(name);
        }
    }

    fn exports(&mut self, reader: wasmparser::ExportSectionReader<'_>) {
        let limit = usize::try_from(limits::EXPORTS_MAX).unwrap_or(usize::MAX);
        for export in reader.into_iter().map_while(Result::ok).take(limit) {
            if export.kind == wasmparser::ExternalKind::Func {
                let name = export.name.to_owned();
                self.exported_functions.entry(export.index).or_insert(name);
            }
            self.exports.push(export.name.to_owned());
        }
    }

    fn floats(&mut self, body: &FunctionBody<'_>) {
        let Ok(reader) = body.get_operators_reader() else {
            return;
        };
        let mentions = |name: &str| name.contains("f32") || name.contains("f64");
        let operators = reader
            .into_iter()
            .map_while(Result::ok)
            .filter(|wire| Opcode::of(wire).is_some_and(|opcode| mentions(opcode.name())))
            .count();
        let operators = u32::try_from(operators).unwrap_or(u32::MAX);
        self.float_operators = self.float_operators.saturating_add(operators);
        self.float_functions = self
            .float_functions
            .saturating_add(u32::from(operators > 0));
    }

    fn custom(&mut self, custom: &CustomSectionReader<'_>) {
        if custom.name() == INTERFACE_SECTION {
            self.interface = Some(custom.data().to_vec());
        }
        let KnownCustom::Name(names) = custom.as_known() else {
            return;
        };
        for subsection in names.into_iter().map_while(Result::ok) {
            match subsection {
                Name::Function(map) => self.names(map),
                Name::Global(mut map) => {
                    let first = map
                        .next()
                        .and_then(Result::ok)
                        .filter(|naming| naming.index == 0);
                    self.first_global_name = first.map(|naming| naming.name.to_owned());
                }
                _ => {}
            }
        }
    }

    fn names(&mut self, map: wasmparser::NameMap<'_>) {
        let limit = usize::try_from(limits::FUNCTIONS_MAX).unwrap_or(usize::MAX);
        let namings = map.map_while(Result::ok).take(limit);
        for naming in namings.filter(|naming| naming.name.len() <= RAW_NAME_BYTES_MAX) {
            if self.named_functions.len() < limit {
                self.named_functions
                    .insert(naming.index, naming.name.to_owned());
            }
        }
    }
}

/// A Rust name without its mangling and hash; any other name as it is.
fn demangled(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => printable(&format!("{demangled:#}")),
        Err(_) => printable(name),
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
