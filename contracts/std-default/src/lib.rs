//! Exports functions that use strings, lists and maps of std, built with default settings.
//!
//! It is not a contract: it is a test input for the checker and the engines, as plain
//! `rustc --target wasm32-unknown-unknown` emits it.
#![expect(unsafe_code, reason = "an export names a symbol of the whole module")]

use std::collections::BTreeMap;

/// Digits of n in base ten, by way of `format!` and a `String`.
#[unsafe(no_mangle)]
pub extern "C" fn digits(n: u64) -> u64 {
    let text = format!("{n}");
    text.chars()
        .filter(char::is_ascii_digit)
        .map(|_| 1_u64)
        .sum()
}

/// The n-th prime (n from 0), by a `Vec` of those before it; 0 from 10,000 on.
#[unsafe(no_mangle)]
pub extern "C" fn prime(n: u32) -> u64 {
    const COUNT_MAX: u32 = 10_000;
    if n >= COUNT_MAX {
        return 0;
    }
    let mut primes: Vec<u64> = Vec::new();
    (2_u64..)
        .filter(|candidate| {
            let is_prime = primes
                .iter()
                .take_while(|prime| prime.saturating_mul(**prime) <= *candidate)
                .all(|prime| !candidate.is_multiple_of(*prime));
            if is_prime {
                primes.push(*candidate);
            }
            is_prime
        })
        .zip(0..)
        .find(|(_, index)| *index == n)
        .map_or(0, |(prime, _)| prime)
}

/// How many different words the sorted digits of the numbers below n make, by a `BTreeMap`.
#[unsafe(no_mangle)]
pub extern "C" fn distinct_digit_sets(n: u32) -> u32 {
    const COUNT_MAX: u32 = 100_000;
    let mut words: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..n.min(COUNT_MAX) {
        let mut digits: Vec<char> = number.to_string().chars().collect();
        digits.sort_unstable();
        let seen = words.entry(digits.into_iter().collect()).or_default();
        *seen = seen.saturating_add(1);
    }
    words.len().try_into().unwrap_or(u32::MAX)
}

/// Divides; panics through std when b is 0, which ends in the instruction `unreachable`.
#[unsafe(no_mangle)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the panic is what this export shows"
)]
pub extern "C" fn divide(a: u64, b: u64) -> u64 {
    a / b
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_of_numbers() {
        assert_eq!(
            [
                super::digits(0),
                super::digits(9_999),
                super::digits(u64::MAX)
            ],
            [1, 4, 20]
        );
    }

    #[test]
    fn primes_in_order() {
        assert_eq!(
            [super::prime(0), super::prime(4), super::prime(999)],
            [2, 11, 7_919]
        );
        assert_eq!(super::prime(10_000), 0);
    }

    #[test]
    fn digit_sets() {
        // Below 100: ten single digits, nine doubles, and the 45 pairs of two different digits.
        assert_eq!(super::distinct_digit_sets(10), 10);
        assert_eq!(super::distinct_digit_sets(100), 64);
    }
}
