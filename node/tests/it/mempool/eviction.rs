//! Tests what a full mempool evicts, and what it refuses.

use super::{
    BALANCE, Pool, account, address, call, counted, hash_of, places, transfer, without_rates,
};
use node::limits::Limits;
use node::mempool::{MempoolOptions, Refused, Selection};

fn full_at(transactions_max: usize) -> Pool {
    Pool::new(MempoolOptions {
        transactions_max,
        ..without_rates()
    })
}

fn pending(pool: &Pool) -> Vec<(vm::Address, u64)> {
    places(&pool.mempool.select(&Selection::within(&Limits::v1())))
}

#[test]
fn the_cheapest_makes_room_for_one_that_pays_more() {
    let mut pool = full_at(3);
    for (number, price) in [(1, 20), (2, 10), (3, 30)] {
        pool.submit(&transfer(number, 0, price)).unwrap();
    }
    let refused = Refused::Full {
        gas_price: 10,
        required: 11,
    };
    assert_eq!(pool.submit(&transfer(4, 0, 10)), Err(refused));
    assert_eq!(pool.accounts.verified.get(), 3, "refused before verifying");
    let admission = pool.submit(&transfer(4, 0, 11)).unwrap();
    assert_eq!(admission.evicted, [hash_of(&transfer(2, 0, 10))]);
    assert_eq!(pool.mempool.next_nonce(&address(2)), None);
}

#[test]
fn of_equal_prices_the_least_hash_is_evicted() {
    let mut transactions: Vec<_> = (1..6).map(|number| transfer(number, 0, 10)).collect();
    let least = transactions.iter().map(hash_of).min().unwrap();
    for _ in 0..2 {
        let mut pool = full_at(5);
        for signed in &transactions {
            pool.submit(signed).unwrap();
        }
        let admission = pool.submit(&transfer(9, 0, 11)).unwrap();
        assert_eq!(admission.evicted, [least]);
        transactions.reverse();
    }
}

#[test]
fn the_last_nonce_of_a_sender_is_evicted_so_that_no_gap_arises() {
    let mut pool = full_at(4);
    for (nonce, price) in [(0, 50), (1, 10), (2, 90)] {
        pool.submit(&transfer(1, nonce, price)).unwrap();
    }
    pool.submit(&transfer(2, 0, 20)).unwrap();
    // The one of 90 waits for that of 10, so it counts as 10 and goes first.
    let admission = pool.submit(&transfer(3, 0, 30)).unwrap();
    assert_eq!(admission.evicted, [hash_of(&transfer(1, 2, 90))]);
    let admission = pool.submit(&transfer(3, 1, 30)).unwrap();
    assert_eq!(admission.evicted, [hash_of(&transfer(1, 1, 10))]);
    let admission = pool.submit(&transfer(3, 2, 30)).unwrap();
    assert_eq!(admission.evicted, [hash_of(&transfer(2, 0, 20))]);
    assert_eq!(pool.mempool.next_nonce(&address(1)), Some(1));
}

#[test]
fn an_expensive_transaction_behind_a_cheap_one_evicts_nothing() {
    let mut pool = full_at(3);
    for (number, price) in [(1, 10), (2, 20), (3, 30)] {
        pool.submit(&transfer(number, 0, price)).unwrap();
    }
    let refused = Refused::Full {
        gas_price: 10,
        required: 21,
    };
    assert_eq!(pool.submit(&transfer(1, 1, 1_000)), Err(refused));
}

#[test]
fn one_large_transaction_evicts_as_many_as_it_needs_and_no_more_than_allowed() {
    let small = counted(&transfer(1, 0, 5));
    let large = call(99, 0, 6, 5_000);
    let needed = (counted(&large) / small + 1) as usize;
    let options = MempoolOptions {
        bytes_max: 20 * small,
        evictions_max: needed,
        ..without_rates()
    };
    let fill = |pool: &mut Pool| {
        for number in 0..20 {
            pool.submit(&transfer(number, 0, 5)).unwrap();
        }
    };
    let mut pool = Pool::new(options);
    fill(&mut pool);
    assert_eq!(pool.mempool.sizes().bytes, options.bytes_max);
    let admission = pool.submit(&large).unwrap();
    assert_eq!(admission.evicted.len(), needed);
    assert!(pool.mempool.sizes().bytes <= options.bytes_max);
    assert!(pool.mempool.sizes().bytes > options.bytes_max - small);

    let evictions_max = needed - 1;
    let mut pool = Pool::new(MempoolOptions {
        evictions_max,
        ..options
    });
    fill(&mut pool);
    let refused = Refused::Evictions { max: evictions_max };
    assert_eq!(pool.submit(&large), Err(refused));
    assert_eq!(pool.mempool.sizes().transactions, 20);
}

#[test]
fn a_larger_replacement_evicts_the_senders_own_later_ones_but_not_what_it_needs() {
    let small = counted(&transfer(1, 0, 5));
    // With it in place of the first, all of the sender cost 5 or 6, and the others 50.
    let larger = call(1, 0, 6, 3_000);
    let mut pool = Pool::new(MempoolOptions {
        bytes_max: counted(&larger) + 2 * small,
        ..without_rates()
    });
    for nonce in 0..3 {
        pool.submit(&transfer(1, nonce, 5)).unwrap();
    }
    for nonce in 0..2 {
        pool.submit(&transfer(2, nonce, 50)).unwrap();
    }
    let admission = pool.submit(&larger).unwrap();
    let evicted = [transfer(1, 2, 5), transfer(1, 1, 5)];
    assert_eq!(admission.evicted, evicted.map(|signed| hash_of(&signed)));
    assert_eq!(admission.replaced, Some(hash_of(&transfer(1, 0, 5))));
    let expected = [(address(2), 0), (address(2), 1), (address(1), 0)];
    assert_eq!(pending(&pool), expected);
}

#[test]
fn what_was_evicted_may_be_submitted_again() {
    let mut pool = full_at(1);
    let first = transfer(1, 0, 5);
    pool.submit(&first).unwrap();
    pool.submit(&transfer(2, 0, 6)).unwrap();
    pool.commit(&[(address(2), account(1, BALANCE))]);
    assert!(pool.submit(&first).is_ok());
}
