//! Encodes an account: nonce, balance, code.

use borsh::{BorshDeserialize, BorshSerialize};

/// The account of an address. One that equals the default is absent from the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Transactions that this account has signed and a block has included.
    pub nonce: u64,
    /// Balance in the chain's smallest unit.
    pub balance: u128,
    /// Hash of the code, if this is a contract.
    pub code_hash: Option<[u8; 32]>,
}
