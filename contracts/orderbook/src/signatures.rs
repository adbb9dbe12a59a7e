//! Checks that two of three signers, each of the set and each once, signed a snapshot.
//!
//! Every signature in the call must be valid, so that a settlement with an invalid one beside two
//! valid ones is an error and not a second encoding of the same settlement.

use contract_types::orderbook::{
    SIGNERS, SIGNERS_REQUIRED, SignedBy, Signer, Snapshot, signing_bytes,
};
use sdk::env;

use crate::orderbook::OrderbookError;

/// Checks the keys and their number first, which is cheap; then the signatures.
///
/// The list is at most as long as the set, because no key may sign twice.
pub(crate) fn check(
    signers: &[Signer; SIGNERS],
    snapshot: &Snapshot,
    signatures: &[SignedBy],
) -> Result<(), OrderbookError> {
    let mut seen = signatures;
    while let [first, rest @ ..] = seen {
        if !signers.contains(&first.signer) {
            return Err(OrderbookError::UnknownSigner);
        }
        if rest.iter().any(|other| other.signer == first.signer) {
            return Err(OrderbookError::DuplicateSigner);
        }
        seen = rest;
    }
    if signatures.len() < SIGNERS_REQUIRED {
        return Err(OrderbookError::TooFewSigners);
    }
    let message = signing_bytes(&env::chain_id(), &env::self_address(), snapshot);
    if signatures.iter().all(|signed| is_valid(signed, &message)) {
        Ok(())
    } else {
        Err(OrderbookError::InvalidSignature)
    }
}

fn is_valid(signed: &SignedBy, message: &[u8]) -> bool {
    match &signed.signer {
        Signer::Secp256k1(key) => {
            env::secp256k1_verify(&env::sha256(message), &signed.signature, key)
        }
        Signer::Ed25519(key) => env::ed25519_verify(message, &signed.signature, key),
    }
}
