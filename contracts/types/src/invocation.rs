//! Pairs an entry's name with the bytes of its arguments.

use alloc::vec::Vec;

use borsh::BorshSerialize;

/// Entry and input of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Name of the exported function.
    pub entry: &'static str,
    /// Arguments in borsh, one after the other.
    pub input: Vec<u8>,
}

impl Invocation {
    /// An entry with its arguments: a tuple of them, a struct of them, or `()`.
    pub fn new<T: BorshSerialize>(entry: &'static str, arguments: &T) -> Self {
        Self {
            entry,
            input: encode(arguments),
        }
    }
}

/// The borsh bytes of a value.
#[expect(
    clippy::unreachable,
    reason = "a write to a Vec cannot fail, and no list here reaches 2^32"
)]
pub(crate) fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    // Not `expect`: it would add the formatting of errors to every contract that signs.
    match borsh::to_vec(value) {
        Ok(bytes) => bytes,
        Err(_) => unreachable!(),
    }
}
