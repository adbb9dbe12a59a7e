//! Tests the order book's logic, with real keys and signatures, on the mock host.

use contract_types::orderbook::{
    self as inputs, Order, Position, RestingOrder, Side, SignedBy, Signer, Snapshot, refusal,
    signing_bytes,
};
use ed25519_dalek::Signer as _;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use sdk::{Address, BorshDeserialize, CODE_BAD_INPUT, Event, Revert, env, mock};

use crate::limits::{BOOK_SIDE_ORDERS_MAX, FILLS_PER_SETTLEMENT_MAX, PRICE_MAX, QUANTITY_MAX};
use crate::orderbook::{
    Filled, OrderbookError, Removed, Settled, asks, bids, cancel, entries, init, place, position,
};

const ALICE: Address = Address([1; 32]);
const BOB: Address = Address([2; 32]);
const BOOK: Address = Address([9; 32]);
const CHAIN: [u8; 32] = [8; 32];
const MARKET: [u8; 32] = [5; 32];

/// A signer with its secret key.
enum KeyPair {
    Secp256k1(k256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl KeyPair {
    fn secp256k1(seed: u8) -> Self {
        Self::Secp256k1(k256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    fn signer(&self) -> Signer {
        match self {
            Self::Secp256k1(key) => {
                let point = key.verifying_key().to_sec1_point(true);
                Signer::Secp256k1(point.as_bytes().try_into().unwrap())
            }
            Self::Ed25519(key) => Signer::Ed25519(key.verifying_key().to_bytes()),
        }
    }

    fn sign(&self, message: &[u8]) -> SignedBy {
        let signature = match self {
            Self::Secp256k1(key) => {
                let signature: k256::ecdsa::Signature =
                    key.sign_prehash(&env::sha256(message)).unwrap();
                signature.normalize_s().to_bytes().into()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes(),
        };
        SignedBy {
            signer: self.signer(),
            signature,
        }
    }
}

fn key_pairs() -> [KeyPair; 3] {
    [
        KeyPair::secp256k1(11),
        KeyPair::ed25519(12),
        KeyPair::secp256k1(13),
    ]
}

/// An open book at height 10, called by Alice.
fn open() -> [KeyPair; 3] {
    mock::set_self_address(BOOK);
    mock::set_chain_id(CHAIN);
    mock::set_block_height(10);
    mock::set_caller(ALICE);
    let key_pairs = key_pairs();
    init(
        MARKET,
        [
            key_pairs[0].signer(),
            key_pairs[1].signer(),
            key_pairs[2].signer(),
        ],
    )
    .unwrap();
    key_pairs
}

fn snapshot(sequence: u64, price: u64) -> Snapshot {
    Snapshot {
        market: MARKET,
        sequence,
        price,
        height_max: 20,
    }
}

fn put(owner: Address, side: Side, price: u64, quantity: u64) -> u64 {
    mock::set_caller(owner);
    place(Order {
        side,
        price,
        quantity,
    })
    .unwrap()
}

fn signed(key_pairs: &[&KeyPair], snapshot: &Snapshot) -> Vec<SignedBy> {
    let message = signing_bytes(&CHAIN, &BOOK, snapshot);
    key_pairs.iter().map(|pair| pair.sign(&message)).collect()
}

/// Settles through the entry, so that an error rolls back all changes, as on a chain.
fn settle(snapshot: Snapshot, signatures: &[SignedBy]) -> Result<u32, u32> {
    let input = inputs::settle(snapshot, signatures).input;
    let output = mock::call(entries::settle, &input).map_err(|revert| revert.code)?;
    Ok(u32::try_from_slice(&output).unwrap())
}

fn fills() -> Vec<(u64, u64, u64)> {
    let events = mock::take_events();
    let filled = events.iter().filter_map(|event| event.decode::<Filled>());
    filled
        .map(|fill| (fill.bid, fill.ask, fill.quantity))
        .collect()
}

#[test]
fn two_of_three_settle_in_any_pair_and_order() {
    for pair in [[0, 1], [1, 0], [0, 2], [2, 1]] {
        mock::reset();
        let key_pairs = open();
        put(ALICE, Side::Bid, 100, 5);
        put(BOB, Side::Ask, 90, 5);
        let snapshot = snapshot(1, 95);
        let signatures = signed(&[&key_pairs[pair[0]], &key_pairs[pair[1]]], &snapshot);
        assert_eq!(settle(snapshot, &signatures), Ok(1));
    }
}

#[test]
fn three_of_three_settle() {
    let key_pairs = open();
    let snapshot = snapshot(1, 95);
    let signatures = signed(&[&key_pairs[0], &key_pairs[1], &key_pairs[2]], &snapshot);
    assert_eq!(settle(snapshot, &signatures), Ok(0));
}

#[test]
fn each_wrong_set_of_signatures_has_a_code_of_its_own() {
    let key_pairs = open();
    let [a, b, _] = &key_pairs;
    let outsider = KeyPair::ed25519(99);
    let snapshot = snapshot(1, 95);
    let before = mock::storage();
    let good = signed(&[a, b], &snapshot);
    let mut broken = good.clone();
    broken[1].signature[40] ^= 1;
    let cases = [
        (vec![], refusal::TOO_FEW_SIGNERS),
        (good[..1].to_vec(), refusal::TOO_FEW_SIGNERS),
        (signed(&[a, a], &snapshot), refusal::DUPLICATE_SIGNER),
        (signed(&[a, b, a], &snapshot), refusal::DUPLICATE_SIGNER),
        (signed(&[a, &outsider], &snapshot), refusal::UNKNOWN_SIGNER),
        (
            signed(&[a, b, &outsider], &snapshot),
            refusal::UNKNOWN_SIGNER,
        ),
        (broken, refusal::INVALID_SIGNATURE),
        // The key is in the set, but another key made the signature.
        (
            vec![
                good[0],
                SignedBy {
                    signer: b.signer(),
                    signature: good[0].signature,
                },
            ],
            refusal::INVALID_SIGNATURE,
        ),
    ];
    for (signatures, code) in cases {
        assert_eq!(settle(snapshot, &signatures), Err(code));
    }
    assert_eq!(mock::storage(), before);
    assert_eq!(settle(snapshot, &good), Ok(0));
}

#[test]
fn a_signature_counts_for_one_chain_one_contract_and_one_snapshot() {
    let key_pairs = open();
    let expected = snapshot(1, 95);
    let both = |message: &[u8]| [key_pairs[0].sign(message), key_pairs[1].sign(message)];
    let other_price = Snapshot {
        price: 96,
        ..expected
    };
    let other_height = Snapshot {
        height_max: 21,
        ..expected
    };
    let undomained =
        signing_bytes(&CHAIN, &BOOK, &expected)[inputs::SIGNING_DOMAIN.len()..].to_vec();
    for message in [
        signing_bytes(&[7; 32], &BOOK, &expected),
        signing_bytes(&CHAIN, &Address([7; 32]), &expected),
        signing_bytes(&CHAIN, &BOOK, &other_price),
        signing_bytes(&CHAIN, &BOOK, &other_height),
        undomained,
    ] {
        assert_eq!(
            settle(expected, &both(&message)),
            Err(refusal::INVALID_SIGNATURE)
        );
    }
    assert_eq!(
        settle(expected, &both(&signing_bytes(&CHAIN, &BOOK, &expected))),
        Ok(0)
    );
}

#[test]
fn the_other_root_of_a_signature_is_refused() {
    let key_pairs = open();
    let snapshot = snapshot(1, 95);
    let mut signatures = signed(&[&key_pairs[0], &key_pairs[1]], &snapshot);
    let low = k256::ecdsa::Signature::from_slice(&signatures[0].signature).unwrap();
    let (r, s) = low.split_scalars();
    let high = k256::ecdsa::Signature::from_scalars(r.to_bytes(), (-s).to_bytes()).unwrap();
    signatures[0].signature = high.to_bytes().into();
    assert_eq!(
        settle(snapshot, &signatures),
        Err(refusal::INVALID_SIGNATURE)
    );
}

#[test]
fn a_snapshot_works_once_in_its_market_and_until_its_height() {
    let key_pairs = open();
    let try_settle = |snapshot: Snapshot| {
        settle(
            snapshot,
            &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
        )
    };
    assert_eq!(try_settle(snapshot(0, 95)), Err(refusal::STALE_SEQUENCE));
    assert_eq!(try_settle(snapshot(3, 95)), Ok(0));
    assert_eq!(try_settle(snapshot(3, 95)), Err(refusal::STALE_SEQUENCE));
    assert_eq!(try_settle(snapshot(2, 95)), Err(refusal::STALE_SEQUENCE));
    let elsewhere = Snapshot {
        market: [6; 32],
        ..snapshot(4, 95)
    };
    assert_eq!(try_settle(elsewhere), Err(refusal::WRONG_MARKET));
    assert_eq!(try_settle(snapshot(4, 0)), Err(refusal::PRICE_OUT_OF_RANGE));
    assert_eq!(
        try_settle(snapshot(4, PRICE_MAX + 1)),
        Err(refusal::PRICE_OUT_OF_RANGE)
    );
    mock::set_block_height(21);
    assert_eq!(try_settle(snapshot(4, 95)), Err(refusal::EXPIRED));
    mock::set_block_height(20);
    assert_eq!(try_settle(snapshot(4, 95)), Ok(0));
}

#[test]
fn better_prices_trade_first_and_older_orders_among_equals() {
    let key_pairs = open();
    let low = put(ALICE, Side::Bid, 95, 1);
    let high = put(ALICE, Side::Bid, 110, 4);
    let first = put(ALICE, Side::Bid, 100, 3);
    let second = put(ALICE, Side::Bid, 100, 3);
    let below = put(ALICE, Side::Bid, 94, 9);
    let expensive = put(BOB, Side::Ask, 96, 9);
    let cheap = put(BOB, Side::Ask, 80, 6);
    let fair = put(BOB, Side::Ask, 95, 3);
    let _ = mock::take_events();
    let snapshot = snapshot(1, 95);
    let signatures = signed(&[&key_pairs[0], &key_pairs[2]], &snapshot);
    assert_eq!(settle(snapshot, &signatures), Ok(4));
    assert_eq!(
        fills(),
        [
            (high, cheap, 4),
            (first, cheap, 2),
            (first, fair, 1),
            (second, fair, 2)
        ]
    );
    let resting = |orders: Vec<RestingOrder>| -> Vec<(u64, u64)> {
        orders
            .iter()
            .map(|order| (order.id, order.quantity))
            .collect()
    };
    assert_eq!(resting(bids()), [(second, 1), (low, 1), (below, 9)]);
    assert_eq!(resting(asks()), [(expensive, 9)]);
    // Nine base units were sold, all at the snapshot's price.
    assert_eq!(
        position(ALICE),
        Position {
            base: 9,
            quote: -855
        }
    );
    assert_eq!(
        position(BOB),
        Position {
            base: -9,
            quote: 855
        }
    );
}

#[test]
fn a_settlement_emits_every_fill_and_then_its_own_event() {
    let key_pairs = open();
    let bid = put(ALICE, Side::Bid, 100, 5);
    let ask = put(BOB, Side::Ask, 90, 3);
    let _ = mock::take_events();
    let snapshot = snapshot(6, 95);
    settle(
        snapshot,
        &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
    )
    .unwrap();
    let events = mock::take_events();
    assert_eq!(events.len(), 2);
    let expected = Filled {
        bid,
        ask,
        buyer: ALICE,
        seller: BOB,
        quantity: 3,
        price: 95,
    };
    assert_eq!(events[0].decode::<Filled>(), Some(expected));
    assert_eq!(events[0].topics, [Filled::NAME_TOPIC, ALICE.0, BOB.0]);
    let expected = Settled {
        sequence: 6,
        price: 95,
        fills: 1,
        quantity: 3,
        limited: false,
    };
    assert_eq!(events[1].decode::<Settled>(), Some(expected));
}

#[test]
fn fills_are_limited_and_the_rest_waits_for_the_next_snapshot() {
    let key_pairs = open();
    let orders = FILLS_PER_SETTLEMENT_MAX + 1;
    for _ in 0..orders {
        put(ALICE, Side::Bid, 100, 1);
        put(BOB, Side::Ask, 90, 1);
        let _ = mock::take_events();
    }
    let counts = [(1, FILLS_PER_SETTLEMENT_MAX, true), (2, 1, false)];
    for (sequence, expected, limited) in counts {
        let snapshot = snapshot(sequence, 95);
        let fills = settle(
            snapshot,
            &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
        )
        .unwrap();
        assert_eq!(usize::try_from(fills).unwrap(), expected);
        let events = mock::take_events();
        let settled = events.last().unwrap().decode::<Settled>().unwrap();
        assert_eq!(settled.limited, limited);
    }
    assert!(bids().is_empty() && asks().is_empty());
}

#[test]
fn exactly_the_limit_of_fills_leaves_nothing_behind() {
    let key_pairs = open();
    for _ in 0..FILLS_PER_SETTLEMENT_MAX {
        put(ALICE, Side::Bid, 100, 1);
        put(BOB, Side::Ask, 90, 1);
        let _ = mock::take_events();
    }
    let snapshot = snapshot(1, 95);
    settle(
        snapshot,
        &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
    )
    .unwrap();
    let settled = mock::take_events()
        .last()
        .unwrap()
        .decode::<Settled>()
        .unwrap();
    assert!(!settled.limited);
}

#[test]
fn a_full_side_keeps_its_best_orders() {
    open();
    let dropped = put(BOB, Side::Bid, 10, 1);
    for _ in 1..BOOK_SIDE_ORDERS_MAX {
        put(ALICE, Side::Bid, 20, 1);
        let _ = mock::take_events();
    }
    let equal = inputs::place(Order {
        side: Side::Bid,
        price: 10,
        quantity: 1,
    })
    .input;
    let refused = mock::call(entries::place, &equal);
    assert_eq!(refused, Err(Revert::new(refusal::BOOK_FULL)));
    put(ALICE, Side::Bid, 11, 1);
    let events = mock::take_events();
    let expected = Removed {
        id: dropped,
        owner: BOB,
        quantity: 1,
        displaced: true,
    };
    assert_eq!(events[0].decode::<Removed>(), Some(expected));
    assert_eq!(bids().len(), BOOK_SIDE_ORDERS_MAX);
    // The other side has its own limit.
    put(BOB, Side::Ask, 500, 1);
}

#[test]
fn only_its_owner_cancels_an_order() {
    open();
    let id = put(ALICE, Side::Ask, 100, 5);
    mock::set_caller(BOB);
    assert_eq!(cancel(id), Err(OrderbookError::NotOwner));
    mock::set_caller(ALICE);
    assert_eq!(cancel(id), Ok(()));
    assert_eq!(cancel(id), Err(OrderbookError::UnknownOrder));
    assert!(asks().is_empty());
}

#[test]
fn prices_and_quantities_are_tested_at_their_bounds() {
    open();
    let of = |price, quantity| {
        place(Order {
            side: Side::Bid,
            price,
            quantity,
        })
    };
    assert_eq!(of(0, 1), Err(OrderbookError::PriceOutOfRange));
    assert_eq!(of(PRICE_MAX + 1, 1), Err(OrderbookError::PriceOutOfRange));
    assert_eq!(of(1, 0), Err(OrderbookError::QuantityOutOfRange));
    assert_eq!(
        of(1, QUANTITY_MAX + 1),
        Err(OrderbookError::QuantityOutOfRange)
    );
    assert_eq!(of(PRICE_MAX, QUANTITY_MAX), Ok(1));
}

#[test]
fn the_largest_fill_is_exact() {
    let key_pairs = open();
    put(ALICE, Side::Bid, PRICE_MAX, QUANTITY_MAX);
    put(BOB, Side::Ask, 1, QUANTITY_MAX);
    let snapshot = snapshot(u64::MAX, PRICE_MAX);
    settle(
        snapshot,
        &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
    )
    .unwrap();
    assert_eq!(
        position(BOB),
        Position {
            base: -(1 << 48),
            quote: 1 << 96
        }
    );
}

#[test]
fn trading_with_oneself_gains_nothing() {
    let key_pairs = open();
    put(ALICE, Side::Bid, 100, 5);
    put(ALICE, Side::Ask, 90, 5);
    let snapshot = snapshot(1, 95);
    settle(
        snapshot,
        &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
    )
    .unwrap();
    assert_eq!(position(ALICE), Position::default());
}

#[test]
fn the_book_opens_once_and_for_three_different_keys() {
    let [a, b, c] = key_pairs().map(|pair| pair.signer());
    for repeated in [[a, a, b], [a, b, a], [b, a, a]] {
        assert_eq!(init(MARKET, repeated), Err(OrderbookError::RepeatedKey));
    }
    let order = Order {
        side: Side::Bid,
        price: 1,
        quantity: 1,
    };
    assert_eq!(place(order), Err(OrderbookError::NotInitialised));
    assert_eq!(settle(snapshot(1, 1), &[]), Err(refusal::NOT_INITIALISED));
    assert_eq!(init(MARKET, [a, b, c]), Ok(()));
    assert_eq!(
        init(MARKET, [a, b, c]),
        Err(OrderbookError::AlreadyInitialised)
    );
}

#[test]
fn any_sequence_conserves_and_never_leaves_crossed_orders() {
    let key_pairs = open();
    let accounts = [ALICE, BOB, Address([3; 32])];
    let mut seed = 3_u64;
    let mut draw = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut traded = 0;
    for sequence in 1..=20 {
        for _ in 0..10 {
            let side = if draw(2) == 0 { Side::Bid } else { Side::Ask };
            let owner = accounts[usize::try_from(draw(3)).unwrap()];
            put(owner, side, 90 + draw(20), 1 + draw(9));
            let _ = mock::take_events();
        }
        let snapshot = snapshot(sequence, 95 + draw(10));
        traded += settle(
            snapshot,
            &signed(&[&key_pairs[0], &key_pairs[1]], &snapshot),
        )
        .unwrap();
        let _ = mock::take_events();
        let positions = accounts.map(position);
        assert_eq!(positions.iter().map(|p| p.base).sum::<i128>(), 0);
        assert_eq!(positions.iter().map(|p| p.quote).sum::<i128>(), 0);
        let crosses = bids().iter().any(|bid| bid.price >= snapshot.price)
            && asks().iter().any(|ask| ask.price <= snapshot.price);
        assert!(!crosses, "both sides still trade at {}", snapshot.price);
        assert!(bids().is_sorted_by_key(|bid| (u64::MAX - bid.price, bid.id)));
        assert!(asks().is_sorted_by_key(|ask| (ask.price, ask.id)));
    }
    assert!(
        traded > 50,
        "only {traded} fills: the sequence tests nothing"
    );
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    open();
    let order = Order {
        side: Side::Ask,
        price: 7,
        quantity: 3,
    };
    let output = mock::call(entries::place, &inputs::place(order).input).unwrap();
    assert_eq!(u64::try_from_slice(&output).unwrap(), 1);
    let output = mock::call(entries::asks, &inputs::asks().input).unwrap();
    let resting = RestingOrder {
        id: 1,
        owner: ALICE,
        price: 7,
        quantity: 3,
    };
    assert_eq!(
        Vec::<RestingOrder>::try_from_slice(&output).unwrap(),
        [resting]
    );
    mock::call(entries::cancel, &inputs::cancel(1).input).unwrap();
    let output = mock::call(entries::bids, &inputs::bids().input).unwrap();
    assert_eq!(output, [0; 4]);
    let output = mock::call(entries::position, &inputs::position(BOB).input).unwrap();
    assert_eq!(
        Position::try_from_slice(&output).unwrap(),
        Position::default()
    );
    // A side that does not exist, and a list whose length exceeds the input.
    let bad = Err(Revert::new(CODE_BAD_INPUT));
    assert_eq!(mock::call(entries::place, &[2; 17]), bad);
    let mut claims = inputs::settle(snapshot(1, 1), &[]).input;
    let end = claims.len();
    claims[end - 4..].copy_from_slice(&[0xff; 4]);
    assert_eq!(mock::call(entries::settle, &claims), bad);
}
