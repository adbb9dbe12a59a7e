//! Tests the counter's logic on the mock host.

use sdk::{BorshDeserialize, CODE_BAD_INPUT, ContractError, Revert, mock};

use crate::counter::{CounterError, Incremented, entries, get, increment};

#[test]
fn an_increment_changes_the_count_and_emits_an_event() {
    assert_eq!(get(), 0);
    assert_eq!(increment(5), Ok(5));
    assert_eq!(increment(2), Ok(7));
    assert_eq!(get(), 7);
    let events: Vec<_> = mock::take_events()
        .iter()
        .map(|e| e.decode::<Incremented>())
        .collect();
    assert_eq!(
        events,
        [
            Some(Incremented { by: 5, count: 5 }),
            Some(Incremented { by: 2, count: 7 })
        ]
    );
}

#[test]
fn an_overflow_is_an_error_and_changes_nothing() {
    assert_eq!(increment(u64::MAX), Ok(u64::MAX));
    let before = mock::storage();
    let input = contract_types::counter::increment(1).input;
    let refused = mock::call(entries::increment, &input);
    assert_eq!(refused, Err(Revert::new(CounterError::Overflow.code())));
    assert_eq!(mock::storage(), before);
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    let invocation = contract_types::counter::increment(9);
    let output = mock::call(entries::increment, &invocation.input).unwrap();
    assert_eq!(u64::try_from_slice(&output).unwrap(), 9);
    let output = mock::call(entries::get, &contract_types::counter::get().input).unwrap();
    assert_eq!(u64::try_from_slice(&output).unwrap(), 9);
}

#[test]
fn only_the_canonical_input_is_accepted() {
    let refused = Err(Revert::new(CODE_BAD_INPUT));
    assert_eq!(mock::call(entries::increment, &[0; 7]), refused);
    assert_eq!(mock::call(entries::increment, &[0; 9]), refused);
    assert_eq!(mock::call(entries::get, &[0]), refused);
    assert!(mock::storage().is_empty());
}

#[test]
fn the_name_topic_is_fixed() {
    increment(1).unwrap();
    let topic = sdk::env::sha256(b"Incremented");
    assert_eq!(mock::take_events()[0].topics, [topic]);
}
