//! Tests the expansion of messages and the reduction by the prime.

use super::{ELEMENT_BYTES, PRIME, expand, reduced};
use crate::facts::Facts;

const FACTS: Facts = Facts::new(include_str!("../../tests/data/hash_to_curve.txt"));

#[test]
fn messages_expand_to_the_bytes_of_rfc_9380() {
    let domain: [u8; 27] = FACTS.one("expand_domain");
    let (messages, expected) = (FACTS.all("expand_message"), FACTS.all("expand_bytes"));
    assert_eq!((messages.len(), expected.len()), (10, 10));
    for (message, bytes) in messages.iter().zip(&expected) {
        assert_eq!(expand(message, &domain, bytes.len()), *bytes);
    }
}

/// RFC 9380, section 5.3.3: a domain above 255 bytes is its hash under a prefix.
#[test]
fn a_long_domain_is_hashed_first() {
    let long = [7; 256];
    let hashed = crate::env::sha256(&[&b"H2C-OVERSIZE-DST-"[..], &long].concat());
    assert_eq!(expand(b"m", &long, 64), expand(b"m", &hashed, 64));
    assert_ne!(expand(b"m", &long[..255], 64), expand(b"m", &long, 64));
}

/// A big-endian number of 64 bytes: `factor` times the prime, plus `rest`.
fn multiple(factor: u64, rest: u64) -> [u8; ELEMENT_BYTES] {
    let mut bytes = [0; ELEMENT_BYTES];
    let mut carry = u128::from(rest);
    let prime = PRIME.into_iter().flat_map(u64::to_le_bytes).chain([0; 16]);
    for (byte, part) in bytes.iter_mut().rev().zip(prime) {
        let sum = u128::from(part).strict_mul(factor.into()).strict_add(carry);
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    bytes
}

#[test]
fn a_number_is_reduced_by_the_prime() {
    for factor in [0, 1, 2, 3, 1 << 40, u64::MAX] {
        for rest in [0, 1, u64::MAX] {
            assert_eq!(reduced(&multiple(factor, rest)), multiple(0, rest));
        }
    }
    // One below a multiple is one below the prime.
    let mut below = multiple(5, 0);
    below[ELEMENT_BYTES - 1] -= 1;
    let mut greatest = multiple(1, 0);
    greatest[ELEMENT_BYTES - 1] -= 1;
    assert_eq!(reduced(&below), greatest);
}
