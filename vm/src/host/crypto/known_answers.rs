//! Tests every hash and signature function with known answers before anything is executed.
//!
//! The crates choose a backend at run time by the features of the processor; the tests run on the
//! backend that will be used. A mismatch is a fault of this machine.

use super::curve_known_answers::{self, CurveFunctions};
use super::{blake3, p256_verify, ripemd160, sha512};
use super::{ed25519_verify, keccak256, secp256k1_recover, secp256k1_verify, sha256};
use crate::fault::Fault;
use std::sync::OnceLock;

/// Returns the key that made a signature over a digest.
type Recover = fn(&[u8; 32], &[u8; 64], u32) -> Option<[u8; 33]>;

/// The hash and signature functions of a process.
#[derive(Clone, Copy)]
struct CryptoFunctions {
    sha256: fn(&[u8]) -> [u8; 32],
    keccak256: fn(&[u8]) -> [u8; 32],
    secp256k1_verify: fn(&[u8; 32], &[u8; 64], &[u8; 33]) -> bool,
    secp256k1_recover: Recover,
    ed25519_verify: fn(&[u8], &[u8; 64], &[u8; 32]) -> bool,
    p256_verify: fn(&[u8; 32], &[u8; 64], &[u8]) -> bool,
    blake3: fn(&[u8]) -> [u8; 32],
    ripemd160: fn(&[u8]) -> [u8; 20],
    sha512: fn(&[u8]) -> [u8; 64],
    curves: CurveFunctions,
}

/// Functions and the result of their known answer tests.
pub(crate) struct Backend {
    functions: CryptoFunctions,
    /// Result of the tests: the name of the first function that failed, if one did.
    found: OnceLock<Result<(), &'static str>>,
}

/// What every host call and every transaction uses.
pub(crate) static BACKEND: Backend = Backend::new(OURS);

const OURS: CryptoFunctions = CryptoFunctions {
    sha256,
    keccak256,
    secp256k1_verify,
    secp256k1_recover,
    ed25519_verify,
    p256_verify,
    blake3,
    ripemd160,
    sha512,
    curves: curve_known_answers::OURS,
};

/// Runs the known answer tests of every hash and signature function, once per process.
///
/// [`Environment::new`](crate::frames::Environment::new) calls it; a node that verifies signatures
/// before it executes anything calls it earlier.
///
/// # Errors
/// [`Fault::Invariant`] with the name of the function that failed.
pub fn known_answers() -> Result<(), Fault> {
    BACKEND.known_answers()
}

impl Backend {
    const fn new(functions: CryptoFunctions) -> Self {
        Self {
            functions,
            found: OnceLock::new(),
        }
    }

    /// As [`known_answers`], once per backend.
    pub(crate) fn known_answers(&self) -> Result<(), Fault> {
        let found = self.found.get_or_init(|| self.functions.check());
        found.map_err(|function| {
            Fault::invariant(format!(
                "{function} fails its known answer test on this machine"
            ))
        })
    }
}

impl CryptoFunctions {
    fn check(&self) -> Result<(), &'static str> {
        self.check_hashes()?;
        self.check_signatures()?;
        self.curves.check()
    }

    fn check_hashes(&self) -> Result<(), &'static str> {
        let hashes = [
            (&b""[..], SHA256_EMPTY),
            (b"abc", SHA256_ABC),
            (TWO_BLOCKS, SHA256_TWO_BLOCKS),
        ];
        let mut hashes = hashes.iter();
        let hashed = hashes.all(|(data, digest)| (self.sha256)(data) == *digest);
        expect(hashed, "sha256")?;

        let hash = self.keccak256;
        let hashed = hash(b"") == KECCAK256_EMPTY && hash(b"abc") == KECCAK256_ABC;
        expect(hashed, "keccak256")?;

        let hash = self.blake3;
        let long: Vec<u8> = (0..=250).cycle().take(BLAKE3_LONG).collect();
        let hashed = hash(b"") == BLAKE3_EMPTY && hash(&long) == BLAKE3_OF_LONG;
        expect(hashed, "blake3")?;

        expect((self.ripemd160)(b"abc") == RIPEMD160_ABC, "ripemd160")?;
        expect((self.sha512)(b"abc") == SHA512_ABC, "sha512")
    }

    fn check_signatures(&self) -> Result<(), &'static str> {
        let digest = (self.sha256)(SECP256K1_MESSAGE);
        let verify = self.secp256k1_verify;
        let valid = verify(&digest, &SECP256K1_SIGNATURE, &SECP256K1_KEY);
        let invalid = verify(&SHA256_ABC, &SECP256K1_SIGNATURE, &SECP256K1_KEY);
        expect(valid && !invalid, "secp256k1_verify")?;

        let recover = |id| (self.secp256k1_recover)(&digest, &SECP256K1_SIGNATURE, id);
        let recovered = recover(SECP256K1_ID) == Some(SECP256K1_KEY) && recover(2).is_none();
        expect(recovered, "secp256k1_recover")?;

        let verify = self.ed25519_verify;
        let valid = verify(&ED25519_MESSAGE, &ED25519_SIGNATURE, &ED25519_KEY);
        let invalid = verify(b"", &ED25519_SIGNATURE, &ED25519_KEY);
        expect(valid && !invalid, "ed25519_verify")?;

        let digest = (self.sha256)(P256_MESSAGE);
        let verify = |digest, key| (self.p256_verify)(digest, &P256_SIGNATURE, key);
        let valid = verify(&digest, &P256_KEY) && verify(&digest, &P256_COMPRESSED_KEY);
        let invalid = verify(&SHA256_ABC, &P256_KEY);
        expect(valid && !invalid, "p256_verify")
    }
}

