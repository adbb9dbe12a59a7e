//! Encodes an account: nonce, balance, code.
//!
//! Consensus: "State". The encoding is borsh and canonical; the default account is absent, so that
//! a state has one spelling and the root depends on its meaning alone.

use crate::fault::Fault;
use crate::identity::CodeHash;
use borsh::{BorshDeserialize, BorshSerialize};

/// The account of an address. One that equals the default is absent from the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Transactions that this account has signed and a block has included.
    pub nonce: u64,
    /// Balance in the chain's smallest unit.
    pub balance: u128,
    /// Hash of the code, if this is a contract.
    pub code_hash: Option<CodeHash>,
}

impl Account {
    /// The account that a state value spells; an absent value is the default account.
    ///
    /// # Errors
    /// [`Fault::Store`] if the bytes are not what [`Account::encode`] gives for some
    /// account: only a store that is damaged holds such bytes.
    pub fn decode(value: Option<&[u8]>) -> Result<Self, Fault> {
        let Some(bytes) = value else {
            return Ok(Self::default());
        };
        let account: Self = borsh::from_slice(bytes)
            .map_err(|error| Fault::Store(format!("not an account: {error}")))?;
        if account.encode().as_deref() == Some(bytes) {
            Ok(account)
        } else {
            Err(Fault::Store(
                "an account that is not in canonical form".to_owned(),
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
