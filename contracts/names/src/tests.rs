//! Tests the registry's logic on the mock host, called as the chain calls it.

use contract_types::names as inputs;
use sdk::{Address, CallError, Request, env, mock};

use crate::names::{NamesClient, NamesError, PERIODS_MAX, entries};

const ALICE: Address = Address([1; 32]);
const BOB: Address = Address([2; 32]);
const COLLECTOR: Address = Address([3; 32]);
const REGISTRY: Address = Address([9; 32]);
const PRICE: u128 = 10;
const PERIOD: u64 = 100;

const NAMES: NamesClient = NamesClient::at(REGISTRY);

/// A registry at height 1; Alice and Bob have 1,000,000 each; Alice is the caller.
fn registry() {
    mock::register(REGISTRY, entries::ALL);
    mock::set_block_height(1);
    act(COLLECTOR);
    NAMES.init(PRICE, PERIOD).unwrap();
    for owner in [ALICE, BOB] {
        mock::set_balance(owner, 1_000_000);
    }
    act(ALICE);
}

fn act(who: Address) {
    mock::set_self_address(who);
}

fn register(name: &str) -> Result<(), CallError> {
    NAMES.value(PRICE).register(name.into(), 1)
}

fn refused<T: std::fmt::Debug>(result: Result<T, CallError>, error: NamesError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn a_name_resolves_to_its_target_until_it_expires() {
    registry();
    register("alice").unwrap();
    assert_eq!(NAMES.resolve("alice".into()), Ok(Some(ALICE)));
    NAMES.set_target("alice".into(), BOB).unwrap();
    mock::set_block_height(100);
    assert_eq!(NAMES.resolve("alice".into()), Ok(Some(BOB)));
    mock::set_block_height(101);
    assert_eq!(NAMES.resolve("alice".into()), Ok(None));
    refused(NAMES.set_target("alice".into(), ALICE), NamesError::Unknown);
    refused(NAMES.transfer("alice".into(), BOB), NamesError::Unknown);
}

#[test]
fn an_expired_name_is_the_owners_for_one_more_period() {
    registry();
    register("alice").unwrap();
    act(BOB);
    for height in [50, 101, 200] {
        mock::set_block_height(height);
        refused(register("alice"), NamesError::Taken);
    }
    // A renewal at the last moment pays for the time that has passed.
    NAMES.value(PRICE).renew("alice".into(), 1).unwrap();
    assert_eq!(NAMES.record("alice".into()).unwrap().unwrap().expires, 201);
    assert_eq!(NAMES.resolve("alice".into()), Ok(Some(ALICE)));
    mock::set_block_height(301);
    refused(
        NAMES.value(PRICE).renew("alice".into(), 1),
        NamesError::Unknown,
    );
    register("alice").unwrap();
    assert_eq!(NAMES.resolve("alice".into()), Ok(Some(BOB)));
}

#[test]
fn the_fee_is_exact_and_the_collectors() {
    registry();
    for (value, periods) in [(0, 1), (9, 1), (11, 1), (10, 2), (21, 2)] {
        let result = NAMES.value(value).register("alice".into(), periods);
        refused(result, NamesError::WrongFee);
    }
    for periods in [0, PERIODS_MAX + 1] {
        let result = NAMES.value(10).register("alice".into(), periods);
        refused(result, NamesError::BadPeriods);
    }
    NAMES.value(20).register("alice".into(), 2).unwrap();
    refused(NAMES.withdraw(), NamesError::NotOwner);
    act(COLLECTOR);
    assert_eq!(NAMES.withdraw(), Ok(20));
    assert_eq!((env::balance(&COLLECTOR), env::balance(&REGISTRY)), (20, 0));
    // The SDK rejects value where no fee is due.
    assert!(NAMES.value(1).withdraw().is_err());
}

#[test]
fn a_name_has_one_form() {
    registry();
    let long = "a".repeat(33);
    let bad = [
        "",
        "ab",
        "Alice",
        "al ice",
        "-alice",
        "alice-",
        "al.ice",
        "\u{430}lice",
        &long,
    ];
    for name in bad {
        refused(register(name), NamesError::BadName);
    }
    for name in ["a-1", "000", &long[..32]] {
        register(name).unwrap();
    }
}

#[test]
fn only_the_owner_changes_a_name() {
    registry();
    register("alice").unwrap();
    act(BOB);
    refused(NAMES.set_target("alice".into(), BOB), NamesError::NotOwner);
    refused(NAMES.transfer("alice".into(), BOB), NamesError::NotOwner);
    refused(register("alice"), NamesError::Taken);
    act(ALICE);
    NAMES.transfer("alice".into(), BOB).unwrap();
    refused(
        NAMES.set_target("alice".into(), ALICE),
        NamesError::NotOwner,
    );
    // A transfer leaves the target: the new owner decides.
    assert_eq!(NAMES.resolve("alice".into()), Ok(Some(ALICE)));
}

#[test]
fn names_are_listed_in_pages_in_their_order() {
    registry();
    let mut expected: Vec<String> = (0..120).map(|n| format!("name-{}x", n * 7 % 120)).collect();
    for name in &expected {
        register(name).unwrap();
        let _ = mock::take_events();
    }
    expected.sort();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let after = seen.last().cloned().unwrap_or_default();
        let page = NAMES.list(after, 1_000).unwrap();
        assert!(page.len() <= 50);
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, expected);
    assert_eq!(NAMES.list(String::new(), 2).unwrap(), expected[..2]);
}

#[test]
fn heights_out_of_range_are_an_error() {
    mock::register(REGISTRY, entries::ALL);
    mock::set_balance(ALICE, PRICE);
    act(ALICE);
    refused(NAMES.init(1, 0), NamesError::BadTerms);
    refused(register("alice"), NamesError::NotReady);
    NAMES.init(0, u64::MAX).unwrap();
    refused(NAMES.register("alice".into(), 2), NamesError::Overflow);
    mock::set_block_height(1);
    refused(NAMES.register("alice".into(), 1), NamesError::Overflow);
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    registry();
    let calls = [
        (10, inputs::register("alice", 1)),
        (20, inputs::renew("alice", 2)),
        (0, inputs::set_target("alice", BOB)),
        (0, inputs::transfer("alice", BOB)),
        (0, inputs::resolve("alice")),
        (0, inputs::record("alice")),
        (0, inputs::list("", 5)),
    ];
    for (value, call) in calls {
        let request = Request {
            value,
            ..Request::to(REGISTRY)
        };
        let result = request.call(call.entry, &call.input);
        assert!(result.is_ok(), "{}: {result:?}", call.entry);
    }
    act(COLLECTOR);
    let withdrawn = Request::to(REGISTRY).call("withdraw", &inputs::withdraw().input);
    assert_eq!(withdrawn, Ok(30_u128.to_le_bytes().to_vec()));
    let again = Request::to(REGISTRY).call("init", &inputs::init(1, 1).input);
    refused(again, NamesError::NotReady);
}
