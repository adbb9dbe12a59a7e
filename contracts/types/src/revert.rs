//! Defines the output of a revert: a code and an optional text.

use alloc::string::String;

use borsh::{BorshDeserialize, BorshSerialize};

/// First code of the SDK; the codes of contracts are below.
pub const CODE_RESERVED: u32 = 0xffff_0000;

/// The input is not the canonical encoding of the entry's arguments.
pub const CODE_BAD_INPUT: u32 = 0xffff_0001;

/// A stored value does not decode as the type that the contract expects.
pub const CODE_BAD_STATE: u32 = 0xffff_0002;

/// The entry does not accept value.
pub const CODE_NOT_PAYABLE: u32 = 0xffff_0003;

/// The output of a revert: a code that never changes its meaning, and an optional text.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Revert {
    /// Error code, chosen by the contract; codes from [`CODE_RESERVED`] on are the SDK's.
    pub code: u32,
    /// Text for people; no program should depend on it.
    pub message: Option<String>,
}

impl Revert {
    /// A revert without a text.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        Self {
            code,
            message: None,
        }
    }

    /// A revert with a text.
    #[must_use]
    pub fn with_message(code: u32, message: &str) -> Self {
        Self {
            code,
            message: Some(String::from(message)),
        }
    }
}
