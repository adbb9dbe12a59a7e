//! Hashes bytes to points of BLS12-381, with SHA-256.
//!
//! Specification: RFC 9380, sections 3, 5.2 and 5.3.1; suites `BLS12381G1_XMD:SHA-256_SSWU_RO_` and
//! `BLS12381G2_XMD:SHA-256_SSWU_RO_` of section 8.8. The host maps a field element to a point and
//! clears the cofactor; cleared before the addition or after it, the sum is the same.

use alloc::vec::Vec;

use crate::bls12_381::{Fp2, G1, G2, g1_add, g2_add, join, map_fp_to_g1, map_fp2_to_g2};
use crate::env;

/// Bytes of one hash.
const HASH_BYTES: usize = 32;
/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;
/// Bytes that are reduced to one field element, and of its encoding.
const ELEMENT_BYTES: usize = 64;
/// Bytes of a domain that is not hashed first.
const DOMAIN_BYTES_MAX: usize = 255;
/// What is hashed before a domain that is too long.
const LONG_DOMAIN_PREFIX: &[u8] = b"H2C-OVERSIZE-DST-";

/// A number below 2^384, least significant limb first.
type Limbs = [u64; 6];

/// The prime of the field.
const PRIME: Limbs = [
    0xb9fe_ffff_ffff_aaab,
    0x1eab_fffe_b153_ffff,
    0x6730_d2a0_f6b0_f624,
    0x6477_4b84_f385_12bf,
    0x4b1b_a7b6_434b_acd7,
    0x1a01_11ea_397f_e69a,
];

/// The point of G1 that a message has under a domain.
///
/// The domain separates uses of the hash: give each use its own. `None` never happens with the real
/// host; a caller treats it as a signature that does not verify.
#[must_use]
pub fn hash_to_g1(message: &[u8], domain: &[u8]) -> Option<G1> {
    let [a, b] = field_elements::<2>(message, domain);
    g1_add(&map_fp_to_g1(&a)?, &map_fp_to_g1(&b)?)
}

/// The point of G2 that a message has under a domain; as [`hash_to_g1`].
#[must_use]
pub fn hash_to_g2(message: &[u8], domain: &[u8]) -> Option<G2> {
    let [a0, a1, b0, b1] = field_elements::<4>(message, domain);
    let (a, b): (Fp2, Fp2) = (join(&a0, &a1), join(&b0, &b1));
    g2_add(&map_fp2_to_g2(&a)?, &map_fp2_to_g2(&b)?)
}

/// RFC 9380, section 5.2, `hash_to_field`.
fn field_elements<const COUNT: usize>(
    message: &[u8],
    domain: &[u8],
) -> [[u8; ELEMENT_BYTES]; COUNT] {
    let bytes = expand(message, domain, COUNT.saturating_mul(ELEMENT_BYTES));
    let (chunks, _) = bytes.as_chunks::<ELEMENT_BYTES>();
    let mut elements = [[0; ELEMENT_BYTES]; COUNT];
    for (element, chunk) in elements.iter_mut().zip(chunks) {
        *element = reduced(chunk);
    }
    elements
}

/// RFC 9380, section 5.3.1, `expand_message_xmd`, of `len` bytes, at most 255 hashes.
fn expand(message: &[u8], domain: &[u8], len: usize) -> Vec<u8> {
    let domain = &counted_domain(domain);
    let [low, high] = u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes();
    let first = [&[0; BLOCK_BYTES], message, &[high, low, 0], domain].concat();
    let first = env::sha256(&first);
    let mut last = [0; HASH_BYTES];
    let mut bytes = Vec::with_capacity(len);
    for counter in 1..=u8::MAX {
        if bytes.len() >= len {
            break;
        }
        for (byte, other) in last.iter_mut().zip(first) {
            *byte ^= other;
        }
        last = env::sha256(&[&last[..], &[counter], domain].concat());
        bytes.extend_from_slice(&last);
    }
    bytes.truncate(len);
    bytes
}

/// RFC 9380, `DST_prime`: the domain, hashed if it is too long, and its length.
fn counted_domain(domain: &[u8]) -> Vec<u8> {
    let mut counted = if domain.len() > DOMAIN_BYTES_MAX {
        env::sha256(&[LONG_DOMAIN_PREFIX, domain].concat()).to_vec()
    } else {
        domain.to_vec()
    };
    counted.push(u8::try_from(counted.len()).unwrap_or(u8::MAX));
    counted
}

/// The remainder of a big-endian number by the prime, in the encoding of the host.
fn reduced(bytes: &[u8; ELEMENT_BYTES]) -> [u8; ELEMENT_BYTES] {
    // Below 2^376, so below the prime.
    let (head, tail) = bytes.split_at(47);
    let mut value = limbs(head);
    for byte in tail {
        for bit in (0..u8::BITS).rev() {
            value = doubled(&value, byte.wrapping_shr(bit) & 1);
        }
    }
    let mut encoded = [0; ELEMENT_BYTES];
    let bytes = value.into_iter().flat_map(u64::to_le_bytes);
    for (byte, part) in encoded.iter_mut().rev().zip(bytes) {
        *byte = part;
    }
    encoded
}

/// A big-endian number of at most 48 bytes.
fn limbs(bytes: &[u8]) -> Limbs {
    let mut padded = [0; 48];
    for (to, from) in padded.iter_mut().zip(bytes.iter().rev()) {
        *to = *from;
    }
    let mut value = Limbs::default();
    for (limb, chunk) in value.iter_mut().zip(padded.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*chunk);
    }
    value
}

/// Twice `value`, which is below the prime, plus a bit, reduced.
fn doubled(value: &Limbs, bit: u8) -> Limbs {
    let mut carry = u64::from(bit);
    let twice = value.map(|limb| {
        let low = (limb << 1) | carry;
        carry = limb >> 63;
        low
    });
    let mut borrow = false;
    let mut less = twice;
    for (limb, prime) in less.iter_mut().zip(PRIME) {
        (*limb, borrow) = limb.borrowing_sub(prime, borrow);
    }
    if borrow { twice } else { less }
}

#[cfg(test)]
mod tests;
