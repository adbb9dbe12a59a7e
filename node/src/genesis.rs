//! Describes how a chain starts: name, time, rules, limits and first balances.
//!
//! The document is a borsh encoding; its SHA-256 is the chain id, which every transaction and
//! header contains.
//!
//! Specification: docs/spec/blocks.md, "Genesis".

use crate::activations::{Activations, RULES_KEY, UpgradesError, check_upgrades};
use crate::digest::{encode, length, sha256};
use crate::limits::{
    CHAIN_NAME_BYTES_MAX, GENESIS_ACCOUNTS_MAX, GENESIS_BYTES_MAX, Limits, UPGRADES_MAX,
};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use vm::unstable::state::Account;
use vm::{Address, Height, StateDiff, key};

/// First field of a genesis document without upgrades.
const FORMAT: &str = "lockstep/genesis/1";
/// First field of a genesis document that lists upgrades.
const FORMAT_UPGRADES: &str = "lockstep/genesis/2";
/// The genesis document. The fields are in the order of their encoding.
///
/// Every value has passed the checks of [`Genesis::new`] and [`Genesis::with_upgrades`], whether it
/// was made or decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    name: String,
    time_ms: u64,
    rules_id: [u8; 32],
    limits: Limits,
    accounts: Vec<(Address, u128)>,
    /// Only format 2 has this field, which is then not empty.
    upgrades: Activations,
}

impl BorshSerialize for Genesis {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        let format = match self.upgrades.is_empty() {
            true => FORMAT,
            false => FORMAT_UPGRADES,
        };
        format.serialize(writer)?;
        self.name.serialize(writer)?;
        self.time_ms.serialize(writer)?;
        self.rules_id.serialize(writer)?;
        self.limits.serialize(writer)?;
        self.accounts.serialize(writer)?;
        match self.upgrades.is_empty() {
            true => Ok(()),
            false => self.upgrades.serialize(writer),
        }
    }
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
    #[error("the genesis document is not of the format `{FORMAT}` or `{FORMAT_UPGRADES}`")]
    Format,
    /// The document ends too early, is followed by other bytes, or has a name that is not UTF-8.
    #[error("the genesis document is not an encoding of its fields")]
    Malformed,
    /// The accounts are not as [`Genesis::new`] lists them.
    #[error("the accounts of the genesis are not in order, each once and none of balance 0")]
    NotCanonical,
    /// The upgrades are not as [`Genesis::with_upgrades`] takes them.
    #[error("the upgrades of the genesis: {0}")]
    Upgrades(#[from] UpgradesError),
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
        let name = name.to_owned();
        Ok(Self {
            name,
            time_ms,
            rules_id,
            limits,
            accounts,
            upgrades: Activations::new(),
        })
    }

    /// The same genesis in format 2, which lists upgrades (height, rules id); the chain id covers
    /// them.
    ///
    /// # Errors
    /// [`GenesisError::Upgrades`] unless there are 1 to [`UPGRADES_MAX`], at ascending heights from
    /// 2 on, each to other rules than those before it.
    pub fn with_upgrades(mut self, upgrades: Activations) -> Result<Self, GenesisError> {
        check_upgrades(&upgrades, Some(&self.rules_id))?;
        self.upgrades = upgrades;
        Ok(self)
    }

    /// Decodes a document, which passes the checks of [`Genesis::new`] and
    /// [`Genesis::with_upgrades`].
    ///
    /// # Errors
    /// [`GenesisError`]; lengths and counts are checked before memory is allocated for them.
    pub fn decode(document: &[u8]) -> Result<Self, GenesisError> {
        if length(document) > u64::from(GENESIS_BYTES_MAX) {
            return Err(GenesisError::Bytes);
        }
        let mut rest = document;
        let format = take_text(&mut rest)?;
        let lists_upgrades = format == FORMAT_UPGRADES.as_bytes();
        if !lists_upgrades && format != FORMAT.as_bytes() {
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
        let mut genesis = Self::new(name, time_ms, rules_id, limits, &accounts)?;
        if lists_upgrades {
            genesis = genesis.with_upgrades(take_upgrades(&mut rest)?)?;
        }
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

    /// The upgrades that the genesis lists, by ascending height; none in format 1.
    #[must_use]
    pub const fn upgrades(&self) -> &Activations {
        &self.upgrades
    }

    /// State before block 1: the accounts, and the rules of block 1. An upgrade is in the state
    /// from the block of its height on.
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

/// Takes the list of upgrades from the front of `rest`.
fn take_upgrades(rest: &mut &[u8]) -> Result<Activations, GenesisError> {
    let count: u32 = take(rest)?;
    if count > UPGRADES_MAX {
        return Err(UpgradesError::TooMany.into());
    }
    (0..count).map(|_| take(rest)).collect()
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
