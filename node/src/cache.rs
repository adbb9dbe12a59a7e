//! Keeps checked modules by code hash and rules id; a hit changes nothing but time.
//!
//! Whether a module exists is asked of the state, never of the cache.

use crate::limits::CACHE_BYTES_MAX;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::CheckedModule;
use vm::CodeHash;

/// What a cache keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CachePolicy {
    /// Nothing.
    Disabled,
    /// What the current transaction used.
    Cold,
    /// The last module.
    OneEntry,
    /// All modules up to a bound in bytes.
    #[default]
    Warm,
}

type Key = (CodeHash, [u8; 32]);

#[derive(Debug, Default)]
struct Entries {
    modules: BTreeMap<Key, Arc<CheckedModule>>,
    bytes: u64,
}

/// A cache of checked modules.
#[derive(Debug, Default)]
pub struct CodeCache {
    policy: CachePolicy,
    entries: Mutex<Entries>,
}

impl CodeCache {
    /// An empty cache.
    #[must_use]
    pub fn new(policy: CachePolicy) -> Self {
        Self {
            policy,
            entries: Mutex::default(),
        }
    }

    /// The module, if it is kept.
    #[must_use]
    pub fn get(&self, code_hash: &[u8; 32], rules_id: &[u8; 32]) -> Option<Arc<CheckedModule>> {
        self.lock()
            .modules
            .get(&(CodeHash(*code_hash), *rules_id))
            .cloned()
    }

    /// Keeps a module, as the policy says.
    pub fn insert(&self, module: Arc<CheckedModule>) {
        let mut entries = self.lock();
        let bytes = u64::try_from(module.bytes().len()).unwrap_or(u64::MAX);
        let full = entries.bytes.saturating_add(bytes) > CACHE_BYTES_MAX;
        match self.policy {
            CachePolicy::Disabled => return,
            CachePolicy::OneEntry => *entries = Entries::default(),
            CachePolicy::Cold | CachePolicy::Warm if full => *entries = Entries::default(),
            CachePolicy::Cold | CachePolicy::Warm => {}
        }
        let key = (*module.code_hash(), *module.rules_id());
        if entries.modules.insert(key, module).is_none() {
            entries.bytes = entries.bytes.saturating_add(bytes);
        }
    }

    /// Told between two transactions.
    pub fn end_transaction(&self) {
        if self.policy == CachePolicy::Cold {
            self.clear();
        }
    }

    /// Forgets all modules.
    pub fn clear(&self) {
        *self.lock() = Entries::default();
    }

    /// How many modules are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().modules.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Whoever panicked with it left whole modules: each is inserted at once.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
