//! Calls other contracts, deploys contracts, and reports how a call ended.
//!
//! `#[contract]` generates a typed client for each contract on top of [`Request`]; a contract that
//! learns the entry's name at run time (a wallet, a proxy) uses [`Request`] itself.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Address, ContractError, entry, host};

/// Flag: the callee may call back into this contract while the call lasts.
pub const ALLOW_REENTRY: u32 = 1;

/// Flag: neither the callee nor a contract that it calls may change state.
pub const STATIC: u32 = 2;

/// All available gas: the host passes at most 63/64 of the remaining gas to the callee.
pub const GAS_ALL: u64 = i64::MAX.cast_unsigned();

/// Parameters of a call to another contract, beside its entry and its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Address of the callee.
    pub address: Address,
    /// Gas limit of the callee.
    pub gas: u64,
    /// Value that moves from this contract to the callee; 0 under [`STATIC`].
    pub value: u128,
    /// Set of the flags [`ALLOW_REENTRY`] and [`STATIC`].
    pub flags: u32,
}

impl Request {
    /// A call with all available gas, no value, and no re-entry.
    #[must_use]
    pub const fn to(address: Address) -> Self {
        Self {
            address,
            gas: GAS_ALL,
            value: 0,
            flags: 0,
        }
    }

    /// Calls an entry with encoded arguments; returns its output.
    ///
    /// # Errors
    /// The reason why the callee did not return. Its effects and the value are then rolled back.
    pub fn call(&self, entry: &str, input: &[u8]) -> Result<Vec<u8>, CallError> {
        check_status(host::call(self, entry, input))?;
        Ok(host::returned())
    }

    /// Calls an entry with typed arguments (a tuple of them) and decodes its result.
    ///
    /// # Errors
    /// As [`Request::call`], and [`CallError::Undecodable`].
    pub fn invoke<A, T>(&self, entry: &str, arguments: &A) -> Result<T, CallError>
    where
        A: BorshSerialize,
        T: BorshDeserialize,
    {
        let output = self.call(entry, &entry::encode(arguments))?;
        T::try_from_slice(&output).map_err(|_| CallError::Undecodable)
    }
}

/// Parameters of a deployment, beside its entry and its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Hash (sha256) of uploaded code.
    pub code_hash: [u8; 32],
    /// Salt, which distinguishes the contracts that one creator deploys from the same code.
    pub salt: [u8; 32],
    /// Initial balance of the new contract.
    pub value: u128,
    /// Gas limit of the entry.
    pub gas: u64,
}

impl Deployment {
    /// A deployment with all available gas and no value.
    #[must_use]
    pub const fn of(code_hash: [u8; 32], salt: [u8; 32]) -> Self {
        Self {
            code_hash,
            salt,
            value: 0,
            gas: GAS_ALL,
        }
    }

    /// Deploys and runs an entry with typed arguments; returns the address of the contract.
    ///
    /// # Errors
    /// The reason why the entry did not return; the contract does not exist then.
    pub fn run<A: BorshSerialize>(&self, entry: &str, arguments: &A) -> Result<Address, CallError> {
        let (status, address) = host::deploy(self, entry, &entry::encode(arguments));
        check_status(status)?;
        Ok(Address(address))
    }

    /// The address at which `creator` would deploy this.
    #[must_use]
    pub fn address(&self, creator: &Address) -> Address {
        let mut bytes = b"lockstep/contract/1".to_vec();
        bytes.extend_from_slice(&creator.0);
        bytes.extend_from_slice(&self.code_hash);
        bytes.extend_from_slice(&self.salt);
        Address(host::sha256(&bytes))
    }
}

/// The reason why a call, a deployment, a transfer or a change of code failed.
///
/// It had no effects then, except that it used gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The callee reverted. Its output is in [`env::returned`](crate::env::returned).
    Reverted {
        /// Error code, if the output begins with one.
        code: Option<u32>,
    },
    /// The callee trapped; a contract cannot see why.
    Trapped,
    /// The callee used up its gas.
    OutOfGas,
    /// The call would be the seventeenth on the stack.
    TooDeep,
    /// The callee is already on the stack and did not allow re-entry.
    Reentry,
    /// The balance of this contract is below the value.
    Balance,
    /// No contract has the address, or no code has the hash.
    NoCode,
    /// The callee has no such entry.
    NoEntry,
    /// A contract has the address already.
    Taken,
    /// The output of the callee does not decode as the result's type.
    Undecodable,
    /// A status that this version of the SDK does not know.
    Unknown(i32),
}

impl CallError {
    /// Whether the callee reverted with this error.
    pub fn is(&self, error: impl ContractError) -> bool {
        *self
            == Self::Reverted {
                code: Some(error.code()),
            }
    }
}

/// Converts a status of the host.
///
/// Specification: docs/spec/host.md, "`call`".
pub(crate) fn check_status(status: i32) -> Result<(), CallError> {
    Err(match status {
        0 => return Ok(()),
        1 => CallError::Reverted {
            code: revert_code(),
        },
        2 => CallError::Trapped,
        3 => CallError::OutOfGas,
        16 => CallError::TooDeep,
        17 => CallError::Reentry,
        18 => CallError::Balance,
        19 => CallError::NoCode,
        20 => CallError::NoEntry,
        21 => CallError::Taken,
        _ => CallError::Unknown(status),
    })
}

/// The code that the callee's revert begins with.
fn revert_code() -> Option<u32> {
    let bytes = host::returned();
    bytes.first_chunk().map(|code| u32::from_le_bytes(*code))
}
