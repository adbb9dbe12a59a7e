//! Checks types, imports, functions, table, memory, globals and exports.

use super::{Checker, constant, limit, wire};
use crate::lower::value_type_of;
use crate::module::{Export, ExportKind, FunctionType, Global, Import, Memory, Table, ValueType};
use crate::rejection::{Rejection, Rule};
use crate::rules::FloatPolicy;
use wasmparser::{
    BinaryReader, ExportSectionReader, ExternalKind, FunctionSectionReader, GlobalSectionReader,
    ImportSectionReader, MemorySectionReader, Payload, TableInit, TableSectionReader, TypeRef,
    TypeSectionReader, ValType,
};

/// Lead byte of a function type (WebAssembly core 5.3.6).
const FUNCTION_TYPE: u8 = 0x60;

/// True for the two types that lowering replaces.
pub(super) const fn is_float(value_type: ValType) -> bool {
    matches!(value_type, ValType::F32 | ValType::F64)
}

/// The lowered type, or the rejection of a type outside the profile.
pub(super) fn lowered(value_type: ValType, offset: u64) -> Result<ValueType, Rejection> {
    value_type_of(value_type).ok_or_else(|| {
        let message = format!("value type {value_type} is outside the profile");
        Rejection::new(Rule::OtherProposal, offset, &message)
    })
}

/// A function type before lowering.
struct Signature {
    offset: u64,
    parameters: Vec<ValType>,
    result: Option<ValType>,
}

impl<'a> Checker<'a> {
    /// Decodes types here: the decoder would reserve memory for the unchecked size of a recursion
    /// group.
    pub(super) fn types(&mut self, section: &TypeSectionReader<'a>) -> Result<(), Rejection> {
        let count = section.count();
        limit(
            Rule::Types,
            u64::from(count),
            self.rules.limits.types_max,
            section.range().start,
        )?;
        let mut reader = self.reader(section);
        let mut signatures = Vec::new();
        for _ in 0..count {
            signatures.push(self.signature(&mut reader)?);
        }
        self.validate(&Payload::TypeSection(section.clone()))?;
        for Signature {
            offset,
            parameters,
            result,
        } in signatures
        {
            let float = parameters
                .iter()
                .chain(&result)
                .any(|value_type| is_float(*value_type));
            let lowered_parameters = parameters
                .iter()
                .map(|value_type| lowered(*value_type, offset));
            let lowered_parameters = lowered_parameters.collect::<Result<Vec<_>, _>>()?;
            let lowered_result = result
                .map(|value_type| lowered(value_type, offset))
                .transpose()?;
            self.module.types.push(FunctionType {
                parameters: lowered_parameters,
                result: lowered_result,
            });
            self.types.add(&parameters, result);
            self.float_types.push(float);
            if float && self.first_float_type.is_none() {
                self.first_float_type = Some(offset);
            }
        }
        Ok(())
    }

    fn signature(&self, reader: &mut BinaryReader<'a>) -> Result<Signature, Rejection> {
        let undecoded = |error: wasmparser::Error| self.undecoded(&error);
        let offset = reader.original_position();
        let lead = reader.read_u8().map_err(undecoded)?;
        if lead != FUNCTION_TYPE {
            return Err(other_type(lead, offset));
        }
        let count = reader.read_var_u32().map_err(undecoded)?;
        limit(
            Rule::Parameters,
            u64::from(count),
            self.rules.limits.parameters_max,
            offset,
        )?;
        let mut parameters = Vec::new();
        for _ in 0..count {
            parameters.push(reader.read::<ValType>().map_err(undecoded)?);
        }
        let results = reader.read_var_u32().map_err(undecoded)?;
        if results > self.rules.limits.results_max {
            let message = format!("a function type has {results} results");
            return Err(Rejection::new(Rule::MultiValue, offset, &message));
        }
        let result = match results {
            0 => None,
            _ => Some(reader.read::<ValType>().map_err(undecoded)?),
        };
        Ok(Signature {
            offset,
            parameters,
            result,
        })
    }

    pub(super) fn imports(&mut self, section: &ImportSectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        limit(
            Rule::Imports,
            u64::from(section.count()),
            self.rules.limits.imports_max,
            start,
        )?;
        let mut imports = Vec::new();
        // One entry of the compact encoding contains several imports; each counts.
        for (import, number) in section.clone().into_imports_with_offsets().zip(1_u64..) {
            let import = import.map_err(|error| self.undecoded(&error))?;
            limit(
                Rule::Imports,
                number,
                self.rules.limits.imports_max,
                import.0,
            )?;
            imports.push(import);
        }
        for (offset, import) in &imports {
            self.name(import.module, *offset)?;
            self.name(import.name, *offset)?;
        }
        self.validate(&Payload::ImportSection(section.clone()))?;
        for (offset, import) in &imports {
            let import = self.import(*offset, import)?;
            self.count_parameters(import.type_index, *offset)?;
            self.module.imports.push(import);
        }
        Ok(())
    }

