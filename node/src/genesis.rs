//! Describes how a chain starts: name, time, rules, limits and first balances.
//!
//! The document is a borsh encoding; its SHA-256 is the chain id, which every transaction and
//! header contains.
//!
//! Specification: docs/spec/blocks.md, "Genesis".

use crate::digest::{encode, length, sha256};
use crate::limits::{CHAIN_NAME_BYTES_MAX, GENESIS_ACCOUNTS_MAX, GENESIS_BYTES_MAX, Limits};
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
///
/// Every value has passed the checks of [`Genesis::new`], whether it was made or decoded.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
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
    /// There are too many accounts.
    #[error("more than {GENESIS_ACCOUNTS_MAX} accounts")]
    Accounts,
    /// The document is too long.
    #[error("the genesis document is longer than {GENESIS_BYTES_MAX} bytes")]
    Bytes,
    /// The document has another format.
    #[error("the genesis document is not of the format `{FORMAT}`")]
    Format,
    /// The document ends too early, is followed by other bytes, or has a name that is not UTF-8.
    #[error("the genesis document is not an encoding of its fields")]
    Malformed,
    /// The accounts are not as [`Genesis::new`] lists them.
    #[error("the accounts of the genesis are not in order, each once and none of balance 0")]
    NotCanonical,
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
        if u32::try_from(accounts.len()).map_or(true, |count| count > GENESIS_ACCOUNTS_MAX) {
            return Err(GenesisError::Accounts);
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

    /// Decodes a document, which passes the checks of [`Genesis::new`].
    ///
    /// # Errors
    /// [`GenesisError`]; lengths and counts are checked before memory is allocated for them.
    pub fn decode(document: &[u8]) -> Result<Self, GenesisError> {
        if length(document) > u64::from(GENESIS_BYTES_MAX) {
            return Err(GenesisError::Bytes);
        }
        let mut rest = document;
        if take_text(&mut rest)? != FORMAT.as_bytes() {
            return Err(GenesisError::Format);
        }
        let name = take_text(&mut rest)?;
        if length(name) > u64::from(CHAIN_NAME_BYTES_MAX) {
            return Err(GenesisError::Name);
        }
        let name = core::str::from_utf8(name).map_err(|_| GenesisError::Malformed)?;
        let time_ms = take(&mut rest)?;
        let rules_id = take(&mut rest)?;
        let limits = take(&mut rest)?;
        let count: u32 = take(&mut rest)?;
        if count > GENESIS_ACCOUNTS_MAX {
            return Err(GenesisError::Accounts);
        }
        let mut accounts = BTreeMap::new();
        for _ in 0..count {
            let (address, balance): (Address, u128) = take(&mut rest)?;
            accounts.insert(address, balance);
        }
        let genesis = Self::new(name, time_ms, rules_id, limits, &accounts)?;
        if !rest.is_empty() {
            Err(GenesisError::Malformed)
        } else if genesis.document() != document {
            Err(GenesisError::NotCanonical)
        } else {
            Ok(genesis)
        }
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

/// Takes a value of a fixed size from the front of `rest`.
fn take<T: BorshDeserialize>(rest: &mut &[u8]) -> Result<T, GenesisError> {
    T::deserialize(rest).map_err(|_| GenesisError::Malformed)
}

/// Takes a length and as many bytes from the front of `rest`, without a copy.
fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], GenesisError> {
    let bytes: u32 = take(rest)?;
    let bytes = usize::try_from(bytes).map_err(|_| GenesisError::Malformed)?;
    let (text, after) = rest
        .split_at_checked(bytes)
        .ok_or(GenesisError::Malformed)?;
    *rest = after;
    Ok(text)
}
