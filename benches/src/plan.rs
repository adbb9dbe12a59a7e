//! Selects what is measured.

use std::collections::BTreeMap;

/// Number of rounds, and selection of kernels, engines and parts.
#[derive(Clone, Debug)]
pub struct BenchPlan {
    /// Number of timed rounds; an untimed one precedes them.
    pub rounds: usize,
    /// True for small sizes, for a rough estimate.
    pub quick: bool,
    /// Names of kernels; all if empty.
    pub kernels: Vec<String>,
    /// Names of engines, in addition to native code; all if empty.
    pub engines: Vec<String>,
    /// Parts of the report; all if empty.
    pub parts: Vec<ReportPart>,
}

/// A part of the report; a part that is not selected is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportPart {
    /// Execution of the kernels.
    Kernels,
    /// Loading of three modules.
    Load,
    /// Empty call, transfer, instantiation.
    Calls,
}

impl BenchPlan {
    /// A plan for a rough estimate.
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

    /// True if the engine `name` is measured; native code always is.
    #[must_use]
    pub fn measures(&self, name: &str) -> bool {
        let is_selected = self.engines.is_empty() || self.engines.iter().any(|one| one == name);
        is_selected || name == "native"
    }
}

/// Nanoseconds, or a ratio, by name of the engine.
pub type ByEngine = BTreeMap<&'static str, f64>;
