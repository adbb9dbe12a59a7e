//! Selects the engines of a world: a first one, and others whose outcomes must be equal.

use engines::Row;
use std::sync::Arc;
use vm::Engine;

/// An engine shared by worlds; its only state is a cache of compiled modules.
pub type SharedEngine = Arc<dyn Engine + Send + Sync>;

/// One or more engines. Each call runs on all of them, on the same state, and the outcomes are
/// compared: exit, output, events, state diff, gas.
#[derive(Clone)]
pub struct Engines {
    pub(crate) first: SharedEngine,
    pub(crate) others: Vec<SharedEngine>,
}

impl Engines {
    /// The interpreter, the default.
    #[must_use]
    pub fn interpreter() -> Self {
        Self::of(&engines::INTERPRETER)
    }

    /// R, the reference interpreter: slow, written for clarity.
    #[must_use]
    pub fn reference() -> Self {
        Self::of(&engines::REFERENCE)
    }

    /// The instrumented module in wasmi.
    #[cfg(feature = "emitted")]
    #[must_use]
    pub fn wasmi() -> Self {
        Self::of(&engines::WASMI)
    }

    fn of(row: &Row) -> Self {
        Self::only((row.make)().into())
    }

    /// Only this engine.
    #[must_use]
    pub const fn only(engine: SharedEngine) -> Self {
        Self {
            first: engine,
            others: Vec::new(),
        }
    }

    /// Adds an engine that must agree.
    #[must_use]
    pub fn and(mut self, engine: SharedEngine) -> Self {
        self.others.push(engine);
        self
    }

    /// Every engine of this build: the interpreter, R and, with the feature `emitted`, wasmi.
    #[must_use]
    pub fn every() -> Self {
        let others = engines::ALL.iter().skip(1);
        others.fold(Self::interpreter(), |engines, row| {
            engines.and((row.make)().into())
        })
    }
}

impl Default for Engines {
    fn default() -> Self {
        Self::interpreter()
    }
}

/// Prints the names of the engines.
impl core::fmt::Debug for Engines {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let others = self.others.iter().map(|engine| engine.name());
        f.debug_list()
            .entry(&self.first.name())
            .entries(others)
            .finish()
    }
}
