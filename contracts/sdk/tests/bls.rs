//! Tests hashes to curves and BLS signatures against facts of other implementations.
#![cfg(test)]

#[path = "../src/facts.rs"]
mod facts;

use facts::Facts;
use sdk::bls12_381::{G1, G2, g1_msm, g1_term};
use sdk::{bls, hash_to_curve};

const HASHES: Facts = Facts::new(include_str!("data/hash_to_curve.txt"));
const SIGNATURES: Facts = Facts::new(include_str!("data/bls.txt"));

fn keys() -> Vec<G1> {
    SIGNATURES.list("key")
}

/// What the first attestation signs, its signers' keys, and its signature.
fn attestation(index: usize) -> (Vec<u8>, Vec<G1>, G2) {
    let part = |name| SIGNATURES.all(name)[index].clone();
    let domain = SIGNATURES.all("domain").remove(0);
    let message = [&b"attestation"[..], &domain, &part("height"), &part("root")].concat();
    let bits = u32::from_le_bytes(part("signers").try_into().unwrap());
    let of_signers = (0..).zip(keys()).filter(|(bit, _)| bits >> bit & 1 == 1);
    let signature = part("signature").try_into().unwrap();
    (message, of_signers.map(|(_, key)| key).collect(), signature)
}

#[test]
fn messages_have_the_points_of_rfc_9380() {
    let mut compared = 0;
    let domain = HASHES.all("g1_domain").remove(0);
    for (message, point) in HASHES.all("g1_message").iter().zip(HASHES.list("g1_point")) {
        assert_eq!(hash_to_curve::hash_to_g1(message, &domain), Some(point));
        compared += 1;
    }
    let domain = HASHES.all("g2_domain").remove(0);
    for (message, point) in HASHES.all("g2_message").iter().zip(HASHES.list("g2_point")) {
        assert_eq!(hash_to_curve::hash_to_g2(message, &domain), Some(point));
        compared += 1;
    }
    assert_eq!(compared, 10);
}

#[test]
fn a_member_proves_possession_of_its_own_secret_only() {
    let proofs: Vec<G2> = SIGNATURES.list("possession");
    for (index, key) in keys().iter().enumerate() {
        for (other, proof) in proofs.iter().enumerate() {
            assert_eq!(bls::verify_possession(key, proof), index == other);
        }
    }
    // A proof is no signature over the key.
    assert!(!bls::verify(&keys()[0], &keys()[0], &proofs[0]));
}

#[test]
fn an_aggregate_is_valid_for_its_signers_and_message_alone() {
    for index in 0..3 {
        let (message, signers, signature) = attestation(index);
        assert!(bls::fast_aggregate_verify(&signers, &message, &signature));
        assert!(!bls::fast_aggregate_verify(
            &signers[1..],
            &message,
            &signature
        ));
        assert!(!bls::fast_aggregate_verify(&signers, b"", &signature));
        let twice = [&signers[..], &signers[..1]].concat();
        assert!(!bls::fast_aggregate_verify(&twice, &message, &signature));
    }
}

#[test]
fn each_key_signs_its_own_message() {
    let (keys, messages) = (keys(), SIGNATURES.all("message"));
    let signed: Vec<(&G1, &[u8])> = keys
        .iter()
        .zip(&messages)
        .map(|(key, m)| (key, &m[..]))
        .collect();
    let signature = SIGNATURES.one("aggregate");
    assert!(bls::aggregate_verify(&signed, &signature));
    let mut exchanged = signed.clone();
    (exchanged[0].1, exchanged[1].1) = (signed[1].1, signed[0].1);
    assert!(!bls::aggregate_verify(&exchanged, &signature));
    assert!(!bls::aggregate_verify(&signed[..2], &signature));
}

#[test]
fn a_short_signature_is_valid_for_its_key_and_message_alone() {
    let message = SIGNATURES.all("short_message").remove(0);
    let (key, signature) = (
        SIGNATURES.one("short_key"),
        SIGNATURES.one("short_signature"),
    );
    assert!(bls::verify_short(&key, &message, &signature));
    assert!(!bls::verify_short(&key, b"round 2", &signature));
    assert!(!bls::verify_short(&[0; 256], &message, &[0; 128]));
}

#[test]
fn the_point_at_infinity_is_no_key_and_nothing_is_signed_by_none() {
    let (infinity, nothing) = ([0; 128], [0; 256]);
    // The pairings of infinity are all one, so only the check of the key refuses these.
    assert!(!bls::verify(&infinity, b"any", &nothing));
    assert!(!bls::verify_possession(&infinity, &nothing));
    assert!(!bls::fast_aggregate_verify([], b"any", &nothing));
    assert!(!bls::aggregate_verify(&[], &nothing));
    // A key and its negative cancel each other.
    let key = keys()[0];
    let order_less_one = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000";
    let scalar: [u8; 32] = hex::decode(order_less_one).unwrap().try_into().unwrap();
    let negated = g1_msm(&[g1_term(&key, &scalar)]).unwrap();
    assert!(!bls::fast_aggregate_verify(
        &[key, negated],
        b"any",
        &nothing
    ));
}

#[test]
fn malformed_points_are_refused() {
    let (message, signers, signature) = attestation(2);
    let key = signers[0];
    assert!(bls::verify(&key, &message, &signature));
    for bit in 0..8 {
        for byte in (0..key.len()).step_by(7) {
            let mut other = key;
            other[byte] ^= 1 << bit;
            assert!(
                !bls::verify(&other, &message, &signature),
                "byte {byte} of the key"
            );
        }
    }
    for byte in (0..signature.len()).step_by(17) {
        let mut other = signature;
        other[byte] ^= 1;
        assert!(
            !bls::verify(&key, &message, &other),
            "byte {byte} of the signature"
        );
    }
}
