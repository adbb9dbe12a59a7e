//! Checks ranges of linear memory and copies between guest and host.
//!
//! A range is in memory if, as u64, pointer + length <= memory size, also when the length is 0.
//!
//! Specification: docs/spec/host.md, "Order of every call".

use crate::fault::Fault;
use crate::span::Span;
use crate::trap::Trap;

/// The range of `length` bytes from `pointer` in a memory of `memory_bytes`.
pub(super) fn check(memory_bytes: usize, pointer: u32, length: u64) -> Result<Span, Trap> {
    let size = u64::try_from(memory_bytes).unwrap_or(u64::MAX);
    let end = u64::from(pointer).saturating_add(length);
    if end > size {
        return Err(Trap::MemoryRange);
    }
    // Both are at most the size of the memory, which is a usize.
    match (usize::try_from(pointer), usize::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(Span { start, end }),
        _ => Err(Trap::MemoryRange),
    }
}

/// The bytes of a range.
pub(super) fn read(memory: &[u8], span: Span) -> Result<&[u8], Fault> {
    memory.get(span.start..span.end).ok_or_else(outside)
}

/// Writes `content` to the range, as far as it fits.
pub(crate) fn write(memory: &mut [u8], span: Span, content: &[u8]) -> Result<(), Fault> {
    let target = memory.get_mut(span.start..span.end).ok_or_else(outside)?;
    for (byte, new) in target.iter_mut().zip(content) {
        *byte = *new;
    }
    Ok(())
}

fn outside() -> Fault {
    Fault::invariant("a checked range is outside the memory")
}
