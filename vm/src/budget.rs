//! Asks the embedder before memory is taken whose size a guest decides.
//!
//! A node may keep a budget and refuse what does not fit, and a test may refuse any one request. A
//! refusal is a [`Fault`]: it stops the node like an allocation that failed, and is never a trap.
//! What is asked for is not what a result depends on: pools and caches answer without a request.

use crate::fault::Fault;
use core::fmt;
use std::sync::Arc;

/// What memory is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Purpose {
    /// The linear memory of an instance, as far as it can grow without moving.
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

/// Grants memory of the host. Asked once for each allocation, before it.
pub trait Budget: Send + Sync {
    /// Grants `bytes`, or refuses them.
    ///
    /// # Errors
    /// [`Fault::HostMemory`] if they are not to be had.
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

/// A budget that several owners ask.
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

/// The fault of memory that is not to be had.
#[must_use]
pub fn refused(purpose: Purpose, bytes: usize, cause: impl fmt::Display) -> Fault {
    Fault::HostMemory(format!("{bytes} bytes for {purpose}: {cause}"))
}
