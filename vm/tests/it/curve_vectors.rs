//! Runs published vectors of BLS12-381 and BN254; the files in `vm/tests/vectors` say from where.

use vm::unstable::host::crypto::{
    bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm, bls12_381_map_fp_to_g1,
    bls12_381_map_fp2_to_g2, bls12_381_pairing_check, bn254_add, bn254_mul, bn254_pairing_check,
};

const FILES: [(&str, &str); 4] = [
    ("eip2537", include_str!("../vectors/curves_eip2537.txt")),
    ("evmone", include_str!("../vectors/curves_evmone.txt")),
    ("revm", include_str!("../vectors/curves_revm.txt")),
    ("py_ecc", include_str!("../vectors/curves_py_ecc.txt")),
];

/// Number of vectors of each function, in the order of `FILES`.
const COUNTS: [(&str, [usize; 4]); 10] = [
    ("bls12_381_g1_add", [13, 0, 0, 0]),
    ("bls12_381_g1_msm", [46, 0, 0, 5]),
    ("bls12_381_g2_add", [13, 0, 0, 0]),
    ("bls12_381_g2_msm", [27, 0, 0, 5]),
    ("bls12_381_pairing_check", [38, 0, 0, 4]),
    ("bls12_381_map_fp_to_g1", [7, 0, 0, 15]),
    ("bls12_381_map_fp2_to_g2", [7, 0, 0, 13]),
    ("bn254_add", [0, 34, 4, 8]),
    ("bn254_mul", [0, 58, 4, 8]),
    ("bn254_pairing_check", [0, 16, 5, 6]),
];

/// The bytes of a word; `-` is an empty input.
fn bytes(word: &str) -> Vec<u8> {
    hex::decode(word.trim_start_matches('-')).expect("hexadecimal")
}

fn array<const N: usize>(input: &[u8]) -> [u8; N] {
    input.try_into().expect("the length of the input")
}

/// Both halves of `input`.
fn halves<const N: usize>(input: &[u8]) -> ([u8; N], [u8; N]) {
    let (first, second) = input.split_at(N);
    (array(first), array(second))
}

fn items<const N: usize>(input: &[u8]) -> &[[u8; N]] {
    let (items, rest) = input.as_chunks();
    assert!(rest.is_empty(), "a whole number of items");
    items
}

/// The output of `function`, `None` if it refuses the input. The output of a check is a number of
/// 32 bytes as in the EIPs; an input that is refused and one that is false are equal there.
fn run(function: &str, input: &[u8]) -> Option<Vec<u8>> {
    let of_check = |is_one: bool| is_one.then(|| [[0; 31].as_slice(), &[1]].concat());
    match function {
        "bls12_381_g1_add" => {
            let (first, second) = halves(input);
            bls12_381_g1_add(&first, &second).map(Vec::from)
        }
        "bls12_381_g2_add" => {
            let (first, second) = halves(input);
            bls12_381_g2_add(&first, &second).map(Vec::from)
        }
        "bls12_381_g1_msm" => bls12_381_g1_msm(items(input)).map(Vec::from),
        "bls12_381_g2_msm" => bls12_381_g2_msm(items(input)).map(Vec::from),
        "bls12_381_pairing_check" => of_check(bls12_381_pairing_check(items(input))),
        "bls12_381_map_fp_to_g1" => bls12_381_map_fp_to_g1(&array(input)).map(Vec::from),
        "bls12_381_map_fp2_to_g2" => bls12_381_map_fp2_to_g2(&array(input)).map(Vec::from),
        "bn254_add" => {
            let (first, second) = halves(input);
            bn254_add(&first, &second).map(Vec::from)
        }
        "bn254_mul" => {
            let (point, factor) = input.split_at(64);
            bn254_mul(&array(point), &array(factor)).map(Vec::from)
        }
        "bn254_pairing_check" => of_check(bn254_pairing_check(items(input))),
        _ => panic!("{function} is no function"),
    }
}

#[test]
fn every_published_vector_of_a_curve_has_its_output() {
    let mut found = COUNTS.map(|(name, _)| (name, [0; 4]));
    for (file, (source, text)) in FILES.into_iter().enumerate() {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let [function, name, input, output] = words[..] else {
                panic!("{source}: {line}")
            };
            let expected = Some(bytes(output)).filter(|expected| {
                let is_zero = expected.iter().all(|byte| *byte == 0);
                output != "-" && !(is_zero && function.ends_with("pairing_check"))
            });
            let result = run(function, &bytes(input));
            assert_eq!(result, expected, "{source}, {function}, {name}");
            let (_, counts) = found
                .iter_mut()
                .find(|(known, _)| *known == function)
                .expect("a function of the list");
            counts[file] += 1;
        }
    }
    println!("{found:?}");
    assert_eq!(found, COUNTS);
}
