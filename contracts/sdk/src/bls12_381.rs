//! Computes on the pairing-friendly curve BLS12-381, in the encodings of EIP-2537.
//!
//! A field element has 64 bytes, big-endian, the first 16 of them zero; of an element of the
//! extension the real part is first. A point is its x and its y, infinity all zeros. What is not an
//! encoding of a point is refused by every function.
//!
//! Specification: docs/spec/host.md, "Points of BLS12-381 and BN254".

use crate::host;

/// A point of G1.
pub type G1 = [u8; 128];
/// A point of G2.
pub type G2 = [u8; 256];
/// An element of the field.
pub type Fp = [u8; 64];
/// An element of the field's quadratic extension.
pub type Fp2 = [u8; 128];
/// A scalar, big-endian: any number, taken modulo the order of the groups.
pub type Scalar = [u8; 32];
/// A point of G1 and the scalar that multiplies it.
pub type G1Term = [u8; 160];
/// A point of G2 and the scalar that multiplies it.
pub type G2Term = [u8; 288];
/// A point of G1 and one of G2.
pub type Pair = [u8; 384];

/// The greatest number of terms of a sum of multiples; with more the contract traps.
pub const TERMS_MAX: usize = 128;
/// The greatest number of pairs of a check of pairings; with more the contract traps.
pub const PAIRS_MAX: usize = 32;
/// The point at infinity of G1.
pub const G1_INFINITY: G1 = [0; 128];
/// The point at infinity of G2.
pub const G2_INFINITY: G2 = [0; 256];

/// The term `scalar` times `point`.
#[must_use]
pub fn g1_term(point: &G1, scalar: &Scalar) -> G1Term {
    join(point, scalar)
}

/// The term `scalar` times `point`.
#[must_use]
pub fn g2_term(point: &G2, scalar: &Scalar) -> G2Term {
    join(point, scalar)
}

/// The pair of two points.
#[must_use]
pub fn pair(first: &G1, second: &G2) -> Pair {
    join(first, second)
}

/// Both parts, one after the other.
pub(crate) fn join<const BYTES: usize>(first: &[u8], second: &[u8]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (byte, part) in bytes.iter_mut().zip(first.iter().chain(second)) {
        *byte = *part;
    }
    bytes
}

/// The sum of two points of the curve, in the subgroup or not; `None` if one is not on the curve.
#[must_use]
pub fn g1_add(first: &G1, second: &G1) -> Option<G1> {
    host::bls12_381_g1_add(first, second)
}

/// The sum of two points of the curve, in the subgroup or not; `None` if one is not on the curve.
#[must_use]
pub fn g2_add(first: &G2, second: &G2) -> Option<G2> {
    host::bls12_381_g2_add(first, second)
}

/// The sum of multiples of points; `None` if one is not in the subgroup, or if there is no term.
///
/// With one term it is a multiplication; a scalar of 0 checks that a point is in the subgroup.
#[must_use]
pub fn g1_msm(terms: &[G1Term]) -> Option<G1> {
    host::bls12_381_g1_msm(terms)
}

/// The sum of multiples of points; `None` if one is not in the subgroup, or if there is no term.
///
/// With one term it is a multiplication; a scalar of 0 checks that a point is in the subgroup.
#[must_use]
pub fn g2_msm(terms: &[G2Term]) -> Option<G2> {
    host::bls12_381_g2_msm(terms)
}

/// Whether the product of the pairings is one.
///
/// False also if a point is not in its subgroup, or if there is no pair.
#[must_use]
pub fn pairing_check(pairs: &[Pair]) -> bool {
    host::bls12_381_pairing_check(pairs)
}

/// The point to which RFC 9380 maps an element (`map_to_curve`, then `clear_cofactor`).
///
/// `None` if it is no element of the field.
#[must_use]
pub fn map_fp_to_g1(element: &Fp) -> Option<G1> {
    host::bls12_381_map_fp_to_g1(element)
}

/// The point to which RFC 9380 maps an element (`map_to_curve`, then `clear_cofactor`).
///
/// `None` if it is no element of the extension.
#[must_use]
pub fn map_fp2_to_g2(element: &Fp2) -> Option<G2> {
    host::bls12_381_map_fp2_to_g2(element)
}
