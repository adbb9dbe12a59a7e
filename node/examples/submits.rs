//! Measures the mempool: submits per second with and without signatures, selections, memory.
//!
//! `cargo run --release -p lockstep-node --example submits -- [transactions]`, by default 50,000
//! transfers of as many senders, submitted while they fill the mempool. Memory is the growth of
//! the process.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::disallowed_types,
    clippy::arithmetic_side_effects,
    reason = "it measures; no result depends on it"
)]

extern crate lockstep_node as node;

use node::limits::Limits;
use node::mempool::{
    Mempool, MempoolOptions, RateLimit, Selection, SignedHash, SourceId, Submission, TipState,
};
use node::{BlockResult, Payload, SecretKey, Signed, Tip, Transaction, ValidationContext};
use std::fs;
use std::time::{Duration, Instant};
use vm::unstable::state::Account;
use vm::{Address, Fault, Height};

const CHAIN_ID: [u8; 32] = [1; 32];

/// Accounts that are all the same, with or without verification.
struct Accounts {
    verifies: bool,
}

impl TipState for Accounts {
    fn account(&self, _: &Address) -> Result<Account, Fault> {
        Ok(Account {
            balance: u128::MAX,
            ..Account::default()
        })
    }

    fn verify(&self, signed: &Signed, id: &[u8; 32], _: &SignedHash) -> bool {
        !self.verifies || signed.transaction.signer.verify(id, &signed.signature)
    }
}

/// Makes the secret key of a seed.
type SecretKeyOf = fn(&[u8]) -> SecretKey;

fn main() {
    let argument = std::env::args().nth(1).map(|argument| argument.parse());
    let count: u64 = argument.and_then(Result::ok).unwrap_or(50_000);
    let schemes: [(&str, SecretKeyOf); 2] = [
        ("ed25519", SecretKey::ed25519),
        ("secp256k1", SecretKey::secp256k1),
    ];
    for (scheme, key) in schemes {
        let encodings: Vec<Vec<u8>> = (0..count).map(|number| transfer(key, number)).collect();
        for verifies in [false, true] {
            let before = resident_kib();
            let (mempool, elapsed) = fill(&encodings, &Accounts { verifies });
            let grown = resident_kib().saturating_sub(before).saturating_mul(1_024);
            let sizes = mempool.sizes();
            let start = Instant::now();
            let selected = mempool.select(&Selection::within(&Limits::v1()));
            println!(
                "{scheme}, signatures {}: {} submits/s; {} pending, {} bytes counted, {grown} \
                 bytes resident; {} selected in {} us",
                if verifies { "verified" } else { "not verified" },
                per_second(count, elapsed),
                sizes.transactions,
                sizes.bytes,
                selected.len(),
                start.elapsed().as_micros(),
            );
        }
    }
}

fn transfer(key: fn(&[u8]) -> SecretKey, number: u64) -> Vec<u8> {
    let key = key(&number.to_le_bytes());
    let transaction = Transaction {
        chain_id: CHAIN_ID,
        signer: key.public(),
        nonce: 0,
        gas_limit: 3_000_000,
        gas_price: 1 + number % 1_000,
        payload: Payload::Transfer {
            to: Address([2; 32]),
            amount: 1,
        },
    };
    key.sign(transaction).encode()
}

fn fill(encodings: &[Vec<u8>], accounts: &Accounts) -> (Mempool, Duration) {
    let (rules, limits) = (node::rules::version_1(), Limits::v1());
    let parent = Tip {
        height: Height(0),
        hash: CHAIN_ID,
        time_ms: 0,
        result: BlockResult {
            state_root: [0; 32],
            receipts_root: [0; 32],
            gas_used: 0,
        },
    };
    let context = ValidationContext {
        chain_id: &CHAIN_ID,
        limits: &limits,
        rules: &rules,
        parent: &parent,
    };
    let without_limit = RateLimit {
        per_second: 1_000_000,
        burst: u32::MAX,
    };
    let options = MempoolOptions {
        source_rate: without_limit,
        sender_rate: without_limit,
        node_rate: without_limit,
        limited_senders_max: usize::MAX,
        ..MempoolOptions::default()
    };
    let mut mempool = Mempool::new(options, &context);
    let start = Instant::now();
    for (now_ms, encoded) in (0..).zip(encodings) {
        let submission = Submission {
            encoded,
            source: SourceId([3; 32]),
            now_ms,
        };
        let submitted = mempool.submit(&submission, &context, accounts);
        assert!(matches!(submitted, Ok(Ok(_))), "{submitted:?}");
    }
    (mempool, start.elapsed())
}

fn per_second(count: u64, elapsed: Duration) -> u128 {
    let micros = elapsed.as_micros().max(1);
    u128::from(count).saturating_mul(1_000_000) / micros
}

/// Resident memory of this process in KiB; 0 where the system does not report it.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}
