//! Builds the inputs of the name registry.

use crate::{Address, Invocation};

/// Sets the price of a period and its length in blocks; returns nothing. Works once.
#[must_use]
pub fn init(price: u128, period: u64) -> Invocation {
    Invocation::new("init", &(price, period))
}

/// Rents a name, paid by the value of the call; returns nothing.
#[must_use]
pub fn register(name: &str, periods: u32) -> Invocation {
    Invocation::new("register", &(name, periods))
}

/// Pays for more time by the value of the call; returns nothing.
#[must_use]
pub fn renew(name: &str, periods: u32) -> Invocation {
    Invocation::new("renew", &(name, periods))
}

/// Changes the target of a name; returns nothing.
#[must_use]
pub fn set_target(name: &str, target: Address) -> Invocation {
    Invocation::new("set_target", &(name, target))
}

/// Transfers a name to a new owner; returns nothing.
#[must_use]
pub fn transfer(name: &str, to: Address) -> Invocation {
    Invocation::new("transfer", &(name, to))
}

/// Pays the fees to the collector; returns the amount (u128).
#[must_use]
pub fn withdraw() -> Invocation {
    Invocation::new("withdraw", &())
}

/// Returns the target of a name (option of an address).
#[must_use]
pub fn resolve(name: &str) -> Invocation {
    Invocation::new("resolve", &name)
}

/// Returns a name's record (option of owner, target, height of expiry).
#[must_use]
pub fn record(name: &str) -> Invocation {
    Invocation::new("record", &name)
}

/// Returns the names after one, in their order (list of strings).
#[must_use]
pub fn list(after: &str, limit: u32) -> Invocation {
    Invocation::new("list", &(after, limit))
}
