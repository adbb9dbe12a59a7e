//! Adds and multiplies points of BN254 and checks pairings.
//!
//! Formats and checks are those of EIP-196 and EIP-197. Input that they refuse returns `None` or
//! false.

use super::curve::{
    EncodedElement, add, limbs, read_point, read_subgroup_point, scalar, sum_of_multiples,
    write_limbs, write_point,
};
use ark_bn254::{Bn254, Fq, Fq2, g1, g2};
use ark_ec::pairing::Pairing;
use ark_ff::{Field, PrimeField};

/// Prime of the field, big-endian.
const PRIME: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
];

impl EncodedElement for Fq {
    const BYTES: usize = 32;

    fn read(bytes: &[u8]) -> Option<Self> {
        let number: &[u8; 32] = bytes.try_into().ok()?;
        // Big-endian arrays compare like the numbers that they encode.
        if *number >= PRIME {
            return None;
        }
        Self::from_bigint(limbs(number))
    }

    fn write(self, bytes: &mut [u8]) {
        write_limbs(self.into_bigint(), bytes);
    }
}

impl EncodedElement for Fq2 {
    const BYTES: usize = 64;

    /// The imaginary part is first.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.chunks_exact(Fq::BYTES);
        let imaginary = Fq::read(parts.next()?)?;
        let real = Fq::read(parts.next()?)?;
        Some(Self::new(real, imaginary))
    }

    fn write(self, bytes: &mut [u8]) {
        for (bytes, part) in bytes.chunks_exact_mut(Fq::BYTES).zip([self.c1, self.c0]) {
            part.write(bytes);
        }
    }
}

/// The sum of two points.
///
/// `None` unless both are encodings of points of the curve.
#[must_use]
pub fn bn254_add(first: &[u8; 64], second: &[u8; 64]) -> Option<[u8; 64]> {
    add::<g1::Config, 64>(first, second)
}

/// A point times a scalar, which may be any number.
///
/// `None` unless the point is the encoding of a point of the curve.
#[must_use]
pub fn bn254_mul(point: &[u8; 64], factor: &[u8; 32]) -> Option<[u8; 64]> {
    // All points of this curve are in the subgroup.
    let point = read_point::<g1::Config>(point)?;
    Some(write_point(sum_of_multiples(&[(point, scalar(factor))])))
}

/// True if the product of the pairings is one; a pair is a point of G1 and one of G2.
///
/// True if there is no pair; false if a point is not in its subgroup.
#[must_use]
pub fn bn254_pairing_check(pairs: &[[u8; 192]]) -> bool {
    let points = pairs.iter().map(|pair| {
        let (first, second) = pair.split_first_chunk::<64>()?;
        let first = read_point::<g1::Config>(first)?;
        Some((first, read_subgroup_point::<g2::Config>(second)?))
    });
    let points: Option<(Vec<_>, Vec<_>)> = points.collect();
    let Some((firsts, seconds)) = points else {
        return false;
    };
    let product = Bn254::multi_miller_loop(firsts, seconds);
    let product = Bn254::final_exponentiation(product);
    product.is_some_and(|product| product.0 == Field::ONE)
}
