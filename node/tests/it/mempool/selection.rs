//! Tests which transactions a proposal gets, in which order, and that selecting changes nothing.

use super::{BALANCE, GAS, Pool, account, address, call, hash_of, places, transfer, without_rates};
use node::limits::Limits;
use node::mempool::{MempoolOptions, Selection};
use std::collections::{BTreeMap, BTreeSet};

fn everything() -> Selection<'static> {
    Selection::within(&Limits::v1())
}

fn pool() -> Pool {
    let mut pool = Pool::new(without_rates());
    let prices = [(1, 0, 20), (1, 1, 90), (2, 0, 30), (2, 1, 10), (3, 0, 25)];
    for (number, nonce, price) in prices {
        pool.submit(&transfer(number, nonce, price)).unwrap();
    }
    pool
}

#[test]
fn the_greatest_price_is_first_and_nonces_are_in_order() {
    let pool = pool();
    let (one, two, three) = (address(1), address(2), address(3));
    let expected = [(two, 0), (three, 0), (one, 0), (one, 1), (two, 1)];
    assert_eq!(places(&pool.mempool.select(&everything())), expected);
}

#[test]
fn selecting_changes_nothing_and_the_order_of_submits_does_not_matter() {
    let transactions: Vec<_> = (1..40).map(|number| transfer(number, 0, 7)).collect();
    let mut forwards = Pool::new(without_rates());
    let mut backwards = Pool::new(without_rates());
    for signed in &transactions {
        forwards.submit(signed).unwrap();
    }
    for signed in transactions.iter().rev() {
        backwards.submit(signed).unwrap();
    }
    let sizes = forwards.mempool.sizes();
    let selected = forwards.mempool.select(&everything());
    assert_eq!(selected.len(), transactions.len());
    assert_eq!(selected, backwards.mempool.select(&everything()));
    assert_eq!(selected, forwards.mempool.select(&everything()));
    assert_eq!(sizes, forwards.mempool.sizes());
    let hashes: Vec<_> = selected.iter().map(hash_of).collect();
    assert!(
        hashes.is_sorted(),
        "equal prices are in the order of hashes"
    );
}

#[test]
fn what_does_not_fit_gas_or_bytes_is_left_out_with_the_later_ones_of_its_sender() {
    let mut pool = pool();
    pool.submit(&call(4, 0, 100, 10)).unwrap();
    pool.submit(&transfer(4, 1, 100)).unwrap();
    let (one, two, three) = (address(1), address(2), address(3));
    let gas = Selection {
        gas_max: 3 * GAS,
        ..everything()
    };
    let expected = [(two, 0), (three, 0), (one, 0)];
    assert_eq!(places(&pool.mempool.select(&gas)), expected);
    let bytes = Selection {
        bytes_max: 2 * transfer(1, 0, 1).encode().len() as u64 + 1,
        ..everything()
    };
    assert!(transfer(1, 0, 1).encode().len() > call(4, 0, 1, 10).encode().len() / 2);
    let selected = pool.mempool.select(&bytes);
    let sum: usize = selected.iter().map(|signed| signed.encode().len()).sum();
    assert!(sum as u64 <= bytes.bytes_max);
    assert_eq!(places(&selected)[0], (address(4), 0));
}

#[test]
fn a_selection_ends_after_a_number_of_misfits() {
    let mut pool = Pool::new(MempoolOptions {
        misfits_max: 3,
        ..without_rates()
    });
    for number in 1..=3 {
        pool.submit(&call(number, 0, 50, 10)).unwrap();
    }
    pool.submit(&transfer(9, 0, 5)).unwrap();
    let selection = Selection {
        gas_max: 3 * GAS,
        ..everything()
    };
    assert_eq!(pool.mempool.select(&selection), []);
    pool.commit(&[(address(1), account(1, BALANCE))]);
    assert_eq!(places(&pool.mempool.select(&selection)), [(address(9), 0)]);
}

#[test]
fn quarantined_senders_and_transactions_are_left_out() {
    let pool = pool();
    let (one, two, three) = (address(1), address(2), address(3));
    let senders = BTreeSet::from([two]);
    let selection = Selection {
        quarantined_senders: &senders,
        ..everything()
    };
    let expected = [(three, 0), (one, 0), (one, 1)];
    assert_eq!(places(&pool.mempool.select(&selection)), expected);

    let ids = BTreeSet::from([
        transfer(1, 1, 90).transaction.id(),
        transfer(2, 0, 30).transaction.id(),
    ]);
    let selection = Selection {
        quarantined: &ids,
        ..everything()
    };
    assert_eq!(
        places(&pool.mempool.select(&selection)),
        [(three, 0), (one, 0)]
    );
}

#[test]
fn on_a_parent_above_the_tip_its_transactions_are_left_out() {
    let pool = pool();
    let (one, two, three) = (address(1), address(2), address(3));
    // The parent used a nonce of 1; of 2 it used one and left a balance for nothing; 3 is far
    // ahead.
    let accounts = BTreeMap::from([
        (one, account(1, BALANCE)),
        (two, account(1, u128::from(GAS) * 10 - 1)),
        (three, account(7, BALANCE)),
        (address(8), account(7, BALANCE)),
    ]);
    let selection = Selection {
        accounts: &accounts,
        ..everything()
    };
    assert_eq!(places(&pool.mempool.select(&selection)), [(one, 1)]);
    let accounts = BTreeMap::from([(two, account(1, u128::from(GAS) * 10))]);
    let selection = Selection {
        accounts: &accounts,
        ..everything()
    };
    let expected = [(three, 0), (one, 0), (one, 1), (two, 1)];
    assert_eq!(places(&pool.mempool.select(&selection)), expected);
}

#[test]
fn a_selection_fits_a_block_of_the_chain() {
    let limits = Limits {
        block_bytes: 2_000,
        ..Limits::v1()
    };
    let pool = pool();
    let selected = pool.mempool.select(&Selection::within(&limits));
    assert!(!selected.is_empty() && selected.len() < 6);
    let chain = crate::chain::Chain::new();
    let block = chain.block(selected);
    assert!(block.encode().len() <= 2_000);
}
