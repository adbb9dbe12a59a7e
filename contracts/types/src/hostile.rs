//! Builds the inputs of the hostile set, which is written in C: one entry, one misbehaviour.

use crate::{Address, Invocation};

/// Entries without arguments that only stop for gas, a trap or a limit.
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

/// How many different host calls [`bad_pointer`] can make.
pub const BAD_POINTER_CALLS: u8 = 17;

/// One of [`ENDLESS`].
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

/// Calls another of its kind, which calls back into it; answers the status that the way back
/// got, or that of the way there (u32).
#[must_use]
pub fn reenter(other: Address, flags: u32) -> Invocation {
    Invocation::new("reenter", &(other, flags))
}

/// Calls `touch` of an address; answers the status (u32).
#[must_use]
pub fn reenter_back(address: Address) -> Invocation {
    Invocation::new("reenter_back", &address)
}

/// Calls itself until the depth's limit; answers the status at the bottom (u32).
#[must_use]
pub fn descend() -> Invocation {
    Invocation::new("descend", &())
}

/// Writes one key; answers nothing.
#[must_use]
pub fn touch() -> Invocation {
    Invocation::new("touch", &())
}

/// Changes its code in mid-call, then calls `touch` of itself; answers both statuses (u32, u32).
#[must_use]
pub fn upgrade(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("upgrade", &code_hash)
}

/// Deploys a code again and again, under ever new salts.
#[must_use]
pub fn deploy_bomb(code_hash: [u8; 32]) -> Invocation {
    Invocation::new("deploy_bomb", &code_hash)
}

/// Returns 64 KiB, or reverts with them.
#[must_use]
pub fn lie(reverts: bool) -> Invocation {
    Invocation::new("lie", &reverts)
}
