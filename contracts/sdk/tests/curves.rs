//! Tests the functions on points against the mock, which computes as the host does.
#![cfg(test)]

use sdk::{bls12_381, bn254};

/// The generator of BLS12-381, G1 (EIP-2537).
const G1: &str = "\
    0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f\
    c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb\
    0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4\
    fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
/// The generator of BLS12-381, G2.
const G2: &str = "\
    00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051\
    c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8\
    0000000000000000000000000000000013e02b6052719f607dacd3a088274f65\
    596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
    000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351a\
    adfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801\
    000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99\
    cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";
/// The generator of BN254, G2 (EIP-197), the imaginary parts first.
const BN_G2: &str = "\
    198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
    1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
    090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
    12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
/// The order of the groups of BLS12-381, less 1: it makes a point negative.
const MINUS_ONE: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000";
/// The order of the groups of BN254, less 1.
const BN_MINUS_ONE: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000";

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).unwrap();
        *byte = u8::from_str_radix(digits, 16).unwrap();
    }
    bytes
}

fn scalar(number: u8) -> [u8; 32] {
    let mut scalar = [0; 32];
    scalar[31] = number;
    scalar
}

#[test]
fn sums_and_multiples_of_bls12_381_agree() {
    use bls12_381::{g1_add, g1_msm, g1_term, g2_add, g2_msm, g2_term};
    let (p, q): (bls12_381::G1, bls12_381::G2) = (bytes(G1), bytes(G2));
    let twice = g1_add(&p, &p).unwrap();
    assert_eq!(g1_msm(&[g1_term(&p, &scalar(2))]), Some(twice));
    assert_eq!(
        g1_msm(&[g1_term(&p, &scalar(1)), g1_term(&p, &scalar(1))]),
        Some(twice)
    );
    assert_eq!(
        g1_msm(&[g1_term(&p, &scalar(0))]),
        Some(bls12_381::G1_INFINITY)
    );
    let twice = g2_add(&q, &q).unwrap();
    assert_eq!(g2_msm(&[g2_term(&q, &scalar(2))]), Some(twice));
    assert_eq!(g1_msm(&[]), None);
    assert_eq!(g2_msm(&[]), None);
    assert_eq!(g1_add(&p, &[1; 128]), None);
    assert_eq!(g2_add(&q, &[1; 256]), None);
}

#[test]
fn pairings_of_bls12_381_are_checked() {
    use bls12_381::{g1_msm, g1_term, pair, pairing_check};
    let (p, q): (bls12_381::G1, bls12_381::G2) = (bytes(G1), bytes(G2));
    let opposite = g1_msm(&[g1_term(&p, &bytes(MINUS_ONE))]).unwrap();
    assert!(pairing_check(&[pair(&p, &q), pair(&opposite, &q)]));
    assert!(!pairing_check(&[pair(&p, &q), pair(&p, &q)]));
    assert!(!pairing_check(&[pair(&p, &[1; 256])]));
    assert!(!pairing_check(&[]));
    assert!(pairing_check(&[pair(&p, &bls12_381::G2_INFINITY)]));
}

#[test]
fn a_mapped_element_is_in_the_subgroup() {
    use bls12_381::{g1_msm, g1_term, g2_msm, g2_term, map_fp_to_g1, map_fp2_to_g2};
    let point = map_fp_to_g1(&[0; 64]).unwrap();
    assert_eq!(g1_msm(&[g1_term(&point, &scalar(1))]), Some(point));
    let point = map_fp2_to_g2(&[0; 128]).unwrap();
    assert_eq!(g2_msm(&[g2_term(&point, &scalar(1))]), Some(point));
    assert_eq!(map_fp_to_g1(&[1; 64]), None);
    assert_eq!(map_fp2_to_g2(&[1; 128]), None);
}

#[test]
fn points_of_bn254_are_added_multiplied_and_paired() {
    use bn254::{add, mul, pair, pairing_check};
    // The generator of G1 is (1, 2).
    let p: bn254::Bn254G1 = [scalar(1), scalar(2)].concat().try_into().unwrap();
    let q: bn254::Bn254G2 = bytes(BN_G2);
    assert_eq!(mul(&p, &scalar(2)), add(&p, &p));
    assert_eq!(mul(&p, &scalar(0)), Some(bn254::G1_INFINITY));
    assert_eq!(add(&p, &[1; 64]), None);
    let opposite = mul(&p, &bytes(BN_MINUS_ONE)).unwrap();
    assert_eq!(add(&p, &opposite), Some(bn254::G1_INFINITY));
    assert!(pairing_check(&[pair(&p, &q), pair(&opposite, &q)]));
    assert!(!pairing_check(&[pair(&p, &q)]));
    assert!(pairing_check(&[]));
    assert!(pairing_check(&[pair(&p, &bn254::G2_INFINITY)]));
}

#[test]
fn the_mock_panics_where_the_host_traps() {
    let pair = bls12_381::pair(&bls12_381::G1_INFINITY, &bls12_381::G2_INFINITY);
    let check = |count| bls12_381::pairing_check(&vec![pair; count]);
    assert!(check(bls12_381::PAIRS_MAX));
    let panic = std::panic::catch_unwind(|| check(bls12_381::PAIRS_MAX + 1));
    let text = panic.unwrap_err();
    let text = text.downcast_ref::<String>().unwrap();
    assert_eq!(text, "trap ItemLimit: 33 items, at most 32");
}
