//! Compares the operators of two machines made of R, in parts that are held one at a time.

use super::{Part, Place, place_of};
use crate::rerun::{Depth, Position, Record, Shown, Subject, WINDOW, rerun};
use vm::Fault;

/// Where two traces part.
pub(super) struct Parting {
    pub(super) part: Part,
    pub(super) place: Place,
    /// What each has after that place.
    pub(super) values: (String, String),
}

/// The first operator after which two machines differ; `None` if their traces are equal.
pub(super) fn compare(
    left: &Subject<'_>,
    right: &Subject<'_>,
    at: &Position<'_>,
) -> Result<Option<Parting>, Fault> {
    let trace = |subject, window| -> Result<Record, Fault> {
        Ok(rerun(subject, at, Depth::Operators(window))?.record)
    };
    let (one, other) = (trace(left, 0..0)?.digests, trace(right, 0..0)?.digests);
    // The last digest of each is that of its end, so unequal lengths differ before they end.
    let Some(unlike) = one.iter().zip(&other).position(|(one, other)| one != other) else {
        return Ok(None);
    };
    let start = u64::try_from(unlike)
        .unwrap_or(u64::MAX)
        .saturating_mul(WINDOW);
    let window = start..start.saturating_add(WINDOW);
    let (one, other) = (trace(left, window.clone())?, trace(right, window)?);
    Ok(part(&one, &other))
}

fn part(left: &Record, right: &Record) -> Option<Parting> {
    let (one, other) = (&left.shown, &right.shown);
    let unlike = one.iter().zip(other).position(|(one, other)| one != other);
    let index = unlike.unwrap_or_else(|| one.len().min(other.len()));
    let (next, other_next) = (one.get(index), other.get(index));
    let values = (describe(next), describe(other_next));
    // What differs at an operator was made by the one before it in the same frame.
    let same_frame = |shown: &&Shown| next.is_none_or(|next| next.frame == shown.frame);
    let in_window = one.iter().take(index).rev().find(same_frame).copied();
    let earlier = || match next {
        Some(next) => left.before.get(&next.frame).copied(),
        None => left.before.values().last().copied(),
    };
    let (part, shown) = match in_window.or_else(earlier) {
        Some(shown) => (Part::Instruction, shown),
        None => (Part::Entry, *next.or(other_next)?),
    };
    Some(Parting {
        part,
        place: place_of(left, shown)?,
        values,
    })
}

fn describe(next: Option<&Shown>) -> String {
    let Some(Shown {
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
