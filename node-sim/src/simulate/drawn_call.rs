//! Names what a drawn call needs: who calls which contract with what, and what the draw may know.

use super::random::Random;
use super::samples::Sample;
use super::workload::GAS_CALL;
use contract_types::{Address, Invocation};
use vm::unstable::frames::contract_address;

/// Who is on a simulated chain.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    /// The funded accounts; the first creates the contracts.
    pub(super) accounts: Vec<vm::Address>,
}

impl Cast {
    /// Address of the contract that the first account made of a sample under a salt.
    pub(super) fn contract(&self, sample: &Sample, salt: u8) -> vm::Address {
        contract_address(&self.account(0), &sample.code_hash(), &[salt; 32])
    }

    /// An account by number; zeros if there is none.
    pub(super) fn account(&self, number: usize) -> vm::Address {
        self.accounts.get(number).copied().unwrap_or_default()
    }
}

/// How many of each numbered thing were asked for; about as many exist.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) proposals: u64,
    pub(super) deals: u64,
    pub(super) tokens: u64,
}

/// What a draw of a call may use.
pub(super) struct Stage<'a> {
    pub(super) random: &'a mut Random,
    pub(super) cast: &'a Cast,
    pub(super) numbers: &'a mut Numbers,
    /// Height of the block that is filled.
    pub(super) height: u64,
    /// Its time.
    pub(super) time_ms: u64,
}

impl Stage<'_> {
    /// One of the funded accounts.
    pub(super) fn account(&mut self) -> Address {
        let drawn = self.random.pick(&self.cast.accounts).copied();
        Address(drawn.unwrap_or_default().0)
    }

    /// A number of `1..=count`, one of the last four more often than not.
    pub(super) fn recent(&mut self, count: u64) -> u64 {
        match self.random.below(4) {
            0 => self.random.below(count).saturating_add(1),
            _ => count.saturating_sub(self.random.below(4)).max(1),
        }
    }
}

/// A call that was drawn.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) contract: vm::Address,
    pub(super) invocation: Invocation,
    pub(super) value: u128,
    /// Beyond the intrinsic gas.
    pub(super) gas: u64,
    /// Who calls: the number of a funded account, or anyone of them.
    pub(super) account: Option<u64>,
}

impl Act {
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
