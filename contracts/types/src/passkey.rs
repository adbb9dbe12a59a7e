//! Builds the inputs of the account that a passkey controls, and the bytes that it signs.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Address, Invocation, invocation::encode};

/// Prefix of [`signing_bytes`]: a signature for another purpose cannot be used here.
pub const SIGNING_DOMAIN: &[u8] = b"lockstep/passkey/1";

/// The key of an account, and where it may be used.
#[derive(BorshSerialize, BorshDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct PasskeyKey {
    /// The public key on secp256r1, SEC1: 33 or 65 bytes.
    pub point: Vec<u8>,
    /// SHA-256 of the relying party's id, the domain under which the passkey was made.
    pub relying_party_hash: [u8; 32],
    /// The origin of the page that asks for signatures, as `https://wallet.example`.
    pub origin: String,
}

/// A payment, or a call with or without one.
#[derive(BorshSerialize, BorshDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The account that is paid, or the contract that is called.
    pub to: Address,
    /// The value that is paid.
    pub value: u128,
    /// The entry that is called; empty for a plain payment.
    pub entry: String,
    /// The arguments of the call.
    pub input: Vec<u8>,
}

/// What a passkey returns for a challenge.
#[derive(BorshSerialize, BorshDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// r and s, 32 bytes each, big-endian: WebAuthn encodes them in DER.
    pub signature: [u8; 64],
}

impl Action {
    /// A payment.
    #[must_use]
    pub fn payment(to: Address, value: u128) -> Self {
        Self {
            to,
            value,
            entry: String::new(),
            input: Vec::new(),
        }
    }

    /// A call, with a value.
    #[must_use]
    pub fn call(to: Address, value: u128, invocation: Invocation) -> Self {
        Self {
            to,
            value,
            entry: invocation.entry.to_string(),
            input: invocation.input,
        }
    }
}

/// The bytes whose SHA-256 is the challenge: a domain, chain, account, nonce and action.
#[must_use]
pub fn signing_bytes(
    chain_id: &[u8; 32],
    account: &Address,
    nonce: u64,
    action: &Action,
) -> Vec<u8> {
    let mut bytes = SIGNING_DOMAIN.to_vec();
    bytes.extend_from_slice(chain_id);
    bytes.extend_from_slice(&account.0);
    bytes.extend_from_slice(&nonce.to_le_bytes());
    bytes.extend_from_slice(&encode(action));
    bytes
}

/// Sets the key; returns nothing. Works once.
#[must_use]
pub fn init(key: &PasskeyKey) -> Invocation {
    Invocation::new("init", key)
}

/// Accepts value; returns nothing.
#[must_use]
pub fn deposit() -> Invocation {
    Invocation::new("deposit", &())
}

/// Does what the passkey has signed; returns the output of the call (byte list).
#[must_use]
pub fn execute(action: &Action, assertion: &Assertion) -> Invocation {
    Invocation::new("execute", &(action, assertion))
}

/// Replaces the key; returns nothing. Only the account itself may call it.
#[must_use]
pub fn set_key(key: &PasskeyKey) -> Invocation {
    Invocation::new("set_key", key)
}

/// Returns the challenge of an action (32 bytes).
#[must_use]
pub fn challenge(action: &Action) -> Invocation {
    Invocation::new("challenge", action)
}

/// Returns the nonce of the next action (u64).
#[must_use]
pub fn nonce() -> Invocation {
    Invocation::new("nonce", &())
}

/// Returns the key (option of point, relying party's hash, origin).
#[must_use]
pub fn key() -> Invocation {
    Invocation::new("key", &())
}
