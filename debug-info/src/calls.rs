//! Finds how a function is reached: the shortest call chain from an export.
//!
//! Best effort on untrusted bytes, and an over-approximation: an indirect call is assumed to reach
//! every function of its type in an element segment.

use crate::limits::{ENTRIES_MAX, room};
use crate::payloads::payloads;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wasmparser::{
    ElementItems, ElementSectionReader, ExternalKind, FunctionBody, Operator, Payload, TypeRef,
    ValType,
};

/// One function of a call chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallStep {
    /// Index of the function.
    pub function: u32,
    /// True if the previous function calls it through the table.
    pub through_table: bool,
}

/// For each reached function its caller and whether the call is indirect; `None` for a root.
type Callers = BTreeMap<u32, Option<(u32, bool)>>;

/// The calls of one function body.
#[derive(Debug, Default)]
struct Calls {
    functions: BTreeSet<u32>,
    /// Types of indirect calls.
    types: BTreeSet<u32>,
}

/// The call graph, as far as the bytes decode.
#[derive(Debug, Default)]
pub(crate) struct CallGraph {
    /// Number of each type by parameters and results; equal types have the same number.
    numbers: BTreeMap<(Vec<ValType>, Vec<ValType>), usize>,
    types: Vec<usize>,
    /// Type of each function, imports first.
    functions: Vec<u32>,
    imports: u32,
    /// Exported functions in order, then the start function.
    roots: Vec<u32>,
    /// Functions in element segments.
    elements: BTreeSet<u32>,
    /// Functions in element segments, by the number of their type.
    table: BTreeMap<usize, Vec<u32>>,
    /// Calls of each defined function.
    calls: Vec<Calls>,
    /// Number of calls that may still be stored.
    calls_left: usize,
}

impl CallGraph {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut graph = Self {
            calls_left: ENTRIES_MAX,
            ..Self::default()
        };
        let mut start = None;
        for payload in payloads(bytes) {
            match payload {
                Payload::StartSection { func, .. } => start = Some(func),
                other => graph.payload(&other),
            }
        }
        graph.roots.extend(start);
        for function in &graph.elements {
            if let Some(kind) = graph.type_of(*function) {
                graph.table.entry(kind).or_default().push(*function);
            }
        }
        graph
    }

    /// The call chain from a root to `target`, both included.
    pub(crate) fn path(&self, target: u32) -> Option<Vec<CallStep>> {
        let callers = self.search(target);
        let mut steps = Vec::new();
        let mut at = target;
        loop {
            let caller = callers.get(&at)?;
            steps.push(CallStep {
                function: at,
                through_table: caller.is_some_and(|(_, through_table)| through_table),
            });
            match caller {
                Some((caller, _)) => at = *caller,
                None => break,
            }
        }
        steps.reverse();
        Some(steps)
    }

    fn payload(&mut self, payload: &Payload<'_>) {
        match payload {
            Payload::TypeSection(reader) => {
                let types = reader.clone().into_iter_err_on_gc_types();
                let types = types.map_while(Result::ok);
                for kind in types.take(room(self.types.len())) {
                    let signature = (kind.params().to_vec(), kind.results().to_vec());
                    let next = self.numbers.len();
                    self.types
                        .push(*self.numbers.entry(signature).or_insert(next));
                }
            }
            Payload::ImportSection(reader) => {
                let imports = reader.clone().into_imports().map_while(Result::ok);
                for import in imports.take(room(self.functions.len())) {
                    if let TypeRef::Func(index) | TypeRef::FuncExact(index) = import.ty {
                        self.functions.push(index);
                        self.imports = self.imports.saturating_add(1);
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                let types = reader.clone().into_iter().map_while(Result::ok);
                self.functions
                    .extend(types.take(room(self.functions.len())));
            }
            Payload::ExportSection(reader) => {
                let exports = reader.clone().into_iter().map_while(Result::ok);
                let functions = exports.filter(|export| export.kind == ExternalKind::Func);
                let roots = functions
                    .take(room(self.roots.len()))
                    .map(|export| export.index);
                self.roots.extend(roots);
            }
            Payload::ElementSection(reader) => self.element_section(reader.clone()),
            Payload::CodeSectionEntry(body) if room(self.calls.len()) > 0 => {
                let calls = self.body(body);
                self.calls.push(calls);
            }
            _ => {}
        }
    }

    fn element_section(&mut self, reader: ElementSectionReader<'_>) {
        for element in reader.into_iter().map_while(Result::ok) {
            if let ElementItems::Functions(items) = element.items {
                let functions = items.into_iter().map_while(Result::ok);
                self.elements
                    .extend(functions.take(room(self.elements.len())));
            }
        }
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Calls {
        let mut calls = Calls::default();
        let Ok(operators) = body.get_operators_reader() else {
            return calls;
        };
        for operator in operators.into_iter().map_while(Result::ok) {
            let (kept, index) = match operator {
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    (&mut calls.functions, function_index)
                }
                Operator::CallIndirect { type_index, .. }
                | Operator::ReturnCallIndirect { type_index, .. } => (&mut calls.types, type_index),
                _ => continue,
            };
            if self.calls_left > 0 && kept.insert(index) {
                self.calls_left = self.calls_left.saturating_sub(1);
            }
        }
        calls
    }

    fn type_of(&self, function: u32) -> Option<usize> {
        self.type_at(*self.functions.get(to_usize(function))?)
    }

    fn type_at(&self, index: u32) -> Option<usize> {
        self.types.get(to_usize(index)).copied()
    }

    /// Breadth-first search from the roots, until `target` is reached.
    fn search(&self, target: u32) -> Callers {
        let mut callers: Callers = self.roots.iter().map(|root| (*root, None)).collect();
        let mut waiting: VecDeque<u32> = self.roots.iter().copied().collect();
        let mut types_done = BTreeSet::new();
        while let Some(function) = waiting.pop_front() {
            if callers.contains_key(&target) {
                break;
            }
            let defined = function.checked_sub(self.imports).map(to_usize);
            let Some(calls) = defined.and_then(|at| self.calls.get(at)) else {
                continue;
            };
            let mut reach = |callee: u32, through_table: bool| {
                callers.entry(callee).or_insert_with(|| {
                    waiting.push_back(callee);
                    Some((function, through_table))
                });
            };
            for callee in &calls.functions {
                reach(*callee, false);
            }
            let types = calls.types.iter().filter_map(|kind| self.type_at(*kind));
            for kind in types.filter(|kind| types_done.insert(*kind)) {
                for callee in self.table.get(&kind).into_iter().flatten() {
                    reach(*callee, true);
                }
            }
        }
        callers
    }
}

fn to_usize(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
