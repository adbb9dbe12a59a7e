//! Caches checked modules by code hash and the id of the rules in force; a hit only saves time.
//!
//! Whether a module exists is decided by the state, never by the cache. The cache keeps the lengths
//! of codes longer than their modules, so that a code is read for its length once.
//! A module that later rules refuse is cached under their id as well; it was checked under earlier
//! rules.

use crate::limits::CACHE_BYTES_MAX;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::CheckedModule;
use vm::CodeHash;
use vm::Rulebook;

/// Which modules a cache keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CachePolicy {
    /// None.
    Disabled,
    /// Those that the current transaction used.
    Cold,
    /// The last one.
    OneEntry,
    /// All, up to a limit in bytes.
    #[default]
    Warm,
}

type ModuleKey = (CodeHash, [u8; 32]);

#[derive(Debug, Default)]
struct CachedModules {
    modules: BTreeMap<ModuleKey, Arc<CheckedModule>>,
    bytes: u64,
}

/// Greatest number of codes whose length is known: about 6 MB.
const LENGTHS_MAX: usize = 65_536;

/// A cache of checked modules.
#[derive(Debug, Default)]
pub struct CodeCache {
    policy: CachePolicy,
    /// The rules under which stored code may have been accepted.
    rulebook: Rulebook,
    entries: Mutex<CachedModules>,
    /// Length in bytes of each code.
    lengths: Mutex<BTreeMap<CodeHash, u64>>,
}

impl CodeCache {
    /// An empty cache; `rulebook` has the rules under which stored code may have been accepted.
    #[must_use]
    pub fn new(policy: CachePolicy, rulebook: &Rulebook) -> Self {
        Self {
            policy,
            rulebook: rulebook.clone(),
            entries: Mutex::default(),
            lengths: Mutex::default(),
        }
    }

    /// The module, if it is cached.
    #[must_use]
    pub fn get(&self, code_hash: &[u8; 32], rules_id: &[u8; 32]) -> Option<Arc<CheckedModule>> {
        self.lock()
            .modules
            .get(&(CodeHash(*code_hash), *rules_id))
            .cloned()
    }

    /// Length in bytes of the code with this hash, if it is known.
    pub(crate) fn length(&self, code_hash: &CodeHash) -> Option<u64> {
        self.lengths().get(code_hash).copied()
    }

    /// Keeps the length in bytes of a code.
    pub(crate) fn note_length(&self, code_hash: &CodeHash, bytes: u64) {
        let mut lengths = self.lengths();
        if lengths.contains_key(code_hash) {
            return;
        }
        // All at once: of two codes that alternate, neither may drop the other.
        if lengths.len() >= LENGTHS_MAX {
            lengths.clear();
        }
        lengths.insert(*code_hash, bytes);
    }

    fn lengths(&self) -> MutexGuard<'_, BTreeMap<CodeHash, u64>> {
        // A poisoned lock is safe to use: an insertion is the only write.
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules under which stored code may have been accepted.
    pub(crate) const fn rulebook(&self) -> &Rulebook {
        &self.rulebook
    }

    /// Caches a module under the rules that it was checked under, as far as the policy allows.
    pub fn insert(&self, module: Arc<CheckedModule>) {
        let rules_id = *module.rules_id();
        self.insert_under(rules_id, module);
    }

    /// Caches a module for the time in which the rules with this id are in force.
    pub(crate) fn insert_under(&self, rules_id: [u8; 32], module: Arc<CheckedModule>) {
        let bytes = u64::try_from(module.bytes().len()).unwrap_or(u64::MAX);
        self.note_length(module.code_hash(), bytes);
        let mut entries = self.lock();
        let full = entries.bytes.saturating_add(bytes) > CACHE_BYTES_MAX;
        match self.policy {
            CachePolicy::Disabled => return,
            CachePolicy::OneEntry => *entries = CachedModules::default(),
            CachePolicy::Cold | CachePolicy::Warm if full => *entries = CachedModules::default(),
            CachePolicy::Cold | CachePolicy::Warm => {}
        }
        let key = (*module.code_hash(), rules_id);
        if entries.modules.insert(key, module).is_none() {
            entries.bytes = entries.bytes.saturating_add(bytes);
        }
    }

    /// Ends a transaction: the `Cold` policy drops all modules.
    pub fn end_transaction(&self) {
        if self.policy == CachePolicy::Cold {
            *self.lock() = CachedModules::default();
        }
    }

    /// Drops all modules.
    pub fn clear(&self) {
        *self.lock() = CachedModules::default();
        self.lengths().clear();
    }

    /// Number of cached modules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().modules.len()
    }

    /// True if no module is cached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, CachedModules> {
        // A poisoned lock is safe to use: each module is inserted whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two codes in turn are read once each, however many lengths are known.
    #[test]
    fn two_codes_do_not_drop_the_length_of_each_other() {
        let cache = CodeCache::default();
        let code = |number: u32| {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_le_bytes());
            CodeHash(hash)
        };
        let count = u32::try_from(LENGTHS_MAX).unwrap();
        for number in 2..count + 2 {
            cache.note_length(&code(number), 1);
        }
        let mut reads = 0;
        for _ in 0..10 {
            for hash in [code(0), code(1)] {
                if cache.length(&hash).is_none() {
                    reads += 1;
                    cache.note_length(&hash, 4);
                }
            }
        }
        assert_eq!(reads, 2);
        assert!(cache.lengths().len() <= LENGTHS_MAX);
    }
}
