//! Tests the wallet's logic on the mock host, called as the chain calls it.

use contract_types::multisig as inputs;
use sdk::{Address, CallError, Key, Request, env, mock};

use crate::multisig::{MultisigClient, MultisigError, OWNERS_MAX, Proposal, entries};

const ALICE: Address = Address([1; 32]);
const BOB: Address = Address([2; 32]);
const CAROL: Address = Address([3; 32]);
const OUTSIDER: Address = Address([4; 32]);
const WALLET: Address = Address([9; 32]);

const CLIENT: MultisigClient = MultisigClient::at(WALLET);

/// A 2-of-3 wallet with a balance of 100; Alice is the caller.
fn wallet() {
    mock::register(WALLET, entries::ALL);
    act(ALICE);
    CLIENT.init(vec![ALICE, BOB, CAROL], 2).unwrap();
    mock::set_balance(OUTSIDER, 100);
    act(OUTSIDER);
    CLIENT.value(100).deposit().unwrap();
    act(ALICE);
}

fn act(who: Address) {
    mock::set_self_address(who);
}

fn payment(value: u128) -> Proposal {
    Proposal {
        to: OUTSIDER,
        value,
        entry: String::new(),
        input: Vec::new(),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, CallError>, error: MultisigError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn two_of_three_pay_and_one_does_not() {
    wallet();
    let id = CLIENT.propose(payment(60)).unwrap();
    refused(CLIENT.execute(id), MultisigError::TooFewConfirmations);
    act(BOB);
    CLIENT.confirm(id).unwrap();
    assert_eq!(CLIENT.execute(id), Ok(Vec::new()));
    assert_eq!((env::balance(&WALLET), env::balance(&OUTSIDER)), (40, 60));
    refused(CLIENT.execute(id), MultisigError::UnknownProposal);
    // Only the owners, the threshold and the last number are left.
    assert_eq!(mock::storage_of(WALLET).len(), 3);
}

#[test]
fn one_owner_counts_once() {
    wallet();
    let id = CLIENT.propose(payment(60)).unwrap();
    refused(CLIENT.confirm(id), MultisigError::NoChange);
    CLIENT.revoke(id).unwrap();
    refused(CLIENT.revoke(id), MultisigError::NoChange);
    assert_eq!(CLIENT.confirmations(id), Ok(0));
    refused(
        CLIENT.init(vec![ALICE], 1),
        MultisigError::AlreadyInitialised,
    );
}

/// An ICS 23 proof cannot cover an empty value.
#[test]
fn a_confirmation_is_one_byte() {
    wallet();
    let id = CLIENT.propose(payment(60)).unwrap();
    let storage = mock::storage_of(WALLET);
    let mut confirmed = b"c".to_vec();
    (id, ALICE).encode_key(&mut confirmed);
    assert_eq!(storage[&confirmed], [1]);
    assert!(storage.values().all(|value| !value.is_empty()));
    CLIENT.revoke(id).unwrap();
    assert!(!mock::storage_of(WALLET).contains_key(&confirmed));
}

#[test]
fn an_account_outside_the_owners_can_do_nothing() {
    wallet();
    let id = CLIENT.propose(payment(60)).unwrap();
    act(OUTSIDER);
    refused(CLIENT.propose(payment(1)), MultisigError::NotOwner);
    refused(CLIENT.confirm(id), MultisigError::NotOwner);
    refused(CLIENT.revoke(id), MultisigError::NotOwner);
    refused(CLIENT.execute(id), MultisigError::NotOwner);
    refused(
        CLIENT.set_owners(vec![OUTSIDER], 1),
        MultisigError::NotOwner,
    );
}

#[test]
fn a_failed_payment_leaves_the_proposal() {
    wallet();
    let id = CLIENT.propose(payment(101)).unwrap();
    act(BOB);
    CLIENT.confirm(id).unwrap();
    refused(CLIENT.execute(id), MultisigError::CallFailed);
    assert_eq!(CLIENT.confirmations(id), Ok(2));
    assert_eq!(CLIENT.proposal(id).unwrap(), Some(payment(101)));
    assert_eq!(env::balance(&WALLET), 100);
}

#[test]
fn the_owners_change_by_a_proposal_and_old_confirmations_stop_counting() {
    wallet();
    let pending = CLIENT.propose(payment(60)).unwrap();
    let change = inputs::set_owners(&[BOB, CAROL], 2);
    let id = CLIENT
        .propose(Proposal {
            to: WALLET,
            value: 0,
            entry: change.entry.into(),
            input: change.input,
        })
        .unwrap();
    act(BOB);
    CLIENT.confirm(id).unwrap();
    CLIENT.confirm(pending).unwrap();
    CLIENT.execute(id).unwrap();
    assert_eq!(CLIENT.owners(), Ok((vec![BOB, CAROL], 2)));
    assert_eq!(CLIENT.confirmations(pending), Ok(1));
    refused(CLIENT.execute(pending), MultisigError::TooFewConfirmations);
    act(ALICE);
    refused(CLIENT.execute(pending), MultisigError::NotOwner);
}

#[test]
fn a_call_carries_value_and_returns_the_output_of_the_callee() {
    const OTHER: Address = Address([8; 32]);
    wallet();
    mock::register(OTHER, entries::ALL);
    let id = CLIENT
        .propose(Proposal {
            to: OTHER,
            value: 30,
            entry: "deposit".into(),
            input: Vec::new(),
        })
        .unwrap();
    act(CAROL);
    CLIENT.confirm(id).unwrap();
    assert_eq!(CLIENT.execute(id), Ok(Vec::new()));
    assert_eq!((env::balance(&WALLET), env::balance(&OTHER)), (70, 30));
}

/// A contract that is paid and calls back into the wallet.
#[sdk::contract]
mod attacker {
    use sdk::{Address, CallError, Item, Request};

    const SEEN: Item<bool> = Item::new(b"s");

    #[payable]
    #[expect(unreachable_pub, reason = "an entry is pub")]
    pub fn greet(wallet: Address) {
        let input = contract_types::multisig::execute(1).input;
        let back = Request::to(wallet).call("execute", &input);
        SEEN.set(&(back == Err(CallError::Reentry)));
    }
}

#[test]
fn the_callee_cannot_re_enter_the_wallet() {
    const ATTACKER: Address = Address([7; 32]);
    wallet();
    mock::register(ATTACKER, attacker::entries::ALL);
    let id = CLIENT
        .propose(Proposal {
            to: ATTACKER,
            value: 1,
            entry: "greet".into(),
            input: WALLET.0.to_vec(),
        })
        .unwrap();
    act(BOB);
    CLIENT.confirm(id).unwrap();
    CLIENT.execute(id).unwrap();
    assert_eq!(mock::storage_of(ATTACKER)[&b"s".to_vec()], [1]);
}

#[test]
fn owners_that_cannot_reach_the_threshold_are_an_error() {
    mock::register(WALLET, entries::ALL);
    let many: Vec<_> = (0..=OWNERS_MAX)
        .map(|n| Address([u8::try_from(n).unwrap(); 32]))
        .collect();
    let cases = [
        (vec![], 0),
        (vec![ALICE], 0),
        (vec![ALICE], 2),
        (vec![ALICE, ALICE], 1),
        (many.clone(), 1),
    ];
    for (owners, threshold) in cases {
        refused(CLIENT.init(owners, threshold), MultisigError::BadOwners);
    }
    CLIENT.init(many[1..].to_vec(), 32).unwrap();
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    wallet();
    let calls = [
        inputs::propose(OUTSIDER, 5, "", &[]),
        inputs::revoke(1),
        inputs::confirm(1),
        inputs::owners(),
        inputs::proposal(1),
        inputs::confirmations(1),
    ];
    for call in calls {
        Request::to(WALLET).call(call.entry, &call.input).unwrap();
    }
    let refused = Request::to(WALLET).call("execute", &inputs::execute(1).input);
    assert!(refused.unwrap_err().is(MultisigError::TooFewConfirmations));
    assert_eq!(
        inputs::init(&[ALICE], 1).input,
        inputs::set_owners(&[ALICE], 1).input
    );
    assert_eq!(inputs::deposit().input, []);
}
