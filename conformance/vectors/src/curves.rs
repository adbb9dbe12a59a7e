//! Computes on points for a vector: the input of a host function as one string of bytes.

use crate::VectorError;
use vm::unstable::host::crypto;

/// The point that `function` returns, in hexadecimal, or 1 for a product that is one; 0 if the
/// input is refused or the product is not one.
pub(crate) fn result(function: &str, input: &[u8]) -> Result<String, VectorError> {
    let result = match function {
        "bls12_381_g1_add" => add(input, crypto::bls12_381_g1_add),
        "bls12_381_g2_add" => add(input, crypto::bls12_381_g2_add),
        "bn254_add" => add(input, crypto::bn254_add),
        "bls12_381_g1_msm" => sum(input, crypto::bls12_381_g1_msm),
        "bls12_381_g2_msm" => sum(input, crypto::bls12_381_g2_msm),
        "bls12_381_map_fp_to_g1" => map(input, crypto::bls12_381_map_fp_to_g1),
        "bls12_381_map_fp2_to_g2" => map(input, crypto::bls12_381_map_fp2_to_g2),
        "bn254_mul" => multiply(input),
        "bls12_381_pairing_check" => check(input, crypto::bls12_381_pairing_check),
        "bn254_pairing_check" => check(input, crypto::bn254_pairing_check),
        _ => None,
    };
    result.ok_or_else(|| VectorError::new(function, "no function on points takes this input"))
}

fn of_point<const N: usize>(point: Option<[u8; N]>) -> String {
    point.map_or_else(|| "0".to_owned(), hex::encode)
}

fn add<const N: usize>(
    input: &[u8],
    add: fn(&[u8; N], &[u8; N]) -> Option<[u8; N]>,
) -> Option<String> {
    let (first, second) = input.split_first_chunk()?;
    Some(of_point(add(first, second.as_array()?)))
}

fn multiply(input: &[u8]) -> Option<String> {
    let (point, scalar) = input.split_first_chunk()?;
    Some(of_point(crypto::bn254_mul(point, scalar.as_array()?)))
}

fn sum<const TERM: usize, const N: usize>(
    input: &[u8],
    sum: fn(&[[u8; TERM]]) -> Option<[u8; N]>,
) -> Option<String> {
    Some(of_point(sum(items(input)?)))
}

fn map<const ELEMENT: usize, const N: usize>(
    input: &[u8],
    map: fn(&[u8; ELEMENT]) -> Option<[u8; N]>,
) -> Option<String> {
    Some(of_point(map(input.as_array()?)))
}

fn check<const PAIR: usize>(input: &[u8], check: fn(&[[u8; PAIR]]) -> bool) -> Option<String> {
    Some(u8::from(check(items(input)?)).to_string())
}

/// The items of a list; `None` if the last one is not whole.
fn items<const N: usize>(input: &[u8]) -> Option<&[[u8; N]]> {
    let (items, rest) = input.as_chunks();
    rest.is_empty().then_some(items)
}
