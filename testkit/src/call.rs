//! Builds a call: who asks which contract for what, with how much value and gas.

use contract_types::Address;
use vm::{CodeHash, Target};

/// Gas of a call that states none: far above any honest call, and a fraction of a second.
pub const GAS_DEFAULT: u64 = 200_000_000;

/// A call of a contract, or a deployment of uploaded code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub(crate) target: Target,
    pub(crate) entry: String,
    pub(crate) input: Vec<u8>,
    pub(crate) from: Address,
    pub(crate) value: u128,
    pub(crate) gas: u64,
}

impl Call {
    /// A call of an entry with typed arguments, as the SDK encodes them: a tuple of them, one
    /// alone, or `()`. From the zero address, without value, with [`GAS_DEFAULT`].
    #[must_use]
    pub fn new<A: borsh::BorshSerialize>(contract: Address, entry: &str, arguments: &A) -> Self {
        Self::raw(contract, entry, encode(arguments))
    }

    /// The same with input that is bytes already.
    #[must_use]
    pub fn raw(contract: Address, entry: &str, input: Vec<u8>) -> Self {
        let target = Target::Call {
            contract: vm::Address(contract.0),
        };
        Self::to(target, entry, input)
    }

    /// A contract of uploaded code, made by calling `entry` of it; it exists if that returns.
    #[must_use]
    pub fn deployment(code_hash: CodeHash, salt: [u8; 32], entry: &str, input: Vec<u8>) -> Self {
        Self::to(Target::Deploy { code_hash, salt }, entry, input)
    }

    fn to(target: Target, entry: &str, input: Vec<u8>) -> Self {
        Self {
            target,
            entry: entry.to_owned(),
            input,
            from: Address::default(),
            value: 0,
            gas: GAS_DEFAULT,
        }
    }

    /// Who calls.
    #[must_use]
    pub const fn from(mut self, from: Address) -> Self {
        self.from = from;
        self
    }

    /// What is moved from the caller to the contract.
    #[must_use]
    pub const fn value(mut self, value: u128) -> Self {
        self.value = value;
        self
    }

    /// The most that the call may use, the price of its frame included.
    #[must_use]
    pub const fn gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }
}

/// Borsh of a value. Writing to memory does not fail, but a type's own encoding may: then nothing,
/// which no entry with arguments accepts.
pub(crate) fn encode<A: borsh::BorshSerialize>(value: &A) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}
