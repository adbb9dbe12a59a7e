//! Builds the inputs of the committee.

use crate::Invocation;

/// Sets the domain, the members (key in G1, proof of possession in G2) and the threshold; returns
/// nothing.
#[must_use]
pub fn init(domain: [u8; 32], members: &[([u8; 128], [u8; 256])], threshold: u32) -> Invocation {
    Invocation::new("init", &(domain, members, threshold))
}

/// Records a root that the members whose bits are set signed together; returns nothing.
#[must_use]
pub fn attest(height: u64, root: [u8; 32], signers: u32, signature: [u8; 256]) -> Invocation {
    Invocation::new("attest", &(height, root, signers, signature))
}

/// Returns the root of a height (option of 32 bytes).
#[must_use]
pub fn root(height: u64) -> Invocation {
    Invocation::new("root", &height)
}

/// Returns the greatest height that has a root (u64), 0 if none has.
#[must_use]
pub fn latest() -> Invocation {
    Invocation::new("latest", &())
}
