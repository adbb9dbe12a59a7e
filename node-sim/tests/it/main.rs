//! Tests the node and the simulator through their public API.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::too_many_lines,
    reason = "a test that overflows fails, and tells its story in one piece"
)]

mod simulator;
