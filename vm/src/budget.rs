//! Lets the embedder limit the host memory whose size guests decide.
//!
//! A node may enforce a budget, and a test may refuse any single request. A refusal is a [`Fault`]:
//! it stops the node like a failed allocation, and is never a trap. Results do not depend on which
//! requests are made: pools and caches reuse memory without a request.

use crate::fault::Fault;
use core::fmt;
use std::sync::Arc;

/// Purpose of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Purpose {
    /// The linear memory of an instance, always reserved at the largest size.
    LinearMemory,
    /// The value stack of an instance.
    Stack,
    /// Internal code of a function.
    Code,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinearMemory => "linear memory",
            Self::Stack => "a value stack",
            Self::Code => "internal code",
        })
    }
}

/// Grants host memory; called once before each allocation.
pub trait Budget: Send + Sync {
    /// Grants or refuses an allocation of `bytes`.
    ///
    /// # Errors
    /// [`Fault::HostMemory`] if the budget refuses.
    fn grant(&self, purpose: Purpose, bytes: usize) -> Result<(), Fault>;
}

/// Grants everything: the allocator decides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl Budget for Unlimited {
    fn grant(&self, _: Purpose, _: usize) -> Result<(), Fault> {
        Ok(())
    }
}

/// A budget that several owners share.
#[derive(Clone)]
pub struct SharedBudget(Arc<dyn Budget>);

impl SharedBudget {
    /// Shares `budget`.
    #[must_use]
    pub fn new(budget: Arc<dyn Budget>) -> Self {
        Self(budget)
    }

    /// As [`Budget::grant`].
    ///
    /// # Errors
    /// [`Fault::HostMemory`].
    pub fn grant(&self, purpose: Purpose, bytes: usize) -> Result<(), Fault> {
        self.0.grant(purpose, bytes)
    }
}

impl fmt::Debug for SharedBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedBudget")
    }
}

impl Default for SharedBudget {
    fn default() -> Self {
        Self(Arc::new(Unlimited))
    }
}

/// The fault of an allocation that was refused or failed.
#[must_use]
pub fn refused(purpose: Purpose, bytes: usize, cause: impl fmt::Display) -> Fault {
    Fault::HostMemory(format!("{bytes} bytes for {purpose}: {cause}"))
}
