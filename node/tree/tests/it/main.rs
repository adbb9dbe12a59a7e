//! Tests the public API: roots and proofs against `jmt`, laws of the tree, RFC 6962 answers.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "an overflow in a test is a failure of the test"
)]

extern crate lockstep_tree as tree;

mod ics23;
mod jmt_oracle;
mod laws;
mod list;
mod proofs;
mod roots;
mod workload;
