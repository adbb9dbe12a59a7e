//! Implements the stages common to all host calls: price of the lengths, ranges, static.
//!
//! The stages follow from the row of the host table, so their order is the same for all functions.
//!
//! Specification: docs/spec/host.md, "Order of every call".

use crate::execution::{HOST_ARGUMENTS_MAX, Pending};
use crate::fault::Fault;
use crate::gas::GasMeter;
use crate::host::range;
use crate::host::{Halt, Host};
use crate::schedule::HostPrice;
use crate::span::Span;
use crate::trap::Trap;
use crate::work::{self, WorkKind};
use host_api::{Argument, Function, Row, Type};

/// A host call whose lengths are paid, whose ranges are in memory and which this frame may make.
pub(super) struct AdmittedCall<'m> {
    /// Prices of the function.
    pub(super) price: HostPrice,
    /// Gas meter of the frame.
    pub(super) gas: &'m mut GasMeter,
    memory: &'m mut [u8],
    arguments: [CheckedArgument; HOST_ARGUMENTS_MAX],
}

/// An unchecked argument of the guest.
#[derive(Clone, Copy)]
enum RawArgument {
    /// The function has no such argument.
    Absent,
    /// A pointer and the length of its range in bytes.
    Range(u32, u64),
    /// A number.
    Number(u64),
}

/// An argument; its range is in memory.
#[derive(Clone, Copy)]
enum CheckedArgument {
    /// The function has no such argument.
    Absent,
    Range(Span),
    Number(u64),
}

/// Lengths in bytes that are charged in the first stage.
#[derive(Default)]
struct Lengths {
    /// Bytes charged at `per_byte`.
    data: u64,
    /// Bytes charged at `per_value_byte`.
    value: u64,
}

impl<'m> AdmittedCall<'m> {
    /// Runs the common stages, in order.
    pub(super) fn enter(
        host: &Host<'_>,
        function: Function,
        pending: Pending<'m>,
    ) -> Result<Self, Halt> {
        let Pending {
            arguments: slots,
            memory,
            gas,
        } = pending;
        let row = host_api::table::row(function)
            .ok_or_else(|| Fault::invariant("a host function is not in the host table"))?;
        let price = host.rules.schedule.host(function);
        let (given, lengths) = read_arguments(row, slots)?;
        gas.charge_linear(price.base, price.per_byte, lengths.data)?;
        gas.charge_linear(0, price.per_value_byte, lengths.value)?;
        // An array: host calls are too frequent for an allocation each.
        let mut arguments = [CheckedArgument::Absent; HOST_ARGUMENTS_MAX];
        for (argument, given) in arguments.iter_mut().zip(given) {
            *argument = match given {
                RawArgument::Absent => break,
                RawArgument::Range(pointer, length) => {
                    CheckedArgument::Range(range::check(memory.len(), pointer, length)?)
                }
                RawArgument::Number(number) => CheckedArgument::Number(number),
            };
        }
        if row.mutates && host.is_static {
            return Err(Trap::StaticViolation.into());
        }
        Ok(Self {
            price,
            gas,
            memory,
            arguments,
        })
    }

    /// Length in bytes of the range of argument `index`.
    pub(super) fn length(&self, index: usize) -> Result<u64, Fault> {
        Ok(self.span(index)?.length())
    }

    /// The bytes that argument `index` names.
    pub(super) fn bytes(&self, index: usize) -> Result<&[u8], Fault> {
        let span = self.span(index)?;
        work::add(WorkKind::Copied, span.end.saturating_sub(span.start));
        range::read(self.memory, span)
    }

    /// The bytes of argument `index`, which has a fixed size.
    pub(super) fn fixed<const N: usize>(&self, index: usize) -> Result<&[u8; N], Fault> {
        self.bytes(index)?.try_into().map_err(|_| {
            Fault::invariant("an argument of fixed size has another size in the table")
        })
    }

    /// Writes `content` to the range of argument `index`, as far as it fits.
    pub(super) fn write(&mut self, index: usize, content: &[u8]) -> Result<(), Fault> {
        let span = self.span(index)?;
        let room = span.end.saturating_sub(span.start);
        work::add(WorkKind::Copied, content.len().min(room));
        range::write(self.memory, span, content)
    }

    /// The number in argument `index`; an i32 is read unsigned.
    pub(super) fn number(&self, index: usize) -> Result<u64, Fault> {
        match self.arguments.get(index) {
            Some(CheckedArgument::Number(number)) => Ok(*number),
            _ => Err(unlisted()),
        }
    }

    /// The amount to which argument `index` points.
    pub(super) fn amount(&self, index: usize) -> Result<u128, Fault> {
        Ok(u128::from_le_bytes(*self.fixed(index)?))
    }

    /// The range of argument `index`.
    pub(super) fn span(&self, index: usize) -> Result<Span, Fault> {
        match self.arguments.get(index) {
            Some(CheckedArgument::Range(span)) => Ok(*span),
            _ => Err(unlisted()),
        }
    }
}

/// Reads the arguments of the row from the slots and sums their lengths.
fn read_arguments(
    row: &Row,
    slots: &[u64],
) -> Result<([RawArgument; HOST_ARGUMENTS_MAX], Lengths), Fault> {
    let mut slots = slots.iter();
    let mut slot = || slots.next().copied().ok_or_else(|| unexpected(row));
    let mut given = [RawArgument::Absent; HOST_ARGUMENTS_MAX];
    let mut lengths = Lengths::default();
    // Each argument takes at least one slot, so the array has room for all.
    for (raw, argument) in given.iter_mut().zip(row.arguments) {
        if let Argument::Number(_, Type::I64) = *argument {
            *raw = RawArgument::Number(slot()?);
            continue;
        }
        let mut next = || u32::try_from(slot()?).map_err(|_| unexpected(row));
        let pointer = next()?;
        let length = match *argument {
            Argument::Bytes(_) | Argument::Buffer => u64::from(next()?),
            Argument::Items(_, size) => u64::from(next()?).saturating_mul(u64::from(size)),
            Argument::Fixed(_, size) | Argument::Output(size) => u64::from(size),
            Argument::Number(..) => {
                *raw = RawArgument::Number(u64::from(pointer));
                continue;
            }
        };
        match *argument {
            Argument::Bytes("value") => lengths.value = lengths.value.saturating_add(length),
            Argument::Bytes(_) | Argument::Items(..) => {
                lengths.data = lengths.data.saturating_add(length);
            }
            // A capacity is not charged here; the bytes copied into it are charged later.
            Argument::Buffer | Argument::Fixed(..) | Argument::Output(_) | Argument::Number(..) => {
            }
        }
        *raw = RawArgument::Range(pointer, length);
    }
    if slots.next().is_some() {
        return Err(unexpected(row));
    }
    Ok((given, lengths))
}

fn unlisted() -> Fault {
    Fault::invariant("a host function reads an argument that is not in the host table")
}

/// The engine broke its contract: a wrong number of slots, or an i32 slot whose upper half is not
/// 0.
fn unexpected(row: &Row) -> Fault {
    Fault::invariant(format!(
        "the arguments of {} do not match its type",
        row.name
    ))
}
