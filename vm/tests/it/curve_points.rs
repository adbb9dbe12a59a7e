//! Makes points of the curves for tests, and encodes them independently of the host.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the arithmetic of fields and curves does not overflow"
)]

use ark_ec::AffineRepr;
use ark_ec::CurveGroup;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{AdditiveGroup, BigInt, BigInteger, BitIteratorBE, Field, PrimeField};
use vm::unstable::host::crypto::{bls12_381_g1_add, bls12_381_g2_add, bn254_add};

pub(crate) type Bls1 = Affine<ark_bls12_381::g1::Config>;
pub(crate) type Bls2 = Affine<ark_bls12_381::g2::Config>;
pub(crate) type BlsScalar = ark_bls12_381::Fr;
pub(crate) type Bn1 = Affine<ark_bn254::g1::Config>;
pub(crate) type Bn2 = Affine<ark_bn254::g2::Config>;
pub(crate) type BnScalar = ark_bn254::Fr;

// --- Encodings of the tests: independent of those of the host ------------------------------------

fn number<F: PrimeField>(value: F, width: usize) -> Vec<u8> {
    let digits = value.into_bigint().to_bytes_be();
    [vec![0; width - digits.len()], digits].concat()
}

/// The coordinates of a point; zeros for infinity.
pub(crate) trait Bytes {
    fn bytes(self) -> Vec<u8>;
}

impl Bytes for Bls1 {
    fn bytes(self) -> Vec<u8> {
        let (x, y) = self.xy().unwrap_or_default();
        [number(x, 64), number(y, 64)].concat()
    }
}

impl Bytes for Bls2 {
    fn bytes(self) -> Vec<u8> {
        let (x, y) = self.xy().unwrap_or_default();
        [x.c0, x.c1, y.c0, y.c1]
            .map(|part| number(part, 64))
            .concat()
    }
}

impl Bytes for Bn1 {
    fn bytes(self) -> Vec<u8> {
        let (x, y) = self.xy().unwrap_or_default();
        [number(x, 32), number(y, 32)].concat()
    }
}

impl Bytes for Bn2 {
    fn bytes(self) -> Vec<u8> {
        let (x, y) = self.xy().unwrap_or_default();
        [x.c1, x.c0, y.c1, y.c0]
            .map(|part| number(part, 32))
            .concat()
    }
}

pub(crate) fn array<const N: usize>(bytes: Vec<u8>) -> [u8; N] {
    bytes.try_into().expect("the size of the argument")
}

pub(crate) fn bls_pair(first: Bls1, second: Bls2) -> [u8; 384] {
    array([first.bytes(), second.bytes()].concat())
}

pub(crate) fn bn_pair(first: Bn1, second: Bn2) -> [u8; 192] {
    array([first.bytes(), second.bytes()].concat())
}

pub(crate) fn bls_term<const N: usize>(point: impl Bytes, scalar: &[u8]) -> [u8; N] {
    array([&point.bytes(), scalar].concat())
}

// --- Points --------------------------------------------------------------------------------------

/// `scalar` times `point` by doubling and adding, which is right for every point of the curve.
pub(crate) fn times<P: SWCurveConfig>(point: Affine<P>, scalar: impl AsRef<[u64]>) -> Affine<P> {
    let mut product = Projective::<P>::ZERO;
    for bit in BitIteratorBE::new(scalar) {
        product.double_in_place();
        if bit {
            product += point;
        }
    }
    product.into_affine()
}

pub(crate) fn is_in_subgroup<P: SWCurveConfig>(point: Affine<P>) -> bool {
    times(point, P::ScalarField::characteristic()).is_zero()
}

/// The `index`-th point of the subgroup.
pub(crate) fn member<P: SWCurveConfig>(index: u64) -> Affine<P> {
    // Odd powers of a number that is not small: points in general position.
    let scalar = P::ScalarField::from(0x9e37_79b9_7f4a_7c15_u64).pow([2 * index + 1]);
    times(P::GENERATOR, scalar.into_bigint())
}

/// Points of the curve with the first x above `start`; nearly all are outside of the subgroup.
pub(crate) fn outsiders<P: SWCurveConfig>(start: u64) -> impl Iterator<Item = Affine<P>> {
    (start..).filter_map(|x| {
        // In an extension, x has an imaginary part, so that the point is in no smaller field.
        let parts = (0..P::BaseField::extension_degree()).map(|part| (x + part).into());
        let x = P::BaseField::from_base_prime_field_elems(parts).expect("an element");
        Affine::get_point_from_x_unchecked(x, true)
    })
}

/// A point whose order is `prime`, which divides the cofactor but not the order of the subgroup.
pub(crate) fn small_order<P: SWCurveConfig>(prime: u64) -> Affine<P> {
    let mut rest = BigInt::<8>::from(0_u64);
    rest.0[..P::COFACTOR.len()].copy_from_slice(P::COFACTOR);
    let mut power = 1_u64;
    // Divide the cofactor by `prime` as often as it goes.
    loop {
        let (quotient, remainder) = divide(rest, prime);
        if remainder > 0 {
            break;
        }
        (rest, power) = (quotient, power + 1);
    }
    assert!(power > 1, "{prime} divides the cofactor");
    for point in outsiders::<P>(1) {
        let mut point = times(times(point, P::ScalarField::characteristic()), rest);
        while !point.is_zero() {
            let next = times(point, [prime]);
            if next.is_zero() {
                return point;
            }
            point = next;
        }
    }
    panic!("the curve has points of every prime order that divides its own")
}

fn divide(number: BigInt<8>, divisor: u64) -> (BigInt<8>, u64) {
    let mut quotient = number;
    let mut rest = 0_u128;
    for limb in quotient.0.iter_mut().rev() {
        let value = (rest << 64) | u128::from(*limb);
        let divisor = u128::from(divisor);
        *limb = u64::try_from(value / divisor).expect("below 2^64");
        rest = value % divisor;
    }
    (quotient, u64::try_from(rest).expect("below the divisor"))
}

/// Scalars at the ends and in the middle of the range, as 32 bytes.
pub(crate) fn scalars<F: PrimeField>() -> Vec<[u8; 32]> {
    let mut order = [0; 32];
    order.copy_from_slice(&F::MODULUS.to_bytes_be());
    let mut scalars = vec![[0; 32], [0xff; 32], order];
    for (index, change) in [(31, 1), (31, 0xfe), (0, 0x80), (16, 0xff), (8, 1)] {
        for mut scalar in [[0; 32], order] {
            scalar[index] ^= change;
            scalars.push(scalar);
        }
    }
    for seed in 1_u8..9 {
        scalars.push([seed.wrapping_mul(0x1d); 32]);
    }
    scalars
}

/// The scalar that a number of 32 bytes is.
pub(crate) fn reduced<F: PrimeField>(number: &[u8; 32]) -> F {
    let base = F::from(256_u64);
    number
        .iter()
        .fold(F::ZERO, |sum, digit| sum * base + F::from(*digit))
}

// --- Sums ----------------------------------------------------------------------------------------

pub(crate) fn g1_sum(first: Bls1, second: Bls1) -> Option<[u8; 128]> {
    bls12_381_g1_add(&array(first.bytes()), &array(second.bytes()))
}

pub(crate) fn g2_sum(first: Bls2, second: Bls2) -> Option<[u8; 256]> {
    bls12_381_g2_add(&array(first.bytes()), &array(second.bytes()))
}

pub(crate) fn bn_sum(first: Bn1, second: Bn1) -> Option<[u8; 64]> {
    bn254_add(&array(first.bytes()), &array(second.bytes()))
}
