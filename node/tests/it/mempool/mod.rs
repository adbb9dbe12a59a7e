//! Tests the mempool: a chain of one page on which transactions are submitted, blocks made up.

use node::limits::Limits;
use node::mempool::{
    Admission, Dropped, Mempool, MempoolOptions, PENDING_OVERHEAD_BYTES, RateLimit, Refused,
    SignedHash, SourceId, Submission, TipState,
};
use node::{BlockResult, Payload, PublicKey, Signed, Tip, Transaction, ValidationContext, digest};
use std::cell::Cell;
use std::collections::BTreeMap;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::unstable::state::Account;
use vm::{Address, Fault, Height, Rules};

mod admission;

mod commits;

mod cost;

mod eviction;

mod model;

mod rates;

mod selection;

mod spam;

pub(crate) const CHAIN_ID: [u8; 32] = [9; 32];
pub(crate) const SOURCE: SourceId = SourceId([1; 32]);
pub(crate) const GAS: u64 = 2_000_000;
/// Balance of every account, unless a test says otherwise.
pub(crate) const BALANCE: u128 = 1_000_000_000_000;
const WITHOUT_LIMIT: RateLimit = RateLimit {
    per_second: 1_000_000,
    burst: u32::MAX,
};

/// Accounts at the tip. A signature is right unless its first byte is 0, so that no test signs.
#[derive(Default)]
pub(crate) struct Accounts {
    pub(crate) changed: BTreeMap<Address, Account>,
    pub(crate) balance: u128,
    pub(crate) fails: bool,
    pub(crate) reads: Cell<u64>,
    pub(crate) verified: Cell<u64>,
    /// Bytes of the encodings of which a signature was verified.
    pub(crate) verified_bytes: Cell<u64>,
}

impl TipState for Accounts {
    fn account(&self, address: &Address) -> Result<Account, Fault> {
        self.reads.set(self.reads.get() + 1);
        if self.fails {
            return Err(Fault::Store("a read failed".to_owned()));
        }
        let default = Account {
            balance: self.balance,
            ..Account::default()
        };
        Ok(self.changed.get(address).cloned().unwrap_or(default))
    }

    fn verify(&self, signed: &Signed, id: &[u8; 32], hash: &SignedHash) -> bool {
        assert_eq!(*id, signed.transaction.id());
        assert_eq!(*hash, hash_of(signed));
        self.verified.set(self.verified.get() + 1);
        let bytes = self.verified_bytes.get() + signed.encode().len() as u64;
        self.verified_bytes.set(bytes);
        signed.signature[0] != 0
    }
}

/// A mempool with the chain that it needs.
pub(crate) struct Pool {
    pub(crate) mempool: Mempool,
    pub(crate) accounts: Accounts,
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) tip: Tip,
    pub(crate) now_ms: u64,
}

/// Options under which no rate limits a test.
pub(crate) fn without_rates() -> MempoolOptions {
    MempoolOptions {
        source_rate: WITHOUT_LIMIT,
        sender_rate: WITHOUT_LIMIT,
        node_rate: WITHOUT_LIMIT,
        limited_sources_max: usize::MAX,
        limited_senders_max: usize::MAX,
        ..MempoolOptions::default()
    }
}

/// Version 1 with other prices.
pub(crate) fn rules_with(prices: &node::rules::Prices) -> Rules {
    let schedule = Schedule::v1().with_embedder(&prices.named()).unwrap();
    Rules::new(FloatPolicy::Lower, schedule)
}

pub(crate) fn tip(height: u64) -> Tip {
    Tip {
        height: Height(height),
        hash: digest::sha256(&[&height.to_le_bytes()]),
        time_ms: height,
        result: BlockResult {
            state_root: [0; 32],
            receipts_root: [0; 32],
            gas_used: 0,
        },
    }
}

impl Pool {
    pub(crate) fn new(options: MempoolOptions) -> Self {
        let (rules, limits, tip) = (node::rules::version_1(), Limits::v1(), tip(0));
        let context = ValidationContext {
            chain_id: &CHAIN_ID,
            limits: &limits,
            rules: &rules,
            parent: &tip,
        };
        Self {
            mempool: Mempool::new(options, &context),
            accounts: Accounts {
                balance: BALANCE,
                ..Accounts::default()
            },
            rules,
            limits,
            tip,
            now_ms: 0,
        }
    }

    pub(crate) fn submit_bytes(
        &mut self,
        encoded: &[u8],
        source: SourceId,
    ) -> Result<Admission, Refused> {
        let context = ValidationContext {
            chain_id: &CHAIN_ID,
            limits: &self.limits,
            rules: &self.rules,
            parent: &self.tip,
        };
        let submission = Submission {
            encoded,
            source,
            now_ms: self.now_ms,
        };
        let submitted = self.mempool.submit(&submission, &context, &self.accounts);
        submitted.expect("the state is readable")
    }

    pub(crate) fn submit(&mut self, signed: &Signed) -> Result<Admission, Refused> {
        self.submit_bytes(&signed.encode(), SOURCE)
    }

    /// Moves the tip up by one block that changed these accounts.
    pub(crate) fn commit(&mut self, changed: &[(Address, Account)]) -> Dropped {
        self.tip = tip(self.tip.height.0 + 1);
        self.accounts.changed.extend(changed.iter().cloned());
        let context = ValidationContext {
            chain_id: &CHAIN_ID,
            limits: &self.limits,
            rules: &self.rules,
            parent: &self.tip,
        };
        self.mempool.committed(&context, changed)
    }
}

pub(crate) fn key(number: u32) -> PublicKey {
    PublicKey::Ed25519(digest::sha256(&[&number.to_le_bytes()]))
}

pub(crate) fn address(number: u32) -> Address {
    key(number).address()
}

/// A transfer of nothing by an account of this number.
pub(crate) fn transfer(number: u32, nonce: u64, gas_price: u64) -> Signed {
    Signed {
        transaction: Transaction {
            chain_id: CHAIN_ID,
            signer: key(number),
            nonce,
            gas_limit: GAS,
            gas_price,
            payload: Payload::Transfer {
                to: Address([0; 32]),
                amount: 0,
            },
        },
        signature: [1; 64],
    }
}

/// A call with an input of this length.
pub(crate) fn call(number: u32, nonce: u64, gas_price: u64, input_bytes: usize) -> Signed {
    let mut signed = transfer(number, nonce, gas_price);
    signed.transaction.gas_limit = 4 * GAS;
    signed.transaction.payload = Payload::Call {
        contract: Address([7; 32]),
        entry: "entry".to_owned(),
        input: vec![3; input_bytes],
        value: 0,
    };
    signed
}

pub(crate) fn hash_of(signed: &Signed) -> SignedHash {
    digest::sha256(&[&signed.encode()])
}

/// Bytes that a transaction counts for.
pub(crate) fn counted(signed: &Signed) -> u64 {
    signed.encode().len() as u64 + PENDING_OVERHEAD_BYTES
}

pub(crate) fn account(nonce: u64, balance: u128) -> Account {
    Account {
        nonce,
        balance,
        code_hash: None,
    }
}

/// Sender and nonce of each transaction.
pub(crate) fn places(transactions: &[Signed]) -> Vec<(Address, u64)> {
    let transactions = transactions.iter().map(|signed| &signed.transaction);
    transactions
        .map(|transaction| (transaction.signer.address(), transaction.nonce))
        .collect()
}
