//! Statuses of a call between contracts: their numbers are pinned and never reused.
//!
//! 0 to 3 say how the callee ended; with 16 and above the call did not begin. `transfer` and
//! `set_code` return 0 on success: nothing is called.

/// The callee returned; its effects are kept.
pub const RETURN: u16 = 0;
/// The callee reverted.
pub const REVERT: u16 = 1;
/// The callee trapped.
pub const TRAP: u16 = 2;
/// The callee ran out of gas.
pub const OUT_OF_GAS: u16 = 3;
/// The call would exceed the call depth.
pub const DEPTH: u16 = 16;
/// The callee is already active and did not allow re-entry.
pub const REENTRY: u16 = 17;
/// The caller cannot pay the value.
pub const BALANCE: u16 = 18;
/// The address has no code.
pub const NO_CODE: u16 = 19;
/// The code exports no such entry point.
pub const NO_ENTRY: u16 = 20;
/// The address to deploy to has code already.
pub const TAKEN: u16 = 21;

/// Number, name and meaning of every status, in the order of the numbers.
pub const ALL: &[(u16, &str, &str)] = &[
    (
        RETURN,
        "RETURN",
        "the callee returned; its effects are kept",
    ),
    (REVERT, "REVERT", "the callee reverted"),
    (
        TRAP,
        "TRAP",
        "the callee trapped; the trap code is not reported",
    ),
    (OUT_OF_GAS, "OUT_OF_GAS", "the callee ran out of gas"),
    (DEPTH, "DEPTH", "16 frames are active already"),
    (
        REENTRY,
        "REENTRY",
        "the callee is active and did not allow re-entry",
    ),
    (
        BALANCE,
        "BALANCE",
        "the balance is below the value, or the receiver's balance would overflow",
    ),
    (
        NO_CODE,
        "NO_CODE",
        "the address has no code, or the code hash was never uploaded",
    ),
    (NO_ENTRY, "NO_ENTRY", "the code exports no such entry point"),
    (TAKEN, "TAKEN", "the address to deploy to has code already"),
];
