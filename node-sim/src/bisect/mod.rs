//! Finds where two executions of one transaction diverge: at an instruction, at a host call, or in
//! what the node does around the VM.
//!
//! ```text
//! both again, recorded --first different event--> engine or host? --host--> the call, both results
//!        |                                             |
//!        no different event                            engine: R beside the engine that differs
//!        v                                                     from R, operator by operator
//!        the node: receipt field or state key
//! ```
//!
//! An engine is compared with R, the reference interpreter, at each event: frame starts, host
//! calls, their results and exits, with gas and memory. If both engines are made of R, the
//! operators between two events are compared as well, by what each leaves on the stack and in gas.
//! Digests of many operators are compared first, so that only one window of a long transaction is
//! in memory.
//!
//! Specification: docs/spec/blocks.md, "Bisection". Tests: `tests/it/injected_faults.rs`.

mod trace;

use crate::compare::compare_transactions;
use crate::rerun::{
    BoundaryEvent, BoundaryEventKind, ExecutionRecord, MakeEngine, MakeTraced, Position,
    RecordingDepth, Rerun, Subject, TracedOperator, rerun,
};
use reference::Reference;
use vm::CodeHash;
use vm::unstable::execution::Value;
use vm::unstable::lower::{Operator, Sink};
use vm::{CheckedModule, Fault};

/// What kind of divergence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DivergenceKind {
    /// One instruction has another result or another price.
    Instruction,
    /// A frame starts with another module, entry or gas, or entering its function has another
    /// price.
    FrameEntry,
    /// The guest reaches another host call or exit, or reaches it with other gas or memory. The
    /// instruction is that of R.
    HostCall,
    /// The host returned different results for the same call.
    HostReturn,
    /// The VM did the same; the node around it differs.
    Pipeline,
    /// A second execution on its own did not reproduce the difference.
    NotReproduced,
}

impl DivergenceKind {
    /// Name of the kind, as in `--json` output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instruction => "instruction",
            Self::FrameEntry => "entry",
            Self::HostCall => "call",
            Self::HostReturn => "answer",
            Self::Pipeline => "step",
            Self::NotReproduced => "unrepeated",
        }
    }
}

/// Location of an instruction in a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionLocation {
    /// Hash of the module.
    pub code_hash: CodeHash,
    /// Index in the function index space.
    pub function: u32,
    /// Byte offset of the instruction in the module.
    pub offset: u32,
    /// Name of the operator in the text format; for a call of the host with the function's name.
    pub operator: String,
    /// Gas left in the frame before the instruction.
    pub gas_before: u64,
}

/// Where two executions diverge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Kind of the divergence.
    pub kind: DivergenceKind,
    /// Location of the instruction, if there is one.
    pub instruction: Option<InstructionLocation>,
    /// Receipt field, or `state`, for a divergence of the node.
    pub field: Option<&'static str>,
    /// State key for a divergence of the node; for a host call the bytes that the guest passed as a
    /// key.
    pub key: Option<Vec<u8>>,
    /// What the first execution has there.
    pub left: String,
    /// What the second execution has there.
    pub right: String,
}

impl Divergence {
    /// A divergence outside of the VM.
    #[must_use]
    pub fn of_pipeline(
        field: &'static str,
        key: Option<Vec<u8>>,
        values: (String, String),
    ) -> Self {
        Self {
            kind: DivergenceKind::Pipeline,
            instruction: None,
            field: Some(field),
            key,
            left: values.0,
            right: values.1,
        }
    }

    const fn not_reproduced() -> Self {
        Self {
            kind: DivergenceKind::NotReproduced,
            instruction: None,
            field: None,
            key: None,
            left: String::new(),
            right: String::new(),
        }
    }
}

/// Finds where two subjects diverge in a transaction on which they differ.
///
/// # Errors
/// [`Fault`] if one of them stops at a fault.
pub fn locate(
    left: &Subject<'_>,
    right: &Subject<'_>,
    at: &Position<'_>,
) -> Result<Divergence, Fault> {
    let one = rerun(left, at, RecordingDepth::Events)?;
    let other = rerun(right, at, RecordingDepth::Events)?;
    let (one_log, other_log) = (&one.record.events, &other.record.events);
    let Some(index) = first_difference(one_log, other_log) else {
        return Ok(compare_executed(&one, &other));
    };
    let reference = ReferenceSubject::new();
    let reference_record = rerun(
        &reference.with_state_of(left),
        at,
        RecordingDepth::Operators(0..0),
    )?
    .record;
    let pair = (one_log.get(index), other_log.get(index));
    let before = index
        .checked_sub(1)
        .and_then(|index| reference_record.events.get(index));
    if is_return(pair.0) && is_return(pair.1) {
        return Ok(of_events(
            DivergenceKind::HostReturn,
            &reference_record,
            before,
            pair,
        ));
    }
    // Compare the one that differs from R with R, on its own state.
    let is_left_like_r =
        first_difference(one_log, &reference_record.events).is_none_or(|at| at > index);
    let wrong = if is_left_like_r { right } else { left };
    let found = match wrong.traced {
        Some(_) => trace::compare(&reference.with_state_of(wrong), wrong, at)?,
        None => None,
    };
    let Some(found) = found else {
        return Ok(of_events(
            DivergenceKind::HostCall,
            &reference_record,
            reference_record.events.get(index),
            pair,
        ));
    };
    let (reference_value, wrong_value) = found.values;
    let (left, right) = match is_left_like_r {
        true => (reference_value, wrong_value),
        false => (wrong_value, reference_value),
    };
    Ok(Divergence {
        kind: found.kind,
        instruction: Some(found.instruction),
        field: None,
        key: None,
        left,
        right,
    })
}

