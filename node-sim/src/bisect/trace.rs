//! Compares the operators of two engines made of R, one window of them at a time.

use super::{DivergenceKind, InstructionLocation, location_of};
use crate::rerun::{
    ExecutionRecord, Position, RecordingDepth, Subject, TracedOperator, WINDOW, rerun,
};
use vm::Fault;

/// Where two operator traces diverge.
pub(super) struct TraceDivergence {
    pub(super) kind: DivergenceKind,
    pub(super) instruction: InstructionLocation,
    /// What each trace has next.
    pub(super) values: (String, String),
}

/// The first operator after which two traces differ; `None` if the traces are equal.
pub(super) fn compare(
    left: &Subject<'_>,
    right: &Subject<'_>,
    at: &Position<'_>,
) -> Result<Option<TraceDivergence>, Fault> {
    let trace = |subject, window| -> Result<ExecutionRecord, Fault> {
        Ok(rerun(subject, at, RecordingDepth::Operators(window))?.record)
    };
    let (one, other) = (trace(left, 0..0)?.digests, trace(right, 0..0)?.digests);
    // The last digest of each is that of its end, so unequal lengths differ before their ends.
    let Some(different) = one.iter().zip(&other).position(|(one, other)| one != other) else {
        return Ok(None);
    };
    let start = u64::try_from(different)
        .unwrap_or(u64::MAX)
        .saturating_mul(WINDOW);
    let window = start..start.saturating_add(WINDOW);
    let (one, other) = (trace(left, window.clone())?, trace(right, window)?);
    Ok(first_divergence(&one, &other))
}

fn first_divergence(left: &ExecutionRecord, right: &ExecutionRecord) -> Option<TraceDivergence> {
    let (one, other) = (&left.kept, &right.kept);
    let different = one.iter().zip(other).position(|(one, other)| one != other);
    let index = different.unwrap_or_else(|| one.len().min(other.len()));
    let (next, other_next) = (one.get(index), other.get(index));
    let values = (describe(next), describe(other_next));
    // A difference at an operator was made by the previous operator of the same frame.
    let same_frame = |shown: &&TracedOperator| next.is_none_or(|next| next.frame == shown.frame);
    let in_window = one.iter().take(index).rev().find(same_frame).copied();
    let earlier = || match next {
        Some(next) => left.before.get(&next.frame).copied(),
        None => left.before.values().last().copied(),
    };
    let (kind, operator) = match in_window.or_else(earlier) {
        Some(operator) => (DivergenceKind::Instruction, operator),
        None => (DivergenceKind::FrameEntry, *next.or(other_next)?),
    };
    Some(TraceDivergence {
        kind,
        instruction: location_of(left, operator)?,
        values,
    })
}

fn describe(next: Option<&TracedOperator>) -> String {
    let Some(TracedOperator {
        function,
        offset,
        gas_before,
        slot,
        ..
    }) = next
    else {
        return "the end".to_owned();
    };
    let slot = slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
    format!("then slot {slot}, {gas_before} gas, function {function} at {offset}")
}