const fn expect(passed: bool, function: &'static str) -> Result<(), &'static str> {
    if passed { Ok(()) } else { Err(function) }
}

/// SHA-256 of nothing.
const SHA256_EMPTY: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// SHA-256 of "abc" (FIPS 180-4, example 1).
const SHA256_ABC: [u8; 32] = [
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
];

/// A message of two blocks (FIPS 180-4, example 2).
const TWO_BLOCKS: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

/// SHA-256 of [`TWO_BLOCKS`].
const SHA256_TWO_BLOCKS: [u8; 32] = [
    0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
    0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1,
];

/// Keccak-256 of nothing, as in the header of an Ethereum account without code.
const KECCAK256_EMPTY: [u8; 32] = [
    0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
    0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
];

/// Keccak-256 of "abc".
const KECCAK256_ABC: [u8; 32] = [
    0x4e, 0x03, 0x65, 0x7a, 0xea, 0x45, 0xa9, 0x4f, 0xc7, 0xd4, 0x7b, 0xa8, 0x26, 0xc8, 0xd6, 0x67,
    0xc0, 0xd1, 0xe6, 0xe3, 0x3a, 0x64, 0xa0, 0x36, 0xec, 0x44, 0xf5, 0x8f, 0xa1, 0x2d, 0x6c, 0x45,
];

/// Signed with the secret key 1 and the nonce of RFC 6979, as published by several libraries.
const SECP256K1_MESSAGE: &[u8] = b"Satoshi Nakamoto";

/// The generator of secp256k1, compressed: the key of the secret key 1.
const SECP256K1_KEY: [u8; 33] = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,
    0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17,
    0x98,
];

/// The signature over the SHA-256 of the message.
const SECP256K1_SIGNATURE: [u8; 64] = [
    0x93, 0x4b, 0x1e, 0xa1, 0x0a, 0x4b, 0x3c, 0x17, 0x57, 0xe2, 0xb0, 0xc0, 0x17, 0xd0, 0xb6, 0x14,
    0x3c, 0xe3, 0xc9, 0xa7, 0xe6, 0xa4, 0xa4, 0x98, 0x60, 0xd7, 0xa6, 0xab, 0x21, 0x0e, 0xe3, 0xd8,
    0x24, 0x42, 0xce, 0x9d, 0x2b, 0x91, 0x60, 0x64, 0x10, 0x80, 0x14, 0x78, 0x3e, 0x92, 0x3e, 0xc3,
    0x6b, 0x49, 0x74, 0x3e, 0x2f, 0xfa, 0x1c, 0x44, 0x96, 0xf0, 0x1a, 0x51, 0x2a, 0xaf, 0xd9, 0xe5,
];

/// Parity of the y of its point.
const SECP256K1_ID: u32 = 1;

/// RFC 8032, 7.1, test 3.
const ED25519_MESSAGE: [u8; 2] = [0xaf, 0x82];

/// Its key.
const ED25519_KEY: [u8; 32] = [
    0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e, 0xd0, 0x02, 0x30, 0xf0, 0x58,
    0x08, 0x16, 0xed, 0x13, 0xba, 0x33, 0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25,
];

/// Its signature.
const ED25519_SIGNATURE: [u8; 64] = [
    0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02, 0x48, 0x27, 0xe6, 0x9c, 0x3a, 0xbe, 0x01, 0xa3,
    0x0c, 0xe5, 0x48, 0xa2, 0x84, 0x74, 0x3a, 0x44, 0x5e, 0x36, 0x80, 0xd7, 0xdb, 0x5a, 0xc3, 0xac,
    0x18, 0xff, 0x9b, 0x53, 0x8d, 0x16, 0xf2, 0x90, 0xae, 0x67, 0xf7, 0x60, 0x98, 0x4d, 0xc6, 0x59,
    0x4a, 0x7c, 0x15, 0xe9, 0x71, 0x6e, 0xd2, 0x8d, 0xc0, 0x27, 0xbe, 0xce, 0xea, 0x1e, 0xc4, 0x0a,
];

/// RFC 6979, A.2.5, SHA-256, message "sample".
const P256_MESSAGE: &[u8] = b"sample";

/// Its key, uncompressed.
const P256_KEY: [u8; 65] = [
    0x04, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d,
    0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f,
    0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc,
    0x64, 0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22,
    0x99,
];

/// The same key, compressed.
const P256_COMPRESSED_KEY: [u8; 33] = [
    0x03, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d,
    0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f,
    0xb6,
];

