//! Runs an entry: decodes its arguments, calls it, and ends the frame with its answer.
//!
//! `#[contract]` writes one adapter of type [`Adapter`] per `pub fn`, out of [`Arguments`] and
//! [`answer`]; a contract does not call these itself.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{CODE_BAD_INPUT, ContractError, Revert};

/// An entry as bytes to bytes.
pub type Adapter = fn(&[u8]) -> Result<Vec<u8>, Revert>;

/// The arguments of a call, decoded one after the other.
#[derive(Debug)]
pub struct Arguments<'a> {
    rest: &'a [u8],
}

impl<'a> Arguments<'a> {
    /// The arguments that `input` holds.
    #[must_use]
    pub const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Decodes the next argument.
    ///
    /// # Errors
    /// [`CODE_BAD_INPUT`] if the bytes are not the encoding of a `T`.
    pub fn take<T: BorshDeserialize>(&mut self) -> Result<T, Revert> {
        T::deserialize(&mut self.rest).map_err(|_| Revert::new(CODE_BAD_INPUT))
    }

    /// Ends the decoding. Whatever is left over would be a second spelling of the same call.
    ///
    /// # Errors
    /// [`CODE_BAD_INPUT`] if bytes are left over.
    pub const fn end(self) -> Result<(), Revert> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Revert::new(CODE_BAD_INPUT))
        }
    }
}

/// Encodes what an entry returned, or turns its error into a revert.
///
/// # Errors
/// The revert of the entry's own error.
pub fn answer<T: BorshSerialize, E: ContractError>(
    result: Result<T, E>,
) -> Result<Vec<u8>, Revert> {
    result
        .map(|value| encode(&value))
        .map_err(|error| error.to_revert())
}

/// Runs an adapter over the input of this call and ends the frame.
#[cfg(target_family = "wasm")]
pub fn run(adapter: Adapter) -> ! {
    match adapter(&crate::host::input()) {
        Ok(output) => crate::host::finish(&output),
        Err(revert) => fail(&revert),
    }
}

/// Ends the frame by a revert.
pub(crate) fn fail(revert: &Revert) -> ! {
    crate::host::revert(&encode(revert))
}

/// The borsh bytes of a value.
///
/// Writing to a `Vec` does not fail. A list of more than 2^32 elements would, and fits nowhere;
/// it ends the frame by a revert without a code. (`expect` would bring the machinery of
/// formatting with it, several kilobytes in every contract.)
pub(crate) fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    encode_after(&[], value)
}

/// A prefix and the borsh bytes of a value behind it.
pub(crate) fn encode_after<T: BorshSerialize>(prefix: &[u8], value: &T) -> Vec<u8> {
    let mut bytes = prefix.to_vec();
    match value.serialize(&mut bytes) {
        Ok(()) => bytes,
        Err(_) => crate::host::revert(&[]),
    }
}
