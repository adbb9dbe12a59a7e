//! Chooses the engines of a world: one that answers, and others that must answer the same.

use reference::Reference;
use std::sync::Arc;
use vm::{Engine, Interpreter};

/// An engine that worlds share; it keeps compiled modules and nothing else.
pub type SharedEngine = Arc<dyn Engine + Send + Sync>;

/// One engine or several. Each call runs on all, on the same state, and the outcomes are compared:
/// exit, output, events, changes of the state, gas.
#[derive(Clone)]
pub struct Engines {
    pub(crate) first: SharedEngine,
    pub(crate) others: Vec<SharedEngine>,
}

impl Engines {
    /// The interpreter, which is the default.
    #[must_use]
    pub fn interpreter() -> Self {
        Self::only(Arc::new(Interpreter::new()))
    }

    /// R, the reference interpreter: slow, and the definition of the rest.
    #[must_use]
    pub fn reference() -> Self {
        Self::only(Arc::new(Reference::new()))
    }

    /// The emitted module in wasmi.
    #[cfg(feature = "emitted")]
    #[must_use]
    pub fn wasmi() -> Self {
        Self::only(Arc::new(engine_wasmi::Wasmi::new()))
    }

    /// Any engine.
    #[must_use]
    pub const fn only(engine: SharedEngine) -> Self {
        Self {
            first: engine,
            others: Vec::new(),
        }
    }

    /// The same and one more, which must agree.
    #[must_use]
    pub fn and(mut self, engine: SharedEngine) -> Self {
        self.others.push(engine);
        self
    }

    /// Every engine of this build: the interpreter, R and, with the feature `emitted`, wasmi.
    #[must_use]
    pub fn every() -> Self {
        let engines = Self::interpreter().and(Arc::new(Reference::new()));
        #[cfg(feature = "emitted")]
        let engines = engines.and(Arc::new(engine_wasmi::Wasmi::new()));
        engines
    }
}

impl Default for Engines {
    fn default() -> Self {
        Self::interpreter()
    }
}

/// Shows the names.
impl core::fmt::Debug for Engines {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let others = self.others.iter().map(|engine| engine.name());
        f.debug_list()
            .entry(&self.first.name())
            .entries(others)
            .finish()
    }
}
