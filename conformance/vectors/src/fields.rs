//! Writes a result as named fields, equal on every machine, and finds the first that differs.

use crate::observation::Observation;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::state::AccessSet;
use vm::{Event, Exit, Outcome, StateDiff, Trap};

/// A result: texts without control characters, by field name.
pub type Fields = BTreeMap<String, String>;

/// Longest byte string that is written in full; a longer one is written as hash and length.
pub const BYTES_SHOWN_MAX: usize = 64;

/// The most informative fields; a difference in them is reported before any other.
const FIRST: [&str; 6] = ["accepted", "exit", "trap", "answer", "value", "gas_used"];

/// One field in which two results differ; `None` where a result does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// Name of the field.
    pub field: String,
    /// Value in the left result.
    pub left: Option<String>,
    /// Value in the right result.
    pub right: Option<String>,
}

/// The first field in which two results differ: the most informative ones, then by name.
#[must_use]
pub fn first_difference(left: &Fields, right: &Fields) -> Option<FieldDifference> {
    differences(left, right).into_iter().next()
}

fn rank(name: &str) -> usize {
    FIRST
        .iter()
        .position(|first| *first == name)
        .unwrap_or(FIRST.len())
}

/// Every field in which two results differ, in the order of [`first_difference`].
#[must_use]
pub fn differences(left: &Fields, right: &Fields) -> Vec<FieldDifference> {
    let names: BTreeSet<&str> = left
        .keys()
        .chain(right.keys())
        .map(String::as_str)
        .collect();
    let mut differing: Vec<&str> = names
        .into_iter()
        .filter(|name| left.get(*name) != right.get(*name))
        .collect();
    differing.sort_by_key(|name| (rank(name), *name));
    let of = |name: &str| FieldDifference {
        field: name.to_owned(),
        left: left.get(name).cloned(),
        right: right.get(name).cloned(),
    };
    differing.into_iter().map(of).collect()
}

/// All that can be observed of a run of one frame.
#[must_use]
pub fn of_observation(observation: &Observation) -> Fields {
    let mut fields = of_frame(&observation.exit, observation.gas_used, &observation.access);
    if let Some(state) = &observation.final_state {
        put_memory(&mut fields, &hash(&state.memory), &state.globals);
        put_effects(&mut fields, &state.events, &state.diff);
    }
    fields
}

/// The end of one frame and what it read and wrote, without what is left of it after a return.
pub(crate) fn of_frame(exit: &FrameExit, gas_used: u64, access: &AccessSet) -> Fields {
    let mut fields = Fields::new();
    match exit {
        FrameExit::Return { value, output } => {
            put(&mut fields, "exit", "return");
            if let Some(value) = value {
                put(&mut fields, "value", value_text(*value));
            }
            put(&mut fields, "output", bytes(output));
        }
        FrameExit::Revert { output } => {
            put(&mut fields, "exit", "revert");
            put(&mut fields, "output", bytes(output));
        }
        FrameExit::Trap(trap) => put_trap(&mut fields, *trap),
        FrameExit::OutOfGas => put(&mut fields, "exit", "out-of-gas"),
    }
    put(&mut fields, "gas_used", gas_used.to_string());
    put_access(&mut fields, access);
    fields
}

/// The memory as `sha256:HASH:LENGTH`, and the globals, after a return.
pub(crate) fn put_memory(fields: &mut Fields, memory: &str, globals: &[Value]) {
    put(fields, "memory", memory);
    if !globals.is_empty() {
        let values: Vec<String> = globals.iter().copied().map(value_text).collect();
        put(fields, "globals", values.join(" "));
    }
}

/// The outcome of a message, without its diagnosis.
#[must_use]
pub fn of_outcome(outcome: &Outcome) -> Fields {
    let mut fields = Fields::new();
    match &outcome.exit {
        Exit::Return {
            output,
            events,
            diff,
        } => {
            put(&mut fields, "exit", "return");
            put(&mut fields, "output", bytes(output));
            put_effects(&mut fields, events, diff);
        }
        Exit::Revert { code, output } => {
            put(&mut fields, "exit", "revert");
            put(&mut fields, "code", code.to_string());
            put(&mut fields, "output", bytes(output));
        }
        Exit::Trap(trap) => put_trap(&mut fields, *trap),
        Exit::OutOfGas => put(&mut fields, "exit", "out-of-gas"),
    }
    put(&mut fields, "gas_used", outcome.gas_used.to_string());
    put_access(&mut fields, &outcome.access);
    fields
}

