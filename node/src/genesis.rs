//! Describes how a chain starts: name, time, rules, limits and first balances.
//!
//! The document is a borsh encoding; its SHA-256 is the chain id, which every transaction and
//! header contains.
//!
//! Specification: docs/spec/blocks.md, "Genesis".

use crate::digest::{encode, sha256};
use crate::limits::{CHAIN_NAME_BYTES_MAX, Limits};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use vm::unstable::state::Account;
use vm::{Address, Fault, Height, StateDiff, key};

/// First field of every genesis document.
const FORMAT: &str = "lockstep/genesis/1";
/// Name of the system key whose value lists the rules by activation height.
pub const RULES_KEY: &str = "rules";

/// Rules ids with the height from which each is in force, ascending; the value of [`RULES_KEY`].
pub type Activations = Vec<(Height, [u8; 32])>;

/// Decodes the value of [`RULES_KEY`].
pub(crate) fn decode_activations(value: Option<&[u8]>) -> Result<Activations, Fault> {
    borsh::from_slice(value.unwrap_or_default())
        .map_err(|_| Fault::Store("the list of rules does not decode".to_owned()))
}

/// Id of the rules in force at a height; `None` before the first activation.
pub(crate) fn in_force(activations: &Activations, height: Height) -> Option<&[u8; 32]> {
    let last = activations.iter().rfind(|(from, _)| *from <= height);
    last.map(|(_, id)| id)
}

/// The genesis document. The fields are in the order of their encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    format: String,
    name: String,
    time_ms: u64,
    rules_id: [u8; 32],
    limits: Limits,
    accounts: Vec<(Address, u128)>,
}

/// Why a genesis is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// The name is too long.
    #[error("the chain's name is longer than {CHAIN_NAME_BYTES_MAX} bytes")]
    Name,
    /// The sum of all balances does not fit a u128. A valid supply rules out overflow of later
    /// sums.
    #[error("the sum of all balances does not fit 128 bits")]
    Supply,
}

impl Genesis {
    /// Makes a genesis; leaves out accounts with balance 0.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn new(
        name: &str,
        time_ms: u64,
        rules_id: [u8; 32],
        limits: Limits,
        accounts: &BTreeMap<Address, u128>,
    ) -> Result<Self, GenesisError> {
        if u32::try_from(name.len()).map_or(true, |bytes| bytes > CHAIN_NAME_BYTES_MAX) {
            return Err(GenesisError::Name);
        }
        let mut supply = 0_u128;
        for balance in accounts.values() {
            supply = supply.checked_add(*balance).ok_or(GenesisError::Supply)?;
        }
        let accounts = accounts
            .iter()
            .filter(|(_, balance)| **balance > 0)
            .map(|(address, balance)| (*address, *balance))
            .collect();
        let (format, name) = (FORMAT.to_owned(), name.to_owned());
        Ok(Self {
            format,
            name,
            time_ms,
            rules_id,
            limits,
            accounts,
        })
    }

    /// Encoding of the document.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        encode(self)
    }

    /// SHA-256 of the document.
    #[must_use]
    pub fn chain_id(&self) -> [u8; 32] {
        sha256(&[&self.document()])
    }

    /// Time of the genesis, in milliseconds since 1970; block 1 is later.
    #[must_use]
    pub const fn time_ms(&self) -> u64 {
        self.time_ms
    }

    /// Limits of the chain.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The rules in force from block 1 on.
    #[must_use]
    pub const fn rules_id(&self) -> &[u8; 32] {
        &self.rules_id
    }

    /// State before block 1: the accounts, and the rules by activation height.
    #[must_use]
    pub fn state(&self) -> StateDiff {
        let activations: Activations = vec![(Height(1), self.rules_id)];
        let accounts = self.accounts.iter().map(|(address, balance)| {
            let account = Account {
                nonce: 0,
                balance: *balance,
                code_hash: None,
            };
            (key::account(address), account.encode())
        });
        let rules = (key::system(RULES_KEY), Some(encode(&activations)));
        accounts.chain([rules]).collect()
    }
}
