//! Draws calls of the sample contracts, valid ones and ones that the contracts refuse.

use super::random::Random;
use contract_types::orderbook::{self, Order, Side, SignedBy, Signer, Snapshot};
use contract_types::{Address, Invocation, counter, store, token};
use node::{PublicKey, SecretKey};

/// The market of the simulated order book.
pub(super) const MARKET: [u8; 32] = [0x4d; 32];
/// Middle of the range of order and settlement prices.
const PRICE_MIDDLE: u64 = 1_000;

/// Entries of the probe contract, drawn with about equal probability.
const PROBE_ENTRIES: [&str; 17] = [
    "digest",
    "digest",
    "gas",
    "pages",
    "unreachable",
    "divide",
    "overflow",
    "load",
    "table",
    "null",
    "mismatch",
    "recurse",
    "float",
    "range",
    "key",
    "spin",
    "undo",
];

/// What a settlement of the order book needs.
#[derive(Clone, Copy, Debug)]
pub struct Settlement<'a> {
    /// Id of the chain.
    pub chain_id: &'a [u8; 32],
    /// Address of the order book.
    pub book: vm::Address,
    /// Snapshot that is signed.
    pub snapshot: Snapshot,
}

impl Settlement<'_> {
    /// The settlement call, signed by these keys in this order.
    #[must_use]
    pub fn signed_by(&self, keys: &[&SecretKey]) -> Invocation {
        let book = Address(self.book.0);
        let message = orderbook::signing_bytes(self.chain_id, &book, &self.snapshot);
        let signatures: Vec<SignedBy> = keys
            .iter()
            .map(|key| SignedBy {
                signer: signer(key),
                signature: key.sign_bytes(&message),
            })
            .collect();
        orderbook::settle(self.snapshot, &signatures)
    }
}

/// Public key of a signer, as the order book encodes it.
#[must_use]
pub fn signer(key: &SecretKey) -> Signer {
    match key.public() {
        PublicKey::Secp256k1(key) => Signer::Secp256k1(key),
        PublicKey::Ed25519(key) => Signer::Ed25519(key),
    }
}

pub(super) fn counter(random: &mut Random) -> Invocation {
    match random.below(10) {
        0 => counter::get(),
        1 => counter::increment(u64::MAX),
        2 => Invocation {
            entry: "increment",
            input: vec![1, 2, 3],
        },
        3 => Invocation {
            entry: "absent",
            input: Vec::new(),
        },
        _ => counter::increment(random.below(1_000)),
    }
}

pub(super) fn token(random: &mut Random, accounts: &[vm::Address]) -> Invocation {
    let mut account = || Address(random.pick(accounts).copied().unwrap_or_default().0);
    let (one, other) = (account(), account());
    let amount = u128::from(random.below(5_000));
    match random.below(10) {
        0 => token::total_supply(),
        1 => token::balance_of(one),
        2 => token::allowance(one, other),
        3 | 4 => token::approve(one, amount),
        5 => token::transfer_from(one, other, amount),
        6 => token::init(amount),
        7 => token::transfer(one, u128::MAX),
        _ => token::transfer(one, amount),
    }
}

pub(super) fn store(random: &mut Random) -> Invocation {
    let key: Vec<u8> = random
        .bytes()
        .into_iter()
        .take(1)
        .map(|byte| byte % 16)
        .collect();
    match random.below(8) {
        0 => store::count(),
        1 => store::get(&key),
        2 | 3 => store::remove(&key),
        4 => store::put(&[], &key),
        _ => store::put(&key, &random.bytes()),
    }
}

pub(super) fn probe(random: &mut Random) -> Invocation {
    let entry = random.pick(&PROBE_ENTRIES).copied().unwrap_or("digest");
    Invocation {
        entry,
        input: random.bytes().to_vec(),
    }
}

/// An order, or a query of the book.
pub(super) fn orderbook(random: &mut Random, accounts: &[vm::Address]) -> Invocation {
    let side = if random.below(2) == 0 {
        Side::Bid
    } else {
        Side::Ask
    };
    let price = PRICE_MIDDLE
        .saturating_add(random.below(100))
        .saturating_sub(random.below(100));
    match random.below(12) {
        0 => orderbook::bids(),
        1 => orderbook::asks(),
        2 => orderbook::position(Address(
            random.pick(accounts).copied().unwrap_or_default().0,
        )),
        3 | 4 => orderbook::cancel(random.below(20)),
        5 => orderbook::place(Order {
            side,
            price: 0,
            quantity: 1,
        }),
        _ => orderbook::place(Order {
            side,
            price,
            quantity: random.below(50).max(1),
        }),
    }
}

/// A settlement, mostly valid, else refused for one of several reasons.
pub(super) fn settle(
    random: &mut Random,
    settlement: Settlement<'_>,
    signers: &[SecretKey; 3],
    outsider: &SecretKey,
) -> Invocation {
    let [first, second, third] = signers;
    let Settlement { snapshot, .. } = settlement;
    let price = PRICE_MIDDLE
        .saturating_add(random.below(40))
        .saturating_sub(random.below(40));
    let with = |snapshot| Settlement {
        snapshot,
        ..settlement
    };
    let usual = with(Snapshot { price, ..snapshot });
    match random.below(10) {
        0 => usual.signed_by(&[second]),
        1 => usual.signed_by(&[first, outsider]),
        2 => usual.signed_by(&[third, third]),
        3 => with(Snapshot {
            sequence: 0,
            ..snapshot
        })
        .signed_by(&[first, second]),
        4 => usual.signed_by(&[first, second, third]),
        5 | 6 => usual.signed_by(&[first, third]),
        7 => usual.signed_by(&[third, second]),
        _ => usual.signed_by(&[first, second]),
    }
}
