//! Links copies of compiled contracts and kernels into one module of a given size.
//!
//! The cost of loading depends on the code that compilers emit, so the function bodies are copied
//! from compiled modules: a sample contract (optimised for size), std as rustc emits it, and the
//! kernels (optimised for speed), with renumbered indices. Sources with very small functions are
//! left out, because the profile allows 10,000 functions, and so are data segments, because engines
//! do not process them while loading.

use crate::Measured;
use crate::workload::KERNELS;
use std::collections::BTreeMap;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, ImportSection, MemorySection, MemoryType, Module, RefType, TableSection,
    TableType, TypeSection,
};
use wasmparser::{ElementItems, FuncType, FunctionBody, Import, Parser, Payload, TypeRef};

const CONTRACTS: &[&[u8]] = &[
    include_bytes!("../../contracts/wasm/orderbook.wasm"),
    include_bytes!("../../contracts/wasm/std_default.wasm"),
];

/// Minimum average size of a source's functions, in bytes.
const BYTES_PER_FUNCTION_MIN: usize = 200;

/// A small sample contract.
pub const COUNTER: &[u8] = include_bytes!("../../contracts/wasm/counter.wasm");

/// A module that is copied, with its own indices.
struct Source<'a> {
    types: Vec<FuncType>,
    imports: Vec<Import<'a>>,
    functions: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
    globals: Vec<wasmparser::Global<'a>>,
    elements: Vec<u32>,
}

impl Source<'_> {
    fn bytes_per_function(&self) -> usize {
        let bytes = self.bodies.iter().map(|body| body.as_bytes().len());
        let bytes = bytes.fold(0, usize::saturating_add);
        bytes.checked_div(self.bodies.len()).unwrap_or(0)
    }
}

/// A module of at least `bytes` bytes, and at most one copy of all sources more.
///
/// # Errors
/// If a source cannot be decoded; the sources are committed, so the checkout is damaged.
pub fn linked(bytes: usize) -> Measured<Vec<u8>> {
    let kernels = KERNELS.iter().map(|kernel| kernel.wasm);
    let sources = CONTRACTS.iter().copied().chain(kernels).map(read);
    let mut sources = sources.collect::<Measured<Vec<Source<'_>>>>()?;
    sources.retain(|source| source.bytes_per_function() >= BYTES_PER_FUNCTION_MIN);
    let mut linker = ModuleLinker::new(&sources)?;
    'full: loop {
        for (source, index) in sources.iter().zip(0_usize..) {
            linker.append(source, index)?;
            if linker.code.byte_len() >= bytes {
                break 'full;
            }
        }
    }
    linker.finish(&sources)
}

