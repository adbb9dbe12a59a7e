//! Says which function a byte of the code section belongs to.

use crate::limits::ENTRIES_MAX;
use crate::payloads::payloads;
use std::ops::Range;
use wasmparser::Payload;

/// Where the bodies lie, in order of the bytes, which is that of the functions.
#[derive(Debug)]
pub(crate) struct Code(Vec<Range<u64>>);

impl Code {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let bodies = payloads(bytes).filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body.range()),
            _ => None,
        });
        Self(bodies.take(ENTRIES_MAX).collect())
    }

    /// The function whose body holds the byte at `offset`, counted without imports.
    pub(crate) fn function_at(&self, offset: u64) -> Option<usize> {
        let after = self.0.partition_point(|body| body.start <= offset);
        let place = after.checked_sub(1)?;
        let is_inside = self.0.get(place)?.contains(&offset);
        is_inside.then_some(place)
    }
}
