//! Finds the function that a byte of the code section belongs to.

use crate::limits::ENTRIES_MAX;
use crate::payloads::payloads;
use std::ops::Range;
use wasmparser::Payload;

/// Byte ranges of the function bodies, in order.
#[derive(Debug)]
pub(crate) struct BodyRanges(Vec<Range<u64>>);

impl BodyRanges {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let bodies = payloads(bytes).filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body.range()),
            _ => None,
        });
        Self(bodies.take(ENTRIES_MAX).collect())
    }

    /// Index of the function whose body contains the byte at `offset`, imports not counted.
    pub(crate) fn function_at(&self, offset: u64) -> Option<usize> {
        let after = self.0.partition_point(|body| body.start <= offset);
        let index = after.checked_sub(1)?;
        let is_inside = self.0.get(index)?.contains(&offset);
        is_inside.then_some(index)
    }
}
