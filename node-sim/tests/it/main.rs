//! Tests the simulator through its public API.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows or truncates fails"
)]

extern crate lockstep_node_sim as node_sim;

mod activation;

mod upgrade;

mod small_chain;

mod mutations;

mod archive;

mod replay;

mod case;

mod hostile_files;

mod network;

mod coverage;

mod simulator;

mod injected_at_sites;

mod injected_faults;
