//! Caches compiled modules by code hash and rules id; a hit changes nothing but the time taken.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use vm::unstable::emit::Options;
use vm::{CheckedModule, CodeHash, Fault, Rules};

/// Compiled modules that a cache keeps; it is cleared before another one is inserted.
pub const MODULES_MAX: usize = 64;

/// Code hash, id of the rules that checked the module and id of the rules that run it: with the
/// cache's options, all that the instrumented module depends on.
type Key = (CodeHash, [u8; 32], [u8; 32]);

/// A cache of one engine's compiled modules.
#[derive(Debug)]
pub struct Cache<C> {
    /// `None` if the cache is off.
    kept: Option<Mutex<BTreeMap<Key, C>>>,
    options: Options,
}

impl<C: Clone> Cache<C> {
    /// A cache of up to [`MODULES_MAX`] modules.
    #[must_use]
    pub fn bounded() -> Self {
        Self {
            kept: Some(Mutex::new(BTreeMap::new())),
            options: Options::default(),
        }
    }

    /// A cache that is off: each contract frame compiles its module.
    #[must_use]
    pub fn none() -> Self {
        Self {
            kept: None,
            options: Options::default(),
        }
    }

    /// An empty cache of modules that the emitter writes with `options`.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        let kept = self.kept.map(|_| Mutex::default());
        Self { kept, options }
    }

    /// The compiled form of `module` under `rules`; on a miss, `compile` makes it from the bytes of
    /// the instrumented module.
    ///
    /// # Errors
    /// The error of `compile`; nothing is cached then.
    pub fn get(
        &self,
        module: &CheckedModule,
        rules: &Rules,
        compile: impl FnOnce(&[u8]) -> Result<C, Fault>,
    ) -> Result<C, Fault> {
        let emit = || vm::unstable::emit::emit_with(module, rules, self.options);
        let Some(kept) = &self.kept else {
            return compile(&emit());
        };
        // A panicking thread leaves complete entries only: an insertion is the only write.
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (*module.code_hash(), *module.rules_id(), *rules.id());
        if let Some(compiled) = kept.get(&key) {
            return Ok(compiled.clone());
        }
        let compiled = compile(&emit())?;
        if kept.len() >= MODULES_MAX {
            kept.clear();
        }
        kept.insert(key, compiled.clone());
        Ok(compiled)
    }
}
