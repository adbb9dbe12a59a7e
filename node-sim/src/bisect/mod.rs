//! Finds where two executions of one transaction part: the instruction, the host call, or the step
//! of the node around the VM.
//!
//! ```text
//! both again, recorded --first unlike step--> engine or host? --host--> the call, both answers
//!        |                                          |
//!        no unlike step                             engine: R beside whoever differs from R,
//!        v                                                  operator by operator
//!        a step of the node: receipt field or state key
//! ```
//!
//! An engine is compared with R at its steps: host calls, answers and ends, with gas and memory.
//! Where both are made of R the operators between two steps are compared as well, by what each
//! leaves on the stack and in gas. Digests of many operators come first, so that a long transaction
//! is held in parts.
//!
//! Specification: docs/spec/blocks.md, "Bisection". Tests: `tests/it/injected_faults.rs`.

mod trace;

use crate::compare::compare_transactions;
use crate::rerun::{
    Crossed, Depth, Event, MakeEngine, MakeTraced, Position, Record, Rerun, Shown, Subject, rerun,
};
use reference::Reference;
use vm::CodeHash;
use vm::unstable::execution::Value;
use vm::unstable::lower::{Operator, Sink};
use vm::{CheckedModule, Fault};

/// What kind of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This instruction has another result or another price.
    Instruction,
    /// A frame begins with another module, entry or gas, or entering its function has another
    /// price.
    Entry,
    /// The guest has come to another host call or end, or with other gas or memory; the instruction
    /// is that of R.
    Call,
    /// The host answered the same call differently.
    Answer,
    /// The VM did the same; a step of the node around it differs.
    Step,
    /// Executed again on its own, both came to the same.
    Unrepeated,
}

impl Part {
    /// The kind's name, as in `--json` output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instruction => "instruction",
            Self::Entry => "entry",
            Self::Call => "call",
            Self::Answer => "answer",
            Self::Step => "step",
            Self::Unrepeated => "unrepeated",
        }
    }
}

/// An instruction of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The module.
    pub code_hash: CodeHash,
    /// Index in the function index space.
    pub function: u32,
    /// Byte offset in the module.
    pub offset: u32,
    /// Its name in the text format; of a call of the host with the function's name.
    pub operator: String,
    /// Gas of the frame before it.
    pub gas_before: u64,
}

/// Where two executions part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What kind of place it is.
    pub part: Part,
    /// The instruction, where there is one.
    pub place: Option<Place>,
    /// The receipt's field or `state` of a step.
    pub field: Option<&'static str>,
    /// The state key of a step; the bytes that the guest gave as a key to a call.
    pub key: Option<Vec<u8>>,
    /// What the first execution has there.
    pub left: String,
    /// What the second one has.
    pub right: String,
}

impl Site {
    /// A place outside of the VM.
    #[must_use]
    pub fn step(field: &'static str, key: Option<Vec<u8>>, values: (String, String)) -> Self {
        Self {
            part: Part::Step,
            place: None,
            field: Some(field),
            key,
            left: values.0,
            right: values.1,
        }
    }

    const fn unrepeated() -> Self {
        Self {
            part: Part::Unrepeated,
            place: None,
            field: None,
            key: None,
            left: String::new(),
            right: String::new(),
        }
    }
}

/// Where two machines part in a transaction on which they differ.
///
/// # Errors
/// [`Fault`] if one of them stops at one.
pub fn locate(left: &Subject<'_>, right: &Subject<'_>, at: &Position<'_>) -> Result<Site, Fault> {
    let one = rerun(left, at, Depth::Steps)?;
    let other = rerun(right, at, Depth::Steps)?;
    let (one_log, other_log) = (&one.record.events, &other.record.events);
    let Some(index) = first_unlike(one_log, other_log) else {
        return Ok(compare_executed(&one, &other));
    };
    let definition = Definition::new();
    let shown = rerun(&definition.beside(left), at, Depth::Operators(0..0))?.record;
    let pair = (one_log.get(index), other_log.get(index));
    let before = index
        .checked_sub(1)
        .and_then(|index| shown.events.get(index));
    if is_answer(pair.0) && is_answer(pair.1) {
        return Ok(of_events(Part::Answer, &shown, before, pair));
    }
    // Whoever differs from R is looked at beside R, on its own state.
    let is_left_like_r = first_unlike(one_log, &shown.events).is_none_or(|at| at > index);
    let wrong = if is_left_like_r { right } else { left };
    let found = match wrong.traced {
        Some(_) => trace::compare(&definition.beside(wrong), wrong, at)?,
        None => None,
    };
    let Some(found) = found else {
        return Ok(of_events(Part::Call, &shown, shown.events.get(index), pair));
    };
    let (of_r, of_wrong) = found.values;
    let (left, right) = match is_left_like_r {
        true => (of_r, of_wrong),
        false => (of_wrong, of_r),
    };
    Ok(Site {
        part: found.part,
        place: Some(found.place),
        field: None,
        key: None,
        left,
        right,
    })
}

