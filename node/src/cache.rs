//! Caches checked modules by code hash and the id of the rules in force; a hit only saves time.
//!
//! Whether a module exists is decided by the state, never by the cache. A module that later rules
//! refuse is cached under their id as well; it was checked under earlier rules.
//!
//! # Invariants
//! * The bytes of cached modules do not exceed the bound: the least recently used modules are
//!   dropped, and a module larger than the bound is used and not kept.

use crate::limits::CACHE_BYTES_MAX;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::CheckedModule;
use vm::CodeHash;
use vm::Engine;
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
    /// The last used ones: as [`CachePolicy::Bytes`] with [`CACHE_BYTES_MAX`].
    #[default]
    Warm,
    /// The last used ones, up to half as many bytes of memory; the other half is for what the
    /// engine keeps of modules.
    Bytes(u64),
}

impl CachePolicy {
    /// Bytes of memory for cached modules.
    const fn bytes_max(self) -> u64 {
        match self {
            Self::Disabled => 0,
            Self::Cold | Self::OneEntry | Self::Warm => CACHE_BYTES_MAX / 2,
            Self::Bytes(bytes) => bytes / 2,
        }
    }

    /// Makes an engine ready for blocks: it has its half of the bound, and what first frames need.
    /// Does nothing under a policy that keeps little.
    pub(crate) fn prepare(self, engine: &dyn Engine) {
        if matches!(self, Self::Warm | Self::Bytes(_)) {
            engine.bound_cache(self.bytes_max());
            engine.prepare();
        }
    }
}

type ModuleKey = (CodeHash, [u8; 32]);

/// Bytes that an entry takes in the maps of the cache, half of whose nodes may be empty.
const ENTRY_BYTES: u64 = 400;

#[derive(Debug)]
struct CachedModule {
    module: Arc<CheckedModule>,
    /// Bytes of memory, those of the entry included.
    bytes: u64,
    /// Number of the last use.
    used: u64,
}

#[derive(Debug, Default)]
struct CachedModules {
    modules: BTreeMap<ModuleKey, CachedModule>,
    /// Keys by the number of their last use.
    order: BTreeMap<u64, ModuleKey>,
    bytes: u64,
    uses: u64,
}

impl CachedModules {
    fn find(&mut self, key: &ModuleKey) -> Option<Arc<CheckedModule>> {
        let found = self.modules.get_mut(key)?;
        self.uses = self.uses.saturating_add(1);
        self.order.remove(&found.used);
        found.used = self.uses;
        self.order.insert(self.uses, *key);
        Some(Arc::clone(&found.module))
    }

    fn remove(&mut self, key: &ModuleKey) {
        if let Some(removed) = self.modules.remove(key) {
            self.order.remove(&removed.used);
            self.bytes = self.bytes.saturating_sub(removed.bytes);
        }
    }

    /// Keeps a module, and drops the least recently used ones above `bytes_max`.
    fn keep(&mut self, key: ModuleKey, module: Arc<CheckedModule>, bytes_max: u64) {
        self.remove(&key);
        let bytes = u64::try_from(module.memory_bytes()).unwrap_or(u64::MAX);
        let bytes = bytes.saturating_add(ENTRY_BYTES);
        if bytes > bytes_max {
            return;
        }
        while self.bytes.saturating_add(bytes) > bytes_max {
            let Some((_, oldest)) = self.order.pop_first() else {
                break;
            };
            self.remove(&oldest);
        }
        self.uses = self.uses.saturating_add(1);
        let used = self.uses;
        self.bytes = self.bytes.saturating_add(bytes);
        self.order.insert(used, key);
        let cached = CachedModule {
            module,
            bytes,
            used,
        };
        self.modules.insert(key, cached);
    }
}

/// A cache of checked modules.
#[derive(Debug, Default)]
pub struct CodeCache {
    policy: CachePolicy,
    /// The rules under which stored code may have been accepted.
    rulebook: Rulebook,
    entries: Mutex<CachedModules>,
    /// Number of checks of stored code.
    checks: AtomicU64,
}

impl CodeCache {
    /// An empty cache; `rulebook` has the rules under which stored code may have been accepted.
    #[must_use]
    pub fn new(policy: CachePolicy, rulebook: &Rulebook) -> Self {
        Self {
            policy,
            rulebook: rulebook.clone(),
            entries: Mutex::default(),
            checks: AtomicU64::new(0),
        }
    }

    /// The module, if it is cached.
    #[must_use]
    pub fn get(&self, code_hash: &[u8; 32], rules_id: &[u8; 32]) -> Option<Arc<CheckedModule>> {
        self.lock().find(&(CodeHash(*code_hash), *rules_id))
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
        let mut entries = self.lock();
        match self.policy {
            CachePolicy::Disabled => return,
            CachePolicy::OneEntry => *entries = CachedModules::default(),
            CachePolicy::Cold | CachePolicy::Warm | CachePolicy::Bytes(_) => {}
        }
        let key = (*module.code_hash(), rules_id);
        entries.keep(key, module, self.policy.bytes_max());
    }

    /// Ends a transaction: the `Cold` policy drops all modules.
    pub fn end_transaction(&self) {
        if self.policy == CachePolicy::Cold {
            self.clear();
        }
    }

    /// Drops all modules.
    pub fn clear(&self) {
        *self.lock() = CachedModules::default();
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

    /// Bytes of memory that the cached modules take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Number of stored codes that were checked again, because neither the cache had the module nor
    /// the store what check had found.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    pub(crate) fn count_check(&self) {
        self.checks.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, CachedModules> {
        // A poisoned lock is safe to use: each module is inserted whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
