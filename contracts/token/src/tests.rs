//! Tests the token's logic on the mock host.

use contract_types::token as inputs;
use sdk::{Address, BorshDeserialize, CODE_BAD_INPUT, Event, Revert, mock};

use crate::token::{
    Approved, TokenError, Transferred, allowance, approve, balance_of, entries, init, total_supply,
    transfer, transfer_from,
};

const ALICE: Address = Address([1; 32]);
const BOB: Address = Address([2; 32]);
const CAROL: Address = Address([3; 32]);

/// A token of which Alice has the whole supply; Alice is the caller.
fn token(supply: u128) {
    mock::set_caller(ALICE);
    init(supply).unwrap();
    let _ = mock::take_events();
}

#[test]
fn the_supply_is_created_once() {
    token(100);
    assert_eq!((balance_of(ALICE), total_supply()), (100, 100));
    assert_eq!(init(1), Err(TokenError::AlreadyInitialised));
    mock::set_caller(BOB);
    assert_eq!(init(1), Err(TokenError::AlreadyInitialised));
    assert_eq!(total_supply(), 100);
}

#[test]
fn a_supply_of_nothing_cannot_be_created_again() {
    token(0);
    assert_eq!(init(5), Err(TokenError::AlreadyInitialised));
}

#[test]
fn a_transfer_moves_the_amount_and_emits_an_event() {
    token(100);
    transfer(BOB, 30).unwrap();
    assert_eq!((balance_of(ALICE), balance_of(BOB)), (70, 30));
    let events = mock::take_events();
    let expected = Transferred {
        from: ALICE,
        to: BOB,
        amount: 30,
    };
    assert_eq!(events[0].decode::<Transferred>(), Some(expected));
    assert_eq!(events[0].topics, [Transferred::NAME_TOPIC, ALICE.0, BOB.0]);
    assert_eq!(events.len(), 1);
}

#[test]
fn a_transfer_above_the_balance_changes_nothing() {
    token(100);
    let before = mock::storage();
    let refused = mock::call(entries::transfer, &inputs::transfer(BOB, 101).input);
    assert_eq!(refused, Err(Revert::new(2)));
    assert_eq!(mock::storage(), before);
    assert!(mock::take_events().is_empty());
}

#[test]
fn paying_oneself_creates_nothing() {
    token(100);
    transfer(ALICE, 40).unwrap();
    assert_eq!(balance_of(ALICE), 100);
    assert_eq!(transfer(ALICE, 101), Err(TokenError::InsufficientBalance));
}

#[test]
fn the_largest_amounts_neither_wrap_nor_panic() {
    token(u128::MAX);
    transfer(BOB, u128::MAX).unwrap();
    assert_eq!((balance_of(ALICE), balance_of(BOB)), (0, u128::MAX));
    assert_eq!(
        transfer(BOB, u128::MAX),
        Err(TokenError::InsufficientBalance)
    );
}

#[test]
fn a_spender_moves_what_was_approved_and_no_more() {
    token(100);
    approve(BOB, 50);
    let events = mock::take_events();
    let expected = Approved {
        owner: ALICE,
        spender: BOB,
        amount: 50,
    };
    assert_eq!(events[0].decode::<Approved>(), Some(expected));
    mock::set_caller(BOB);
    transfer_from(ALICE, CAROL, 20).unwrap();
    assert_eq!((balance_of(CAROL), allowance(ALICE, BOB)), (20, 30));
    assert_eq!(
        transfer_from(ALICE, CAROL, 31),
        Err(TokenError::InsufficientAllowance)
    );
    mock::set_caller(CAROL);
    assert_eq!(
        transfer_from(ALICE, CAROL, 1),
        Err(TokenError::InsufficientAllowance)
    );
}

#[test]
fn a_failed_transfer_leaves_the_allowance() {
    token(10);
    approve(BOB, 50);
    mock::set_caller(BOB);
    let refused = mock::call(
        entries::transfer_from,
        &inputs::transfer_from(ALICE, BOB, 11).input,
    );
    assert_eq!(refused, Err(Revert::new(2)));
    assert_eq!(allowance(ALICE, BOB), 50);
}

#[test]
fn a_balance_or_an_allowance_of_zero_has_no_key() {
    token(5);
    approve(BOB, 5);
    mock::set_caller(BOB);
    transfer_from(ALICE, BOB, 5).unwrap();
    assert_eq!(
        mock::storage().len(),
        2,
        "the supply and the balance of one"
    );
}

#[test]
fn any_sequence_keeps_the_sum() {
    const SUPPLY: u128 = 1_000;
    token(SUPPLY);
    let accounts = [ALICE, BOB, CAROL];
    let mut seed = 7_u64;
    let mut draw = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut moved = 0;
    for _ in 0..2_000 {
        mock::set_caller(accounts[draw(3)]);
        let (from, to) = (accounts[draw(3)], accounts[draw(3)]);
        let amount = u128::try_from(draw(600)).unwrap();
        let entry: sdk::entry::Adapter;
        let invocation;
        match draw(3) {
            0 => (entry, invocation) = (entries::transfer, inputs::transfer(to, amount)),
            1 => (entry, invocation) = (entries::approve, inputs::approve(to, amount)),
            _ => {
                entry = entries::transfer_from;
                invocation = inputs::transfer_from(from, to, amount);
            }
        }
        moved += u32::from(mock::call(entry, &invocation.input).is_ok());
        let sum: u128 = accounts.iter().map(|account| balance_of(*account)).sum();
        assert_eq!(sum, SUPPLY);
        let _ = mock::take_events();
    }
    assert!(
        moved > 500,
        "only {moved} calls succeeded: the sequence is too weak"
    );
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    mock::set_caller(ALICE);
    mock::call(entries::init, &inputs::init(9).input).unwrap();
    mock::call(entries::transfer, &inputs::transfer(BOB, 4).input).unwrap();
    mock::call(entries::approve, &inputs::approve(CAROL, 3).input).unwrap();
    let read = |entry: sdk::entry::Adapter, input: contract_types::Invocation| {
        u128::try_from_slice(&mock::call(entry, &input.input).unwrap()).unwrap()
    };
    assert_eq!(read(entries::balance_of, inputs::balance_of(BOB)), 4);
    assert_eq!(read(entries::allowance, inputs::allowance(ALICE, CAROL)), 3);
    assert_eq!(read(entries::total_supply, inputs::total_supply()), 9);
}

#[test]
fn trailing_bytes_are_an_error() {
    token(9);
    let mut input = inputs::transfer(BOB, 1).input;
    input.push(0);
    assert_eq!(
        mock::call(entries::transfer, &input),
        Err(Revert::new(CODE_BAD_INPUT))
    );
}
