//! Tests what a new tip drops: used nonces, what is no longer payable, what has expired.

use super::{BALANCE, CHAIN_ID, GAS, Pool, account, address, places, tip, transfer, without_rates};
use node::limits::Limits;
use node::mempool::{Dropped, MempoolOptions, Refused, Selection, changed_accounts};
use node::{Payload, ValidationContext};
use vm::{StateDiff, key};

fn pending(pool: &Pool) -> Vec<(vm::Address, u64)> {
    places(&pool.mempool.select(&Selection::within(&Limits::v1())))
}

#[test]
fn a_block_drops_the_nonces_that_it_used_and_no_others() {
    let mut pool = Pool::new(without_rates());
    for nonce in 0..3 {
        pool.submit(&transfer(1, nonce, 5)).unwrap();
        pool.submit(&transfer(2, nonce, 4)).unwrap();
    }
    let dropped = pool.commit(&[(address(1), account(2, BALANCE))]);
    let expected = Dropped {
        used: 2,
        ..Dropped::default()
    };
    assert_eq!(dropped, expected);
    let (one, two) = (address(1), address(2));
    assert_eq!(pending(&pool), [(one, 2), (two, 0), (two, 1), (two, 2)]);
    let used = Refused::NonceUsed { nonce: 1, next: 3 };
    assert_eq!(pool.submit(&transfer(1, 1, 9)), Err(used));
    assert!(pool.submit(&transfer(1, 3, 5)).is_ok());
}

#[test]
fn a_lower_balance_drops_what_it_no_longer_covers() {
    let mut pool = Pool::new(without_rates());
    for nonce in 0..4 {
        pool.submit(&transfer(1, nonce, 5)).unwrap();
    }
    let cost = u128::from(GAS) * 5;
    let dropped = pool.commit(&[(address(1), account(1, 2 * cost - 1))]);
    let expected = Dropped {
        used: 1,
        unpayable: 2,
        ..Dropped::default()
    };
    assert_eq!(dropped, expected);
    assert_eq!(pending(&pool), [(address(1), 1)]);
}

#[test]
fn a_higher_balance_is_taken_over() {
    let mut pool = Pool::new(without_rates());
    let cost = u128::from(GAS) * 5;
    pool.accounts.balance = cost;
    pool.submit(&transfer(1, 0, 5)).unwrap();
    assert!(pool.submit(&transfer(1, 1, 5)).is_err());
    pool.commit(&[(address(1), account(0, 2 * cost))]);
    assert!(pool.submit(&transfer(1, 1, 5)).is_ok());
}

#[test]
fn a_transaction_expires_after_its_number_of_blocks_with_those_behind_it() {
    let mut pool = Pool::new(MempoolOptions {
        lifetime_blocks: 2,
        ..without_rates()
    });
    pool.submit(&transfer(1, 0, 5)).unwrap();
    pool.submit(&transfer(2, 0, 5)).unwrap();
    assert_eq!(pool.commit(&[]), Dropped::default());
    pool.submit(&transfer(1, 1, 5)).unwrap();
    pool.submit(&transfer(2, 1, 5)).unwrap();
    // A replacement begins a lifetime of its own.
    pool.submit(&transfer(2, 0, 6)).unwrap();
    let expected = Dropped {
        expired: 2,
        ..Dropped::default()
    };
    assert_eq!(pool.commit(&[]), expected);
    assert_eq!(pending(&pool), [(address(2), 0), (address(2), 1)]);
    assert_eq!(pool.commit(&[]), expected);
    assert_eq!(pool.mempool.sizes().transactions, 0);
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
}

#[test]
fn one_block_lets_no_more_expire_than_it_may_and_the_next_ones_the_rest() {
    let mut pool = Pool::new(MempoolOptions {
        lifetime_blocks: 1,
        expiries_max: 2,
        ..without_rates()
    });
    for number in 0..5 {
        pool.submit(&transfer(number, 0, 5)).unwrap();
    }
    for expired in [2, 2, 1, 0] {
        assert_eq!(pool.commit(&[]).expired, expired);
    }
}

#[test]
fn a_nonce_that_went_back_drops_the_sender() {
    let mut pool = Pool::new(without_rates());
    pool.accounts
        .changed
        .insert(address(1), account(5, BALANCE));
    pool.submit(&transfer(1, 5, 5)).unwrap();
    pool.commit(&[(address(1), account(4, BALANCE))]);
    assert_eq!(pool.mempool.sizes().transactions, 0);
}

#[test]
fn new_rules_drop_what_they_make_invalid() {
    let mut pool = Pool::new(without_rates());
    let mut upload = transfer(1, 1, 5);
    upload.transaction.payload = Payload::Upload(vec![0; 1_000]);
    upload.transaction.gas_limit = 5 * GAS;
    let mut ample = transfer(2, 0, 5);
    ample.transaction.gas_limit = 10 * GAS;
    for signed in [&transfer(1, 0, 5), &upload, &transfer(1, 2, 5), &ample] {
        pool.submit(signed).unwrap();
    }
    // Version 1 with another price of uploads.
    let mut prices = node::rules::Prices::version_1();
    prices.upload_base *= 100;
    let rules = super::rules_with(&prices);
    pool.tip = tip(1);
    let context = ValidationContext {
        chain_id: &CHAIN_ID,
        limits: &pool.limits,
        rules: &rules,
        parent: &pool.tip,
    };
    let dropped = pool.mempool.committed(&context, &[]);
    let expected = Dropped {
        invalid: 2,
        ..Dropped::default()
    };
    assert_eq!(dropped, expected);
    assert_eq!(pool.mempool.sizes().transactions, 2);
    let refused = Refused::Tip {
        pool: vm::Height(1),
        given: vm::Height(1),
    };
    assert_eq!(pool.submit(&transfer(3, 0, 5)), Err(refused), "old rules");
}

#[test]
fn the_accounts_of_a_diff_are_found_among_its_other_keys() {
    let (one, two) = (address(1), address(2));
    let diff: StateDiff = [
        (key::system("rules"), Some(vec![1])),
        (key::account(&one), account(3, 4).encode()),
        (key::account(&two), None),
        (key::value(&one, b"key"), Some(vec![2])),
    ]
    .into_iter()
    .collect();
    let mut expected = vec![(one, account(3, 4)), (two, account(0, 0))];
    expected.sort_by_key(|(address, _)| *address);
    assert_eq!(changed_accounts(&diff).unwrap(), expected);
    let damaged: StateDiff = [(key::account(&one), Some(vec![1]))].into_iter().collect();
    assert!(changed_accounts(&damaged).is_err());
}
