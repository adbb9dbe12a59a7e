//! Converts a contract's errors into reverts with stable codes.

use core::convert::Infallible;

use crate::Revert;

/// An error of a contract; `#[error]` implements it for an enum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error of a contract",
    label = "has no stable codes",
    note = "make it an enum under `#[sdk::error]`: `Variant = code`"
)]
pub trait ContractError {
    /// The error code, which is never reused for another meaning.
    fn code(&self) -> u32;

    /// A text for people.
    fn message(&self) -> Option<&'static str> {
        None
    }

    /// The output of the revert: code and message.
    fn to_revert(&self) -> Revert {
        match self.message() {
            Some(text) => Revert::with_message(self.code(), text),
            None => Revert::new(self.code()),
        }
    }
}

/// For entries that cannot fail.
impl ContractError for Infallible {
    fn code(&self) -> u32 {
        match *self {}
    }
}
