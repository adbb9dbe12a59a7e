//! Counts: the smallest contract with state, an event and an error.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod counter {
    use sdk::{Item, env};

    const COUNT: Item<u64> = Item::new(b"c");

    /// The count was raised.
    #[sdk::event]
    pub struct Incremented {
        /// The increment.
        pub by: u64,
        /// The new count.
        pub count: u64,
    }

    /// Errors of the counter.
    #[sdk::error]
    pub enum CounterError {
        /// The sum would not fit 64 bits.
        Overflow = 1,
    }

    /// Adds `by` to the count; returns the new count.
    ///
    /// # Errors
    /// [`CounterError::Overflow`] if the sum would not fit 64 bits.
    pub fn increment(by: u64) -> Result<u64, CounterError> {
        let count = get().checked_add(by).ok_or(CounterError::Overflow)?;
        COUNT.set(&count);
        env::emit(&Incremented { by, count });
        Ok(count)
    }

    /// The count; 0 before the first call.
    pub fn get() -> u64 {
        COUNT.get().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
