//! Reads, writes, checks, adds and multiplies points of pairing-friendly curves.
//!
//! What is accepted is decided here, byte by byte, before a crate computes with it: the size of
//! each field element, the equation of the curve, the subgroup. A crate supplies the arithmetic;
//! its own formats of points are not used.

use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField, Zero};
use core::ops::{Add, AddAssign, Mul, Neg, SubAssign};

/// An element of a field in the format of a host function.
pub(super) trait EncodedElement: Field {
    /// Length of an element in bytes.
    const BYTES: usize;

    /// The element that `bytes` encodes; `None` if there is none.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// Writes the element to `bytes`, which are zero.
    fn write(self, bytes: &mut [u8]);
}

/// The limbs, least first, of a big-endian number.
pub(super) fn limbs<const LIMBS: usize>(number: &[u8]) -> BigInt<LIMBS> {
    let mut limbs = [0; LIMBS];
    for (limb, digits) in limbs.iter_mut().zip(number.rchunks(8)) {
        let mut little = [0; 8];
        for (byte, digit) in little.iter_mut().zip(digits.iter().rev()) {
            *byte = *digit;
        }
        *limb = u64::from_le_bytes(little);
    }
    BigInt(limbs)
}

/// Writes a number, big-endian, to the end of `bytes`.
pub(super) fn write_limbs<const LIMBS: usize>(number: BigInt<LIMBS>, bytes: &mut [u8]) {
    let digits = number.0.into_iter().flat_map(u64::to_le_bytes);
    for (byte, digit) in bytes.iter_mut().rev().zip(digits) {
        *byte = digit;
    }
}

/// The scalar that is `number`, big-endian, modulo the order of the group.
pub(super) fn scalar<F: PrimeField<BigInt = BigInt<4>>>(number: &[u8; 32]) -> F {
    let mut rest = limbs(number);
    // Both orders are above 2^253: at most five turns.
    while rest >= F::MODULUS {
        rest.sub_with_borrow(&F::MODULUS);
    }
    F::from_bigint(rest).unwrap_or_default()
}

/// The point whose x and y are `bytes`, infinity for zeros; `None` for a coordinate that is no
/// element of the field, and for a point that is not on the curve.
pub(super) fn read_point<P: SWCurveConfig>(bytes: &[u8]) -> Option<Affine<P>>
where
    P::BaseField: EncodedElement,
{
    let mut coordinates = bytes.chunks_exact(P::BaseField::BYTES);
    let x = P::BaseField::read(coordinates.next()?)?;
    let y = P::BaseField::read(coordinates.next()?)?;
    if x.is_zero() && y.is_zero() {
        return Some(Affine::identity());
    }
    // No curve here has a term in x.
    let right = x.square().mul(x).add(P::COEFF_B);
    (y.square() == right).then(|| Affine::new_unchecked(x, y))
}

/// As [`read_point`], for a point of the subgroup whose order is that of the scalars.
pub(super) fn read_subgroup_point<P: SWCurveConfig>(bytes: &[u8]) -> Option<Affine<P>>
where
    P::BaseField: EncodedElement,
{
    read_point(bytes).filter(P::is_in_correct_subgroup_assuming_on_curve)
}

/// The coordinates of `point`; zeros for infinity.
pub(super) fn write_point<P: SWCurveConfig, const N: usize>(point: Affine<P>) -> [u8; N]
where
    P::BaseField: EncodedElement,
{
    let mut bytes = [0; N];
    let (x, y) = point.xy().unwrap_or_default();
    let coordinates = bytes.chunks_exact_mut(P::BaseField::BYTES);
    for (bytes, coordinate) in coordinates.zip([x, y]) {
        coordinate.write(bytes);
    }
    bytes
}

/// The sum of two points.
pub(super) fn add<P: SWCurveConfig, const N: usize>(first: &[u8], second: &[u8]) -> Option<[u8; N]>
where
    P::BaseField: EncodedElement,
{
    let (first, second) = (read_point::<P>(first)?, read_point::<P>(second)?);
    Some(write_point(first.add(second).into_affine()))
}

/// Digits of half a scalar are odd numbers below 2^(`WINDOW` - 1), positive or negative.
const WINDOW: usize = 4;
/// The multiples of a point by 1, 3, 5 and 7.
const ODD_MULTIPLES: usize = 4;

/// Half a scalar in signed digits, with the multiples of the point that it multiplies.
struct Half<P: SWCurveConfig> {
    /// Digits in base 2, least first; most of them are 0.
    digits: Vec<i64>,
    multiples: [Affine<P>; ODD_MULTIPLES],
}

/// The sum of the points of the subgroup, each times its scalar.
///
/// Each scalar is split into halves for the curve's endomorphism, and the halves of all terms share
/// the doublings. So the time is a constant, for the doublings, and a part for each term.
pub(super) fn sum_of_multiples<P>(terms: &[(Affine<P>, P::ScalarField)]) -> Affine<P>
where
    P: GLVConfig,
{
    let multiples: Vec<Projective<P>> = terms
        .iter()
        .flat_map(|(point, _)| odd_multiples(*point))
        .collect();
    let multiples = Projective::normalize_batch(&multiples);
    let (multiples, _) = multiples.as_chunks::<ODD_MULTIPLES>();
    let mut halves: Vec<Half<P>> = Vec::with_capacity(terms.len().saturating_mul(2));
    for (multiples, (_, scalar)) in multiples.iter().zip(terms) {
        let (first, second) = P::scalar_decomposition(*scalar);
        halves.push(half(*multiples, first));
        let images = multiples.map(|point| P::endomorphism_affine(&point));
        halves.push(half(images, second));
    }
    let lengths = halves.iter().map(|half| half.digits.len());
    let length = lengths.max().unwrap_or_default();
    let mut sum = Projective::ZERO;
    for position in (0..length).rev() {
        sum.double_in_place();
        for half in &halves {
            half.add_digit(position, &mut sum);
        }
    }
    sum.into_affine()
}

fn odd_multiples<P: SWCurveConfig>(point: Affine<P>) -> [Projective<P>; ODD_MULTIPLES] {
    let twice = point.into_group().double();
    let mut next = point.into_group();
    let mut multiples = [next; ODD_MULTIPLES];
    for multiple in &mut multiples {
        *multiple = next;
        next.add_assign(twice);
    }
    multiples
}

/// Half a scalar, which is negative if the flag is false.
fn half<P: SWCurveConfig>(
    multiples: [Affine<P>; ODD_MULTIPLES],
    (is_positive, scalar): (bool, P::ScalarField),
) -> Half<P> {
    Half {
        digits: scalar.into_bigint().find_wnaf(WINDOW).unwrap_or_default(),
        multiples: if is_positive {
            multiples
        } else {
            multiples.map(Affine::neg)
        },
    }
}

impl<P: SWCurveConfig> Half<P> {
    /// Adds the multiple of the digit at `position` to `sum`.
    fn add_digit(&self, position: usize, sum: &mut Projective<P>) {
        let digit = self.digits.get(position).copied().unwrap_or_default();
        // The index of an odd multiple is half of it, rounded down; a zero digit has none.
        let index = usize::try_from(digit.unsigned_abs() >> 1).unwrap_or(usize::MAX);
        match self.multiples.get(index) {
            Some(multiple) if digit > 0 => sum.add_assign(multiple),
            Some(multiple) if digit < 0 => sum.sub_assign(multiple),
            _ => {}
        }
    }
}
