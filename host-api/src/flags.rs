//! Flags of a call between contracts: their bits are pinned and never reused.
//!
//! A bit outside [`ALL`] traps, so that a later version can define it.

/// Allows other frames to call the calling contract again while this call is pending.
pub const ALLOW_REENTRY: u32 = 1;
/// The callee, and every contract that it calls in turn, must not change state.
pub const STATIC: u32 = 2;
/// All defined flags.
pub const ALL: u32 = ALLOW_REENTRY | STATIC;
