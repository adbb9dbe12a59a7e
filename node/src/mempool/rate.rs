//! Limits work by key and second: token buckets, in the time of the caller.
//!
//! A bucket is one number, the time at which it will be full again. A full bucket is the same as
//! one that was never used, so it leaves the table, and leaving forgets nothing: no key gains by
//! being dropped and coming back.

use std::collections::{BTreeMap, BTreeSet};

const MICROSECONDS_PER_SECOND: u64 = 1_000_000;
const MICROSECONDS_PER_MILLISECOND: u64 = 1_000;

/// Rate of a token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Tokens that a bucket regains in a second, 1 to 1,000,000; a value outside is moved into it.
    pub per_second: u32,
    /// Tokens of a full bucket, at least 1. An action that costs more costs a full bucket.
    pub burst: u32,
}

impl RateLimit {
    /// Time in which a bucket regains one token, rounded up, in microseconds.
    fn token_us(self) -> u64 {
        let per_second = u64::from(self.per_second).clamp(1, MICROSECONDS_PER_SECOND);
        MICROSECONDS_PER_SECOND.div_ceil(per_second)
    }

    /// Time in which a bucket regains `tokens`, at most all of its own, in microseconds.
    fn tokens_us(self, tokens: u64) -> u64 {
        let burst = u64::from(self.burst).max(1);
        self.token_us().saturating_mul(tokens.min(burst))
    }
}

/// Why a bucket does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limited {
    /// It has too few tokens.
    Wait {
        /// Time after which it has enough, in milliseconds, at least 1.
        retry_ms: u64,
    },
    /// The key has no bucket, and none of the table is full.
    Table,
}

/// Token buckets of one rate, by key.
#[derive(Debug)]
pub(super) struct TokenBuckets<K> {
    limit: RateLimit,
    buckets_max: usize,
    /// Time at which a bucket is full again, in microseconds.
    full_at: BTreeMap<K, u64>,
    /// The same, by time.
    by_time: BTreeSet<(u64, K)>,
}

impl<K: Copy + Ord> TokenBuckets<K> {
    /// Full buckets for any key; at most `buckets_max` (at least 1) that are not full.
    pub(super) const fn new(limit: RateLimit, buckets_max: usize) -> Self {
        Self {
            limit,
            buckets_max: if buckets_max == 0 { 1 } else { buckets_max },
            full_at: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }

    /// Number of buckets that were not full when one was last used.
    pub(super) fn len(&self) -> usize {
        self.full_at.len()
    }

    /// Checks that a bucket has these tokens, without taking them.
    pub(super) fn check(&mut self, key: &K, tokens: u64, now_ms: u64) -> Result<(), Limited> {
        self.full_after(key, tokens, now_ms).map(|_| ())
    }

    /// Takes tokens from a bucket, or none if it has too few.
    pub(super) fn take(&mut self, key: &K, tokens: u64, now_ms: u64) -> Result<(), Limited> {
        let full_at = self.full_after(key, tokens, now_ms)?;
        if let Some(before) = self.full_at.insert(*key, full_at) {
            self.by_time.remove(&(before, *key));
        }
        self.by_time.insert((full_at, *key));
        Ok(())
    }

    /// Time at which the bucket is full again if it pays these tokens, in microseconds.
    fn full_after(&mut self, key: &K, tokens: u64, now_ms: u64) -> Result<u64, Limited> {
        let now = now_ms.saturating_mul(MICROSECONDS_PER_MILLISECOND);
        self.drop_full(now);
        let full_at = match self.full_at.get(key) {
            Some(full_at) => *full_at,
            None if self.full_at.len() >= self.buckets_max => return Err(Limited::Table),
            None => now,
        };
        let full_at = full_at.saturating_add(self.limit.tokens_us(tokens));
        let empty_until = now.saturating_add(self.limit.tokens_us(u64::MAX));
        match full_at.checked_sub(empty_until) {
            None | Some(0) => Ok(full_at),
            Some(wait) => Err(Limited::Wait {
                retry_ms: wait.div_ceil(MICROSECONDS_PER_MILLISECOND),
            }),
        }
    }

    /// Each bucket that is dropped was put in by an earlier call, which pays for it.
    fn drop_full(&mut self, now: u64) {
        while let Some((full_at, key)) = self.by_time.first().copied() {
            if full_at > now {
                break;
            }
            self.by_time.remove(&(full_at, key));
            self.full_at.remove(&key);
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: RateLimit = RateLimit {
        per_second: 4,
        burst: 3,
    };

    #[test]
    fn a_bucket_pays_its_burst_and_then_its_rate() {
        let mut buckets = TokenBuckets::new(LIMIT, 2);
        for _ in 0..3 {
            assert_eq!(buckets.take(&7, 1, 1_000), Ok(()));
        }
        let wait = |retry_ms| Err(Limited::Wait { retry_ms });
        assert_eq!(buckets.take(&7, 1, 1_000), wait(250));
        assert_eq!(buckets.take(&7, 1, 1_249), wait(1));
        assert_eq!(buckets.check(&7, 1, 1_250), Ok(()));
        assert_eq!(buckets.take(&7, 1, 1_250), Ok(()));
        assert_eq!(buckets.take(&7, 1, 1_250), wait(250));
        assert_eq!(buckets.take(&7, 9, 2_000), Ok(()), "more than a burst");
        assert_eq!(buckets.take(&7, 1, 2_000), wait(250));
    }

    #[test]
    fn a_bucket_leaves_the_table_only_when_it_is_full() {
        let mut buckets = TokenBuckets::new(LIMIT, 2);
        assert_eq!(buckets.take(&1, 1, 0), Ok(()));
        assert_eq!(buckets.take(&2, 3, 0), Ok(()));
        assert_eq!(buckets.take(&3, 1, 249), Err(Limited::Table));
        assert_eq!(buckets.take(&3, 1, 250), Ok(()));
        assert_eq!(buckets.len(), 2);
        let retry = buckets.take(&2, 3, 250);
        assert_eq!(retry, Err(Limited::Wait { retry_ms: 500 }));
    }

    #[test]
    fn no_rate_and_no_time_overflows() {
        for (per_second, burst) in [(0, 0), (u32::MAX, u32::MAX), (1, u32::MAX)] {
            let mut buckets = TokenBuckets::new(RateLimit { per_second, burst }, 0);
            for now in [0, u64::MAX] {
                assert_eq!(buckets.take(&(), 1, now), Ok(()));
            }
        }
    }

    proptest! {
        /// In no interval does a bucket pay more than its burst and what its rate yields.
        #[test]
        fn no_interval_exceeds_burst_and_rate(
            per_second in 1_u32..2_000, burst in 1_u32..50,
            actions in proptest::collection::vec((0_u64..400, 1_u64..8), 1..200),
        ) {
            let mut buckets = TokenBuckets::new(RateLimit { per_second, burst }, 1);
            let (mut now, mut paid) = (0, Vec::new());
            for (pause, tokens) in actions {
                now += pause;
                if buckets.take(&(), tokens, now).is_ok() {
                    paid.push((now, tokens.min(u64::from(burst))));
                }
            }
            for (first, (start, _)) in paid.iter().enumerate() {
                let mut sum = 0;
                for (end, tokens) in &paid[first..] {
                    sum += tokens;
                    let regained = (end - start) * u64::from(per_second) / 1_000;
                    prop_assert!(sum <= u64::from(burst) + regained + 1);
                }
            }
        }
    }
}
