//! Tests sums, products and pairings of the curves with the laws of their groups.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the arithmetic of fields and curves does not overflow"
)]

use crate::curve_points::{
    Bls1, Bls2, BlsScalar, Bn1, Bn2, BnScalar, Bytes, array, bls_pair, bls_term, bn_pair, bn_sum,
    g1_sum, g2_sum, member, outsiders, reduced, scalars, times,
};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use vm::unstable::host::crypto::{
    bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm,
    bls12_381_pairing_check, bn254_mul, bn254_pairing_check,
};

// --- Sums and products ---------------------------------------------------------------------------

/// Pairs of points whose sums have a case of their own: equal, opposite, infinity.
fn summands<P: SWCurveConfig>() -> Vec<(Affine<P>, Affine<P>)> {
    let mut points = vec![Affine::identity(), P::GENERATOR, -P::GENERATOR];
    points.extend([member(1), -member::<P>(1), times(member(1), [2])]);
    points.extend(outsiders(1).take(2));
    let mut pairs = Vec::new();
    for first in &points {
        pairs.extend(points.iter().map(|second| (*first, *second)));
    }
    pairs
}

#[test]
fn sums_are_those_of_the_group_and_need_no_subgroup() {
    for (first, second) in summands() {
        let sum: Bls1 = (first + second).into_affine();
        assert_eq!(g1_sum(first, second), Some(array(sum.bytes())));
    }
    for (first, second) in summands() {
        let sum: Bls2 = (first + second).into_affine();
        assert_eq!(g2_sum(first, second), Some(array(sum.bytes())));
    }
    for (first, second) in summands() {
        let sum: Bn1 = (first + second).into_affine();
        assert_eq!(bn_sum(first, second), Some(array(sum.bytes())));
    }
    let (p, q, s) = (member(3), member(4), member(5));
    assert_eq!(g1_sum(p, -p), Some([0; 128]));
    assert_eq!(g2_sum(q, -q), Some([0; 256]));
    assert_eq!(bn_sum(s, -s), Some([0; 64]));
}

#[test]
fn a_product_is_that_of_doubling_and_adding_for_every_scalar() {
    for number in scalars::<BlsScalar>() {
        let scalar = reduced::<BlsScalar>(&number).into_bigint();
        for point in [member(7), Bls1::identity()] {
            let product = bls12_381_g1_msm(&[bls_term(point, &number)]);
            assert_eq!(product, Some(array(times(point, scalar).bytes())));
        }
        for point in [member(7), Bls2::identity()] {
            let product = bls12_381_g2_msm(&[bls_term(point, &number)]);
            assert_eq!(product, Some(array(times(point, scalar).bytes())));
        }
    }
    for number in scalars::<BnScalar>() {
        let scalar = reduced::<BnScalar>(&number).into_bigint();
        for point in [member(7), Bn1::identity()]
            .into_iter()
            .chain(outsiders(5).take(2))
        {
            let product = bn254_mul(&array(point.bytes()), &number);
            assert_eq!(product, Some(array(times(point, scalar).bytes())));
        }
    }
}

#[test]
fn the_order_of_the_group_times_a_point_is_infinity() {
    let order: [u8; 32] = array(BlsScalar::MODULUS.to_bytes_be());
    let product = bls12_381_g1_msm(&[bls_term(Bls1::generator(), &order)]);
    assert_eq!(product, Some([0; 128]));
    let product = bls12_381_g2_msm(&[bls_term(Bls2::generator(), &order)]);
    assert_eq!(product, Some([0; 256]));
    let order: [u8; 32] = array(BnScalar::MODULUS.to_bytes_be());
    let product = bn254_mul(&array(Bn1::generator().bytes()), &order);
    assert_eq!(product, Some([0; 64]));
}

