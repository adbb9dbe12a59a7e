//! Builds the inputs of the hostile set, which is written in C: each entry is one attack.

use crate::{Address, Invocation};

/// Entries without arguments that run until gas, a trap or a limit stops them.
pub const ENDLESS: [&str; 9] = [
    "spin",
    "spin_on_host",
    "recurse",
    "fill",
    "write_all",
    "flood",
    "flood_bytes",
    "too_long",
    "grow",
];

/// Number of different host calls that [`bad_pointer`] can make.
pub const BAD_POINTER_CALLS: u8 = 17;

/// Calls an entry of [`ENDLESS`].
#[must_use]
pub fn endless(entry: &'static str) -> Invocation {
    Invocation::new(entry, &())
}

/// Makes a host call with a range that the caller chooses; `which` is below
/// [`BAD_POINTER_CALLS`].
#[must_use]
pub fn bad_pointer(which: u8, pointer: u32, length: u32) -> Invocation {
    Invocation::new("bad_pointer", &(which, pointer, length))
}

/// Writes a key of a length that the caller chooses.
#[must_use]
pub fn long_key(length: u32) -> Invocation {
    Invocation::new("long_key", &length)
}

/// Writes a value of a length that the caller chooses.
#[must_use]
pub fn long_value(length: u32) -> Invocation {
    Invocation::new("long_value", &length)
}

/// Calls another contract of the set, which calls back; returns the status of the call back, or
/// that of the first call if it failed (u32).
#[must_use]
pub fn reenter(other: Address, flags: u32) -> Invocation {
    Invocation::new("reenter", &(other, flags))
}

/// Calls `touch` of an address; returns the status (u32).
#[must_use]
pub fn reenter_back(address: Address) -> Invocation {
    Invocation::new("reenter_back", &address)
}

/// Calls itself up to the limit of frames; returns the status of the deepest call (u32).
#[must_use]
pub fn descend() -> Invocation {
    Invocation::new("descend", &())
}

/// Writes one key; returns nothing.
#[must_use]
pub fn touch() -> Invocation {
    Invocation::new("touch", &())
}

/// Changes its code during the call, then calls its own `touch`; returns both statuses (u32, u32).
#[must_use]
pub fn upgrade(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("upgrade", &code_hash)
}

/// Deploys a code again and again, each time under a new salt.
#[must_use]
pub fn deploy_bomb(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("deploy_bomb", &code_hash)
}

/// Returns 64 KiB, or reverts with 64 KiB.
#[must_use]
pub fn large_output(reverts: bool) -> Invocation {
    Invocation::new("large_output", &reverts)
}
