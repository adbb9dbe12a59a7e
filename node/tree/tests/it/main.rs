//! Tests the public API: roots and proofs against `jmt`, properties of the tree, roots of RFC 6962.
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
mod paged;
mod proofs;
mod records;
mod roots;
mod workload;