/// Its signature, whose s is above half of the order.
const P256_SIGNATURE: [u8; 64] = [
    0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
    0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
    0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
    0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
];

/// BLAKE3 of nothing (the test vectors of its authors, as those below).
const BLAKE3_EMPTY: [u8; 32] = [
    0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d, 0xea, 0x36, 0xdc, 0xc9, 0x49,
    0x9b, 0xcb, 0x25, 0xc9, 0xad, 0xc1, 0x12, 0xb7, 0xcc, 0x9a, 0x93, 0xca, 0xe4, 0x1f, 0x32, 0x62,
];

/// A length of 31 chunks, so that every width of every backend is used: 8, 4, 2 and 1.
const BLAKE3_LONG: usize = 31_744;

/// BLAKE3 of that many bytes 0, 1, ... 250, 0, 1, ...
const BLAKE3_OF_LONG: [u8; 32] = [
    0x62, 0xb6, 0x96, 0x0e, 0x1a, 0x44, 0xbc, 0xc1, 0xeb, 0x1a, 0x61, 0x1a, 0x8d, 0x62, 0x35, 0xb6,
    0xb4, 0xb7, 0x8f, 0x32, 0xe7, 0xab, 0xc4, 0xfb, 0x4c, 0x6c, 0xdc, 0xce, 0x94, 0x89, 0x5c, 0x47,
];

/// RIPEMD-160 of "abc" (the test values of its authors).
const RIPEMD160_ABC: [u8; 20] = [
    0x8e, 0xb2, 0x08, 0xf7, 0xe0, 0x5d, 0x98, 0x7a, 0x9b, 0x04, 0x4a, 0x8e, 0x98, 0xc6, 0xb0, 0x87,
    0xf1, 0x5a, 0x0b, 0xfc,
];

/// SHA-512 of "abc" (FIPS 180-4, example 1).
const SHA512_ABC: [u8; 64] = [
    0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba, 0xcc, 0x41, 0x73, 0x49, 0xae, 0x20, 0x41, 0x31,
    0x12, 0xe6, 0xfa, 0x4e, 0x89, 0xa9, 0x7e, 0xa2, 0x0a, 0x9e, 0xee, 0xe6, 0x4b, 0x55, 0xd3, 0x9a,
    0x21, 0x92, 0x99, 0x2a, 0x27, 0x4f, 0xc1, 0xa8, 0x36, 0xba, 0x3c, 0x23, 0xa3, 0xfe, 0xeb, 0xbd,
    0x45, 0x4d, 0x44, 0x23, 0x64, 0x3c, 0xe8, 0x0e, 0x2a, 0x9a, 0xc9, 0x4f, 0xa5, 0x4c, 0xa4, 0x9f,
];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    static CALLS: AtomicU32 = AtomicU32::new(0);

    fn counting_and_wrong(data: &[u8]) -> [u8; 32] {
        CALLS.fetch_add(u32::from(data.is_empty()), Ordering::Relaxed);
        [0; 32]
    }

    /// A machine whose SHA-256 is wrong.
    pub(crate) static WRONG: Backend = Backend::new(CryptoFunctions {
        sha256: counting_and_wrong,
        ..OURS
    });

    #[test]
    fn a_wrong_result_of_any_function_is_found_and_named() {
        let wrong = [
            CryptoFunctions {
                sha256: |_| SHA256_ABC,
                ..OURS
            },
            CryptoFunctions {
                keccak256: sha256,
                ..OURS
            },
            CryptoFunctions {
                secp256k1_verify: |_, _, _| true,
                ..OURS
            },
            CryptoFunctions {
                secp256k1_recover: |_, _, _| Some(SECP256K1_KEY),
                ..OURS
            },
            CryptoFunctions {
                ed25519_verify: |_, _, _| false,
                ..OURS
            },
            CryptoFunctions {
                p256_verify: |_, _, _| true,
                ..OURS
            },
            CryptoFunctions {
                blake3: sha256,
                ..OURS
            },
            CryptoFunctions {
                ripemd160: |_| [0; 20],
                ..OURS
            },
            CryptoFunctions {
                sha512: |_| [0; 64],
                ..OURS
            },
        ];
        let named = wrong.map(|functions| functions.check().unwrap_err());
        let functions = [
            "sha256",
            "keccak256",
            "secp256k1_verify",
            "secp256k1_recover",
            "ed25519_verify",
            "p256_verify",
            "blake3",
            "ripemd160",
            "sha512",
        ];
        assert_eq!(named, functions);
        for (curves, name) in curve_known_answers::tests::WRONG {
            assert_eq!(CryptoFunctions { curves, ..OURS }.check(), Err(name));
        }
        assert_eq!(OURS.check(), Ok(()));
    }

    #[test]
    fn a_process_runs_the_tests_once() {
        for _ in 0..3 {
            let fault = WRONG.known_answers().unwrap_err().to_string();
            let text = "broken invariant: sha256 fails its known answer test on this machine";
            assert_eq!(fault, text);
        }
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    }
}
