//! Keeps checked modules by code hash and rules id; a hit changes nothing but time.
//!
//! Whether a module exists is asked of the state, never of the cache.

use crate::limits::CACHE_BYTES_MAX;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{CheckedModule, CodeHash};

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
    entries: RefCell<Entries>,
}

impl CodeCache {
    /// An empty cache.
    #[must_use]
    pub fn new(policy: CachePolicy) -> Self {
        Self {
            policy,
            entries: RefCell::default(),
        }
    }

    /// The module, if it is kept.
    #[must_use]
    pub fn get(&self, code_hash: &CodeHash, rules_id: &[u8; 32]) -> Option<Arc<CheckedModule>> {
        self.entries
            .borrow()
            .modules
            .get(&(*code_hash, *rules_id))
            .cloned()
    }

    /// Keeps a module, as the policy says.
    pub fn insert(&self, module: Arc<CheckedModule>) {
        let mut entries = self.entries.borrow_mut();
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
            *self.entries.borrow_mut() = Entries::default();
        }
    }

    /// How many modules are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.borrow().modules.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
