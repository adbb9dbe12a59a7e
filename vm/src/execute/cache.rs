//! Keeps compiled modules within a bound in bytes: the least recently used are dropped first.

use super::Interpreter;
use super::link::CompiledModule;
use crate::identity::CodeHash;
use crate::module::CheckedModule;
use crate::rules::Rules;
use std::collections::BTreeMap;
use std::sync::Arc;

/// (code hash, id of the rules that it was checked under, id of the rules that it runs under)
pub(super) type CompiledKey = (CodeHash, [u8; 32], [u8; 32]);

/// The key of a module under rules.
pub(super) fn key(module: &CheckedModule, rules: &Rules) -> CompiledKey {
    (*module.code_hash(), *module.rules_id(), *rules.id())
}

/// A module that is kept.
struct Kept {
    module: Arc<CompiledModule>,
    /// Its bytes, as they are part of the sum.
    bytes: usize,
    /// Number of its last use.
    used: u64,
}

/// Compiled modules by key.
pub(super) struct CompiledCache {
    modules: BTreeMap<CompiledKey, Kept>,
    /// Keys by number of the last use.
    by_use: BTreeMap<u64, CompiledKey>,
    bytes: usize,
    bytes_max: usize,
    uses: u64,
}

impl Default for CompiledCache {
    fn default() -> Self {
        Self {
            modules: BTreeMap::new(),
            by_use: BTreeMap::new(),
            bytes: 0,
            bytes_max: Interpreter::COMPILED_BYTES_MAX,
            uses: 0,
        }
    }
}

impl CompiledCache {
    /// Sets the bound.
    pub(super) fn bound(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.evict();
    }

    /// Bytes of all modules that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn find(&mut self, key: &CompiledKey) -> Option<Arc<CompiledModule>> {
        let kept = self.modules.get_mut(key)?;
        self.by_use.remove(&kept.used);
        self.uses = self.uses.saturating_add(1);
        kept.used = self.uses;
        self.by_use.insert(kept.used, *key);
        Some(Arc::clone(&kept.module))
    }

    pub(super) fn keep(&mut self, key: CompiledKey, module: &Arc<CompiledModule>) {
        self.remove(&key);
        self.uses = self.uses.saturating_add(1);
        let kept = Kept {
            module: Arc::clone(module),
            bytes: module.bytes(),
            used: self.uses,
        };
        self.bytes = self.bytes.saturating_add(kept.bytes);
        self.by_use.insert(kept.used, key);
        self.modules.insert(key, kept);
        self.evict();
    }

    /// Counts the bytes of a module again, which grow as its functions are translated.
    pub(super) fn recount(&mut self, module: &Arc<CompiledModule>) {
        let key = key(&module.module, &module.rules);
        let Some(kept) = self.modules.get_mut(&key) else {
            return;
        };
        if !Arc::ptr_eq(&kept.module, module) {
            return;
        }
        self.bytes = self.bytes.saturating_sub(kept.bytes);
        kept.bytes = module.bytes();
        self.bytes = self.bytes.saturating_add(kept.bytes);
        self.evict();
    }

    fn remove(&mut self, key: &CompiledKey) {
        if let Some(kept) = self.modules.remove(key) {
            self.by_use.remove(&kept.used);
            self.bytes = self.bytes.saturating_sub(kept.bytes);
        }
    }

    fn evict(&mut self) {
        while self.bytes > self.bytes_max || self.modules.len() > Interpreter::COMPILED_MODULES_MAX
        {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                return;
            };
            self.remove(&oldest);
        }
    }
}
