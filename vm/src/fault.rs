//! Defines the failures of this machine; none of them may become a result.
//!
//! A guest cannot cause a fault, and a fault is never converted to a trap: the node stops.

/// A failure of this node, not of a contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store failed to read or commit, or returned invalid data.
    #[error("store: {0}")]
    Store(String),
    /// Host memory could not be allocated.
    #[error("host memory: {0}")]
    HostMemory(String),
    /// A condition that the code guarantees is false: a bug in this program.
    #[error("broken invariant: {0}")]
    Invariant(String),
    /// A third-party engine failed.
    #[error("engine {engine}: {message}")]
    Engine {
        /// Name of the engine.
        engine: &'static str,
        /// Its error message.
        message: String,
    },
}

/// Engines return a boxed fault, so that the result of a step is 16 bytes.
impl From<Box<Self>> for Fault {
    fn from(fault: Box<Self>) -> Self {
        *fault
    }
}

impl Fault {
    /// A broken invariant; `what` says what is wrong.
    #[must_use]
    pub fn invariant(what: impl Into<String>) -> Self {
        Self::Invariant(what.into())
    }
}
