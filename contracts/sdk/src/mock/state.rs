//! Keeps the state of the mock host, and the running frames.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{EmittedEvent, EntryTable};

/// The state that a revert restores.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    /// Values by contract and raw key.
    pub(super) storage: BTreeMap<([u8; 32], Vec<u8>), Vec<u8>>,
    pub(super) balances: BTreeMap<[u8; 32], u128>,
    pub(super) contracts: BTreeMap<[u8; 32], EntryTable>,
    pub(super) events: Vec<EmittedEvent>,
}

/// A running call.
#[derive(Clone, Default)]
pub(super) struct Frame {
    pub(super) address: [u8; 32],
    pub(super) caller: [u8; 32],
    pub(super) value: u128,
    pub(super) input: Vec<u8>,
    pub(super) is_static: bool,
    /// Whether the call that this frame is waiting for was made with ALLOW_REENTRY.
    pub(super) allows_reentry: bool,
    /// Output of the last call that this frame made.
    pub(super) returned: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Host {
    pub(super) ledger: Ledger,
    /// Frame of the test itself.
    pub(super) base: Frame,
    /// Frames of the called contracts, the running one last.
    pub(super) frames: Vec<Frame>,
    pub(super) code: BTreeMap<[u8; 32], EntryTable>,
    /// Number of events of earlier calls: the limit applies to one transaction.
    pub(super) events_before: usize,
    /// Output of a revert that is unwinding.
    pub(super) reverting: Option<Vec<u8>>,
    pub(super) height: u64,
    pub(super) time: u64,
    pub(super) chain_id: [u8; 32],
    pub(super) block_hashes: BTreeMap<u64, [u8; 32]>,
    pub(super) proposer: [u8; 32],
    pub(super) tx_hash: [u8; 32],
}

impl Host {
    /// The running frame: that of the contract called last, or the test itself.
    pub(super) fn frame(&self) -> &Frame {
        self.frames.last().unwrap_or(&self.base)
    }

    /// The running frame, mutable.
    pub(super) fn frame_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.base)
    }

    pub(super) fn storage_of(&self, address: [u8; 32]) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let all = self.ledger.storage.iter();
        let own = all.filter(|((owner, _), _)| *owner == address);
        own.map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Moves a value; false if the balance of the payer is below it.
    pub(super) fn pay(&mut self, from: [u8; 32], to: [u8; 32], value: u128) -> bool {
        let Some(rest) = self.balance(from).checked_sub(value) else {
            return false;
        };
        self.ledger.balances.insert(from, rest);
        let sum = self.balance(to).saturating_add(value);
        self.ledger.balances.insert(to, sum);
        true
    }

    pub(super) fn balance(&self, address: [u8; 32]) -> u128 {
        let balance = self.ledger.balances.get(&address);
        balance.copied().unwrap_or_default()
    }
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Borrows the host of this thread. No code of a contract runs under `f`.
pub(super) fn with<T>(f: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(f)
}
