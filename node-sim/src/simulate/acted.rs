//! Counts how often an injected fault acted: one that never did proves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that a fault shares with the simulation.
#[derive(Clone, Debug, Default)]
pub struct Acted(Arc<AtomicU64>);

impl Acted {
    /// Counts one time.
    pub fn note(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                Some(count.saturating_add(1))
            });
    }

    /// Number of times so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
