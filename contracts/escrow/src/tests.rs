//! Tests the escrow's logic on the mock host, called as the chain calls it.

use contract_types::escrow as inputs;
use sdk::{Address, CODE_NOT_PAYABLE, CallError, Request, env, mock};

use crate::escrow::{Closed, Deal, EscrowClient, EscrowError, entries};

const BUYER: Address = Address([1; 32]);
const SELLER: Address = Address([2; 32]);
const ARBITER: Address = Address([3; 32]);
const OUTSIDER: Address = Address([4; 32]);
const ESCROW: Address = Address([9; 32]);

const ESCROW_CLIENT: EscrowClient = EscrowClient::at(ESCROW);

/// A deal over 100 until time 50, opened by the buyer, who had 1,000.
fn opened() -> u64 {
    mock::register(ESCROW, entries::ALL);
    mock::set_balance(BUYER, 1_000);
    mock::set_block_time(10);
    mock::set_self_address(BUYER);
    let opened = ESCROW_CLIENT.value(100).open(SELLER, ARBITER, 50);
    opened.unwrap()
}

fn balances() -> (u128, u128, u128) {
    (
        env::balance(&BUYER),
        env::balance(&SELLER),
        env::balance(&ESCROW),
    )
}

fn refused(result: Result<(), CallError>, error: EscrowError) {
    assert!(result.unwrap_err().is(error), "{result:?}");
}

#[test]
fn the_buyer_releases_the_payment_to_the_seller() {
    let id = opened();
    assert_eq!(balances(), (900, 0, 100));
    ESCROW_CLIENT.release(id).unwrap();
    assert_eq!(balances(), (900, 100, 0));
    let closed = mock::take_events()[1].decode::<Closed>().unwrap();
    assert_eq!((closed.id, closed.to, closed.amount), (id, SELLER, 100));
}

#[test]
fn a_deal_is_paid_once() {
    let (first, second) = (opened(), opened());
    ESCROW_CLIENT.release(first).unwrap();
    refused(ESCROW_CLIENT.release(first), EscrowError::UnknownDeal);
    refused(ESCROW_CLIENT.refund(first), EscrowError::UnknownDeal);
    assert_eq!(ESCROW_CLIENT.deal(first), Ok(None));
    // The other deal's payment was not touched.
    assert_eq!(ESCROW_CLIENT.deal(second).unwrap().unwrap().amount, 100);
    assert_eq!(env::balance(&ESCROW), 100);
}

#[test]
fn who_may_do_what_and_when() {
    // By caller: whether it may release, may refund before the deadline, and at it.
    let table = [
        (BUYER, true, false, true),
        (SELLER, false, true, true),
        (ARBITER, true, true, true),
        (OUTSIDER, false, false, false),
    ];
    for (caller, may_release, may_refund, may_refund_late) in table {
        let attempts = [
            (10, inputs::release(1), may_release),
            (49, inputs::refund(1), may_refund),
            (50, inputs::refund(1), may_refund_late),
        ];
        for (time, call, may) in attempts {
            mock::reset();
            assert_eq!(opened(), 1);
            mock::set_block_time(time);
            mock::set_self_address(caller);
            let result = Request::to(ESCROW)
                .call(call.entry, &call.input)
                .map(|_| ());
            if may {
                assert_eq!(result, Ok(()), "{caller:?} {} at {time}", call.entry);
            } else {
                refused(result, EscrowError::NotAllowed);
            }
        }
    }
}

#[test]
fn no_deal_opens_without_value_or_after_its_deadline() {
    opened();
    let unpaid = ESCROW_CLIENT.open(SELLER, ARBITER, 50);
    assert!(unpaid.unwrap_err().is(EscrowError::NothingPaid));
    let late = ESCROW_CLIENT.value(1).open(SELLER, ARBITER, 10);
    assert!(late.unwrap_err().is(EscrowError::DeadlinePassed));
    // The value of a failed call is returned.
    assert_eq!(balances(), (900, 0, 100));
}

#[test]
fn an_entry_that_is_not_payable_rejects_value() {
    let id = opened();
    let refused = ESCROW_CLIENT.value(1).release(id);
    let code = Some(CODE_NOT_PAYABLE);
    assert_eq!(refused, Err(CallError::Reverted { code }));
    assert_eq!(balances(), (900, 0, 100));
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    opened();
    let open = inputs::open(SELLER, ARBITER, 60);
    let request = Request {
        value: 7,
        ..Request::to(ESCROW)
    };
    assert_eq!(
        request.call(open.entry, &open.input).unwrap(),
        2_u64.to_le_bytes()
    );
    let deal = ESCROW_CLIENT.deal(2).unwrap();
    let expected = Deal {
        buyer: BUYER,
        seller: SELLER,
        arbiter: ARBITER,
        deadline: 60,
        amount: 7,
    };
    assert_eq!(deal, Some(expected));
    for call in [inputs::refund(9), inputs::release(9)] {
        let refused = Request::to(ESCROW).call(call.entry, &call.input);
        assert!(refused.unwrap_err().is(EscrowError::UnknownDeal));
    }
    let none = inputs::deal(9);
    assert_eq!(
        Request::to(ESCROW).call(none.entry, &none.input),
        Ok(vec![0])
    );
}