    fn import(&self, offset: u64, import: &wasmparser::Import<'_>) -> Result<Import, Rejection> {
        let name = format!("`{}` `{}`", import.module, import.name);
        let reject = |rule: Rule, what: &str| {
            Err(Rejection::new(
                rule,
                offset,
                &format!("import {name} {what}"),
            ))
        };
        if import.module.starts_with("wasi") {
            return reject(Rule::WasiImport, "belongs to WASI");
        }
        let type_index = match import.ty {
            TypeRef::Func(type_index) => type_index,
            TypeRef::Memory(_) => return reject(Rule::ImportKind, "is a memory"),
            TypeRef::Table(_) => return reject(Rule::ImportKind, "is a table"),
            TypeRef::Global(_) => return reject(Rule::ImportKind, "is a global"),
            TypeRef::Tag(_) => return reject(Rule::Exceptions, "is a tag"),
            TypeRef::FuncExact(_) => return reject(Rule::Gc, "is an exact function"),
        };
        let mut rows = self.rules.host.iter();
        let row = rows.find(|row| row.name == import.name);
        let Some(row) = row.filter(|_| import.module == host_api::MODULE) else {
            return reject(Rule::UnknownImport, "is not in the host interface");
        };
        let index = usize::try_from(type_index).unwrap_or(usize::MAX);
        let float = self.float_types.get(index).copied().unwrap_or(true);
        let found = self.module.types.get(index);
        let wanted = FunctionType {
            parameters: row.parameters().map(ValueType::of_host).collect(),
            result: row.result.map(ValueType::of_host),
        };
        if float || found != Some(&wanted) {
            return reject(
                Rule::ImportType,
                &format!("must have type {}", text_of(&wanted)),
            );
        }
        Ok(Import {
            function: row.function,
            type_index,
        })
    }

    fn name(&self, name: &str, offset: u64) -> Result<(), Rejection> {
        let bytes = u64::try_from(name.len()).unwrap_or(u64::MAX);
        let maximum = self.rules.limits.name_bytes_max;
        limit(Rule::NameBytes, bytes, maximum, offset)
    }

    pub(super) fn functions(
        &mut self,
        section: &FunctionSectionReader<'a>,
    ) -> Result<(), Rejection> {
        let imports = u64::try_from(self.module.imports.len()).unwrap_or(u64::MAX);
        let count = imports.saturating_add(u64::from(section.count()));
        limit(
            Rule::Functions,
            count,
            self.rules.limits.functions_max,
            section.range().start,
        )?;
        for (offset, type_index) in self.items(section)? {
            self.count_parameters(type_index, offset)?;
            self.declared.push(type_index);
        }
        self.validate(&Payload::FunctionSection(section.clone()))
    }

    /// Adds a function's parameters to the total; validation rejects an index out of range.
    fn count_parameters(&mut self, type_index: u32, offset: u64) -> Result<(), Rejection> {
        let index = usize::try_from(type_index).unwrap_or(usize::MAX);
        let parameters = self
            .module
            .types
            .get(index)
            .map_or(0, |found| found.parameters.len());
        let parameters = u64::try_from(parameters).unwrap_or(u64::MAX);
        self.totals.parameters = self.totals.parameters.saturating_add(parameters);
        let total = self.totals.parameters;
        limit(
            Rule::ParametersTotal,
            total,
            self.rules.limits.parameters_total_max,
            offset,
        )
    }

    pub(super) fn tables(&mut self, section: &TableSectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        limit(
            Rule::Tables,
            u64::from(section.count()),
            self.rules.limits.tables_max,
            start,
        )?;
        let items = self.items(section)?;
        for (offset, table) in &items {
            limit(
                Rule::TableEntries,
                table.ty.initial,
                self.rules.limits.table_entries_max,
                *offset,
            )?;
        }
        self.validate(&Payload::TableSection(section.clone()))?;
        for (offset, table) in items {
            let kind = table.ty;
            if kind.table64 {
                return Err(Rejection::new(
                    Rule::Memory64,
                    offset,
                    "the table is 64-bit",
                ));
            }
            let plain = kind.element_type == wasmparser::RefType::FUNCREF && !kind.shared;
            if !plain || !matches!(table.init, TableInit::RefNull) {
                let message = "the table is not one of initially null function references";
                return Err(Rejection::new(Rule::ReferenceTypes, offset, message));
            }
            self.module.table = Some(Table {
                initial: u32::try_from(kind.initial).unwrap_or(u32::MAX),
                maximum: kind
                    .maximum
                    .map(|pages| u32::try_from(pages).unwrap_or(u32::MAX)),
            });
        }
        Ok(())
    }

