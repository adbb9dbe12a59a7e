//! Builds the inputs of the account that a passkey controls.

use crate::{Address, Invocation};

/// A payment, or a call if `entry` is not empty, as the account encodes it.
pub type Action<'a> = (Address, u128, &'a str, &'a [u8]);

/// The key (SEC1), the SHA-256 of the relying party's id, and the origin of its page.
pub type Key<'a> = (&'a [u8], [u8; 32], &'a str);

/// What a passkey returned: `authenticatorData`, `clientDataJSON`, and r and s of its signature.
pub type Assertion<'a> = (&'a [u8], &'a [u8], &'a [u8; 64]);

/// Sets the key; returns nothing. Works once.
#[must_use]
pub fn init(key: Key<'_>) -> Invocation {
    Invocation::new("init", &key)
}

/// Accepts value; returns nothing.
#[must_use]
pub fn deposit() -> Invocation {
    Invocation::new("deposit", &())
}

/// Does what the passkey has signed; returns the output of the call (byte list).
#[must_use]
pub fn execute(action: Action<'_>, assertion: Assertion<'_>) -> Invocation {
    Invocation::new("execute", &(action, assertion))
}

/// Replaces the key; returns nothing. Only the account itself may call it.
#[must_use]
pub fn set_key(key: Key<'_>) -> Invocation {
    Invocation::new("set_key", &key)
}

/// Returns the challenge of an action (32 bytes).
#[must_use]
pub fn challenge(action: Action<'_>) -> Invocation {
    Invocation::new("challenge", &action)
}

/// Returns the nonce of the next action (u64).
#[must_use]
pub fn nonce() -> Invocation {
    Invocation::new("nonce", &())
}

/// Returns the key (option of point, relying party's hash, origin).
#[must_use]
pub fn key() -> Invocation {
    Invocation::new("key", &())
}
