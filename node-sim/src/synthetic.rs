//! Generates commits from a seed, for tests, kill loops and benches of stores.
//!
//! Block h depends on seed, parameters and h alone, so that a killed process can continue, and
//! another process knows what must be on the disk.

use node::receipt::{events_root, receipts_root};
use node::state_tree::batch;
use node::{
    BlockResult, Commit, Header, Payload, PublicKey, Receipt, ReceiptExit, Signed, Tip,
    Transaction, transactions_root,
};
use tree::{Tree, ValueHash};
use vm::{Address, Event, Height, StateDiff, key};

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
    /// Transactions of a block, each with a receipt and events.
    pub receipts: u64,
    /// Changes of a block to records of the machine; a store that keeps none drops them.
    pub records: u64,
}

/// The commit of a block that writes these values and nothing else; its hash and its result are
/// zeros, which a store does not look at.
#[must_use]
pub const fn commit(height: u64, diff: StateDiff) -> Commit {
    let result = BlockResult {
        state_root: [0; 32],
        receipts_root: [0; 32],
        gas_used: 0,
    };
    Commit {
        diff,
        tip: Tip {
            height: Height(height),
            hash: [0; 32],
            time_ms: height,
            result,
        },
        header: None,
        receipts: Vec::new(),
        transactions: Vec::new(),
        events: Vec::new(),
        records: Vec::new(),
    }
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
            records: 4,
        }
    }

    /// The commit after `tip`; updates `tree` from the state at `tip` to that of the commit.
    #[must_use]
    pub fn next(&self, tip: Option<&Tip>, tree: &mut Tree) -> Commit {
        let height = tip.map_or(0, |tip| tip.height.0.saturating_add(1));
        let mut random = SplitMix(self.seed ^ height.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let mut diff = self.diff(height, &mut random);
        let count = tip.map_or(0, |_| self.receipts);
        let transactions: Vec<Signed> = (0..count).map(|_| signed(&mut random)).collect();
        let events: Vec<Vec<Event>> = (0..count).map(|_| events(&mut random)).collect();
        let receipts: Vec<Receipt> = transactions
            .iter()
            .zip(&events)
            .map(|(signed, events)| receipt(signed, events, &mut random))
            .collect();
        let header = tip.map(|parent| header(parent, height, &transactions));
        let hash = header.as_ref().map_or([0; 32], Header::hash);
        if height > 0 {
            diff.insert(key::block_hash(Height(height)), Some(hash.to_vec()));
        }
        let result = BlockResult {
            state_root: tree.update(&batch(&diff)).0,
            receipts_root: receipts_root(&receipts),
            gas_used: 0,
        };
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
            transactions,
            events,
            records: self.records(&mut random),
        }
    }

    /// Changes of records under a few keys, one in [`REMOVAL_EVERY`] a removal.
    fn records(&self, random: &mut SplitMix) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        (0..self.records)
            .map(|_| {
                let key = random.below(self.records.saturating_mul(4));
                let removed = random.below(REMOVAL_EVERY) == 0;
                let record = self.value(random);
                (record_key(key), (!removed).then_some(record))
            })
            .collect()
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

/// The key of the record with a number.
#[must_use]
pub fn record_key(number: u64) -> Vec<u8> {
    let mut key = vec![b'S'];
    key.extend(number.to_le_bytes());
    key
}

fn header(parent: &Tip, height: u64, transactions: &[Signed]) -> Header {
    Header {
        parent: parent.hash,
        height: Height(height),
        time_ms: height,
        chain_id: [0; 32],
        proposer: Address([0; 32]),
        transactions_root: transactions_root(transactions),
        rules_id: [0; 32],
        parent_result: parent.result,
    }
}

/// A transfer whose signature is not valid: stores do not look at it.
fn signed(random: &mut SplitMix) -> Signed {
    let to = Address(ValueHash::of(&random.next().to_le_bytes()).0);
    let amount = u128::from(random.next());
    Signed {
        transaction: Transaction {
            chain_id: [0; 32],
            signer: PublicKey::Ed25519([1; 32]),
            nonce: random.next(),
            gas_limit: 100_000,
            gas_price: 1,
            payload: Payload::Transfer { to, amount },
        },
        signature: [2; 64],
    }
}

fn events(random: &mut SplitMix) -> Vec<Event> {
    (0..random.below(3))
        .map(|_| Event {
            address: Address([3; 32]),
            topics: vec![[4; 32]],
            data: random.next().to_le_bytes().to_vec(),
        })
        .collect()
}

fn receipt(signed: &Signed, events: &[Event], random: &mut SplitMix) -> Receipt {
    Receipt {
        tx_id: signed.transaction.id(),
        exit: ReceiptExit::Return,
        code: 0,
        gas_used: random.below(1_000_000),
        output_hash: [0; 32],
        events_root: events_root(events),
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
