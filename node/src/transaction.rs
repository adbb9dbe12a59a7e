//! Decodes transactions, computes their ids and intrinsic gas, and verifies their signatures.
//!
//! Specification: docs/spec/transactions.md, "Encoding".

use crate::digest::{encode, length, sha256};
use crate::rules::Prices;
use borsh::{BorshDeserialize, BorshSerialize};
use vm::unstable::host::crypto;
use vm::{Address, CodeHash};

const TRANSACTION_DOMAIN: &[u8] = b"lockstep/tx/1";
const ACCOUNT_DOMAIN: &[u8] = b"lockstep/account/1";

/// Public key that signs a transaction. The borsh tag is the scheme byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum PublicKey {
    /// Compressed secp256k1; scheme byte 0.
    Secp256k1([u8; 33]),
    /// Ed25519; scheme byte 1.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Address of the account: `sha256("lockstep/account/1" || scheme || key)`.
    #[must_use]
    pub fn address(&self) -> Address {
        Address(sha256(&[ACCOUNT_DOMAIN, &encode(self)]))
    }

    /// True if `signature` is a valid signature of `id`, by the predicates of the host interface.
    ///
    /// secp256k1 uses the id as the digest, Ed25519 as the message.
    #[must_use]
    pub fn verify(&self, id: &[u8; 32], signature: &[u8; 64]) -> bool {
        match self {
            Self::Secp256k1(key) => crypto::secp256k1_verify(id, signature, key),
            Self::Ed25519(key) => crypto::ed25519_verify(id, signature, key),
        }
    }
}

/// The action of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Payload {
    /// Transfers an amount; runs no code, even if the receiver is a contract.
    Transfer {
        /// The receiver.
        to: Address,
        /// Amount, in the chain's smallest unit.
        amount: u128,
    },
    /// Stores a module under its hash, if it is accepted.
    Upload(Vec<u8>),
    /// Creates a contract from uploaded code and calls one of its entries.
    Deploy {
        /// Hash of the uploaded code.
        code_hash: CodeHash,
        /// Salt chosen by the creator; part of the address.
        salt: [u8; 32],
        /// Name of the entry, 1 to 64 bytes.
        entry: String,
        /// Input of the entry, at most 64 KiB.
        input: Vec<u8>,
        /// Amount transferred to the contract.
        value: u128,
    },
    /// Calls an entry of a contract.
    Call {
        /// The contract.
        contract: Address,
        /// Name of the entry, 1 to 64 bytes.
        entry: String,
        /// Input of the entry, at most 64 KiB.
        input: Vec<u8>,
        /// Amount transferred to the contract.
        value: u128,
    },
}

impl Payload {
    /// Amount that the payload transfers from the signer, without fees.
    #[must_use]
    pub const fn value(&self) -> u128 {
        match self {
            Self::Transfer { amount, .. } => *amount,
            Self::Upload(_) => 0,
            Self::Deploy { value, .. } | Self::Call { value, .. } => *value,
        }
    }

    /// Entry name and input, if the payload calls a contract.
    #[must_use]
    pub fn invocation(&self) -> Option<(&str, &[u8])> {
        match self {
            Self::Transfer { .. } | Self::Upload(_) => None,
            Self::Deploy { entry, input, .. } | Self::Call { entry, input, .. } => {
                Some((entry, input))
            }
        }
    }
}

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// Id of the chain.
    pub chain_id: [u8; 32],
    /// Key that signs; its account pays.
    pub signer: PublicKey,
    /// Number of earlier transactions of the signer.
    pub nonce: u64,
    /// Maximum gas use, intrinsic gas included.
    pub gas_limit: u64,
    /// Price of one unit of gas, in the chain's smallest unit. A u64, so that the product with a
    /// gas limit always fits a u128.
    pub gas_price: u64,
    /// The action.
    pub payload: Payload,
}

impl Transaction {
    /// `sha256("lockstep/tx/1" || borsh(self))`: the id, which is what is signed.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        sha256(&[TRANSACTION_DOMAIN, &encode(self)])
    }

    /// `gas_limit * gas_price + value`; `None` if that does not fit a u128.
    #[must_use]
    pub fn cost_max(&self) -> Option<u128> {
        self.fee(self.gas_limit).checked_add(self.payload.value())
    }

    /// Price of `gas` units. The product of two u64 fits a u128.
    #[must_use]
    pub fn fee(&self, gas: u64) -> u128 {
        u128::from(gas).saturating_mul(u128::from(self.gas_price))
    }
}

/// A transaction with its signature.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signed {
    /// What was signed.
    pub transaction: Transaction,
    /// r and s, or R and s.
    pub signature: [u8; 64],
}

/// Why bytes do not decode as a transaction or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than the limit, which is checked before decoding.
    #[error("longer than {0} bytes")]
    TooLong(u32),
    /// Not a borsh encoding, or followed by other bytes.
    #[error("not an encoding of the type")]
    Malformed,
    /// Decodes, but encodes to other bytes.
    #[error("not the canonical encoding")]
    NotCanonical,
    /// A list has more items than the limit, which is checked before they are read.
    #[error("a list of more than {0} items")]
    TooMany(u32),
}

impl Signed {
    /// Encoding that is sent, hashed into the transactions root and paid for.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes the canonical encoding of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`DecodeError`]; the length is checked first.
    pub fn decode(bytes: &[u8], bytes_max: u32) -> Result<Self, DecodeError> {
        decode_canonical(bytes, bytes_max)
    }

    /// True if the signature is the signer's.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.verify_id(&self.transaction.id())
    }

    /// As [`Signed::verify`], with the transaction's id.
    pub(crate) fn verify_id(&self, id: &[u8; 32]) -> bool {
        self.transaction.signer.verify(id, &self.signature)
    }
}

/// Decodes a value whose encoding is exactly `bytes`.
///
/// # Errors
/// [`DecodeError`] if no value is encoded so.
pub fn decode_canonical<T: BorshSerialize + BorshDeserialize>(
    bytes: &[u8],
    bytes_max: u32,
) -> Result<T, DecodeError> {
    if length(bytes) > u64::from(bytes_max) {
        return Err(DecodeError::TooLong(bytes_max));
    }
    let value: T = borsh::from_slice(bytes).map_err(|_| DecodeError::Malformed)?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(DecodeError::NotCanonical)
    }
}

/// Gas charged before a transaction's payload runs: bytes, signature and, for an upload, check,
/// translation and storage. `None` if that exceeds a u64.
#[must_use]
pub fn intrinsic_gas(transaction: &Transaction, encoded_bytes: u64, price: &Prices) -> Option<u64> {
    let signature = match transaction.signer {
        PublicKey::Secp256k1(_) => price.tx_signature_secp256k1,
        PublicKey::Ed25519(_) => price.tx_signature_ed25519,
    };
    let upload = match &transaction.payload {
        Payload::Upload(module) => price
            .upload_per_byte
            .checked_mul(length(module))?
            .checked_add(price.upload_base)?,
        Payload::Transfer { .. } | Payload::Deploy { .. } | Payload::Call { .. } => 0,
    };
    price
        .tx_per_byte
        .checked_mul(encoded_bytes)?
        .checked_add(price.tx_base)?
        .checked_add(signature)?
        .checked_add(upload)
}
