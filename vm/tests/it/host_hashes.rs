//! Compares BLAKE3, RIPEMD-160 and SHA-512 with published vectors, and as host calls.

use crate::host_script::{HostFixture, trapped};
use host_api::Function;
use sha2::{Digest, Sha512};
use vm::Trap;
use vm::unstable::host::Reply;
use vm::unstable::host::crypto::{blake3, ripemd160, sha512};

const NOTHING: Reply = Reply::Resume(None);

/// The lines of a file of vectors; its header says how many there are.
pub(crate) fn vectors(name: &str, text: &'static str) -> Vec<Vec<&'static str>> {
    let announced = text.lines().find_map(|line| line.strip_prefix("# tests: "));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let tests: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
    assert_eq!(announced, Some(tests.len().to_string().as_str()), "{name}");
    println!("{name}: {} tests", tests.len());
    tests
}

/// The bytes of a field of a vector, in which a dash is no bytes.
pub(crate) fn bytes(field: &str) -> Vec<u8> {
    match field {
        "-" => Vec::new(),
        hex => hex::decode(hex).expect("hex"),
    }
}

/// The first bytes of 0, 1, ... 250, 0, 1, ...
fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[test]
fn blake3_agrees_with_the_vectors_of_its_authors() {
    for test in vectors("blake3", include_str!("../vectors/blake3.txt")) {
        let [length, hash] = test[..] else {
            panic!("a length and a hash")
        };
        let data = pattern(length.parse().expect("a number"));
        assert_eq!(hex::encode(blake3(&data)), hash, "{length} bytes");
    }
}

/// In parts, no vector unit hashes several chunks at once: whatever the processor, both agree.
#[test]
fn blake3_of_any_length_is_that_of_its_parts() {
    for length in (0..9_000).step_by(61).chain(8_190..8_195) {
        let data = pattern(length);
        let mut hasher = ::blake3::Hasher::new();
        for part in data.chunks(1) {
            hasher.update(part);
        }
        assert_eq!(&blake3(&data), hasher.finalize().as_bytes(), "{length}");
    }
}

#[test]
fn ripemd160_agrees_with_the_test_values_of_its_authors() {
    for test in vectors("ripemd160", include_str!("../vectors/ripemd160.txt")) {
        let [message, hash] = test[..] else {
            panic!("a message and a hash")
        };
        assert_eq!(hex::encode(ripemd160(&bytes(message))), hash, "{message}");
    }
    // Their last value, too long for a file.
    let million = ripemd160(&vec![b'a'; 1_000_000]);
    let expected = "52783243c1697bdbe16d37f97f68f08325dc1528";
    assert_eq!(hex::encode(million), expected);
}

#[test]
fn sha512_agrees_with_the_vectors_of_nist() {
    for test in vectors("sha512", include_str!("../vectors/sha512.txt")) {
        let [message, hash] = test[..] else {
            panic!("a message and a hash")
        };
        assert_eq!(hex::encode(sha512(&bytes(message))), hash, "{message}");
    }
    for length in 0..300 {
        let data = pattern(length);
        let mut hasher = Sha512::new();
        for part in data.chunks(7) {
            hasher.update(part);
        }
        assert_eq!(sha512(&data)[..], hasher.finalize()[..], "{length}");
    }
}

#[test]
fn a_hash_is_written_whole_and_may_overwrite_its_input() {
    let functions = [
        (Function::Blake3, blake3(b"abc").to_vec()),
        (Function::Ripemd160, ripemd160(b"abc").to_vec()),
        (Function::Sha512, sha512(b"abc").to_vec()),
    ];
    for (function, hash) in functions {
        for dst in [0, 1, 2, 3, 100] {
            let mut fixture = HostFixture {
                memory: vec![0xa5; 300],
                ..HostFixture::default()
            };
            fixture.put(0, b"abc");
            let before = fixture.memory.clone();
            assert_eq!(fixture.call(function, &[0, 3, dst]), NOTHING);
            let start = usize::try_from(dst).expect("small");
            let end = start + hash.len();
            assert_eq!(fixture.memory[start..end], hash, "{function:?} at {dst}");
            assert_eq!(fixture.memory[..start], before[..start], "{function:?}");
            assert_eq!(fixture.memory[end..], before[end..], "{function:?}");
        }
    }
}

#[test]
fn a_hash_needs_room_for_its_whole_output() {
    for (function, length) in [
        (Function::Blake3, 32),
        (Function::Ripemd160, 20),
        (Function::Sha512, 64),
    ] {
        let mut fixture = HostFixture::default();
        let end = u64::try_from(fixture.memory.len()).expect("small");
        assert_eq!(fixture.call(function, &[0, 0, end - length]), NOTHING);
        let beyond = fixture.call(function, &[0, 0, end - length + 1]);
        assert_eq!(beyond, trapped(Trap::MemoryRange), "{function:?}");
    }
}
