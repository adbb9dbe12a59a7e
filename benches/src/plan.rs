//! Says what of everything is measured, and keys what was measured by engine.

use std::collections::BTreeMap;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Timed rounds; one more goes before them and is dropped.
    pub rounds: usize,
    /// Small sizes: for a look, not for a figure.
    pub quick: bool,
    /// Names of kernels; all if empty.
    pub kernels: Vec<String>,
    /// Names of engines beside native code; all if empty.
    pub engines: Vec<String>,
    /// What is measured; everything if empty.
    pub parts: Vec<Part>,
}

/// A part of the report; those that are left out are empty in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Execution of the kernels.
    Kernels,
    /// Loading of three modules.
    Load,
    /// Empty call, transfer, instantiation.
    Calls,
}

impl Plan {
    /// A short one.
    #[must_use]
    pub const fn quick() -> Self {
        Self {
            rounds: 3,
            quick: true,
            kernels: Vec::new(),
            engines: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// True if the engine named `name` takes part; native code always does.
    #[must_use]
    pub fn measures(&self, name: &str) -> bool {
        let asked = self.engines.is_empty() || self.engines.iter().any(|engine| engine == name);
        asked || name == "native"
    }
}

/// Nanoseconds, or a ratio, by the name of the engine.
pub type ByEngine = BTreeMap<&'static str, f64>;
