//! Verifies Groth16 proofs over BN254 for one circuit.
//!
//! What it guards against: see `README.md`. The pairing equation: Groth, "On the Size of
//! Pairing-based Non-interactive Arguments" (2016), section 3.2.
#![cfg_attr(target_family = "wasm", no_std)]

mod field;

/// The contract.
#[sdk::contract]
pub mod groth16 {
    use crate::field::{is_scalar, negated};
    use sdk::{Item, Vec, bn254};

    /// Maximum number of public inputs: a verification multiplies a point for each.
    pub const INPUTS_MAX: usize = 32;

    const KEY: Item<VerificationKey> = Item::new(b"k");

    /// The verification key of a circuit; points in the encodings of EIP-197.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct VerificationKey {
        /// Alpha, in G1.
        pub alpha: [u8; 64],
        /// Beta, in G2.
        pub beta: [u8; 128],
        /// Gamma, in G2.
        pub gamma: [u8; 128],
        /// Delta, in G2.
        pub delta: [u8; 128],
        /// One point of G1, and another for each public input.
        pub inputs: Vec<[u8; 64]>,
    }

    /// A proof; points in the encodings of EIP-197.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Proof {
        /// A, in G1.
        pub a: [u8; 64],
        /// B, in G2.
        pub b: [u8; 128],
        /// C, in G1.
        pub c: [u8; 64],
    }

    /// Errors of the verifier.
    #[sdk::error]
    pub enum Groth16Error {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// A point of the key is malformed, at infinity, or outside its group; or too many inputs.
        BadKey = 2,
        /// `init` was not called.
        NotInitialised = 3,
        /// The number of public inputs is not the circuit's.
        WrongInputs = 4,
        /// A public input is not below the order of the group.
        InputTooLarge = 5,
        /// The proof does not prove the statement.
        InvalidProof = 6,
    }

    /// Sets the verification key. Works once.
    ///
    /// # Errors
    /// [`Groth16Error::AlreadyInitialised`], [`Groth16Error::BadKey`].
    pub fn init(key: VerificationKey) -> Result<(), Groth16Error> {
        if KEY.exists() {
            return Err(Groth16Error::AlreadyInitialised);
        }
        if !is_acceptable(&key) {
            return Err(Groth16Error::BadKey);
        }
        KEY.set(&key);
        Ok(())
    }

    /// Returns if the proof proves the statement with these public inputs, and reverts otherwise.
    /// An input is a number below the order of the group, big-endian.
    ///
    /// # Errors
    /// [`Groth16Error::NotInitialised`], [`Groth16Error::WrongInputs`],
    /// [`Groth16Error::InputTooLarge`], [`Groth16Error::InvalidProof`].
    pub fn verify(proof: Proof, inputs: Vec<[u8; 32]>) -> Result<(), Groth16Error> {
        let key = KEY.get().ok_or(Groth16Error::NotInitialised)?;
        let Some((first, points)) = key.inputs.split_first() else {
            return Err(Groth16Error::NotInitialised);
        };
        if points.len() != inputs.len() {
            return Err(Groth16Error::WrongInputs);
        }
        let mut sum = *first;
        for (point, input) in points.iter().zip(&inputs) {
            if !is_scalar(input) {
                return Err(Groth16Error::InputTooLarge);
            }
            let term = bn254::mul(point, input).ok_or(Groth16Error::InvalidProof)?;
            sum = bn254::add(&sum, &term).ok_or(Groth16Error::InvalidProof)?;
        }
        let negated = negated(&proof.a).ok_or(Groth16Error::InvalidProof)?;
        let pairs = [
            bn254::pair(&negated, &proof.b),
            bn254::pair(&key.alpha, &key.beta),
            bn254::pair(&sum, &key.gamma),
            bn254::pair(&proof.c, &key.delta),
        ];
        if bn254::pairing_check(&pairs) {
            Ok(())
        } else {
            Err(Groth16Error::InvalidProof)
        }
    }

    /// The verification key, if it is set.
    pub fn key() -> Option<VerificationKey> {
        KEY.get()
    }

    fn is_acceptable(key: &VerificationKey) -> bool {
        let of_g2 = [key.beta, key.gamma, key.delta];
        let is_infinite = key.alpha == bn254::G1_INFINITY || of_g2.contains(&bn254::G2_INFINITY);
        let count = key.inputs.len();
        if is_infinite || count == 0 || count > INPUTS_MAX.saturating_add(1) {
            return false;
        }
        let is_on_curve = |point| bn254::add(point, &bn254::G1_INFINITY).is_some();
        // A pairing with the point at infinity is one, and is computed only if the other is valid.
        is_on_curve(&key.alpha)
            && key.inputs.iter().all(is_on_curve)
            && bn254::pairing_check(&of_g2.map(|point| bn254::pair(&bn254::G1_INFINITY, &point)))
    }
}

#[cfg(test)]
mod tests;
