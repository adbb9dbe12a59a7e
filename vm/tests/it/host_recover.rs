//! Compares Keccak-256 with the textbook, and key recovery with the equation that defines it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a model computes on numbers that the test chose"
)]

use crate::host_script::{HostFixture, resume_i32};
use host_api::Function;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use k256::{AffinePoint, ProjectivePoint, Scalar, Sec1Point};
use proptest::prelude::*;
use vm::unstable::host::crypto::{keccak256, secp256k1_recover, secp256k1_verify, sha256};

// --- Keccak-256 ----------------------------------------------------------------------------------

fn textbook_keccak256(data: &[u8]) -> [u8; 32] {
    sponge(data, 136, 0x01)
}

/// Keccak-f[1600] and the sponge as in the Keccak reference, with constants derived by its rules:
/// 32 bytes of output for a rate in bytes and the first byte of the padding.
pub(crate) fn sponge(data: &[u8], rate: usize, padding: u8) -> [u8; 32] {
    let mut padded = data.to_vec();
    padded.push(padding);
    while !padded.len().is_multiple_of(rate) {
        padded.push(0);
    }
    *padded.last_mut().expect("a block") |= 0x80;
    let mut state = [[0_u64; 5]; 5];
    for block in padded.chunks(rate) {
        for (index, lane) in block.chunks(8).enumerate() {
            state[index % 5][index / 5] ^= u64::from_le_bytes(lane.try_into().expect("8 bytes"));
        }
        permute(&mut state);
    }
    let lanes = (0..4).flat_map(|index| state[index % 5][index / 5].to_le_bytes());
    lanes.collect::<Vec<u8>>().try_into().expect("32 bytes")
}

fn permute(a: &mut [[u64; 5]; 5]) {
    let mut lfsr = 1_u8;
    let mut bit = || {
        let out = lfsr & 1;
        lfsr = match lfsr >> 7 {
            0 => lfsr << 1,
            _ => (lfsr << 1) ^ 0x71,
        };
        out
    };
    for _ in 0..24 {
        let c: Vec<u64> = a
            .iter()
            .map(|sheet| sheet.iter().fold(0, |sum, lane| sum ^ lane))
            .collect();
        for x in 0..5 {
            let d = c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
            a[x].iter_mut().for_each(|lane| *lane ^= d);
        }
        let mut b = [[0_u64; 5]; 5];
        b[0][0] = a[0][0];
        let (mut x, mut y) = (1, 0);
        for t in 0..24_u32 {
            let turn = (t + 1) * (t + 2) / 2 % 64;
            let (next_x, next_y) = (y, (2 * x + 3 * y) % 5);
            b[next_x][next_y] = a[x][y].rotate_left(turn);
            (x, y) = (next_x, next_y);
        }
        for x in 0..5 {
            for y in 0..5 {
                a[x][y] = b[x][y] ^ (!b[(x + 1) % 5][y] & b[(x + 2) % 5][y]);
            }
        }
        for j in 0..7 {
            a[0][0] ^= u64::from(bit()) << ((1_u32 << j) - 1);
        }
    }
}

#[test]
fn keccak256_agrees_with_the_textbook_for_every_length_around_the_block() {
    let data: Vec<u8> = (0..300_u32).map(|n| (n * 151 + 3) as u8).collect();
    for length in 0..=data.len() {
        let expected = textbook_keccak256(&data[..length]);
        assert_eq!(keccak256(&data[..length]), expected, "{length}");
    }
    let mut fixture = HostFixture::default();
    fixture.put(0, b"abc");
    let call = fixture.call(Function::Keccak256, &[0, 3, 1]);
    assert_eq!(call, vm::unstable::host::Reply::Resume(None));
    assert_eq!(fixture.memory[1..33], textbook_keccak256(b"abc"));
}

// --- Recovery ------------------------------------------------------------------------------------

fn scalar(number: u64) -> Scalar {
    Scalar::from(number)
}

fn bytes(value: &Scalar) -> [u8; 32] {
    value.to_repr().into()
}

fn reduced(digest: &[u8; 32]) -> Scalar {
    use k256::elliptic_curve::ops::Reduce;
    <Scalar as Reduce<k256::FieldBytes>>::reduce(&(*digest).into())
}

fn compressed(point: ProjectivePoint) -> [u8; 33] {
    let encoded = point.to_affine().to_sec1_point(true);
    encoded.as_bytes().try_into().expect("33 bytes")
}

/// The point whose x is `x`, if there is one.
fn lifted(x: &[u8; 32], odd: bool) -> Option<ProjectivePoint> {
    let encoding = [&[2 + u8::from(odd)][..], x].concat();
    let encoding = Sec1Point::from_bytes(&encoding).ok()?;
    let point: Option<AffinePoint> = AffinePoint::from_sec1_point(&encoding).into();
    point.map(ProjectivePoint::from)
}