#[test]
fn a_sum_of_products_is_the_sum_of_the_products() {
    let numbers = scalars::<BlsScalar>();
    for count in [1, 2, 3, 7, 16] {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let (mut first_sum, mut second_sum) = ([0; 128], [0; 256]);
        // Terms repeat points, also with the opposite sign, so that sums cancel and double.
        for (index, number) in (0..count).zip(numbers.iter().rev().cycle()) {
            let (p, q): (Bls1, Bls2) = (member(index / 2), member(index / 3));
            let (p, q) = if index % 2 == 0 { (p, -q) } else { (-p, q) };
            let term = bls_term(p, number);
            let product = bls12_381_g1_msm(&[term]).expect("valid");
            first_sum = bls12_381_g1_add(&first_sum, &product).expect("valid");
            first.push(term);
            let term = bls_term(q, number);
            let product = bls12_381_g2_msm(&[term]).expect("valid");
            second_sum = bls12_381_g2_add(&second_sum, &product).expect("valid");
            second.push(term);
        }
        assert_eq!(bls12_381_g1_msm(&first), Some(first_sum), "{count}");
        assert_eq!(bls12_381_g2_msm(&second), Some(second_sum), "{count}");
    }
}

// --- Pairings ------------------------------------------------------------------------------------

#[test]
fn pairings_are_bilinear() {
    let (a, b) = (BlsScalar::from(3_141_592_653_u64).inverse(), [0x5deece66d]);
    let a = a.expect("not zero").into_bigint();
    let (p, q): (Bls1, Bls2) = (member(1), member(2));
    let (ap, bq) = (times(p, a), times(q, b));
    let abp = times(ap, b);
    for (pairs, is_one) in [
        (vec![(ap, bq), (-abp, q)], true),
        (vec![(ap, bq), (abp, q)], false),
        (vec![(ap, q), (-p, times(q, a))], true),
        (vec![(ap, q), (-p, bq)], false),
        (vec![(p, q), (ap, q), (-p, q), (p, -times(q, a))], true),
        (vec![(p, q), (p, q), (-p, times(q, [2]))], true),
        (vec![(p, q)], false),
    ] {
        let pairs: Vec<_> = pairs.into_iter().map(|(p, q)| bls_pair(p, q)).collect();
        assert_eq!(bls12_381_pairing_check(&pairs), is_one);
    }
    let a = BnScalar::from(2_718_281_828_u64).inverse();
    let a = a.expect("not zero").into_bigint();
    let (p, q): (Bn1, Bn2) = (member(1), member(2));
    let (ap, bq) = (times(p, a), times(q, b));
    let abp = times(ap, b);
    for (pairs, is_one) in [
        (vec![(ap, bq), (-abp, q)], true),
        (vec![(ap, bq), (abp, q)], false),
        (vec![(ap, q), (-p, times(q, a))], true),
        (vec![(ap, q), (-p, bq)], false),
        (vec![(p, q), (ap, q), (-p, q), (p, -times(q, a))], true),
        (vec![(p, q), (p, q), (-p, times(q, [2]))], true),
        (vec![(p, q)], false),
    ] {
        let pairs: Vec<_> = pairs.into_iter().map(|(p, q)| bn_pair(p, q)).collect();
        assert_eq!(bn254_pairing_check(&pairs), is_one);
    }
}

#[test]
fn the_pairing_with_infinity_is_one() {
    let (p, q): (Bls1, Bls2) = (member(1), member(2));
    let (zero1, zero2) = (Bls1::identity(), Bls2::identity());
    for pair in [(zero1, q), (p, zero2), (zero1, zero2)] {
        let pair = bls_pair(pair.0, pair.1);
        assert!(bls12_381_pairing_check(&[pair]));
        assert!(bls12_381_pairing_check(&[
            pair,
            bls_pair(p, q),
            bls_pair(p, -q)
        ]));
        assert!(!bls12_381_pairing_check(&[bls_pair(p, q), pair]));
    }
    let (p, q): (Bn1, Bn2) = (member(1), member(2));
    let (zero1, zero2) = (Bn1::identity(), Bn2::identity());
    for pair in [(zero1, q), (p, zero2), (zero1, zero2)] {
        let pair = bn_pair(pair.0, pair.1);
        assert!(bn254_pairing_check(&[pair]));
        assert!(bn254_pairing_check(&[pair, bn_pair(p, q), bn_pair(p, -q)]));
        assert!(!bn254_pairing_check(&[bn_pair(p, q), pair]));
    }
}

#[test]
fn an_empty_list_is_what_its_eip_says() {
    assert_eq!(bls12_381_g1_msm(&[]), None);
    assert_eq!(bls12_381_g2_msm(&[]), None);
    assert!(!bls12_381_pairing_check(&[]));
    assert!(bn254_pairing_check(&[]), "an empty product is one");
}
