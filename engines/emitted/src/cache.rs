//! Keeps compiled modules by code hash and rules id; a hit changes nothing but time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use vm::unstable::emit::Options;
use vm::{CheckedModule, CodeHash, Fault, Rules};

/// Compiled modules that a cache keeps; one more empties it. Bounds the host's memory.
pub const MODULES_MAX: usize = 64;

/// Code hash, id of the rules of its check and id of the rules at hand: all that the emitted bytes
/// depend on, beside the cache's options.
type Key = (CodeHash, [u8; 32], [u8; 32]);

/// Compiled modules of one engine.
#[derive(Debug)]
pub struct Cache<C> {
    /// `None` if nothing is kept.
    kept: Option<Mutex<BTreeMap<Key, C>>>,
    options: Options,
}

impl<C: Clone> Cache<C> {
    /// Keeps up to [`MODULES_MAX`].
    #[must_use]
    pub fn bounded() -> Self {
        Self {
            kept: Some(Mutex::new(BTreeMap::new())),
            options: Options::default(),
        }
    }

    /// Keeps nothing: every frame compiles.
    #[must_use]
    pub fn none() -> Self {
        Self {
            kept: None,
            options: Options::default(),
        }
    }

    /// An empty cache of what the emitter writes with `options`.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        let kept = self.kept.map(|_| Mutex::default());
        Self { kept, options }
    }

    /// The compiled form of `module` under `rules`, made by `compile` from the emitted bytes.
    ///
    /// # Errors
    /// What `compile` fails with; nothing is kept then.
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
        // What a panicking thread left is complete entries: an insertion is the only write.
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