/// R, as a subject to compare any other with.
pub(crate) struct ReferenceSubject {
    engine: MakeEngine,
    traced: MakeTraced,
}

impl ReferenceSubject {
    pub(crate) fn new() -> Self {
        Self {
            engine: Box::new(|| Box::new(Reference::new())),
            traced: Box::new(|trace| Box::new(Reference::new().with_trace(trace))),
        }
    }

    /// R on the state and with the pipeline of `subject`.
    pub(crate) fn with_state_of<'a>(&'a self, subject: &Subject<'a>) -> Subject<'a> {
        Subject {
            name: "reference",
            engine: &*self.engine,
            traced: Some(&self.traced),
            ..*subject
        }
    }
}

const fn is_return(event: Option<&BoundaryEvent>) -> bool {
    matches!(
        event,
        Some(BoundaryEvent {
            kind: BoundaryEventKind::Return(_),
            ..
        })
    )
}

/// Index of the first event at which two logs differ.
fn first_difference(left: &[BoundaryEvent], right: &[BoundaryEvent]) -> Option<usize> {
    let different = left
        .iter()
        .zip(right)
        .position(|(one, other)| !one.is_like(other));
    let shorter = left.len().min(right.len());
    different.or_else(|| (left.len() != right.len()).then_some(shorter))
}

/// Both did the same in the VM: finds the first field or key of the transaction that differs.
fn compare_executed(left: &Rerun, right: &Rerun) -> Divergence {
    let (one, other) = (&left.executed, &right.executed);
    let mismatches = compare_transactions((&one.receipt, &one.diff), (&other.receipt, &other.diff));
    let Some(first) = mismatches.into_iter().next() else {
        return Divergence::not_reproduced();
    };
    let key = first.key.and_then(|key| hex::decode(key).ok());
    Divergence::of_pipeline(first.field, key, (first.left, first.right))
}

/// The divergence at two events; `at` is the event of R there.
fn of_events(
    kind: DivergenceKind,
    reference: &ExecutionRecord,
    at: Option<&BoundaryEvent>,
    (left, right): (Option<&BoundaryEvent>, Option<&BoundaryEvent>),
) -> Divergence {
    let given = [at, left, right].into_iter().flatten();
    let key = given.clone().find_map(|event| match &event.kind {
        BoundaryEventKind::Call(_, _, key) if !key.is_empty() => Some(key.clone()),
        _ => None,
    });
    let begins = matches!(
        left.or(right),
        Some(BoundaryEvent {
            kind: BoundaryEventKind::Begin(_),
            ..
        })
    );
    Divergence {
        kind: if begins {
            DivergenceKind::FrameEntry
        } else {
            kind
        },
        instruction: at.and_then(|event| location_of(reference, event.operator?)),
        field: None,
        key,
        left: describe(left),
        right: describe(right),
    }
}

fn describe(event: Option<&BoundaryEvent>) -> String {
    let Some(BoundaryEvent { kind, gas, .. }) = event else {
        return "nothing more".to_owned();
    };
    let what = match kind {
        BoundaryEventKind::Begin(entry) => format!("function {entry} begins"),
        BoundaryEventKind::Call(function, arguments, _) => {
            let arguments: Vec<String> = arguments.iter().map(u64::to_string).collect();
            format!("{}({})", host_name(*function), arguments.join(", "))
        }
        BoundaryEventKind::Return(None) => "answered".to_owned(),
        BoundaryEventKind::Return(Some(Value::I32(value))) => format!("answered {value}"),
        BoundaryEventKind::Return(Some(Value::I64(value))) => format!("answered {value}"),
        BoundaryEventKind::Exit(stop) => format!("{stop:?}"),
    };
    format!("{what}, {gas} gas left")
}

fn host_name(function: host_api::Function) -> &'static str {
    host_api::table::row(function).map_or("a host function", |row| row.name)
}

/// Location of an operator of a recorded frame.
fn location_of(record: &ExecutionRecord, shown: TracedOperator) -> Option<InstructionLocation> {
    let frame = usize::try_from(shown.frame.checked_sub(1)?).ok()?;
    let module = record.modules.get(frame)?;
    Some(InstructionLocation {
        code_hash: *module.code_hash(),
        function: shown.function,
        offset: shown.offset,
        operator: operator_at(module, shown.function, shown.offset),
        gas_before: shown.gas_before,
    })
}

/// Finds the operator at an offset of a function.
struct OperatorFinder<'a> {
    module: &'a CheckedModule,
    offset: u32,
    found: Option<String>,
}

impl Sink for OperatorFinder<'_> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        if offset != self.offset || self.found.is_some() {
            return;
        }
        let name = operator.opcode().name();
        let import = match operator {
            Operator::Call(function) => {
                let index = usize::try_from(function).ok();
                index.and_then(|index| self.module.imports().get(index))
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
    let mut finder = OperatorFinder {
        module,
        offset,
        found: None,
    };
    if let Some(function) = module.function(function) {
        vm::unstable::lower::function(module, function, &mut finder);
    }
    finder.found.unwrap_or_default()
}
