//! Signs transactions with secret keys, deterministically.
//!
//! For wallets, the simulator's workload and tests; a node never has a secret key.

use crate::digest::sha256;
use crate::transaction::{PublicKey, Signed, Transaction};
use ed25519_dalek::Signer as _;
use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use vm::Address;

/// A secret key of one of the two schemes.
#[derive(Clone)]
pub enum SecretKey {
    /// secp256k1, nonces after RFC 6979, low s.
    Secp256k1(k256::ecdsa::SigningKey),
    /// Ed25519, RFC 8032.
    Ed25519(ed25519_dalek::SigningKey),
}

impl SecretKey {
    /// Derives a secp256k1 key from a seed: its SHA-256, hashed again until it is a valid scalar.
    #[must_use]
    pub fn secp256k1(seed: &[u8]) -> Self {
        let mut bytes = sha256(&[seed]);
        loop {
            // A digest is a valid scalar except with probability 2^-127, so the loop runs once.
            if let Ok(key) = k256::ecdsa::SigningKey::from_slice(&bytes) {
                return Self::Secp256k1(key);
            }
            bytes = sha256(&[&bytes]);
        }
    }

    /// Derives an Ed25519 key from a seed: its SHA-256.
    #[must_use]
    pub fn ed25519(seed: &[u8]) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&sha256(&[seed])))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Secp256k1(key) => {
                let point = key.verifying_key().to_sec1_point(true);
                let mut bytes = [0; 33];
                // A compressed point always has 33 bytes; a zero key would verify nothing.
                if let Ok(compressed) = <[u8; 33]>::try_from(point.as_bytes()) {
                    bytes = compressed;
                }
                PublicKey::Secp256k1(bytes)
            }
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key().to_bytes()),
        }
    }

    /// Address of the key's account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.public().address()
    }

    /// Signs a message as contracts expect: secp256k1 signs its SHA-256, Ed25519 the message
    /// itself.
    #[must_use]
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        match self {
            Self::Secp256k1(_) => self.sign_id(&sha256(&[message])),
            Self::Ed25519(key) => key.sign(message).to_bytes(),
        }
    }

    /// Signs a transaction; the result is valid only if the transaction's signer is this key.
    #[must_use]
    pub fn sign(&self, transaction: Transaction) -> Signed {
        let signature = self.sign_id(&transaction.id());
        Signed {
            transaction,
            signature,
        }
    }

    fn sign_id(&self, id: &[u8; 32]) -> [u8; 64] {
        match self {
            Self::Secp256k1(key) => {
                let signature: Result<k256::ecdsa::Signature, _> = key.sign_prehash(id);
                // RFC 6979 over a 32-byte digest does not fail; a zero signature would never
                // verify.
                signature.map_or([0; 64], |found| found.normalize_s().to_bytes().into())
            }
            Self::Ed25519(key) => key.sign(id).to_bytes(),
        }
    }
}

/// Shows the public key only.
impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("SecretKey").field(&self.public()).finish()
    }
}
