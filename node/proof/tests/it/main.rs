//! Tests the verifier on small proofs that are made by hand, without the node's tree and lists.
#![cfg(test)]

extern crate lockstep_proof as proof;

mod sample;

mod format;

mod verify;
