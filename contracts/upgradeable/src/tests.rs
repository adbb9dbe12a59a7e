//! Tests the change of code on the mock host: this contract becomes the sample counter.

use contract_types::upgradeable as inputs;
use sdk::{Address, CallError, Request, mock};

use crate::upgradeable::{Upgrade, UpgradeError, UpgradeableClient, entries};
use counter::counter::Incremented;

const OWNER: Address = Address([1; 32]);
const OUTSIDER: Address = Address([2; 32]);
const CONTRACT: Address = Address([9; 32]);
const NEW: [u8; 32] = [5; 32];
const DELAY: u64 = 10;

const CLIENT: UpgradeableClient = UpgradeableClient::at(CONTRACT);

/// A contract at height 100 with a count of 7; the code of the counter has the hash `NEW`.
fn contract() {
    mock::register(CONTRACT, entries::ALL);
    mock::register_code(NEW, counter::counter::entries::ALL);
    mock::set_block_height(100);
    mock::set_self_address(OWNER);
    CLIENT.init(DELAY).unwrap();
    CLIENT.increment(7).unwrap();
}

fn refused<T: std::fmt::Debug>(result: Result<T, CallError>, error: UpgradeError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn the_code_changes_after_the_delay_and_the_state_stays() {
    contract();
    assert_eq!(CLIENT.announce(NEW), Ok(110));
    mock::set_block_height(109);
    refused(CLIENT.upgrade(NEW), UpgradeError::TooEarly);
    mock::set_block_height(110);
    CLIENT.upgrade(NEW).unwrap();
    let _ = mock::take_events();
    assert_eq!(CLIENT.increment(1), Ok(8));
    // The event of the new code: the counter runs.
    assert!(mock::take_events()[0].decode::<Incremented>().is_some());
    assert_eq!(CLIENT.announce(NEW), Err(CallError::NoEntry));
}

#[test]
fn only_the_owner_decides() {
    contract();
    CLIENT.announce(NEW).unwrap();
    mock::set_block_height(110);
    mock::set_self_address(OUTSIDER);
    refused(CLIENT.init(1), UpgradeError::AlreadyInitialised);
    refused(CLIENT.announce(NEW), UpgradeError::NotOwner);
    refused(CLIENT.cancel(), UpgradeError::NotOwner);
    refused(CLIENT.upgrade(NEW), UpgradeError::NotOwner);
}

#[test]
fn what_is_announced_is_what_happens() {
    contract();
    refused(CLIENT.upgrade(NEW), UpgradeError::NothingPending);
    CLIENT.announce(NEW).unwrap();
    mock::set_block_height(105);
    // A second announcement starts a new delay and replaces the first.
    assert_eq!(CLIENT.announce([6; 32]), Ok(115));
    mock::set_block_height(115);
    refused(CLIENT.upgrade(NEW), UpgradeError::NothingPending);
    refused(CLIENT.upgrade([6; 32]), UpgradeError::NoCode);
    // The failed change left the announcement.
    let pending = Upgrade {
        code_hash: [6; 32],
        height: 115,
    };
    assert_eq!(CLIENT.pending(), Ok(Some(pending)));
    CLIENT.cancel().unwrap();
    refused(CLIENT.cancel(), UpgradeError::NothingPending);
    refused(CLIENT.upgrade(NEW), UpgradeError::NothingPending);
}

#[test]
fn a_delay_of_zero_is_an_error() {
    mock::register(CONTRACT, entries::ALL);
    refused(CLIENT.init(0), UpgradeError::NoDelay);
    CLIENT.init(u64::MAX).unwrap();
    mock::set_block_height(1);
    refused(CLIENT.announce(NEW), UpgradeError::Overflow);
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    contract();
    let calls = [
        inputs::announce(NEW),
        inputs::pending(),
        inputs::cancel(),
        inputs::increment(1),
        inputs::get(),
    ];
    for call in calls {
        Request::to(CONTRACT).call(call.entry, &call.input).unwrap();
    }
    let upgrade = inputs::upgrade(NEW);
    let result = Request::to(CONTRACT).call(upgrade.entry, &upgrade.input);
    refused(result, UpgradeError::NothingPending);
    let again = Request::to(CONTRACT).call("init", &inputs::init(1).input);
    refused(again, UpgradeError::AlreadyInitialised);
}
