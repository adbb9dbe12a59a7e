//! Builds a call: caller, contract, entry, input, value and gas limit.

use contract_types::Address;
use vm::{CodeHash, Target};

/// Default gas limit of a call: far above ordinary calls, and a fraction of a second of execution.
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
    /// A call of an entry with typed arguments: a tuple, a single argument or `()`, encoded as by
    /// the SDK. The caller is the zero address, the value 0 and the gas limit [`GAS_DEFAULT`].
    #[must_use]
    pub fn new<A: borsh::BorshSerialize>(contract: Address, entry: &str, arguments: &A) -> Self {
        Self::raw(contract, entry, encode(arguments))
    }

    /// A call with encoded input.
    #[must_use]
    pub fn raw(contract: Address, entry: &str, input: Vec<u8>) -> Self {
        let target = Target::Call {
            contract: vm::Address(contract.0),
        };
        Self::to(target, entry, input)
    }

    /// A deployment of uploaded code, which calls `entry`; the contract exists if that returns.
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

    /// Sets the caller.
    #[must_use]
    pub const fn from(mut self, from: Address) -> Self {
        self.from = from;
        self
    }

    /// Sets the value that is transferred from the caller to the contract.
    #[must_use]
    pub const fn value(mut self, value: u128) -> Self {
        self.value = value;
        self
    }

    /// Sets the gas limit of the call, including the price of its frame.
    #[must_use]
    pub const fn gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }
}

/// A value encoded with borsh. If the type's encoding fails, the result is empty, which no entry
/// with arguments accepts.
pub(crate) fn encode<A: borsh::BorshSerialize>(value: &A) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}
