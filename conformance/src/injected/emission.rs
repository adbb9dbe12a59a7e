//! Injects faults into instrumented modules: one kind of operator or one section is changed.

use engine_wasmi::{Compiled, Wasmi};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use vm::{CheckedModule, CodeHash, Engine, Execution, Fault, Rules};
use wasm_encoder::{self as wasm, Encode, Instruction};
use wasmparser::{
    BinaryReaderError, DataSectionReader, ExportSectionReader, FunctionBody, MemorySectionReader,
    Operator, Parser, Payload,
};

/// Most compiled modules in the cache of an engine.
const CACHE_MAX: usize = 8;

/// What happens to an operator.
pub(super) enum Edit {
    /// The operator stays.
    Keep,
    /// The operator and those after it are removed, this many in all.
    Drop(usize),
    /// These instructions replace it.
    Replace(Vec<Instruction<'static>>),
}

/// The fault of an instrumented module.
#[derive(Clone, Copy)]
pub(super) enum EmissionFault {
    /// Edits operators: takes those of a function and the index of one.
    Operators(fn(&[Operator<'_>], usize) -> Edit),
    /// The maximum number of pages is one less.
    MemoryMaximum,
    /// Every second instance has its data segments in reverse order.
    DataOrder,
    /// The start function does not run.
    Start,
}

type CacheKey = (CodeHash, bool);

/// Runs faulty instrumented modules in wasmi.
pub(super) struct FaultyEmission {
    fault: EmissionFault,
    wasmi: Wasmi,
    instances: Mutex<u64>,
    /// The last few compiled modules, by code hash and whether the order is reversed.
    cache: Mutex<BTreeMap<CacheKey, Compiled>>,
}

impl FaultyEmission {
    pub(super) fn new(fault: EmissionFault) -> Self {
        Self {
            fault,
            wasmi: Wasmi::new(),
            instances: Mutex::default(),
            cache: Mutex::default(),
        }
    }
}

impl Engine for FaultyEmission {
    fn name(&self) -> &'static str {
        "injected"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let reversed = {
            let mut instances = self
                .instances
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *instances = instances.wrapping_add(1);
            instances.is_multiple_of(2)
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (*module.code_hash(), reversed);
        let compiled = match cache.get(&key) {
            Some(compiled) => compiled.clone(),
            None => {
                let emitted = vm::emit(module, rules);
                let bytes = with_fault(&emitted, self.fault, reversed);
                let bytes = bytes.map_err(|error| Fault::invariant(error.to_string()))?;
                let compiled = self.wasmi.compile(&bytes)?;
                if cache.len() >= CACHE_MAX {
                    cache.clear();
                }
                cache.insert(key, compiled.clone());
                compiled
            }
        };
        drop(cache);
        self.wasmi.instance(&compiled, module)
    }
}

fn with_fault(
    module: &[u8],
    fault: EmissionFault,
    reversed: bool,
) -> Result<Vec<u8>, BinaryReaderError> {
    let to_index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let cut = |start: u64, end: u64| {
        module
            .get(to_index(start)..to_index(end))
            .unwrap_or_default()
    };
    let mut out = wasm::Module::new();
    let mut code = wasm::CodeSection::new();
    let mut left = 0_u32;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match (&payload, fault) {
            (Payload::CodeSectionStart { count, .. }, _) => left = *count,
            (Payload::CodeSectionEntry(body), _) => {
                code.raw(&function(body, fault, &cut)?);
                left = left.saturating_sub(1);
                if left == 0 {
                    out.section(&code);
                }
            }
            (Payload::MemorySection(section), EmissionFault::MemoryMaximum) => {
                out.section(&smaller(section.clone())?);
            }
            (Payload::DataSection(section), EmissionFault::DataOrder) if reversed => {
                let data = &in_reverse(section.clone(), &cut)?;
                out.section(&wasm::RawSection { id: 11, data });
            }
            (Payload::ExportSection(section), EmissionFault::Start) => {
                out.section(&without_start(section.clone())?);
            }
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    let data = cut(range.start, range.end);
                    out.section(&wasm::RawSection { id, data });
                }
            }
        }
    }
    Ok(out.finish())
}

fn smaller(section: MemorySectionReader<'_>) -> Result<wasm::MemorySection, BinaryReaderError> {
    let mut memories = wasm::MemorySection::new();
    for memory in section {
        let memory = memory?;
        let maximum = memory
            .maximum
            .map(|maximum| maximum.saturating_sub(1).max(memory.initial));
        memories.memory(wasm::MemoryType {
            minimum: memory.initial,
            maximum,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
    }
    Ok(memories)
}

fn in_reverse<'a>(
    section: DataSectionReader<'a>,
    cut: &dyn Fn(u64, u64) -> &'a [u8],
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut bytes = Vec::new();
    section.count().encode(&mut bytes);
    let items = section
        .into_iter()
        .map(|item| item.map(|item| cut(item.range.start, item.range.end)));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    items
        .iter()
        .rev()
        .for_each(|item| bytes.extend_from_slice(item));
    Ok(bytes)
}

fn without_start(
    section: ExportSectionReader<'_>,
) -> Result<wasm::ExportSection, BinaryReaderError> {
    let mut exports = wasm::ExportSection::new();
    for export in section {
        let export = export?;
        let name = if export.name == vm::unstable::emit::START {
            "$not"
        } else {
            export.name
        };
        let kind = match export.kind {
            wasmparser::ExternalKind::Table => wasm::ExportKind::Table,
            wasmparser::ExternalKind::Memory => wasm::ExportKind::Memory,
            wasmparser::ExternalKind::Global => wasm::ExportKind::Global,
            _ => wasm::ExportKind::Func,
        };
        exports.export(name, kind, export.index);
    }
    Ok(exports)
}

fn function<'a>(
    body: &FunctionBody<'a>,
    fault: EmissionFault,
    cut: &dyn Fn(u64, u64) -> &'a [u8],
) -> Result<Vec<u8>, BinaryReaderError> {
    let EmissionFault::Operators(edit) = fault else {
        return Ok(body.as_bytes().to_vec());
    };
    let mut reader = body.get_operators_reader()?;
    let mut bytes = cut(body.range().start, reader.original_position()).to_vec();
    let (mut operators, mut encoded) = (Vec::new(), Vec::new());
    while !reader.eof() {
        let start = reader.original_position();
        operators.push(reader.read()?);
        encoded.push(cut(start, reader.original_position()));
    }
    let mut at = 0;
    while let Some(same) = encoded.get(at) {
        match edit(&operators, at) {
            Edit::Keep => bytes.extend_from_slice(same),
            Edit::Drop(count) => at = at.saturating_add(count).saturating_sub(1),
            Edit::Replace(others) => others.iter().for_each(|other| other.encode(&mut bytes)),
        }
        at = at.saturating_add(1);
    }
    Ok(bytes)
}
