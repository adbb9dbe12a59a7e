//! Names the failures of this machine; none of them may become a result.
//!
//! A guest cannot cause a fault, and there is no conversion from a fault to a trap: the node stops.

/// A failure of this node, not of a contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store could not answer or commit.
    #[error("store: {0}")]
    Store(String),
    /// Memory of the host could not be reserved.
    #[error("host memory: {0}")]
    HostMemory(String),
    /// Something that the code guarantees does not hold: a bug of ours.
    #[error("broken invariant: {0}")]
    Invariant(String),
    /// An engine that is not ours failed in its own way.
    #[error("engine {engine}: {message}")]
    Engine {
        /// The engine's name.
        engine: &'static str,
        /// What it said.
        message: String,
    },
}

/// A step answers with a boxed fault, so that it is 16 bytes.
impl From<Box<Self>> for Fault {
    fn from(fault: Box<Self>) -> Self {
        *fault
    }
}

impl Fault {
    /// A broken invariant, with what was expected.
    #[must_use]
    pub fn invariant(what: impl Into<String>) -> Self {
        Self::Invariant(what.into())
    }
}
