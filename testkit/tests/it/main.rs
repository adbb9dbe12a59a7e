//! Tests the world, and the sample contracts as deployed wasm.
#![cfg(test)]

extern crate lockstep_testkit as testkit;

mod setup;

mod world;

mod failures;

mod samples;

mod linked;

mod passkey;

mod hostile;

mod property;

mod gas_pages;

mod proofs;

mod sizes;

mod depth;

#[path = "../../../vm/tests/it/ledger.rs"]
mod ledger;

mod model;

mod model_execution;

mod model_script;
