//! Tests the node through its public API.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows or truncates fails"
)]

extern crate lockstep_node as node;

mod chain;

mod transactions;

mod mempool;

mod blocks;

mod decoding;

mod execution;

mod state;

mod proofs;

mod faults;

mod hashes;

mod keeping;

mod code_records;

mod memory_faults;

mod scrub;

mod other_chain;

mod orderbook;

mod drive;

mod upgrade;
