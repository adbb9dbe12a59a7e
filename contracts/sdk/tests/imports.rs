//! Tests that Rust and C contracts import the same functions of the host.
#![cfg(test)]

use std::collections::BTreeSet;

/// Consensus: the names of version 1.
const IMPORTS: [&str; 45] = [
    "balance",
    "blake3",
    "block_hash",
    "block_height",
    "block_time",
    "bls12_381_g1_add",
    "bls12_381_g1_msm",
    "bls12_381_g2_add",
    "bls12_381_g2_msm",
    "bls12_381_map_fp2_to_g2",
    "bls12_381_map_fp_to_g1",
    "bls12_381_pairing_check",
    "bn254_add",
    "bn254_mul",
    "bn254_pairing_check",
    "call",
    "caller",
    "chain_id",
    "debug_log",
    "deploy",
    "ed25519_verify",
    "emit_event",
    "gas_left",
    "input",
    "keccak256",
    "p256_verify",
    "proposer",
    "return",
    "returned",
    "revert",
    "ripemd160",
    "secp256k1_recover",
    "secp256k1_verify",
    "self",
    "set_code",
    "sha256",
    "sha512",
    "storage_has",
    "storage_read",
    "storage_remove",
    "storage_scan",
    "storage_write",
    "transfer",
    "tx_hash",
    "value",
];

#[test]
fn the_rust_externs_are_the_interface() {
    let source = include_str!("../src/externs.rs");
    let block = source.split("unsafe extern \"C\" {").nth(1).unwrap();
    let block = block.split("\n    }\n").next().unwrap();
    let mut names = BTreeSet::new();
    let mut renamed = None;
    for line in block.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[link_name = \"") {
            renamed = rest.strip_suffix("\"]");
        } else if let Some((_, rest)) = line.split_once("fn ") {
            let name = rest.split('(').next().unwrap();
            assert!(names.insert(renamed.take().unwrap_or(name)), "{name} twice");
        }
    }
    assert_eq!(names, BTreeSet::from(IMPORTS));
}

#[test]
fn the_c_header_is_the_interface() {
    let header = include_str!("../../c/lockstep.h");
    let imports = header.split("\nLOCKSTEP_IMPORT(").skip(1);
    let names: BTreeSet<_> = imports
        .map(|rest| rest.split(')').next().unwrap())
        .collect();
    assert_eq!(names, BTreeSet::from(IMPORTS));
}
