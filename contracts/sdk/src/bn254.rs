//! Computes on the pairing-friendly curve BN254 (alt_bn128), in the encodings of EIP-196 and 197.
//!
//! A field element has 32 bytes, big-endian; of an element of the extension the imaginary part is
//! first. A point is its x and its y, infinity all zeros. What is not an encoding of a point is
//! refused by every function.
//!
//! Specification: docs/spec/host.md, "Points of BLS12-381 and BN254".

use crate::bls12_381::join;
use crate::host;

pub use crate::bls12_381::Scalar;

/// A point of G1.
pub type Bn254G1 = [u8; 64];
/// A point of G2.
pub type Bn254G2 = [u8; 128];
/// A point of G1 and one of G2.
pub type Bn254Pair = [u8; 192];

/// The greatest number of pairs of a check of pairings; with more the contract traps.
pub const PAIRS_MAX: usize = 32;
/// The point at infinity of G1.
pub const G1_INFINITY: Bn254G1 = [0; 64];
/// The point at infinity of G2.
pub const G2_INFINITY: Bn254G2 = [0; 128];

/// The pair of two points.
#[must_use]
pub fn pair(first: &Bn254G1, second: &Bn254G2) -> Bn254Pair {
    join(first, second)
}

/// The sum of two points; `None` if one is not on the curve.
#[must_use]
pub fn add(first: &Bn254G1, second: &Bn254G1) -> Option<Bn254G1> {
    host::bn254_add(first, second)
}

/// `scalar` times `point`; `None` if the point is not on the curve.
#[must_use]
pub fn mul(point: &Bn254G1, scalar: &Scalar) -> Option<Bn254G1> {
    host::bn254_mul(point, scalar)
}

/// Whether the product of the pairings is one; true if there is no pair.
///
/// False also if a point is not on its curve, or that of G2 not in the subgroup.
#[must_use]
pub fn pairing_check(pairs: &[Bn254Pair]) -> bool {
    host::bn254_pairing_check(pairs)
}
