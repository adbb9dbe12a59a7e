//! Computes on points as the host does, from the sources of the host itself.
//!
//! The checks of the host are long and normative; a second text of them could only differ.
#![expect(
    unreachable_pub,
    reason = "the host exports these functions, the mock does not"
)]

#[path = "../../../../vm/src/host/crypto/bls12_381.rs"]
mod bls12_381;

#[path = "../../../../vm/src/host/crypto/bn254.rs"]
mod bn254;

#[path = "../../../../vm/src/host/crypto/curve.rs"]
mod curve;

use crate::bls12_381::{G1, G1Term, G2, G2Term, PAIRS_MAX, Pair, TERMS_MAX};
use crate::bn254::Bn254Pair;

pub(crate) use bls12_381::{
    bls12_381_g1_add, bls12_381_g2_add, bls12_381_map_fp_to_g1, bls12_381_map_fp2_to_g2,
};
pub(crate) use bn254::{bn254_add, bn254_mul};

pub(crate) fn bls12_381_g1_msm(terms: &[G1Term]) -> Option<G1> {
    check_count(terms.len(), TERMS_MAX);
    bls12_381::bls12_381_g1_msm(terms)
}

pub(crate) fn bls12_381_g2_msm(terms: &[G2Term]) -> Option<G2> {
    check_count(terms.len(), TERMS_MAX);
    bls12_381::bls12_381_g2_msm(terms)
}

pub(crate) fn bls12_381_pairing_check(pairs: &[Pair]) -> bool {
    check_count(pairs.len(), PAIRS_MAX);
    bls12_381::bls12_381_pairing_check(pairs)
}

pub(crate) fn bn254_pairing_check(pairs: &[Bn254Pair]) -> bool {
    check_count(pairs.len(), PAIRS_MAX);
    bn254::bn254_pairing_check(pairs)
}

fn check_count(count: usize, maximum: usize) {
    assert!(
        count <= maximum,
        "trap ItemLimit: {count} items, at most {maximum}"
    );
}
