//! Takes a host call through what all functions have in common: price of the lengths, ranges,
//! static.
//!
//! Derived from the row of the host table, so that no function can have an order of its own.

use crate::execution::{HOST_ARGUMENTS_MAX, Pending};
use crate::fault::Fault;
use crate::gas::GasMeter;
use crate::host::range;
use crate::host::{Halt, Host};
use crate::schedule::HostPrice;
use crate::span::Span;
use crate::trap::Trap;
use host_api::{Argument, Function, Row, Type};

/// A host call whose lengths are paid, whose ranges lie in memory and which this frame may make.
pub(super) struct Call<'m> {
    /// The prices of its function.
    pub(super) price: HostPrice,
    /// The frame's gas.
    pub(super) gas: &'m mut GasMeter,
    memory: &'m mut [u8],
    arguments: [CheckedArgument; HOST_ARGUMENTS_MAX],
}

/// One argument as the guest gave it.
#[derive(Clone, Copy)]
enum RawArgument {
    /// None: the row ends before.
    Absent,
    /// A pointer and the bytes of its range.
    Range(u32, u64),
    /// A number.
    Number(u64),
}

/// One argument whose range lies in memory.
#[derive(Clone, Copy)]
enum CheckedArgument {
    /// None: the row ends before.
    Absent,
    Range(Span),
    Number(u64),
}

/// Bytes that are priced before anything is looked at.
#[derive(Default)]
struct Lengths {
    /// At `per_byte`.
    data: u64,
    /// At `per_value_byte`.
    value: u64,
}

impl<'m> Call<'m> {
    /// The stages before the content, in their order.
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
            .ok_or_else(|| Fault::invariant("a host function outside the table"))?;
        let price = host.rules.schedule.host(function);
        let (given, lengths) = read_arguments(row, slots)?;
        gas.charge_linear(price.base, price.per_byte, lengths.data)?;
        gas.charge_linear(0, price.per_value_byte, lengths.value)?;
        // In index: host calls are too frequent for an allocation each.
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
        range::read(self.memory, self.span(index)?)
    }

    /// The bytes of argument `index`, whose size the table fixes.
    pub(super) fn fixed<const N: usize>(&self, index: usize) -> Result<&[u8; N], Fault> {
        self.bytes(index)?
            .try_into()
            .map_err(|_| Fault::invariant("the table fixes the size of this argument"))
    }

    /// Writes as much of `content` as argument `index` has room for.
    pub(super) fn write(&mut self, index: usize, content: &[u8]) -> Result<(), Fault> {
        let span = self.span(index)?;
        range::write(self.memory, span, content)
    }

    /// The number that argument `index` is; an i32 unsigned.
    pub(super) fn number(&self, index: usize) -> Result<u64, Fault> {
        match self.arguments.get(index) {
            Some(CheckedArgument::Number(number)) => Ok(*number),
            _ => Err(unlisted()),
        }
    }

    /// The amount that argument `index` points to.
    pub(super) fn amount(&self, index: usize) -> Result<u128, Fault> {
        Ok(u128::from_le_bytes(*self.fixed(index)?))
    }

    /// The range that argument `index` names.
    pub(super) fn span(&self, index: usize) -> Result<Span, Fault> {
        match self.arguments.get(index) {
            Some(CheckedArgument::Range(span)) => Ok(*span),
            _ => Err(unlisted()),
        }
    }
}

/// Pairs the slots with the row's arguments and sums what is priced.
fn read_arguments(
    row: &Row,
    slots: &[u64],
) -> Result<([RawArgument; HOST_ARGUMENTS_MAX], Lengths), Fault> {
    let mut slots = slots.iter();
    let mut slot = || slots.next().copied().ok_or_else(|| unexpected(row));
    let mut given = [RawArgument::Absent; HOST_ARGUMENTS_MAX];
    let mut lengths = Lengths::default();
    // An argument takes a slot or more, so none is left out here.
    for (index, argument) in given.iter_mut().zip(row.arguments) {
        if let Argument::Number(_, Type::I64) = *argument {
            *index = RawArgument::Number(slot()?);
            continue;
        }
        let mut next = || u32::try_from(slot()?).map_err(|_| unexpected(row));
        let pointer = next()?;
        let length = match *argument {
            Argument::Bytes(_) | Argument::Buffer => u64::from(next()?),
            Argument::Items(_, size) => u64::from(next()?).saturating_mul(u64::from(size)),
            Argument::Fixed(_, size) | Argument::Output(size) => u64::from(size),
            Argument::Number(..) => {
                *index = RawArgument::Number(u64::from(pointer));
                continue;
            }
        };
        match *argument {
            Argument::Bytes("value") => lengths.value = lengths.value.saturating_add(length),
            Argument::Bytes(_) | Argument::Items(..) => {
                lengths.data = lengths.data.saturating_add(length);
            }
            // A capacity costs nothing: what is copied into it is priced when it is known.
            Argument::Buffer | Argument::Fixed(..) | Argument::Output(_) | Argument::Number(..) => {
            }
        }
        *index = RawArgument::Range(pointer, length);
    }
    if slots.next().is_some() {
        return Err(unexpected(row));
    }
    Ok((given, lengths))
}

fn unlisted() -> Fault {
    Fault::invariant("an argument that the table does not list")
}

/// The engine broke the seam: wrong number of slots, or an i32 slot with a used upper half.
fn unexpected(row: &Row) -> Fault {
    Fault::invariant(format!("arguments of {} are not of its type", row.name))
}
