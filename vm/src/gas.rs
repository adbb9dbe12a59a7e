//! Meters gas: the only module that deducts it from a frame's limit.
//!
//! A charge that cannot be paid is out of gas, which consumes the whole limit of the contract
//! frame; a price that overflows cannot be paid.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".

use crate::limits::GAS_LIMIT_MAX;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// An amount of gas. One gas is about 0.1 ns.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct Gas(pub u64);

impl From<u64> for Gas {
    fn from(amount: u64) -> Self {
        Self(amount)
    }
}

impl fmt::Display for Gas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Gas meter of one contract frame: its limit and what remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasMeter {
    limit: u64,
    remaining: u64,
}

/// A charge could not be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfGas;

impl GasMeter {
    /// A meter with the whole limit remaining. Limits above 2^63 - 1 are cut to it; callers
    /// validate before.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        let limit = if limit > GAS_LIMIT_MAX {
            GAS_LIMIT_MAX
        } else {
            limit
        };
        Self {
            limit,
            remaining: limit,
        }
    }

    /// Gas limit of the frame.
    #[must_use]
    pub const fn limit(self) -> u64 {
        self.limit
    }

    /// Remaining gas.
    #[must_use]
    pub const fn remaining(self) -> u64 {
        self.remaining
    }

    /// Gas deducted so far.
    #[must_use]
    pub const fn used(self) -> u64 {
        self.limit.saturating_sub(self.remaining)
    }

    /// A copy made with two word-sized reads: right after the limit was written, one wide read
    /// would stall on the store buffer.
    pub(crate) fn reread(&self) -> Self {
        Self {
            limit: std::hint::black_box(self.limit),
            remaining: self.remaining,
        }
    }

    /// Deducts `cost`; on failure the remaining gas is 0.
    ///
    /// # Errors
    /// [`OutOfGas`] if less than `cost` remains.
    pub const fn charge(&mut self, cost: u64) -> Result<(), OutOfGas> {
        match self.remaining.checked_sub(cost) {
            Some(rest) => {
                self.remaining = rest;
                Ok(())
            }
            None => {
                self.remaining = 0;
                Err(OutOfGas)
            }
        }
    }

    /// Deducts `base + per_unit * units`; a price that overflows cannot be paid.
    ///
    /// # Errors
    /// [`OutOfGas`] if less remains.
    pub const fn charge_linear(
        &mut self,
        base: u64,
        per_unit: u64,
        units: u64,
    ) -> Result<(), OutOfGas> {
        let cost = match per_unit.checked_mul(units) {
            Some(product) => base.checked_add(product),
            None => None,
        };
        match cost {
            Some(cost) => self.charge(cost),
            None => {
                self.remaining = 0;
                Err(OutOfGas)
            }
        }
    }

    /// Sets the remaining gas from another counter of the same frame: an engine that counts in a
    /// register or a global writes it back here before the host reads it.
    ///
    /// Never raises the remaining gas.
    pub const fn set_remaining(&mut self, remaining: u64) {
        if remaining < self.remaining {
            self.remaining = remaining;
        }
    }
}
