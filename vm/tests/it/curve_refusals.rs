//! Tests which encodings of points and field elements the functions of the curves refuse.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the arithmetic of fields and curves does not overflow"
)]

use crate::curve_points::{
    Bls1, Bls2, Bn1, Bn2, Bytes, array, bls_pair, bls_term, bn_pair, g1_sum, g2_sum,
    is_in_subgroup, member, outsiders, small_order, times,
};
use ark_bls12_381::{g1, g2};
use ark_ec::{CurveConfig, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use vm::unstable::host::crypto::{
    bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm, bls12_381_map_fp_to_g1,
    bls12_381_map_fp2_to_g2, bls12_381_pairing_check, bn254_add, bn254_mul, bn254_pairing_check,
};

// --- Subgroups -----------------------------------------------------------------------------------

/// Results of all functions that check the subgroup, for points of BLS12-381.
fn g1_is_accepted(point: Bls1) -> bool {
    let in_msm = bls12_381_g1_msm(&[bls_term(point, &[0; 32])]).is_some();
    let pair = bls_pair(point, Bls2::identity());
    assert_eq!(bls12_381_pairing_check(&[pair]), in_msm);
    assert!(
        g1_sum(point, member(1)).is_some(),
        "a sum needs no subgroup"
    );
    in_msm
}

fn g2_is_accepted(point: Bls2) -> bool {
    let in_msm = bls12_381_g2_msm(&[bls_term(point, &[0; 32])]).is_some();
    let pair = bls_pair(Bls1::identity(), point);
    assert_eq!(bls12_381_pairing_check(&[pair]), in_msm);
    assert!(
        g2_sum(point, member(1)).is_some(),
        "a sum needs no subgroup"
    );
    in_msm
}

fn bn_g2_is_accepted(point: Bn2) -> bool {
    bn254_pairing_check(&[bn_pair(Bn1::identity(), point)])
}

#[test]
fn points_outside_of_the_subgroup_are_refused() {
    for point in outsiders(1).take(16) {
        assert_eq!(g1_is_accepted(point), is_in_subgroup(point));
        let moved: Bls1 = (point + member::<g1::Config>(1)).into_affine();
        assert_eq!(g1_is_accepted(moved), is_in_subgroup(moved));
        assert!(g1_is_accepted(times(point, g1::Config::COFACTOR)));
    }
    for point in outsiders(1).take(16) {
        assert_eq!(g2_is_accepted(point), is_in_subgroup(point));
        let moved: Bls2 = (point + member::<g2::Config>(1)).into_affine();
        assert_eq!(g2_is_accepted(moved), is_in_subgroup(moved));
        assert!(g2_is_accepted(times(point, g2::Config::COFACTOR)));
    }
    for point in outsiders(1).take(16) {
        assert_eq!(bn_g2_is_accepted(point), is_in_subgroup(point));
        let moved: Bn2 = (point + member::<ark_bn254::g2::Config>(1)).into_affine();
        assert_eq!(bn_g2_is_accepted(moved), is_in_subgroup(moved));
        assert!(bn_g2_is_accepted(times(
            point,
            ark_bn254::g2::Config::COFACTOR
        )));
    }
}

#[test]
fn points_of_every_small_order_are_refused() {
    // The cofactor of G1 is 3 * 11^2 * 10177^2 * 859267^2 * 52437899^2.
    for prime in [3, 11, 10_177, 859_267, 52_437_899] {
        let point: Bls1 = small_order(prime);
        assert!(!g1_is_accepted(point), "{prime}");
        let moved = (point + member::<g1::Config>(2)).into_affine();
        assert!(!g1_is_accepted(moved), "{prime}");
    }
    // That of G2 is 13^2 * 23^2 * 2713 * 11953 * 262069 and a prime of 448 bits.
    for prime in [13, 23, 2_713, 11_953, 262_069] {
        let point: Bls2 = small_order(prime);
        assert!(!g2_is_accepted(point), "{prime}");
        let moved = (point + member::<g2::Config>(2)).into_affine();
        assert!(!g2_is_accepted(moved), "{prime}");
    }
    // That of G2 of BN254 is 10069 * 5864401 * 1875725156269 and a prime of 178 bits.
    for prime in [10_069, 5_864_401, 1_875_725_156_269] {
        let point: Bn2 = small_order(prime);
        assert!(!bn_g2_is_accepted(point), "{prime}");
        let moved = (point + member::<ark_bn254::g2::Config>(2)).into_affine();
        assert!(!bn_g2_is_accepted(moved), "{prime}");
    }
}

// --- Encodings -----------------------------------------------------------------------------------

/// What each function of BLS12-381 returns for the encoding of a point, with other valid inputs.
fn accepting_g1(point: &[u8; 128]) -> [bool; 4] {
    let infinity = [0; 128];
    let term = array([&point[..], &[1; 32]].concat());
    let pair = array([&point[..], &[0; 256]].concat());
    [
        bls12_381_g1_add(point, &infinity).is_some(),
        bls12_381_g1_add(&infinity, point).is_some(),
        bls12_381_g1_msm(&[bls_term(member::<g1::Config>(1), &[1; 32]), term]).is_some(),
        bls12_381_pairing_check(&[pair]),
    ]
}

fn accepting_g2(point: &[u8; 256]) -> [bool; 4] {
    let infinity = [0; 256];
    let term = array([&point[..], &[1; 32]].concat());
    let pair = array([&[0; 128], &point[..]].concat());
    [
        bls12_381_g2_add(point, &infinity).is_some(),
        bls12_381_g2_add(&infinity, point).is_some(),
        bls12_381_g2_msm(&[bls_term(member::<g2::Config>(1), &[1; 32]), term]).is_some(),
        bls12_381_pairing_check(&[pair]),
    ]
}

fn accepting_bn(point: &[u8; 64]) -> [bool; 4] {
    let infinity = [0; 64];
    let pair = array([&point[..], &[0; 128]].concat());
    [
        bn254_add(point, &infinity).is_some(),
        bn254_add(&infinity, point).is_some(),
        bn254_mul(point, &[1; 32]).is_some(),
        bn254_pairing_check(&[pair]),
    ]
}

fn accepting_bn_g2(point: &[u8; 128]) -> bool {
    bn254_pairing_check(&[array([&[0; 64], &point[..]].concat())])
}

/// `number` plus `prime` as big-endian numbers of the same length; `None` if it does not fit.
fn plus(number: &[u8], prime: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0;
    let digits = number.iter().zip(prime).rev().map(|(digit, other)| {
        let sum = u16::from(*digit) + u16::from(*other) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    let mut sum: Vec<u8> = digits.collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}

/// Encodings that differ from a valid one in a coordinate that is no element of the field: the same
/// coordinate plus the prime, the prime, the greatest number, and a byte before the number.
fn malformed(point: &[u8], element: usize, prime: &[u8]) -> Vec<Vec<u8>> {
    let zeros = element - prime.len();
    let mut cases = Vec::new();
    for start in (0..point.len()).step_by(element) {
        let number = start + zeros..start + element;
        let with = |new: &[u8]| {
            let mut case = point.to_vec();
            case[number.clone()].copy_from_slice(new);
            case
        };
        cases.extend(plus(&point[number.clone()], prime).map(|sum| with(&sum)));
        cases.extend([with(prime), with(&vec![0xff; prime.len()])]);
        for byte in start..start + zeros {
            let mut case = point.to_vec();
            case[byte] = 1;
            cases.push(case);
        }
    }
    cases
}

#[test]
fn a_coordinate_that_is_no_element_of_the_field_is_refused() {
    let prime = ark_bls12_381::Fq::MODULUS.to_bytes_be();
    let prime_of_bn = ark_bn254::Fq::MODULUS.to_bytes_be();
    let (p, q): (Bls1, Bls2) = (member(1), member(1));
    for point in [p.bytes(), vec![0; 128]] {
        assert_eq!(accepting_g1(&array(point.clone())), [true; 4]);
        let cases = malformed(&point, 64, &prime);
        assert!(cases.len() >= 2 * 18);
        for case in cases {
            assert_eq!(accepting_g1(&array(case)), [false; 4]);
        }
    }
    for point in [q.bytes(), vec![0; 256]] {
        assert_eq!(accepting_g2(&array(point.clone())), [true; 4]);
        for case in malformed(&point, 64, &prime) {
            assert_eq!(accepting_g2(&array(case)), [false; 4]);
        }
    }
    for element in malformed(&[0; 64], 64, &prime) {
        assert_eq!(bls12_381_map_fp_to_g1(&array(element)), None);
    }
    for element in malformed(&[0; 128], 64, &prime) {
        assert_eq!(bls12_381_map_fp2_to_g2(&array(element)), None);
    }
    let (p, q): (Bn1, Bn2) = (member(1), member(1));
    for point in [p.bytes(), vec![0; 64]] {
        assert_eq!(accepting_bn(&array(point.clone())), [true; 4]);
        for case in malformed(&point, 32, &prime_of_bn) {
            assert_eq!(accepting_bn(&array(case)), [false; 4]);
        }
    }
    for point in [q.bytes(), vec![0; 128]] {
        assert!(accepting_bn_g2(&array(point.clone())));
        for case in malformed(&point, 32, &prime_of_bn) {
            assert!(!accepting_bn_g2(&array(case)));
        }
    }
}

/// Every encoding that differs from `point` in one bit.
fn flips<const N: usize>(point: [u8; N]) -> impl Iterator<Item = [u8; N]> {
    (0..N * 8).map(move |bit| {
        let mut flipped = point;
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

#[test]
fn every_flipped_bit_of_a_point_is_refused_or_makes_another_point() {
    for point in [member(1), Bls1::identity()] {
        for flipped in flips(array(point.bytes())) {
            let sum = bls12_381_g1_add(&flipped, &[0; 128]);
            assert!(sum.is_none_or(|sum| sum == flipped));
        }
    }
    for point in [member(1), Bls2::identity()] {
        for flipped in flips(array(point.bytes())) {
            let sum = bls12_381_g2_add(&flipped, &[0; 256]);
            assert!(sum.is_none_or(|sum| sum == flipped));
        }
    }
    for point in [member(1), Bn1::identity()] {
        for flipped in flips(array(point.bytes())) {
            let sum = bn254_add(&flipped, &[0; 64]);
            assert!(sum.is_none_or(|sum| sum == flipped));
        }
    }
    // Two coordinates of a point determine each other up to a few values: no flip is accepted here.
    let (p, q): (Bn1, Bn2) = (member(1), member(1));
    for flipped in flips(bn_pair(p, q)) {
        let other = bn_pair(-p, q);
        assert!(!bn254_pairing_check(&[flipped, other]));
    }
    let (p, q): (Bls1, Bls2) = (member(1), member(1));
    for flipped in flips(bls_pair(p, q)) {
        assert!(!bls12_381_pairing_check(&[flipped, bls_pair(-p, q)]));
    }
}

#[test]
fn one_refused_item_refuses_the_list() {
    let (p, q): (Bls1, Bls2) = (member(1), member(2));
    let valid = [bls_pair(p, q), bls_pair(-p, q)];
    assert!(bls12_381_pairing_check(&valid));
    let outsider: Bls1 = outsiders(1).next().expect("a point");
    let bad = bls_pair(outsider, Bls2::identity());
    assert!(!bls12_381_pairing_check(&[valid[0], valid[1], bad]));
    assert!(!bls12_381_pairing_check(&[bad, valid[0], valid[1]]));
    let terms = [bls_term(p, &[1; 32]), bls_term(outsider, &[0; 32])];
    assert_eq!(bls12_381_g1_msm(&terms), None);
    let (p, q): (Bn1, Bn2) = (member(1), member(2));
    let valid = [bn_pair(p, q), bn_pair(-p, q)];
    assert!(bn254_pairing_check(&valid));
    let bad = bn_pair(Bn1::identity(), outsiders(1).next().expect("a point"));
    assert!(!bn254_pairing_check(&[valid[0], valid[1], bad]));
    assert!(!bn254_pairing_check(&[bad, valid[0], valid[1]]));
}

#[test]
fn a_mapped_element_is_in_the_subgroup() {
    for seed in 0_u8..16 {
        let element: [u8; 64] = array([vec![0; 16], vec![seed; 48]].concat());
        let point = bls12_381_map_fp_to_g1(&element).expect("an element");
        assert_eq!(accepting_g1(&point), [true; 4]);
        let element: [u8; 128] = array([element, [0; 64]].concat());
        let point = bls12_381_map_fp2_to_g2(&element).expect("an element");
        assert_eq!(accepting_g2(&point), [true; 4]);
    }
}
