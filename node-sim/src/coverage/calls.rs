//! Notes facts about one host call: lengths, ranges, result, price, and how it ended.

use super::facts::{End, Facts};
use crate::simulate::probes::cryptography_cases;
use host_api::{Argument, Function, Row, Static, Type, flags};
use std::collections::BTreeMap;
use vm::Rules;
use vm::unstable::execution::{Pending, Value};

/// Lengths and counts that a fact names: limits of the interface, and what is one below or above.
const LENGTHS: [u64; 19] = [
    0, 1, 3, 4, 5, 32, 33, 64, 65, 66, 128, 129, 255, 256, 257, 65_408, 65_535, 65_536, 65_537,
];
/// Distances of block hashes that a fact names.
const DISTANCES: [u64; 7] = [0, 1, 2, 255, 256, 257, 258];
/// Most bytes of a range that are kept for a comparison.
const KEPT_BYTES: usize = 4_096;

/// Names of known inputs, and the results that they must have, by function and bytes.
#[derive(Debug)]
pub(super) struct CaseNames(BTreeMap<(Function, Vec<u8>), (&'static str, u64)>);

impl Default for CaseNames {
    fn default() -> Self {
        let cases = cryptography_cases().into_iter();
        Self(
            cases
                .map(|case| {
                    (
                        (case.function, case.read.concat()),
                        (case.name, case.result),
                    )
                })
                .collect(),
        )
    }
}

impl CaseNames {
    /// Notes that a known input had its result.
    pub(super) fn note(&self, call: &HostCall, result: Option<Value>, facts: &mut Facts) {
        let key = (call.function, call.read.concat());
        if let Some((name, expected)) = self.0.get(&key)
            && result.is_some_and(|result| result.to_bits() == *expected)
        {
            facts.note(format!("case/{name}"));
        }
    }
}

/// A host call that has not ended.
#[derive(Debug)]
pub(super) struct HostCall {
    pub(super) function: Function,
    row: &'static Row,
    arguments: Vec<u64>,
    /// Bytes that the call reads, one for each range; of a number its low byte or four.
    pub(super) read: Vec<Vec<u8>>,
    gas: u64,
    memory: u64,
}

impl HostCall {
    /// The call that an engine waits for; `None` if the table does not have it.
    pub(super) fn new(function: Function, pending: &Pending<'_>) -> Option<Self> {
        let row = host_api::table::row(function)?;
        let mut call = Self {
            function,
            row,
            arguments: pending.arguments.to_vec(),
            read: Vec::new(),
            gas: pending.gas.remaining(),
            memory: u64::try_from(pending.memory.len()).unwrap_or(u64::MAX),
        };
        let read = call
            .ranges()
            .filter_map(|(argument, pointer, length)| match argument {
                Argument::Bytes(_) | Argument::Fixed(..) | Argument::Items(..) => {
                    Some(bytes(pending.memory, pointer, length))
                }
                Argument::Number(_, Type::I32) if pointer > 0xff => {
                    Some(pointer.to_le_bytes().into_iter().take(4).collect())
                }
                Argument::Number(_, Type::I32) => {
                    Some(pointer.to_le_bytes().into_iter().take(1).collect())
                }
                Argument::Number(..) | Argument::Buffer | Argument::Output(_) => None,
            });
        call.read = read.collect();
        Some(call)
    }

    /// Each argument with its first slot, and the length of its range in bytes.
    fn ranges(&self) -> impl Iterator<Item = (Argument, u64, u64)> + '_ {
        let mut slots = self.arguments.iter().copied();
        self.row.arguments.iter().map(move |argument| {
            let mut next = || slots.next().unwrap_or_default();
            let first = next();
            let length = match *argument {
                Argument::Bytes(_) | Argument::Buffer => next(),
                Argument::Items(_, size) => next().saturating_mul(u64::from(size)),
                Argument::Fixed(_, size) | Argument::Output(size) => u64::from(size),
                Argument::Number(..) => 0,
            };
            (*argument, first, length)
        })
    }

    /// The slot at an index.
    pub(super) fn slot(&self, index: usize) -> u64 {
        self.arguments.get(index).copied().unwrap_or_default()
    }

    /// The first range that the call reads, of 32 bytes.
    pub(super) fn hash(&self, index: usize) -> Option<[u8; 32]> {
        self.read.get(index)?.as_slice().try_into().ok()
    }

    /// True if the call changes state when it succeeds.
    pub(super) fn changes(&self) -> bool {
        self.row.mutates
    }

    /// The key or address that the call touches.
    pub(super) fn touches(&self) -> Option<Vec<u8>> {
        self.row.touches.then(|| self.read.first().cloned())?
    }

    /// The gas that a called contract may use, as asked for.
    pub(super) fn asked_gas(&self) -> Option<u64> {
        matches!(self.function, Function::Call | Function::Deploy).then(|| self.slot(7))
    }

    pub(super) fn asks_static(&self) -> bool {
        self.function == Function::Call && self.slot(0) & u64::from(flags::STATIC) != 0
    }

    /// The value that the call moves; `None` if it has none.
    fn value(&self) -> Option<u128> {
        let place = match self.function {
            Function::Transfer => 1,
            Function::Call | Function::Deploy => 4,
            _ => return None,
        };
        let bytes = self.read.get(place)?.as_slice().try_into().ok()?;
        Some(u128::from_le_bytes(bytes))
    }

    /// The code of a trap in an inner frame, as far as it follows from the call alone.
    pub(super) fn trap_code(&self, is_static: bool) -> Option<u16> {
        let refuses = match self.row.in_static_frame() {
            Static::Allowed => false,
            // Flags are checked before.
            Static::WithoutValue => self.slot(0) <= u64::from(flags::ALL) && self.value() > Some(0),
            Static::Traps => true,
        };
        let is_inside = self.ranges().all(|(argument, pointer, length)| {
            matches!(argument, Argument::Number(..))
                || pointer.saturating_add(length) <= self.memory
        });
        (is_static && refuses && is_inside).then_some(68)
    }

    /// Notes that the guest goes on.
    pub(super) fn note_resumed(
        &self,
        (result, gas): (Option<Value>, u64),
        (is_static, height): (bool, u64),
        (rules, facts): (Option<&Rules>, &mut Facts),
    ) {
        let name = self.row.name;
        self.note_arguments("", facts);
        facts.note(name);
        facts.note_if(is_static, &format!("{name}@static"));
        if let Some(result) = result {
            self.note_result(result, height, facts);
        }
        self.note_price(result, gas, (rules, facts));
    }

    /// Notes that the call ended its frame.
    pub(super) fn note_end(
        &self,
        end: End,
        gas: u64,
        (rules, facts): (Option<&Rules>, &mut Facts),
    ) {
        let suffix = match end {
            End::Return | End::Revert => String::new(),
            End::Trap(Some(code)) => format!("!{code}"),
            End::Trap(None) => "!".to_owned(),
            End::OutOfGas => "!gas".to_owned(),
        };
        facts.note(format!("{}{suffix}", self.row.name));
        self.note_arguments(&suffix, facts);
        if suffix.is_empty() {
            self.note_price(None, gas, (rules, facts));
        }
    }

    fn note_arguments(&self, suffix: &str, facts: &mut Facts) {
        let name = self.row.name;
        let is_unpaid = self.value() == Some(0);
        facts.note_if(is_unpaid, &format!("{name}:value=0{suffix}"));
        for (argument, pointer, length) in self.ranges() {
            let (label, count) = match argument {
                Argument::Bytes(label) => (label, length),
                Argument::Items(label, size) => {
                    let count = length.checked_div(u64::from(size));
                    (label, count.unwrap_or_default())
                }
                Argument::Number(label, _) => (label, pointer),
                _ => ("", u64::MAX),
            };
            if LENGTHS.contains(&count) {
                facts.note(format!("{name}:{label}={count}{suffix}"));
            }
            let is_range = !matches!(argument, Argument::Number(..));
            let end = pointer.saturating_add(length);
            facts.note_if(
                is_range && end == self.memory && length > 0,
                &format!("{name}:edge{suffix}"),
            );
            facts.note_if(
                is_range && end == self.memory.saturating_add(1),
                &format!("{name}:over{suffix}"),
            );
        }
    }

    fn note_result(&self, result: Value, height: u64, facts: &mut Facts) {
        let name = self.row.name;
        let number = match result {
            Value::I32(number) => i64::from(number),
            Value::I64(number) => number,
        };
        match number {
            -4..=32 => facts.note(format!("{name}={number}")),
            33.. => facts.note(format!("{name}=+")),
            _ => facts.note(format!("{name}=-")),
        }
        let room = self.ranges().find_map(|(argument, _, length)| {
            matches!(argument, Argument::Buffer).then_some(length)
        });
        if let (Some(room), Ok(full)) = (room, u64::try_from(number)) {
            let relation = match room.cmp(&full) {
                core::cmp::Ordering::Less => '<',
                core::cmp::Ordering::Equal => '=',
                core::cmp::Ordering::Greater => '>',
            };
            facts.note(format!("{name}:room{relation}"));
        }
        if self.function == Function::BlockHash {
            match height.checked_sub(self.slot(0)) {
                Some(back) if DISTANCES.contains(&back) => {
                    facts.note(format!("{name}:back={back}={number}"));
                }
                Some(_) => {}
                None => facts.note(format!("{name}:ahead={number}")),
            }
            facts.note_if(self.slot(0) == 0, &format!("{name}:zero={number}"));
        }
    }

    /// Notes whether the price is the one of the table: with the first touch, without it, or other.
    fn note_price(
        &self,
        result: Option<Value>,
        gas: u64,
        (rules, facts): (Option<&Rules>, &mut Facts),
    ) {
        let (Some(rules), name) = (rules, self.row.name) else {
            return;
        };
        match self.beyond(result, gas, rules) {
            Some(0) => facts.note(format!("{name}$warm")),
            Some(rest) if rest == rules.schedule.host(self.function).cold => {
                facts.note(format!("{name}$cold"));
            }
            Some(_) => facts.note(format!("{name}$more")),
            None => facts.note(format!("{name}$less")),
        }
    }

    /// What was paid beyond the price of the table without a first touch; `None` if it was less.
    fn beyond(&self, result: Option<Value>, gas: u64, rules: &Rules) -> Option<u64> {
        let price = rules.schedule.host(self.function);
        let paid = self.gas.saturating_sub(gas);
        let mut known = price.base;
        for (argument, _, length) in self.ranges() {
            let per_byte = match argument {
                Argument::Bytes("value") => price.per_value_byte,
                Argument::Bytes(_) | Argument::Items(..) => price.per_byte,
                _ => 0,
            };
            known = known.saturating_add(per_byte.saturating_mul(length));
        }
        let full = match result {
            Some(Value::I32(number)) => u64::try_from(number).unwrap_or_default(),
            _ => 0,
        };
        let second = match self.function {
            Function::Input | Function::Returned => price.per_byte.saturating_mul(full),
            Function::StorageRead => price.per_value_byte.saturating_mul(full),
            _ => 0,
        };
        paid.checked_sub(known.saturating_add(second))
    }

    /// True if the first touch was paid.
    pub(super) fn is_cold(&self, (result, gas): (Option<Value>, u64), rules: &Rules) -> bool {
        let cold = rules.schedule.host(self.function).cold;
        cold > 0 && self.beyond(result, gas, rules) >= Some(cold)
    }
}

/// A part of memory, as far as it is there.
fn bytes(memory: &[u8], pointer: u64, length: u64) -> Vec<u8> {
    let start = usize::try_from(pointer).unwrap_or(usize::MAX);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let end = start.saturating_add(length.min(KEPT_BYTES));
    memory.get(start..end).unwrap_or_default().to_vec()
}