fn read(wasm: &[u8]) -> Measured<Source<'_>> {
    let mut source = Source {
        types: Vec::new(),
        imports: Vec::new(),
        functions: Vec::new(),
        bodies: Vec::new(),
        globals: Vec::new(),
        elements: Vec::new(),
    };
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                source.types = section
                    .into_iter_err_on_gc_types()
                    .collect::<Result<_, _>>()?;
            }
            Payload::ImportSection(section) => {
                source.imports = section.into_imports().collect::<Result<_, _>>()?;
            }
            Payload::FunctionSection(section) => {
                source.functions = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::GlobalSection(section) => {
                source.globals = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ElementSection(section) => {
                for element in section {
                    if let ElementItems::Functions(items) = element?.items {
                        let items = items.into_iter().collect::<Result<Vec<u32>, _>>()?;
                        source.elements.extend(items);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => source.bodies.push(body),
            _ => {}
        }
    }
    Ok(source)
}

/// The linked module so far, and the indices that the sources have in it.
struct ModuleLinker {
    types: Vec<FuncType>,
    /// Type and index of each import, by name.
    imports: BTreeMap<String, (u32, u32)>,
    /// Index of the first global of each source; all copies share the globals.
    globals: Vec<u32>,
    /// Type of each defined function.
    functions: Vec<u32>,
    /// Element segments of the first copy of each source.
    elements: Vec<u32>,
    code: CodeSection,
    /// Number of appended copies.
    appended: usize,
}

fn number(length: usize) -> Measured<u32> {
    Ok(u32::try_from(length)?)
}

impl ModuleLinker {
    fn new(sources: &[Source<'_>]) -> Measured<Self> {
        let mut linker = Self {
            types: Vec::new(),
            imports: BTreeMap::new(),
            globals: Vec::new(),
            functions: Vec::new(),
            elements: Vec::new(),
            code: CodeSection::new(),
            appended: 0,
        };
        let mut globals = 0_u32;
        for source in sources {
            linker.globals.push(globals);
            globals = globals.saturating_add(number(source.globals.len())?);
            for import in &source.imports {
                let TypeRef::Func(of) = import.ty else {
                    return Err("a source imports something other than a function".into());
                };
                let of = linker.type_of(source, of)?;
                let next = number(linker.imports.len())?;
                linker
                    .imports
                    .entry(import.name.to_owned())
                    .or_insert((of, next));
            }
        }
        Ok(linker)
    }

    /// Index in the linked module of type `index` of `source`.
    fn type_of(&mut self, source: &Source<'_>, index: u32) -> Measured<u32> {
        let of = source.types.get(usize::try_from(index)?);
        let of = of.ok_or("a source has an invalid type index")?;
        let found = self.types.iter().position(|present| present == of);
        if found.is_none() {
            self.types.push(of.clone());
        }
        number(found.unwrap_or(self.types.len().saturating_sub(1)))
    }

    /// Appends a copy of the source with this index.
    fn append(&mut self, source: &Source<'_>, source_index: usize) -> Measured<()> {
        let first = number(self.imports.len().saturating_add(self.functions.len()))?;
        let types = (0..number(source.types.len())?)
            .map(|index| self.type_of(source, index))
            .collect::<Measured<Vec<u32>>>()?;
        let mut functions = Vec::new();
        for import in &source.imports {
            let (_, index) = self
                .imports
                .get(import.name)
                .ok_or("an import of a source is missing")?;
            functions.push(*index);
        }
        functions.extend(first..first.saturating_add(number(source.functions.len())?));
        if self.appended <= source_index {
            let own = source.elements.iter().map(|index| at(&functions, *index));
            self.elements.extend(own);
        }
        let global = self.globals.get(source_index).copied().unwrap_or(0);
        for index in &source.functions {
            self.functions.push(at(&types, *index));
        }
        let mut renumber = Renumber {
            types,
            functions,
            global,
        };
        for body in &source.bodies {
            renumber
                .parse_function_body(&mut self.code, body.clone())
                .map_err(|error| error.to_string())?;
        }
        self.appended = self.appended.saturating_add(1);
        Ok(())
    }

    fn finish(self, sources: &[Source<'_>]) -> Measured<Vec<u8>> {
        let mut types = TypeSection::new();
        for of in &self.types {
            types
                .ty()
                .func_type(&reencode::RoundtripReencoder.func_type(of.clone())?);
        }
        let mut by_index: Vec<_> = self.imports.iter().collect();
        by_index.sort_by_key(|(_, (_, index))| *index);
        let mut imports = ImportSection::new();
        for (name, (of, _)) in by_index {
            imports.import(host_api::MODULE, name, EntityType::Function(*of));
        }
        let mut functions = FunctionSection::new();
        for of in &self.functions {
            functions.function(*of);
        }
        let mut globals = GlobalSection::new();
        for global in sources.iter().flat_map(|source| &source.globals) {
            reencode::RoundtripReencoder.parse_global(&mut globals, global.clone())?;
        }
        let entries = u64::try_from(self.elements.len())?.saturating_add(1);
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: entries,
            maximum: Some(entries),
            shared: false,
        });
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("first", ExportKind::Func, number(self.imports.len())?);
        let mut elements = ElementSection::new();
        let offset = wasm_encoder::ConstExpr::i32_const(1);
        elements.active(None, &offset, Elements::Functions(self.elements.into()));
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&tables).section(&memories).section(&globals);
        module
            .section(&exports)
            .section(&elements)
            .section(&self.code);
        Ok(module.finish())
    }
}

fn at(indices: &[u32], index: u32) -> u32 {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    indices.get(index).copied().unwrap_or(u32::MAX)
}

/// Rewrites the indices of a source to those of the linked module.
struct Renumber {
    types: Vec<u32>,
    functions: Vec<u32>,
    global: u32,
}

impl Reencode for Renumber {
    type Error = Infallible;

    fn type_index(&mut self, of: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(at(&self.types, of))
    }

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(at(&self.functions, function))
    }

    fn global_index(&mut self, global: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(self.global.saturating_add(global))
    }
}

#[cfg(test)]
mod tests {
    use super::linked;
    use vm::{Rules, check};

    #[test]
    fn modules_of_three_sizes_are_accepted_and_reproducible() {
        for bytes in [50_000, 300_000, 2_200_000] {
            let module = linked(bytes).unwrap();
            assert!(module.len() >= bytes && module.len() < bytes + 200_000);
            check(&module, &Rules::v1()).unwrap();
            assert_eq!(module, linked(bytes).unwrap());
        }
    }
}
