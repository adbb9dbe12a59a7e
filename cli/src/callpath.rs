//! Finds how a function comes to be called: the shortest chain of calls from an export.
//!
//! Best effort over untrusted bytes, and wider than what runs: a call through the table is taken to
//! reach every function of its type that an element segment names.

use crate::reject::FunctionName;
use crate::survey::Survey;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use vm::unstable::limits::{ELEMENTS_MAX, EXPORTS_MAX, FUNCTIONS_MAX, IMPORTS_MAX, TYPES_MAX};
use wasmparser::{
    ElementItems, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef, ValType,
};

/// One function of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    #[serde(flatten)]
    function: FunctionName,
    /// True if the one before reaches it through the table.
    through_table: bool,
}

/// Steps that a line shows; of a longer chain both ends.
const STEPS_SHOWN: usize = 8;

/// The chain from an export, or the start function, to the function at `target`, both included.
/// `None` if nothing that the bytes show calls it.
pub(crate) fn to(target: u32, bytes: &[u8], survey: &Survey) -> Option<Vec<Step>> {
    let graph = Graph::of(bytes);
    let before = graph.search(target);
    let mut steps = Vec::new();
    let mut at = target;
    loop {
        let from = before.get(&at)?;
        steps.push(Step {
            function: FunctionName::of(at, survey),
            through_table: from.is_some_and(|(_, through_table)| through_table),
        });
        match from {
            Some((caller, _)) => at = *caller,
            None => break,
        }
    }
    steps.reverse();
    Some(steps)
}

/// The chain in one line.
pub(crate) fn text(steps: &[Step]) -> String {
    let mut line = String::new();
    let half = STEPS_SHOWN / 2;
    for (place, step) in steps.iter().enumerate() {
        let left = steps.len().saturating_sub(place);
        if steps.len() > STEPS_SHOWN && place >= half && left > half {
            if place == half {
                let hidden = steps.len().saturating_sub(STEPS_SHOWN);
                line.push_str(&format!(" -> ({hidden} more)"));
            }
            continue;
        }
        if place > 0 {
            line.push_str(" -> ");
        }
        if step.through_table {
            line.push_str("(table) -> ");
        }
        line.push_str(&step.function.text());
    }
    line
}

/// By function reached: the caller and whether the table lay between; `None` for a root.
type Before = BTreeMap<u32, Option<(u32, bool)>>;

/// What one body calls.
#[derive(Default)]
struct Calls {
    functions: BTreeSet<u32>,
    /// Types of calls through the table.
    types: BTreeSet<u32>,
}

/// Who calls whom, as far as the bytes decode.
#[derive(Default)]
struct Graph {
    /// Number of each type by what it says; equal types have one number.
    numbers: BTreeMap<(Vec<ValType>, Vec<ValType>), usize>,
    types: Vec<usize>,
    /// Type of each function, imports first.
    functions: Vec<u32>,
    imports: u32,
    /// Exported functions in order, then the start function.
    roots: Vec<u32>,
    table: BTreeSet<u32>,
    /// By defined function.
    calls: Vec<Calls>,
}

impl Graph {
    fn of(bytes: &[u8]) -> Self {
        let mut graph = Self::default();
        let mut start = None;
        for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
            match payload {
                Payload::StartSection { func, .. } => start = Some(func),
                other => graph.payload(&other),
            }
        }
        graph.roots.extend(start);
        graph
    }

    fn payload(&mut self, payload: &Payload<'_>) {
        match payload {
            Payload::TypeSection(reader) => {
                let types = reader.clone().into_iter_err_on_gc_types();
                for kind in types.map_while(Result::ok).take(place(TYPES_MAX)) {
                    let says = (kind.params().to_vec(), kind.results().to_vec());
                    let next = self.numbers.len();
                    self.types.push(*self.numbers.entry(says).or_insert(next));
                }
            }
            Payload::ImportSection(reader) => {
                let imports = reader.clone().into_imports().map_while(Result::ok);
                for import in imports.take(place(IMPORTS_MAX)) {
                    if let TypeRef::Func(index) | TypeRef::FuncExact(index) = import.ty {
                        self.functions.push(index);
                        self.imports = self.imports.saturating_add(1);
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                let types = reader.clone().into_iter().map_while(Result::ok);
                self.functions.extend(types.take(place(FUNCTIONS_MAX)));
            }
            Payload::ExportSection(reader) => {
                let exports = reader.clone().into_iter().map_while(Result::ok);
                let functions = exports
                    .take(place(EXPORTS_MAX))
                    .filter(|export| export.kind == ExternalKind::Func);
                self.roots.extend(functions.map(|export| export.index));
            }
            Payload::ElementSection(reader) => {
                for element in reader.clone().into_iter().map_while(Result::ok) {
                    if let ElementItems::Functions(items) = element.items {
                        let items = items.into_iter().map_while(Result::ok);
                        self.table.extend(items.take(place(ELEMENTS_MAX)));
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.calls.push(calls(body)),
            _ => {}
        }
    }

    fn type_of(&self, function: u32) -> Option<usize> {
        self.type_at(*self.functions.get(place(function))?)
    }

    fn type_at(&self, index: u32) -> Option<usize> {
        self.types.get(place(index)).copied()
    }

    /// Breadth first from the roots, until `target` is reached.
    fn search(&self, target: u32) -> Before {
        let mut before: Before = self.roots.iter().map(|root| (*root, None)).collect();
        let mut waiting: VecDeque<u32> = self.roots.iter().copied().collect();
        let mut types_done = BTreeSet::new();
        while let Some(function) = waiting.pop_front() {
            if before.contains_key(&target) {
                break;
            }
            let defined = function.checked_sub(self.imports).map(place);
            let Some(calls) = defined.and_then(|at| self.calls.get(at)) else {
                continue;
            };
            let mut reach = |callee: u32, through_table: bool| {
                before.entry(callee).or_insert_with(|| {
                    waiting.push_back(callee);
                    Some((function, through_table))
                });
            };
            for callee in &calls.functions {
                reach(*callee, false);
            }
            let types = calls.types.iter().filter_map(|kind| self.type_at(*kind));
            for kind in types.filter(|kind| types_done.insert(*kind)) {
                let same = |callee: &&u32| self.type_of(**callee) == Some(kind);
                for callee in self.table.iter().filter(same) {
                    reach(*callee, true);
                }
            }
        }
        before
    }
}

fn calls(body: &FunctionBody<'_>) -> Calls {
    let mut calls = Calls::default();
    let Ok(operators) = body.get_operators_reader() else {
        return calls;
    };
    for operator in operators.into_iter().map_while(Result::ok) {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                calls.functions.insert(function_index);
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. } => {
                calls.types.insert(type_index);
            }
            _ => {}
        }
    }
    calls
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