fn put(fields: &mut Fields, name: &str, text: impl Into<String>) {
    fields.insert(name.to_owned(), text.into());
}

fn put_trap(fields: &mut Fields, trap: Trap) {
    put(fields, "exit", "trap");
    put(fields, "trap", trap.code().to_string());
}

fn put_access(fields: &mut Fields, access: &AccessSet) {
    if !access.reads.is_empty() {
        put(
            fields,
            "reads",
            list(access.reads.iter().map(Vec::as_slice)),
        );
    }
    if !access.writes.is_empty() {
        put(
            fields,
            "writes",
            list(access.writes.iter().map(Vec::as_slice)),
        );
    }
    if !access.scans.is_empty() {
        let ends = access.scans.iter().flat_map(|(start, end)| [start, end]);
        put(fields, "scans", list(ends.map(Vec::as_slice)));
    }
}

pub(crate) fn put_effects(fields: &mut Fields, events: &[Event], diff: &StateDiff) {
    for (number, event) in events.iter().enumerate() {
        let topics: Vec<String> = event.topics.iter().map(hex::encode).collect();
        let (address, data) = (hex::encode(event.address), bytes(&event.data));
        let text = format!("{address} [{}] {data}", topics.join(" "));
        put(fields, &format!("event.{number:02}"), text);
    }
    for (key, value) in diff {
        let text = value.as_deref().map_or("removed".to_owned(), bytes);
        // A key, of at most 289 bytes, is written in full: no two keys share a name.
        put(fields, &format!("diff.{}", hex::encode(key)), text);
    }
}

/// Bytes in hexadecimal; more than [`BYTES_SHOWN_MAX`] as `sha256:HASH:LENGTH`.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    if bytes.len() > BYTES_SHOWN_MAX {
        hash(bytes)
    } else {
        hex::encode(bytes)
    }
}

/// `sha256:HASH:LENGTH`.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!(
        "sha256:{}:{}",
        hex::encode(Sha256::digest(bytes)),
        bytes.len()
    )
}

/// Number of byte strings, and the hash of their hexadecimal lines.
fn list<'a>(items: impl Iterator<Item = &'a [u8]>) -> String {
    let lines: Vec<String> = items
        .map(|item| format!("{}\n", hex::encode(item)))
        .collect();
    let digest = Sha256::digest(lines.concat());
    format!("{} sha256:{}", lines.len(), hex::encode(digest))
}

/// A value with its type: `i32:-1`.
pub(crate) fn value_text(value: Value) -> String {
    match value {
        Value::I32(value) => format!("i32:{value}"),
        Value::I64(value) => format!("i64:{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn a_different_exit_is_reported_before_its_consequences() {
        let left = fields(&[("diff.00", "01"), ("exit", "return"), ("gas_used", "5")]);
        let right = fields(&[("exit", "trap"), ("gas_used", "4"), ("trap", "1")]);
        let found = first_difference(&left, &right).unwrap();
        assert_eq!(found.field, "exit");
        let right = fields(&[("exit", "return"), ("gas_used", "5")]);
        let found = first_difference(&left, &right).unwrap();
        assert_eq!((found.field.as_str(), found.right), ("diff.00", None));
        assert_eq!(first_difference(&left, &left), None);
    }

    #[test]
    fn long_bytes_are_hashed() {
        assert_eq!(bytes(&[0xab; 2]), "abab");
        assert!(bytes(&[0; BYTES_SHOWN_MAX]).len() == 2 * BYTES_SHOWN_MAX);
        let long = bytes(&[0; BYTES_SHOWN_MAX + 1]);
        assert!(
            long.starts_with("sha256:") && long.ends_with(":65"),
            "{long}"
        );
    }
}