/// A signature with low s by the secret key `d` and the nonce `k`, and its recovery id.
fn sign(digest: &[u8; 32], d: &Scalar, k: &Scalar) -> ([u8; 64], u32) {
    let point = ProjectivePoint::GENERATOR * k;
    let encoded = compressed(point);
    let r: [u8; 32] = encoded[1..].try_into().expect("32 bytes");
    let inverse: Option<Scalar> = k.invert().into();
    let s = inverse.expect("not zero") * (reduced(digest) + reduced(&r) * d);
    let id = u32::from(encoded[0] & 1);
    let half = hex::decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")
        .expect("hex");
    let (s, id) = match bytes(&s).as_slice() > half.as_slice() {
        true => (-s, id ^ 1),
        false => (s, id),
    };
    let both = [r, bytes(&s)].concat();
    (both.try_into().expect("64 bytes"), id)
}

/// `(s R - digest G) / r`.
fn by_equation(digest: &[u8; 32], signature: &[u8; 64], odd: bool) -> Option<[u8; 33]> {
    let r: [u8; 32] = signature[..32].try_into().expect("32 bytes");
    let s: [u8; 32] = signature[32..].try_into().expect("32 bytes");
    let inverse: Option<Scalar> = reduced(&r).invert().into();
    let point = lifted(&r, odd)? * reduced(&s) - ProjectivePoint::GENERATOR * reduced(digest);
    let key = point * inverse?;
    (key != ProjectivePoint::IDENTITY).then(|| compressed(key))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]
    #[test]
    fn the_key_that_signed_is_recovered(d in 1_u64.., k in 1_u64.., text in any::<[u8; 8]>()) {
        let digest = sha256(&text);
        let (signature, id) = sign(&digest, &scalar(d), &scalar(k));
        let key = compressed(ProjectivePoint::GENERATOR * scalar(d));
        prop_assert_eq!(secp256k1_recover(&digest, &signature, id), Some(key));
        prop_assert!(secp256k1_verify(&digest, &signature, &key));
        for (other, odd) in [(0, false), (1, true)] {
            let recovered = secp256k1_recover(&digest, &signature, other);
            prop_assert_eq!(recovered, by_equation(&digest, &signature, odd));
        }
        for id in [2, 3, 4, 27, 28, 1 << 31, u32::MAX] {
            prop_assert_eq!(secp256k1_recover(&digest, &signature, id), None);
        }
    }
}

#[test]
fn malformed_signatures_recover_nothing() {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const HALF_PLUS_ONE: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
    let digest = sha256(b"lockstep");
    let (good, _) = sign(&digest, &scalar(5), &scalar(9));
    let with = |index: usize, text: &str| {
        let mut bad = good;
        let half = hex::decode(text).expect("hex");
        bad[index..index + 32].copy_from_slice(&half);
        bad
    };
    let zero = "00".repeat(32);
    let bad = [
        with(0, &zero),
        with(0, ORDER),
        with(0, &"ff".repeat(32)),
        with(32, &zero),
        with(32, ORDER),
        with(32, HALF_PLUS_ONE),
        // No point has x = 5: 5^3 + 7 = 132 is not a square.
        with(0, &format!("{:064x}", 5)),
    ];
    for signature in bad {
        for id in 0..2 {
            assert_eq!(secp256k1_recover(&digest, &signature, id), None);
            let mut fixture = HostFixture::default();
            fixture.put(0, &digest);
            fixture.put(32, &signature);
            let reply = fixture.call(Function::Secp256k1Recover, &[0, 32, u64::from(id), 200]);
            assert_eq!(reply, resume_i32(0));
            assert!(fixture.memory[200..].iter().all(|byte| *byte == 0));
        }
    }
}

#[test]
fn a_key_at_infinity_is_not_recovered() {
    // s R = digest G for R = G, s = digest: the key would be the point at infinity.
    let generator = compressed(ProjectivePoint::GENERATOR);
    let number = bytes(&scalar(77));
    let both = [&generator[1..], &number].concat();
    let signature: [u8; 64] = both.try_into().expect("64 bytes");
    let id = u32::from(generator[0] & 1);
    assert_eq!(by_equation(&number, &signature, id == 1), None);
    assert_eq!(secp256k1_recover(&number, &signature, id), None);
    assert!(secp256k1_recover(&number, &signature, id ^ 1).is_some());
}

#[test]
fn the_recovered_key_may_overwrite_the_input() {
    let digest = sha256(b"x");
    let (signature, id) = sign(&digest, &scalar(3), &scalar(4));
    let mut fixture = HostFixture::default();
    fixture.put(0, &digest);
    fixture.put(32, &signature);
    let call = fixture.call(Function::Secp256k1Recover, &[0, 32, u64::from(id), 10]);
    assert_eq!(call, resume_i32(1));
    let key = compressed(ProjectivePoint::GENERATOR * scalar(3));
    assert_eq!(fixture.memory[10..43], key);
}
