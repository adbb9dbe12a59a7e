//! Names every reason to refuse a module: code, place and fix.
//!
//! On chain a refused module is "Rejected" and nothing more; code, place and text are local diagnosis.
//! Codes are pinned, never reused, frozen by a test.

/// Why a module was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The rule that was broken.
    pub rule: Rule,
    /// Function index in the module's index space, where the place is inside a function.
    pub function: Option<u32>,
    /// Byte offset in the module.
    pub offset: u64,
    /// One line, lower case: what was found.
    pub message: String,
    /// One line: what to do about it.
    pub help: String,
}

/// A rule of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u16)]
pub enum Rule {
    /// The bytes are not a well-formed module.
    Malformed = 1,
}
