//! Encodes an account: nonce, balance, code.
//!
//! The encoding is canonical borsh; the default account is absent, so that equal states have equal
//! encodings and one root.
//!
//! Specification: docs/spec/state.md, "State".

use crate::fault::Fault;
use crate::identity::CodeHash;
use borsh::{BorshDeserialize, BorshSerialize};

/// The account of an address. One that equals the default is absent from the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Number of included transactions that the account has signed.
    pub nonce: u64,
    /// Balance in the chain's smallest unit.
    pub balance: u128,
    /// Hash of the code, if this is a contract.
    pub code_hash: Option<CodeHash>,
}

impl Account {
    /// Decodes a state value; an absent value is the default account.
    ///
    /// # Errors
    /// [`Fault::Store`] if the bytes are not the canonical encoding of an account: the store is
    /// damaged.
    pub fn decode(value: Option<&[u8]>) -> Result<Self, Fault> {
        let Some(bytes) = value else {
            return Ok(Self::default());
        };
        let account: Self = borsh::from_slice(bytes)
            .map_err(|error| Fault::Store(format!("a value is not an account: {error}")))?;
        if account.encode().as_deref() == Some(bytes) {
            Ok(account)
        } else {
            Err(Fault::Store(
                "an account is not in canonical form".to_owned(),
            ))
        }
    }

    /// The state value of this account, `None` for the default account.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        // Writing numbers and a hash to memory does not fail.
        (*self != Self::default()).then(|| borsh::to_vec(self).unwrap_or_default())
    }
}
