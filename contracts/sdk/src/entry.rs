//! Runs an entry: decodes its arguments, calls it, and ends the frame with its result.
//!
//! `#[contract]` generates one adapter of type [`Adapter`] per `pub fn`, with [`Arguments`] and
//! [`encode_result`]; a contract does not call these itself.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{CODE_BAD_INPUT, CODE_NOT_PAYABLE, ContractError, Revert, buffer::Buffer};

/// An entry as a function from encoded arguments to the encoded result.
pub type Adapter = fn(&[u8]) -> Result<Vec<u8>, Revert>;

/// The arguments of a call, decoded one after the other.
#[derive(Debug)]
pub struct Arguments<'a> {
    rest: &'a [u8],
}

impl<'a> Arguments<'a> {
    /// The arguments encoded in `input`.
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

    /// Ends the decoding of a `#[payable]` entry's arguments. With trailing bytes, the same call
    /// would have a second encoding.
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

    /// Ends the decoding of any other entry's arguments. Such an entry accepts no value, because
    /// value that it does not expect would be locked in.
    ///
    /// # Errors
    /// [`CODE_BAD_INPUT`] if bytes are left over, [`CODE_NOT_PAYABLE`] if the call carries value.
    pub fn end_unpaid(self) -> Result<(), Revert> {
        let code = if !self.rest.is_empty() {
            CODE_BAD_INPUT
        } else if crate::host::value() != 0 {
            CODE_NOT_PAYABLE
        } else {
            return Ok(());
        };
        Err(Revert::new(code))
    }
}

/// A type that can be an argument, a result or a part of either.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument or a result of an entry",
    label = "has no encoding",
    note = "put `#[sdk::data]` on the type, which derives one"
)]
pub trait Data: BorshSerialize + BorshDeserialize {}

#[diagnostic::do_not_recommend]
impl<T: BorshSerialize + BorshDeserialize> Data for T {}

/// Compiles if an entry can take a `T`.
pub const fn argument<T: Data>() {}

/// Compiles if an entry can return a `T`.
pub const fn result<T: Data>() {}

/// Compiles if an entry can fail with an `E`.
pub const fn error<E: ContractError>() {}

/// Encodes the result of an entry, or converts its error into a revert.
///
/// # Errors
/// The revert of the entry's own error.
pub fn encode_result<T: BorshSerialize, E: ContractError>(
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
/// Writing to memory does not fail. Only a list of more than 2^32 elements would, which does not
/// fit in memory; it ends the frame by a revert without a code. (`expect` would add several
/// kilobytes of formatting code to every contract.)
pub(crate) fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut bytes = Buffer::new();
    match value.serialize(&mut bytes) {
        Ok(()) => bytes.into_bytes(),
        Err(_) => crate::host::revert(&[]),
    }
}
