//! Measures that a submit, a selection and a commit cost about the same however much is pending.
#![expect(
    clippy::disallowed_types,
    reason = "the mempool has no clock; its test measures it"
)]

use super::{BALANCE, Pool, account, address, transfer, without_rates};
use node::limits::Limits;
use node::mempool::{MempoolOptions, Selection};
use std::time::{Duration, Instant};

const CALLS: u32 = 1_000;
/// Greatest ratio of times; a cost in proportion to what is pending would be 100.
const RATIO_MAX: u32 = 24;

/// Times of submits, of selections of a few, and of commits of a few, with this many pending.
fn times(pending: u32) -> [Duration; 3] {
    let mut pool = Pool::new(MempoolOptions {
        transactions_max: pending as usize,
        bytes_max: u64::MAX,
        lifetime_blocks: u64::MAX,
        ..without_rates()
    });
    for number in 0..pending {
        pool.submit(&transfer(number, 0, 10)).unwrap();
    }
    // Each of these evicts one.
    let others: Vec<_> = (0..CALLS)
        .map(|number| transfer(pending + number, 0, 20 + u64::from(number)))
        .collect();
    let start = Instant::now();
    for signed in &others {
        pool.submit(signed).unwrap();
    }
    let submits = start.elapsed();
    let selection = Selection {
        gas_max: 10 * super::GAS,
        ..Selection::within(&Limits::v1())
    };
    let start = Instant::now();
    for _ in 0..CALLS {
        assert_eq!(pool.mempool.select(&selection).len(), 10);
    }
    let selections = start.elapsed();
    let start = Instant::now();
    for number in 0..CALLS {
        pool.commit(&[(address(pending + number), account(1, BALANCE))]);
    }
    [submits, selections, start.elapsed()]
}

#[test]
fn the_cost_of_a_call_hardly_grows_with_what_is_pending() {
    let mut ratios = Vec::new();
    // Only a ratio that is too great three times in a row is no accident of the machine.
    for _ in 0..3 {
        let (few, many) = (times(1_000), times(100_000));
        let is_small = few
            .iter()
            .zip(&many)
            .all(|(few, many)| *many < *few * RATIO_MAX);
        if is_small {
            return;
        }
        ratios.push((few, many));
    }
    panic!("too slow with much pending: {ratios:?}");
}
