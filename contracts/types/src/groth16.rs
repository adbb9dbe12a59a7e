//! Builds the inputs of the Groth16 verifier.

use crate::Invocation;

/// A point of G1: x and y, 32 bytes each, big-endian.
pub type G1 = [u8; 64];
/// A point of G2: x and y, each its imaginary part before its real part, big-endian.
pub type G2 = [u8; 128];

/// Sets the verification key of the circuit, with one point for each public input and one more;
/// returns nothing.
#[must_use]
pub fn init(alpha: G1, beta: G2, gamma: G2, delta: G2, inputs: &[G1]) -> Invocation {
    Invocation::new("init", &(alpha, beta, gamma, delta, inputs))
}

/// Returns nothing if the proof (A, B, C) is valid for the public inputs; reverts otherwise.
#[must_use]
pub fn verify(a: G1, b: G2, c: G1, inputs: &[[u8; 32]]) -> Invocation {
    Invocation::new("verify", &(a, b, c, inputs))
}