    pub(super) fn memories(&mut self, section: &MemorySectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        limit(
            Rule::MultiMemory,
            u64::from(section.count()),
            self.rules.limits.memories_max,
            start,
        )?;
        let items = self.items(section)?;
        for (offset, memory) in &items {
            let maximum = self.rules.limits.memory_pages_initial_max;
            limit(Rule::MemoryPagesInitial, memory.initial, maximum, *offset)?;
        }
        self.validate(&Payload::MemorySection(section.clone()))?;
        for (offset, memory) in items {
            let outside = [
                (memory.memory64, Rule::Memory64, "the memory is 64-bit"),
                (memory.shared, Rule::Threads, "the memory is shared"),
                (
                    memory.page_size_log2.is_some(),
                    Rule::CustomPageSizes,
                    "the memory has a custom page size",
                ),
            ];
            for (found, rule, message) in outside {
                if found {
                    return Err(Rejection::new(rule, offset, message));
                }
            }
            let declared = memory.maximum.and_then(|pages| u32::try_from(pages).ok());
            let maximum = declared
                .unwrap_or(u32::MAX)
                .min(self.rules.limits.memory_pages_max);
            let initial = u32::try_from(memory.initial).unwrap_or(u32::MAX);
            self.module.memory = Some(Memory { initial, maximum });
        }
        Ok(())
    }

    pub(super) fn globals(&mut self, section: &GlobalSectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        limit(
            Rule::Globals,
            u64::from(section.count()),
            self.rules.limits.globals_max,
            start,
        )?;
        let items = self.items(section)?;
        for (_, global) in &items {
            constant::scan(self.bytes, &global.init_expr)?;
        }
        self.validate(&Payload::GlobalSection(section.clone()))?;
        for (index, (offset, global)) in items.into_iter().enumerate() {
            if global.ty.shared {
                return Err(Rejection::new(
                    Rule::Threads,
                    offset,
                    "the global is shared",
                ));
            }
            if self.rules.floats == FloatPolicy::Reject && is_float(global.ty.content_type) {
                let message = format!("global {index} has type {}", global.ty.content_type);
                return Err(Rejection::new(Rule::FloatType, offset, &message));
            }
            let wire_type = wire::byte_of(global.ty.content_type);
            self.types.globals.push((wire_type, global.ty.mutable));
            self.module.globals.push(Global {
                value_type: lowered(global.ty.content_type, offset)?,
                mutable: global.ty.mutable,
                initial: constant::evaluate(&global.init_expr)?,
            });
        }
        Ok(())
    }

    pub(super) fn exports(&mut self, section: &ExportSectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        limit(
            Rule::Exports,
            u64::from(section.count()),
            self.rules.limits.exports_max,
            start,
        )?;
        let items = self.items(section)?;
        for (offset, export) in &items {
            self.name(export.name, *offset)?;
        }
        self.validate(&Payload::ExportSection(section.clone()))?;
        for (offset, export) in items {
            if export.name.starts_with('$') {
                let message = format!("the export `{}` has a reserved name", export.name);
                return Err(Rejection::new(Rule::ReservedExport, offset, &message));
            }
            let kind = match export.kind {
                ExternalKind::Func => ExportKind::Function,
                ExternalKind::Table => ExportKind::Table,
                ExternalKind::Memory => ExportKind::Memory,
                ExternalKind::Global => ExportKind::Global,
                ExternalKind::Tag | ExternalKind::FuncExact => {
                    return Err(Rejection::new(
                        Rule::Exceptions,
                        offset,
                        "a tag is exported",
                    ));
                }
            };
            let name = export.name.to_owned();
            self.module.exports.push(Export {
                name,
                kind,
                index: export.index,
            });
        }
        Ok(())
    }
}

/// A type in the text format.
fn text_of(signature: &FunctionType) -> String {
    let name = |value_type: &ValueType| match value_type {
        ValueType::I32 => " i32",
        ValueType::I64 => " i64",
    };
    let parameters: String = signature.parameters.iter().map(name).collect();
    let result: String = signature.result.iter().map(name).collect();
    format!("(param{parameters}) (result{result})")
}

/// The rejection of a type that is not a function type (garbage collection, shared types,
/// continuations).
fn other_type(lead: u8, offset: u64) -> Rejection {
    let message = format!("a type has lead byte {lead:#04x}");
    let rule = match lead {
        0x4c..=0x50 | 0x5e | 0x5f => Rule::Gc,
        0x5d => Rule::StackSwitching,
        0x65 => Rule::Threads,
        _ => Rule::Malformed,
    };
    Rejection::new(rule, offset, &message)
}
