//! Generates commits from a seed, for tests, kill loops and benches of stores.
//!
//! Block h depends on seed, parameters and h alone, so that a killed process can continue, and
//! another process knows what must be on the disk.

use node::receipt::receipts_root;
use node::state_tree::batch;
use node::{BlockResult, Commit, Header, Receipt, ReceiptExit, Tip};
use tree::{Tree, ValueHash};
use vm::{Address, Height, StateDiff, key};

/// One in this many changes is a removal.
const REMOVAL_EVERY: u64 = 5;

/// Parameters of generated commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synthetic {
    /// Seed of all random choices.
    pub seed: u64,
    /// Number of keys that changes are drawn from.
    pub keys: u64,
    /// Changes of a block; the genesis creates every second key.
    pub changes: u64,
    /// Maximum length of a value, in bytes.
    pub value_bytes: u64,
    /// Receipts of a block.
    pub receipts: u64,
}

impl Synthetic {
    /// Small blocks over few keys: overwrites, insertions, removals.
    #[must_use]
    pub const fn small(seed: u64) -> Self {
        Self {
            seed,
            keys: 2_000,
            changes: 60,
            value_bytes: 400,
            receipts: 3,
        }
    }

    /// The commit after `tip`; updates `tree` from the state at `tip` to that of the commit.
    #[must_use]
    pub fn next(&self, tip: Option<&Tip>, tree: &mut Tree) -> Commit {
        let height = tip.map_or(0, |tip| tip.height.0.saturating_add(1));
        let mut random = SplitMix(self.seed ^ height.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let diff = self.diff(height, &mut random);
        let receipts: Vec<Receipt> = match tip {
            Some(_) => (0..self.receipts).map(|_| receipt(&mut random)).collect(),
            None => Vec::new(),
        };
        let result = BlockResult {
            state_root: tree.update(&batch(&diff)).0,
            receipts_root: receipts_root(&receipts),
            gas_used: 0,
        };
        let header = tip.map(|parent| header(parent, height));
        let hash = header.as_ref().map_or([0; 32], Header::hash);
        let tip = Tip {
            height: Height(height),
            hash,
            time_ms: height,
            result,
        };
        Commit {
            diff,
            tip,
            header,
            receipts,
            transactions: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
        }
    }

    fn diff(&self, height: u64, random: &mut SplitMix) -> StateDiff {
        if height == 0 {
            let keys = (0..self.keys).step_by(2);
            return keys
                .map(|number| (state_key(number), Some(self.value(random))))
                .collect();
        }
        (0..self.changes)
            .map(|_| {
                let number = random.below(self.keys);
                let removed = random.below(REMOVAL_EVERY) == 0;
                let value = self.value(random);
                (state_key(number), (!removed).then_some(value))
            })
            .collect()
    }

    fn value(&self, random: &mut SplitMix) -> Vec<u8> {
        let length = random.below(self.value_bytes.saturating_add(1));
        (0..length)
            .map(|_| random.next().to_le_bytes()[0])
            .collect()
    }
}

/// The state key of a number.
#[must_use]
pub fn state_key(number: u64) -> Vec<u8> {
    let [address @ .., _] = ValueHash::of(&number.wrapping_shr(4).to_le_bytes()).0;
    let mut contract = [0; 32];
    contract[..31].copy_from_slice(&address);
    key::value(&Address(contract), &number.to_le_bytes())
}

fn header(parent: &Tip, height: u64) -> Header {
    Header {
        parent: parent.hash,
        height: Height(height),
        time_ms: height,
        chain_id: [0; 32],
        proposer: Address([0; 32]),
        transactions_root: [0; 32],
        rules_id: [0; 32],
        parent_result: parent.result,
    }
}

fn receipt(random: &mut SplitMix) -> Receipt {
    Receipt {
        tx_id: ValueHash::of(&random.next().to_le_bytes()).0,
        exit: ReceiptExit::Return,
        code: 0,
        gas_used: random.below(1_000_000),
        output_hash: [0; 32],
        events_root: [0; 32],
    }
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word.wrapping_shr(30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word.wrapping_shr(27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word.wrapping_shr(31)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or_default()
    }
}
