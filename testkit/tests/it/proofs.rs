//! Runs the samples that verify proofs and aggregate signatures, as deployed wasm.

#[path = "../../../contracts/sdk/src/facts.rs"]
mod facts;

use crate::setup::{call_by, call_ok, deploy, revert_code, world_on_all_engines};
use contract_types::{Invocation, committee, groth16};
use facts::Facts;

const PROOF: Facts = Facts::new(include_str!("../../../contracts/groth16/proof.txt"));
const SIGNATURES: Facts = Facts::new(include_str!("../../../contracts/sdk/tests/data/bls.txt"));

/// Sets the verification key of a circuit.
pub(crate) fn key() -> Invocation {
    groth16::init(
        PROOF.one("alpha"),
        PROOF.one("beta"),
        PROOF.one("gamma"),
        PROOF.one("delta"),
        &PROOF.list("point"),
    )
}

fn statement(inputs: &[[u8; 32]]) -> Invocation {
    groth16::verify(PROOF.one("a"), PROOF.one("b"), PROOF.one("c"), inputs)
}

/// Verifies a proof of that circuit.
pub(crate) fn proof() -> Invocation {
    statement(&PROOF.list("input"))
}

/// Sets a committee of four members.
pub(crate) fn four_members(threshold: u32) -> Invocation {
    let members = SIGNATURES
        .list("key")
        .into_iter()
        .zip(SIGNATURES.list("possession"));
    let members: Vec<_> = members.collect();
    committee::init(SIGNATURES.one("domain"), &members, threshold)
}

/// Records a root that these members signed: three of them, then all four, then one.
pub(crate) fn attestation(index: usize) -> Invocation {
    committee::attest(
        u64::from_le_bytes(SIGNATURES.list("height")[index]),
        SIGNATURES.list("root")[index],
        u32::from_le_bytes(SIGNATURES.list("signers")[index]),
        SIGNATURES.list("signature")[index],
    )
}

#[test]
fn groth16_verifies_a_proof_of_other_software() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let verifier = deploy(&mut world, alice, "groth16", &key());
    call_ok(&mut world, &call_by(alice, verifier, proof()));
    let mut other: Vec<[u8; 32]> = PROOF.list("input");
    other[1][31] ^= 1;
    let other = call_by(alice, verifier, statement(&other));
    assert_eq!(revert_code(&mut world, &other), 6);
}

#[test]
fn a_committee_records_what_enough_members_signed_together() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let contract = deploy(&mut world, alice, "committee", &four_members(3));
    let few = call_by(alice, contract, attestation(2));
    assert_eq!(revert_code(&mut world, &few), 5);
    for index in [0, 1] {
        call_ok(&mut world, &call_by(alice, contract, attestation(index)));
    }
    let again = call_by(alice, contract, attestation(0));
    assert_eq!(revert_code(&mut world, &again), 4);
    let latest = call_ok(&mut world, &call_by(alice, contract, committee::latest()));
    assert_eq!(latest.decode(), Ok(9_u64));
}
