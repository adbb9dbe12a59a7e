//! Takes a host call through what all functions have in common: price of the lengths, ranges,
//! static.
//!
//! Derived from the row of the host table, so that no function can have an order of its own.

use crate::execution::HostCall;
use crate::fault::Fault;
use crate::gas::Gas;
use crate::host::range::{self, Span};
use crate::host::{Halt, Host};
use crate::schedule::HostPrice;
use crate::trap::Trap;
use host_api::{Argument, Row};

/// A host call whose lengths are paid, whose ranges lie in memory and which this frame may make.
pub(super) struct Call<'m> {
    /// The prices of its function.
    pub(super) price: HostPrice,
    /// The frame's gas.
    pub(super) gas: &'m mut Gas,
    memory: &'m mut [u8],
    spans: Vec<Span>,
}

/// One argument as the guest gave it.
struct Given {
    pointer: u32,
    /// Bytes of its range.
    length: u64,
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
        host_call: &HostCall,
        memory: &'m mut [u8],
        gas: &'m mut Gas,
    ) -> Result<Self, Halt> {
        let row = host_api::table::row(host_call.function)
            .ok_or_else(|| Fault::invariant("a host function outside the table"))?;
        let price = host.rules.schedule.host(host_call.function);
        let (given, lengths) = read_arguments(row, &host_call.arguments)?;
        gas.charge_linear(price.base, price.per_byte, lengths.data)?;
        gas.charge_linear(0, price.per_value_byte, lengths.value)?;
        let spans = given
            .iter()
            .map(|argument| range::check(memory.len(), argument.pointer, argument.length))
            .collect::<Result<Vec<Span>, Trap>>()?;
        if row.mutates && host.is_static {
            return Err(Trap::StaticViolation.into());
        }
        Ok(Self {
            price,
            gas,
            memory,
            spans,
        })
    }

    /// Length in bytes of the range of argument `place`.
    pub(super) fn length(&self, place: usize) -> Result<u64, Fault> {
        Ok(self.span(place)?.length())
    }

    /// The bytes that argument `place` names.
    pub(super) fn bytes(&self, place: usize) -> Result<&[u8], Fault> {
        range::read(self.memory, self.span(place)?)
    }

    /// The bytes of argument `place`, whose size the table fixes.
    pub(super) fn fixed<const N: usize>(&self, place: usize) -> Result<&[u8; N], Fault> {
        self.bytes(place)?
            .try_into()
            .map_err(|_| Fault::invariant("the table fixes the size of this argument"))
    }

    /// Writes as much of `content` as argument `place` has room for.
    pub(super) fn write(&mut self, place: usize, content: &[u8]) -> Result<(), Fault> {
        let span = self.span(place)?;
        range::write(self.memory, span, content)
    }

    fn span(&self, place: usize) -> Result<Span, Fault> {
        let span = self.spans.get(place).copied();
        span.ok_or_else(|| Fault::invariant("an argument that the table does not list"))
    }
}

/// Pairs the slots with the row's arguments and sums what is priced.
fn read_arguments(row: &Row, slots: &[u64]) -> Result<(Vec<Given>, Lengths), Fault> {
    let mut slots = slots.iter();
    let mut next = || {
        let slot = slots.next().copied().ok_or_else(|| unexpected(row))?;
        u32::try_from(slot).map_err(|_| unexpected(row))
    };
    let mut given = Vec::with_capacity(row.arguments.len());
    let mut lengths = Lengths::default();
    for argument in row.arguments {
        let pointer = next()?;
        let length = match *argument {
            Argument::Bytes(_) | Argument::Buffer => u64::from(next()?),
            Argument::Items(_, size) => u64::from(next()?).saturating_mul(u64::from(size)),
            Argument::Fixed(_, size) | Argument::Output(size) => u64::from(size),
        };
        match *argument {
            Argument::Bytes("value") => lengths.value = lengths.value.saturating_add(length),
            Argument::Bytes(_) | Argument::Items(..) => {
                lengths.data = lengths.data.saturating_add(length);
            }
            // A capacity costs nothing: what is copied into it is priced when it is known.
            Argument::Buffer | Argument::Fixed(..) | Argument::Output(_) => {}
        }
        given.push(Given { pointer, length });
    }
    if slots.next().is_some() {
        return Err(unexpected(row));
    }
    Ok((given, lengths))
}

/// The engine broke the seam: wrong number of slots, or an i32 slot with a used upper half.
fn unexpected(row: &Row) -> Fault {
    Fault::invariant(format!("arguments of {} are not of its type", row.name))
}
