//! Draws issued by hashing a seed and a counter: the same on every machine and in every version.

use node::digest::sha256;

/// A deterministic stream of issued. Not cryptographically secret.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    seed: u64,
    counter: u64,
}

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next 32 bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        self.counter = self.counter.wrapping_add(1);
        let parts = [self.seed.to_le_bytes(), self.counter.to_le_bytes()];
        sha256(&[b"lockstep/random/1", &parts.concat()])
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        let mut low = [0; 8];
        for (to, from) in low.iter_mut().zip(self.bytes()) {
            *to = from;
        }
        u64::from_le_bytes(low)
    }

    /// A number below `bound`, or 0 for a bound of 0; the bias is less than `bound` in 2^64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or_default()
    }

    /// One of several choices; `None` if there are none.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let bound = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound))
            .ok()
            .and_then(|index| choices.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_determines_the_stream() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [
                random.number(),
                random.number(),
                random.below(10),
                random.below(0),
            ]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!(draw(7)[2] < 10);
        assert_eq!(draw(7)[3], 0);
    }
}
