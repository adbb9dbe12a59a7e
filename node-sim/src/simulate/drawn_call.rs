//! Describes a drawn call: who calls which contract with what, and the inputs of the draw.

use super::random::Random;
use super::samples::Sample;
use super::workload::GAS_CALL;
use contract_types::{Address, Invocation};
use vm::unstable::frames::contract_address;

/// Addresses of a simulated chain.
#[derive(Clone, Debug)]
pub(super) struct AddressBook {
    /// The funded accounts; the first one creates the contracts.
    pub(super) accounts: Vec<vm::Address>,
}

impl AddressBook {
    /// Address of the contract that the first account created from a sample with a salt.
    pub(super) fn contract(&self, sample: &Sample, salt: u8) -> vm::Address {
        contract_address(&self.account(0), &sample.code_hash(), &[salt; 32])
    }

    /// An account by index; the zero address if there is none.
    pub(super) fn account(&self, number: usize) -> vm::Address {
        self.accounts.get(number).copied().unwrap_or_default()
    }
}

/// Number of requested objects of each kind; about as many exist.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IssuedIds {
    pub(super) proposals: u64,
    pub(super) deals: u64,
    pub(super) tokens: u64,
}

/// Inputs of the draw of a call.
pub(super) struct DrawInputs<'a> {
    pub(super) random: &'a mut Random,
    pub(super) addresses: &'a AddressBook,
    pub(super) issued: &'a mut IssuedIds,
    /// Height of the block that is being filled.
    pub(super) height: u64,
    /// Time of that block, in milliseconds.
    pub(super) time_ms: u64,
}

impl DrawInputs<'_> {
    /// One of the funded accounts.
    pub(super) fn account(&mut self) -> Address {
        let drawn = self.random.pick(&self.addresses.accounts).copied();
        Address(drawn.unwrap_or_default().0)
    }

    /// A number in `1..=count`, usually one of the last four.
    pub(super) fn recent(&mut self, count: u64) -> u64 {
        match self.random.below(4) {
            0 => self.random.below(count).saturating_add(1),
            _ => count.saturating_sub(self.random.below(4)).max(1),
        }
    }
}

/// A drawn call.
#[derive(Clone, Debug)]
pub(super) struct DrawnCall {
    pub(super) contract: vm::Address,
    pub(super) invocation: Invocation,
    pub(super) value: u128,
    /// Gas beyond the intrinsic gas.
    pub(super) gas: u64,
    /// Index of the calling account; `None` for a random one.
    pub(super) account: Option<u64>,
}

impl DrawnCall {
    /// A call with enough gas and no value.
    pub(super) const fn new(contract: vm::Address, invocation: Invocation) -> Self {
        Self {
            contract,
            invocation,
            value: 0,
            gas: GAS_CALL,
            account: None,
        }
    }

    pub(super) fn by(mut self, account: u64) -> Self {
        self.account = Some(account);
        self
    }

    pub(super) fn paying(mut self, value: u64) -> Self {
        self.value = u128::from(value);
        self
    }

    pub(super) fn with_gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }
}
