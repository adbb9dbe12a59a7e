//! Lists transactions in which this machine failed, so that it does not propose them again.
//!
//! The list is local: it changes no result, no verdict and no block of another proposer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Ids of transactions, the oldest first.
#[derive(Debug)]
pub(super) struct Quarantine {
    max: usize,
    ids: Mutex<VecDeque<[u8; 32]>>,
}

impl Quarantine {
    /// An empty list of at most `max` ids.
    pub(super) const fn new(max: usize) -> Self {
        Self {
            max,
            ids: Mutex::new(VecDeque::new()),
        }
    }

    /// Adds an id; a full list drops its oldest.
    pub(super) fn add(&self, id: [u8; 32]) {
        let mut ids = self.lock();
        if ids.contains(&id) {
            return;
        }
        ids.push_back(id);
        while ids.len() > self.max {
            ids.pop_front();
        }
    }

    /// Removes an id; true if it was listed.
    pub(super) fn release(&self, id: &[u8; 32]) -> bool {
        let mut ids = self.lock();
        let before = ids.len();
        ids.retain(|listed| listed != id);
        ids.len() < before
    }

    /// The listed ids, the oldest first.
    pub(super) fn ids(&self) -> Vec<[u8; 32]> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<[u8; 32]>> {
        // A poisoned lock is safe to use: each id is added whole.
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
