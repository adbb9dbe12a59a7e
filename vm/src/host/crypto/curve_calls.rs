//! Makes host functions of the functions on points: counts their items, writes their results.
//!
//! A refused input and a product that is not one are both 0, so that a caller who tests for not
//! zero cannot take an input that is malformed for a success.
//!
//! Specification: docs/spec/host.md, "Functions".

use super::{
    bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm, bls12_381_map_fp_to_g1,
    bls12_381_map_fp2_to_g2, bls12_381_pairing_check, bn254_add, bn254_mul, bn254_pairing_check,
};
use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply, bool_reply};
use crate::trap::Trap;

pub(in crate::host) fn call_g1_add(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let sum = bls12_381_g1_add(call.fixed(0)?, call.fixed(1)?);
    point_reply(call, 2, sum)
}

pub(in crate::host) fn call_g2_add(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let sum = bls12_381_g2_add(call.fixed(0)?, call.fixed(1)?);
    point_reply(call, 2, sum)
}

pub(in crate::host) fn call_g1_msm(
    host: &Host<'_>,
    call: &mut AdmittedCall<'_>,
) -> Result<Reply, Halt> {
    let sum = bls12_381_g1_msm(items(call, host.rules.host_limits.msm_terms_max)?);
    point_reply(call, 1, sum)
}

pub(in crate::host) fn call_g2_msm(
    host: &Host<'_>,
    call: &mut AdmittedCall<'_>,
) -> Result<Reply, Halt> {
    let sum = bls12_381_g2_msm(items(call, host.rules.host_limits.msm_terms_max)?);
    point_reply(call, 1, sum)
}

pub(in crate::host) fn call_bls12_381_pairing(
    host: &Host<'_>,
    call: &AdmittedCall<'_>,
) -> Result<Reply, Halt> {
    let pairs = items(call, host.rules.host_limits.pairing_pairs_max)?;
    Ok(bool_reply(bls12_381_pairing_check(pairs)))
}

pub(in crate::host) fn call_map_fp(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let point = bls12_381_map_fp_to_g1(call.fixed(0)?);
    point_reply(call, 1, point)
}

pub(in crate::host) fn call_map_fp2(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let point = bls12_381_map_fp2_to_g2(call.fixed(0)?);
    point_reply(call, 1, point)
}

pub(in crate::host) fn call_bn254_add(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let sum = bn254_add(call.fixed(0)?, call.fixed(1)?);
    point_reply(call, 2, sum)
}

pub(in crate::host) fn call_bn254_mul(call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let product = bn254_mul(call.fixed(0)?, call.fixed(1)?);
    point_reply(call, 2, product)
}

pub(in crate::host) fn call_bn254_pairing(
    host: &Host<'_>,
    call: &AdmittedCall<'_>,
) -> Result<Reply, Halt> {
    let pairs = items(call, host.rules.host_limits.pairing_pairs_max)?;
    Ok(bool_reply(bn254_pairing_check(pairs)))
}

/// The items of the first argument; a trap if there are more than `maximum`.
fn items<'c, const N: usize>(
    call: &'c AdmittedCall<'_>,
    maximum: u32,
) -> Result<&'c [[u8; N]], Halt> {
    let (items, _) = call.bytes(0)?.as_chunks();
    if u32::try_from(items.len()).map_or(true, |count| count > maximum) {
        return Err(Trap::ItemLimit.into());
    }
    Ok(items)
}

/// Writes the point to argument `index` and resumes with 1, or resumes with 0 if there is none.
fn point_reply<const N: usize>(
    call: &mut AdmittedCall<'_>,
    index: usize,
    point: Option<[u8; N]>,
) -> Result<Reply, Halt> {
    if let Some(point) = &point {
        call.write(index, point)?;
    }
    Ok(bool_reply(point.is_some()))
}
