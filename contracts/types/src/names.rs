//! Builds the inputs of the name registry.

use crate::{Address, Invocation};

/// Sets the price of a period and its blocks; answers nothing. Works once.
#[must_use]
pub fn init(price: u128, period: u64) -> Invocation {
    Invocation::new("init", &(price, period))
}

/// Rents a name, paid by the value of the call; answers nothing.
#[must_use]
pub fn register(name: &str, periods: u32) -> Invocation {
    Invocation::new("register", &(name, periods))
}

/// Pays for more time by the value of the call; answers nothing.
#[must_use]
pub fn renew(name: &str, periods: u32) -> Invocation {
    Invocation::new("renew", &(name, periods))
}

/// Points a name elsewhere; answers nothing.
#[must_use]
pub fn set_target(name: &str, target: Address) -> Invocation {
    Invocation::new("set_target", &(name, target))
}

/// Hands a name on; answers nothing.
#[must_use]
pub fn transfer(name: &str, to: Address) -> Invocation {
    Invocation::new("transfer", &(name, to))
}

/// Pays the fees to the collector; answers how much (u128).
#[must_use]
pub fn withdraw() -> Invocation {
    Invocation::new("withdraw", &())
}

/// Answers what a name stands for (option of an address).
#[must_use]
pub fn resolve(name: &str) -> Invocation {
    Invocation::new("resolve", &name)
}

/// Answers a name's record (option of owner, target, height of expiry).
#[must_use]
pub fn record(name: &str) -> Invocation {
    Invocation::new("record", &name)
}

/// Answers the names after one, in their order (list of strings).
#[must_use]
pub fn list(after: &str, limit: u32) -> Invocation {
    Invocation::new("list", &(after, limit))
}
