//! Implements an account that a WebAuthn passkey controls.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

mod webauthn;

/// The contract.
#[sdk::contract]
pub mod passkey {
    use sdk::borsh::BorshSerialize;
    use sdk::{Address, Item, Request, String, Vec, call, env};

    use crate::webauthn;

    /// Maximum length of an entry's name in bytes, which is that of the host.
    pub const ENTRY_BYTES_MAX: usize = 64;

    /// Beginning of what is hashed: a signature for another purpose cannot be used here.
    pub const SIGNING_DOMAIN: &[u8] = b"lockstep/passkey/1";

    const KEY: Item<PasskeyKey> = Item::new(b"k");
    const NONCE: Item<u64> = Item::new(b"n");

    /// The key of an account, and where it may be used.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PasskeyKey {
        /// The public key on secp256r1, SEC1: 33 or 65 bytes.
        pub point: Vec<u8>,
        /// SHA-256 of the relying party's id, the domain under which the passkey was made.
        pub relying_party_hash: [u8; 32],
        /// The origin of the page that asks for signatures, as `https://wallet.example`.
        pub origin: String,
    }

    /// A payment, or a call with or without one.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
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

    /// What a passkey returned for a challenge.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Assertion {
        /// `authenticatorData`.
        pub authenticator_data: Vec<u8>,
        /// `clientDataJSON`.
        pub client_data: Vec<u8>,
        /// r and s, 32 bytes each, big-endian: WebAuthn encodes them in DER.
        pub signature: [u8; 64],
    }

    /// The key of the account changed.
    #[sdk::event]
    pub struct KeyChanged {
        /// The new key, SEC1.
        pub key: Vec<u8>,
    }

    /// The account did what its passkey had signed.
    #[sdk::event]
    pub struct Executed {
        /// The nonce of the action.
        #[topic]
        pub nonce: u64,
    }

    /// Errors of the account.
    #[sdk::error]
    pub enum PasskeyError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// The key has not the form of a key, or the origin is empty or cannot be written as it is.
        BadKey = 2,
        /// The authenticator data is short, of another relying party, or without a user's presence.
        BadAuthenticator = 3,
        /// The client data is of another type, challenge or origin.
        BadClientData = 4,
        /// The key did not make the signature.
        BadSignature = 5,
        /// The caller is not the account itself.
        NotSelf = 6,
        /// The payment or the call failed; the nonce is still to be used.
        CallFailed = 7,
        /// The entry's name is too long.
        TooLong = 8,
        /// The nonces are used up.
        Overflow = 9,
    }

    /// Sets the key, its relying party and its origin. Works once.
    ///
    /// # Errors
    /// [`PasskeyError::AlreadyInitialised`], [`PasskeyError::BadKey`].
    pub fn init(key: PasskeyKey) -> Result<(), PasskeyError> {
        if KEY.exists() {
            return Err(PasskeyError::AlreadyInitialised);
        }
        change_key(key)
    }

    /// Accepts value, from any account.
    #[payable]
    pub fn deposit() {}

    /// Pays or calls as the passkey has signed; returns the output of the call. Any account may
    /// deliver the assertion.
    ///
    /// # Errors
    /// [`PasskeyError::TooLong`], [`PasskeyError::BadAuthenticator`],
    /// [`PasskeyError::BadClientData`], [`PasskeyError::BadSignature`],
    /// [`PasskeyError::CallFailed`], [`PasskeyError::Overflow`].
    pub fn execute(action: Action, assertion: Assertion) -> Result<Vec<u8>, PasskeyError> {
        if action.entry.len() > ENTRY_BYTES_MAX {
            return Err(PasskeyError::TooLong);
        }
        let key = KEY.get().ok_or(PasskeyError::BadSignature)?;
        webauthn::check(&key, &challenge_of(&action), &assertion)?;
        // Used before anything runs, so that the callee cannot cause a second execution.
        let nonce = nonce();
        let next = nonce.checked_add(1).ok_or(PasskeyError::Overflow)?;
        NONCE.set(&next);
        env::emit(&Executed { nonce });
        perform(&action)
    }

    /// Replaces the key. Only the account itself may call it, by an action.
    ///
    /// # Errors
    /// [`PasskeyError::NotSelf`], [`PasskeyError::BadKey`].
    pub fn set_key(key: PasskeyKey) -> Result<(), PasskeyError> {
        if env::caller() != env::self_address() {
            return Err(PasskeyError::NotSelf);
        }
        change_key(key)
    }

    /// The challenge that the passkey must sign for an action, as the next one.
    pub fn challenge(action: Action) -> [u8; 32] {
        challenge_of(&action)
    }

    /// The nonce of the next action.
    pub fn nonce() -> u64 {
        NONCE.get().unwrap_or_default()
    }

    /// The key, its relying party and its origin.
    pub fn key() -> Option<PasskeyKey> {
        KEY.get()
    }

    fn challenge_of(action: &Action) -> [u8; 32] {
        let mut bytes = SIGNING_DOMAIN.to_vec();
        bytes.extend_from_slice(&env::chain_id());
        bytes.extend_from_slice(&env::self_address().0);
        bytes.extend_from_slice(&nonce().to_le_bytes());
        // A write to memory cannot fail.
        action.serialize(&mut bytes).unwrap_or_default();
        env::sha256(&bytes)
    }

    fn change_key(key: PasskeyKey) -> Result<(), PasskeyError> {
        if !webauthn::is_acceptable_key(&key) {
            return Err(PasskeyError::BadKey);
        }
        KEY.set(&key);
        env::emit(&KeyChanged { key: key.point });
        Ok(())
    }

    /// Pays or calls. Only a call of the account to itself may re-enter it.
    fn perform(action: &Action) -> Result<Vec<u8>, PasskeyError> {
        let Action { to, value, .. } = *action;
        let result = if action.entry.is_empty() {
            env::transfer(&to, value).map(|()| Vec::new())
        } else {
            let is_self = to == env::self_address();
            let request = Request {
                value,
                flags: if is_self { call::ALLOW_REENTRY } else { 0 },
                ..Request::to(to)
            };
            request.call(&action.entry, &action.input)
        };
        result.map_err(|_| PasskeyError::CallFailed)
    }
}

#[cfg(test)]
mod tests;
