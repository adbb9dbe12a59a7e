//! Adds and multiplies points of BLS12-381, maps field elements to them and checks pairings.
//!
//! Formats and checks are those of EIP-2537. Input that they refuse returns `None` or false.

use super::curve::{
    EncodedElement, add, limbs, read_subgroup_point, scalar, sum_of_multiples, write_limbs,
    write_point,
};
use ark_bls12_381::{Bls12_381, Fq, Fq2, Fr, g1, g2};
use ark_ec::hashing::curve_maps::wb::{WBConfig, WBMap};
use ark_ec::hashing::map_to_curve_hasher::MapToCurve;
use ark_ec::pairing::Pairing;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{Field, PrimeField};

/// Bytes of the number in an element of the field; zeros before it fill 64.
const NUMBER_BYTES: usize = 48;

/// Prime of the field, big-endian.
const PRIME: [u8; NUMBER_BYTES] = [
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
];

impl EncodedElement for Fq {
    const BYTES: usize = 64;

    fn read(bytes: &[u8]) -> Option<Self> {
        let (zeros, number) = bytes.split_last_chunk::<NUMBER_BYTES>()?;
        // Big-endian arrays compare like the numbers that they encode.
        if zeros.iter().any(|byte| *byte != 0) || *number >= PRIME {
            return None;
        }
        Self::from_bigint(limbs(number))
    }

    fn write(self, bytes: &mut [u8]) {
        write_limbs(self.into_bigint(), bytes);
    }
}

impl EncodedElement for Fq2 {
    const BYTES: usize = 128;

    /// The real part is first.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.chunks_exact(Fq::BYTES);
        let real = Fq::read(parts.next()?)?;
        let imaginary = Fq::read(parts.next()?)?;
        Some(Self::new(real, imaginary))
    }

    fn write(self, bytes: &mut [u8]) {
        for (bytes, part) in bytes.chunks_exact_mut(Fq::BYTES).zip([self.c0, self.c1]) {
            part.write(bytes);
        }
    }
}

/// The sum of two points of the curve G1, in the subgroup or not.
///
/// `None` unless both are encodings of points of the curve.
#[must_use]
pub fn bls12_381_g1_add(first: &[u8; 128], second: &[u8; 128]) -> Option<[u8; 128]> {
    add::<g1::Config, 128>(first, second)
}

/// The sum of two points of the curve G2, in the subgroup or not.
///
/// `None` unless both are encodings of points of the curve.
#[must_use]
pub fn bls12_381_g2_add(first: &[u8; 256], second: &[u8; 256]) -> Option<[u8; 256]> {
    add::<g2::Config, 256>(first, second)
}

/// The sum of points of the subgroup G1, each times a scalar; a term is a point and a scalar.
///
/// `None` unless there is a term, and all points are in the subgroup. Every scalar is accepted.
#[must_use]
pub fn bls12_381_g1_msm(terms: &[[u8; 160]]) -> Option<[u8; 128]> {
    msm::<g1::Config, 160, 128>(terms)
}

/// The sum of points of the subgroup G2, each times a scalar; a term is a point and a scalar.
///
/// `None` unless there is a term, and all points are in the subgroup. Every scalar is accepted.
#[must_use]
pub fn bls12_381_g2_msm(terms: &[[u8; 288]]) -> Option<[u8; 256]> {
    msm::<g2::Config, 288, 256>(terms)
}

fn msm<P, const TERM: usize, const POINT: usize>(terms: &[[u8; TERM]]) -> Option<[u8; POINT]>
where
    P: GLVConfig<ScalarField = Fr, BaseField: EncodedElement>,
{
    if terms.is_empty() {
        return None;
    }
    let terms = terms.iter().map(|term| {
        let (point, number) = term.split_last_chunk::<32>()?;
        Some((read_subgroup_point::<P>(point)?, scalar(number)))
    });
    let terms: Vec<(Affine<P>, Fr)> = terms.collect::<Option<_>>()?;
    Some(write_point(sum_of_multiples(&terms)))
}

/// True if the product of the pairings is one; a pair is a point of G1 and one of G2.
///
/// False also if there is no pair, or a point is not in its subgroup.
#[must_use]
pub fn bls12_381_pairing_check(pairs: &[[u8; 384]]) -> bool {
    let points = pairs.iter().map(|pair| {
        let (first, second) = pair.split_first_chunk::<128>()?;
        let first = read_subgroup_point::<g1::Config>(first)?;
        Some((first, read_subgroup_point::<g2::Config>(second)?))
    });
    let points: Option<(Vec<_>, Vec<_>)> = points.collect();
    let Some((firsts, seconds)) = points else {
        return false;
    };
    let product = Bls12_381::multi_miller_loop(firsts, seconds);
    let product = Bls12_381::final_exponentiation(product);
    !pairs.is_empty() && product.is_some_and(|product| product.0 == Field::ONE)
}

/// The point of the subgroup G1 to which an element of the field is mapped.
///
/// `None` unless it is the encoding of an element.
#[must_use]
pub fn bls12_381_map_fp_to_g1(element: &[u8; 64]) -> Option<[u8; 128]> {
    map::<g1::Config, 128>(element)
}

/// The point of the subgroup G2 to which an element of the quadratic extension is mapped.
///
/// `None` unless it is the encoding of an element.
#[must_use]
pub fn bls12_381_map_fp2_to_g2(element: &[u8; 128]) -> Option<[u8; 256]> {
    map::<g2::Config, 256>(element)
}

/// RFC 9380: the simplified SWU map to an isogenous curve, the isogeny, the cofactor cleared.
fn map<P, const N: usize>(element: &[u8]) -> Option<[u8; N]>
where
    P: WBConfig<BaseField: EncodedElement>,
{
    let element = P::BaseField::read(element)?;
    let point = WBMap::<P>::map_to_curve(element).ok()?;
    Some(write_point(P::clear_cofactor(&point)))
}