/// R, to be put beside anybody.
pub(crate) struct Definition {
    engine: MakeEngine,
    traced: MakeTraced,
}

impl Definition {
    pub(crate) fn new() -> Self {
        Self {
            engine: Box::new(|| Box::new(Reference::new())),
            traced: Box::new(|trace| Box::new(Reference::new().with_trace(trace))),
        }
    }

    /// R on the state and with the steps of `subject`.
    pub(crate) fn beside<'a>(&'a self, subject: &Subject<'a>) -> Subject<'a> {
        Subject {
            name: "reference",
            engine: &*self.engine,
            traced: Some(&self.traced),
            ..*subject
        }
    }
}

const fn is_answer(event: Option<&Event>) -> bool {
    matches!(
        event,
        Some(Event {
            crossed: Crossed::Answer(_),
            ..
        })
    )
}

/// The first place at which two logs differ.
fn first_unlike(left: &[Event], right: &[Event]) -> Option<usize> {
    let unlike = left
        .iter()
        .zip(right)
        .position(|(one, other)| !one.is_like(other));
    let shorter = left.len().min(right.len());
    unlike.or_else(|| (left.len() != right.len()).then_some(shorter))
}

/// Both did the same in the VM: the first field or key of the transaction that differs.
fn compare_executed(left: &Rerun, right: &Rerun) -> Site {
    let (one, other) = (&left.executed, &right.executed);
    let mismatches = compare_transactions((&one.receipt, &one.diff), (&other.receipt, &other.diff));
    let Some(first) = mismatches.into_iter().next() else {
        return Site::unrepeated();
    };
    let key = first.key.and_then(|key| hex::decode(key).ok());
    Site::step(first.field, key, (first.left, first.right))
}

/// The place of a step: `at` is where R took it.
fn of_events(
    part: Part,
    shown: &Record,
    at: Option<&Event>,
    (left, right): (Option<&Event>, Option<&Event>),
) -> Site {
    let given = [at, left, right].into_iter().flatten();
    let key = given.clone().find_map(|event| match &event.crossed {
        Crossed::Call(_, _, key) if !key.is_empty() => Some(key.clone()),
        _ => None,
    });
    let begins = matches!(
        left.or(right),
        Some(Event {
            crossed: Crossed::Begin(_),
            ..
        })
    );
    Site {
        part: if begins { Part::Entry } else { part },
        place: at.and_then(|event| place_of(shown, event.place?)),
        field: None,
        key,
        left: describe(left),
        right: describe(right),
    }
}

fn describe(event: Option<&Event>) -> String {
    let Some(Event { crossed, gas, .. }) = event else {
        return "nothing more".to_owned();
    };
    let what = match crossed {
        Crossed::Begin(entry) => format!("function {entry} begins"),
        Crossed::Call(function, arguments, _) => {
            let arguments: Vec<String> = arguments.iter().map(u64::to_string).collect();
            format!("{}({})", host_name(*function), arguments.join(", "))
        }
        Crossed::Answer(None) => "answered".to_owned(),
        Crossed::Answer(Some(Value::I32(value))) => format!("answered {value}"),
        Crossed::Answer(Some(Value::I64(value))) => format!("answered {value}"),
        Crossed::Exit(stop) => format!("{stop:?}"),
    };
    format!("{what}, {gas} gas left")
}

fn host_name(function: host_api::Function) -> &'static str {
    host_api::table::row(function).map_or("a host function", |row| row.name)
}

/// An operator of a recorded frame as a place of its module.
fn place_of(record: &Record, shown: Shown) -> Option<Place> {
    let frame = usize::try_from(shown.frame.checked_sub(1)?).ok()?;
    let module = record.modules.get(frame)?;
    Some(Place {
        code_hash: *module.code_hash(),
        function: shown.function,
        offset: shown.offset,
        operator: operator_at(module, shown.function, shown.offset),
        gas_before: shown.gas_before,
    })
}

/// Looks for one operator of a function.
struct Finder<'a> {
    module: &'a CheckedModule,
    offset: u32,
    found: Option<String>,
}

impl Sink for Finder<'_> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        if offset != self.offset || self.found.is_some() {
            return;
        }
        let name = operator.opcode().name();
        let import = match operator {
            Operator::Call(function) => {
                let place = usize::try_from(function).ok();
                place.and_then(|place| self.module.imports().get(place))
            }
            _ => None,
        };
        self.found = Some(match import {
            Some(import) => format!("{name} {}", host_name(import.function)),
            None => name.to_owned(),
        });
    }
}

fn operator_at(module: &CheckedModule, function: u32, offset: u32) -> String {
    let mut finder = Finder {
        module,
        offset,
        found: None,
    };
    if let Some(function) = module.function(function) {
        vm::unstable::lower::function(module, function, &mut finder);
    }
    finder.found.unwrap_or_default()
}
