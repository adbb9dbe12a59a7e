//! Records what enough members of a committee signed together, by one BLS signature.
//!
//! What it guards against: see `README.md`. The signatures: `sdk::bls`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod committee {
    use sdk::{Item, Map, Vec, bls, env};

    /// Maximum number of members: a set of signers has a bit for each.
    pub const MEMBERS_MAX: u32 = 32;
    /// What every message begins with.
    pub const PREFIX: &[u8] = b"attestation";

    const DOMAIN: Item<[u8; 32]> = Item::new(b"d");
    const KEYS: Item<Vec<[u8; 128]>> = Item::new(b"k");
    const THRESHOLD: Item<u32> = Item::new(b"t");
    const LATEST: Item<u64> = Item::new(b"l");
    const ROOTS: Map<u64, [u8; 32]> = Map::new(b"r");

    /// A member of the committee.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Member {
        /// Its public key, in G1.
        pub key: [u8; 128],
        /// Its proof of possession of the secret, in G2.
        pub possession: [u8; 256],
    }

    /// A root was recorded.
    #[sdk::event]
    pub struct Attested {
        /// The height.
        #[topic]
        pub height: u64,
        /// The root.
        pub root: [u8; 32],
        /// The members that signed: bit i is member i.
        pub signers: u32,
    }

    /// Errors of the committee.
    #[sdk::error]
    pub enum CommitteeError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// No members, too many, one of them twice, or a threshold that they cannot reach.
        BadMembers = 2,
        /// A member's key or proof of possession is not valid.
        BadPossession = 3,
        /// The height is not above the last one.
        NotNewer = 4,
        /// A signer is not a member, or there are fewer signers than the threshold.
        BadSigners = 5,
        /// These members did not sign this together.
        BadSignature = 6,
    }

    /// Sets the domain that the members sign for, the members, and how many must sign. Works once.
    ///
    /// # Errors
    /// [`CommitteeError::AlreadyInitialised`], [`CommitteeError::BadMembers`],
    /// [`CommitteeError::BadPossession`].
    pub fn init(
        domain: [u8; 32],
        members: Vec<Member>,
        threshold: u32,
    ) -> Result<(), CommitteeError> {
        if DOMAIN.exists() {
            return Err(CommitteeError::AlreadyInitialised);
        }
        let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
        if count > MEMBERS_MAX || !(1..=count).contains(&threshold) {
            return Err(CommitteeError::BadMembers);
        }
        let mut keys = Vec::with_capacity(members.len());
        for Member { key, possession } in members {
            if keys.contains(&key) {
                return Err(CommitteeError::BadMembers);
            }
            if !bls::verify_possession(&key, &possession) {
                return Err(CommitteeError::BadPossession);
            }
            keys.push(key);
        }
        DOMAIN.set(&domain);
        KEYS.set(&keys);
        THRESHOLD.set(&threshold);
        Ok(())
    }

    /// Records the root of a height above the last one, signed by the members in `signers`, of
    /// which bit i is member i. They sign "attestation", the domain, the height (u64, little
    /// endian) and the root.
    ///
    /// # Errors
    /// [`CommitteeError::NotNewer`], [`CommitteeError::BadSigners`],
    /// [`CommitteeError::BadSignature`].
    pub fn attest(
        height: u64,
        root: [u8; 32],
        signers: u32,
        signature: [u8; 256],
    ) -> Result<(), CommitteeError> {
        if LATEST.get().is_some_and(|latest| height <= latest) {
            return Err(CommitteeError::NotNewer);
        }
        let keys = KEYS.get().unwrap_or_default();
        let is_known = signers.checked_shr(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        let threshold = THRESHOLD.get().unwrap_or(u32::MAX);
        if is_known.unwrap_or(0) != 0 || signers.count_ones() < threshold {
            return Err(CommitteeError::BadSigners);
        }
        let signed = (0..MEMBERS_MAX)
            .zip(&keys)
            .filter(|(index, _)| signers.wrapping_shr(*index) & 1 == 1);
        let message = message(height, &root);
        if !bls::fast_aggregate_verify(signed.map(|(_, key)| key), &message, &signature) {
            return Err(CommitteeError::BadSignature);
        }
        ROOTS.set(&height, &root);
        LATEST.set(&height);
        env::emit(&Attested {
            height,
            root,
            signers,
        });
        Ok(())
    }

    /// The root of a height.
    pub fn root(height: u64) -> Option<[u8; 32]> {
        ROOTS.get(&height)
    }

    /// The greatest height that has a root; 0 if none has.
    pub fn latest() -> u64 {
        LATEST.get().unwrap_or_default()
    }

    fn message(height: u64, root: &[u8; 32]) -> Vec<u8> {
        let domain = DOMAIN.get().unwrap_or_default();
        [PREFIX, &domain, &height.to_le_bytes(), root].concat()
    }
}

#[cfg(test)]
mod tests;
