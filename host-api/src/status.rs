//! Numbers the statuses of a call between contracts; pinned, never reused.
//!
//! 0 to 3 say how the callee ended; from 16 on the call never began. `transfer` and `set_code`
//! answer 0 when they are done.

/// The callee returned; its effects are kept.
pub const RETURN: u16 = 0;
/// The callee reverted.
pub const REVERT: u16 = 1;
/// The callee trapped.
pub const TRAP: u16 = 2;
/// The callee ran out of gas.
pub const OUT_OF_GAS: u16 = 3;
/// The call would be too deep.
pub const DEPTH: u16 = 16;
/// The callee is already on the stack and did not allow re-entry.
pub const REENTRY: u16 = 17;
/// The caller cannot pay the value.
pub const BALANCE: u16 = 18;
/// The address has no code.
pub const NO_CODE: u16 = 19;
/// The code has no such entry.
pub const NO_ENTRY: u16 = 20;
/// The address to deploy to has code already.
pub const TAKEN: u16 = 21;

/// Every status: number, name, and what it says, in the order of the numbers.
pub const ALL: &[(u16, &str, &str)] = &[
    (
        RETURN,
        "RETURN",
        "the callee returned; its effects are kept",
    ),
    (REVERT, "REVERT", "the callee reverted"),
    (TRAP, "TRAP", "the callee trapped; the code is not told"),
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
        "the value cannot be paid, or the receiver cannot hold it",
    ),
    (
        NO_CODE,
        "NO_CODE",
        "the address has no code, or the code hash was never uploaded",
    ),
    (NO_ENTRY, "NO_ENTRY", "the code has no such entry"),
    (TAKEN, "TAKEN", "the address to deploy to has code already"),
];
