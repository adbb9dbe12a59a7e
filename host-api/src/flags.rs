//! Numbers the flags of a call between contracts; pinned, never reused.
//!
//! A flag outside [`ALL`] traps, so that a later version can give it a meaning.

/// While this call is pending, the frame that makes it may be entered again.
pub const ALLOW_REENTRY: u32 = 1;
/// The callee, and whatever it calls, must not change state.
pub const STATIC: u32 = 2;
/// Every flag that is defined.
pub const ALL: u32 = ALLOW_REENTRY | STATIC;
