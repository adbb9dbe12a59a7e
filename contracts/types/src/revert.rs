//! Spells a refusal: the output of an exit by revert.

use alloc::string::String;

use borsh::{BorshDeserialize, BorshSerialize};

/// Codes from here on belong to the SDK; a contract's own codes are below.
pub const CODE_RESERVED: u32 = 0xffff_0000;

/// The input is not the canonical encoding of the entry's arguments.
pub const CODE_BAD_INPUT: u32 = 0xffff_0001;

/// A stored value is not of the type that the contract reads it as.
pub const CODE_BAD_STATE: u32 = 0xffff_0002;

/// The entry takes no value.
pub const CODE_NOT_PAYABLE: u32 = 0xffff_0003;

/// A refusal by a contract: a code that never changes its meaning, and perhaps a text.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Revert {
    /// Which refusal; numbered by the contract, or by the SDK from [`CODE_RESERVED`] on.
    pub code: u32,
    /// A text for people; no program should depend on it.
    pub message: Option<String>,
}

impl Revert {
    /// A refusal without a text.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        Self {
            code,
            message: None,
        }
    }

    /// A refusal with a text.
    #[must_use]
    pub fn with_message(code: u32, message: &str) -> Self {
        Self {
            code,
            message: Some(String::from(message)),
        }
    }
}
