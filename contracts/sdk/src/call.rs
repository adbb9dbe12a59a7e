//! Calls other contracts, deploys them, and says how a call ended.
//!
//! `#[contract]` writes a typed client for each contract on top of [`Request`]; a contract that
//! learns the entry's name at run time (a wallet, a proxy) uses [`Request`] itself.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Address, ContractError, entry, host};

/// Flag: the callee may call back into this contract while the call lasts.
pub const ALLOW_REENTRY: u32 = 1;

/// Flag: nothing may be changed by the callee or by whatever it calls.
pub const STATIC: u32 = 2;

/// All the gas there is to give: the host passes on at most 63/64 of what is left.
pub const GAS_ALL: u64 = i64::MAX.cast_unsigned();

/// What a call to another contract carries beside its entry and its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The contract.
    pub address: Address,
    /// The most gas that the callee may use.
    pub gas: u64,
    /// What is moved from this contract to the callee; 0 under [`STATIC`].
    pub value: u128,
    /// [`ALLOW_REENTRY`] and [`STATIC`], or neither.
    pub flags: u32,
}

impl Request {
    /// A call with all the gas, no value, and no way back in.
    #[must_use]
    pub const fn to(address: Address) -> Self {
        Self {
            address,
            gas: GAS_ALL,
            value: 0,
            flags: 0,
        }
    }

    /// Calls an entry with encoded arguments; answers the bytes that it returned.
    ///
    /// # Errors
    /// Whatever kept the callee from returning. Its effects are then undone, the value is back.
    pub fn call(&self, entry: &str, input: &[u8]) -> Result<Vec<u8>, CallError> {
        ended(host::call(self, entry, input))?;
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

/// What a deployment carries beside its entry and its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// sha256 of uploaded code.
    pub code_hash: [u8; 32],
    /// Tells apart what one creator deploys from the same code.
    pub salt: [u8; 32],
    /// What the new contract starts with.
    pub value: u128,
    /// The most gas that the entry may use.
    pub gas: u64,
}

impl Deployment {
    /// A deployment with all the gas and no value.
    #[must_use]
    pub const fn of(code_hash: [u8; 32], salt: [u8; 32]) -> Self {
        Self {
            code_hash,
            salt,
            value: 0,
            gas: GAS_ALL,
        }
    }

    /// Deploys and runs an entry with typed arguments; answers the address of the contract.
    ///
    /// # Errors
    /// Whatever kept the entry from returning; there is no contract then.
    pub fn run<A: BorshSerialize>(&self, entry: &str, arguments: &A) -> Result<Address, CallError> {
        let (status, address) = host::deploy(self, entry, &entry::encode(arguments));
        ended(status)?;
        Ok(Address(address))
    }

    /// Where `creator` would deploy this.
    #[must_use]
    pub fn address(&self, creator: &Address) -> Address {
        let mut bytes = b"lockstep/contract/1".to_vec();
        bytes.extend_from_slice(&creator.0);
        bytes.extend_from_slice(&self.code_hash);
        bytes.extend_from_slice(&self.salt);
        Address(host::sha256(&bytes))
    }
}

/// Why a call, a deployment, a transfer or a change of code did not happen.
///
/// Nothing of it is left then but the gas that it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The callee refused. Its bytes are in [`env::returned`](crate::env::returned).
    Reverted {
        /// The code of the refusal, if the bytes begin with one.
        code: Option<u32>,
    },
    /// The callee trapped; why, no contract can see.
    Trapped,
    /// The callee used up its gas.
    OutOfGas,
    /// The call would be the seventeenth on the stack.
    TooDeep,
    /// The callee is already on the stack and did not allow it.
    Reentry,
    /// This contract has less than the value.
    Balance,
    /// Nothing is deployed there, or no code has that hash.
    NoCode,
    /// The callee has no such entry.
    NoEntry,
    /// Something is deployed at the address already.
    Taken,
    /// The callee returned something that is not the result's type.
    Undecodable,
    /// A status that this version of the SDK does not know.
    Unknown(i32),
}

impl CallError {
    /// Whether the callee refused with this error of its.
    pub fn is(&self, error: impl ContractError) -> bool {
        *self
            == Self::Reverted {
                code: Some(error.code()),
            }
    }
}

/// Reads a status. Spec: calls between contracts.
pub(crate) fn ended(status: i32) -> Result<(), CallError> {
    Err(match status {
        0 => return Ok(()),
        1 => CallError::Reverted { code: refusal() },
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
fn refusal() -> Option<u32> {
    let bytes = host::returned();
    bytes.first_chunk().map(|code| u32::from_le_bytes(*code))
}
