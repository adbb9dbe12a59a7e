//! Exports claims about the state for verifiers of ICS 23.

use crate::state_tree::{each_page, leaf};
use crate::store::Store;
use proof::Claim;
use tree::ics23::{Ics23Error, Present, absence, presence};
use tree::{Leaf, Path, Tree};
use vm::{Entries, Fault};

/// Why there is no ICS 23 proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Ics23ExportError {
    /// The claim is not about the state.
    #[error("ICS 23 proves values and absence in the state only")]
    NotState,
    /// The tree is not the one that the claim was made from.
    #[error("the claim is about another state")]
    OtherState,
    /// ICS 23 cannot prove it.
    #[error(transparent)]
    Unprovable(#[from] Ics23Error),
    /// This machine failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Encodes a claim about the state as an ICS 23 `CommitmentProof`, for the specification
/// `jmt::ics23_spec()` and the state root in the header of the next block.
///
/// A value is exported from the claim alone. Absence is proved by the keys beside it in the tree;
/// since that has hashes of keys only, the store is read until they are found.
///
/// # Errors
/// [`Ics23ExportError::Unprovable`] names what ICS 23 has no proof of, and what to do.
pub fn ics23(claim: &Claim, tree: &Tree, store: &dyn Store) -> Result<Vec<u8>, Ics23ExportError> {
    match claim {
        Claim::Absent {
            key,
            leaf,
            siblings,
        } => {
            let path = Path::of_key(key);
            let found = tree.prove(&path);
            if (found.leaf, &found.siblings) != (*leaf, siblings) {
                return Err(Ics23ExportError::OtherState);
            }
            let mut adjacent = AdjacentKeys::of(tree, &path);
            each_page(store, |page| {
                adjacent.look_in(page);
                Ok(!adjacent.are_found())
            })?;
            export_absence(key, &adjacent)
        }
        claim => export_presence(claim),
    }
}

/// Encodes a claim about a value.
pub(crate) fn export_presence(claim: &Claim) -> Result<Vec<u8>, Ics23ExportError> {
    let Claim::Present {
        key,
        value,
        siblings,
    } = claim
    else {
        return Err(Ics23ExportError::NotState);
    };
    let proof = tree::Proof {
        leaf: None,
        siblings: siblings.clone(),
    };
    let proof = &proof;
    Ok(presence(&Present { key, value, proof })?)
}

/// Encodes the absence of a key between the keys beside it.
pub(crate) fn export_absence(
    key: &[u8],
    adjacent: &AdjacentKeys,
) -> Result<Vec<u8>, Ics23ExportError> {
    let [below, above] = &adjacent.0;
    let below = below.as_ref().map(AdjacentKey::present).transpose()?;
    let above = above.as_ref().map(AdjacentKey::present).transpose()?;
    Ok(absence(key, below.as_ref(), above.as_ref())?)
}

/// The leaves beside an absent key, below and above.
pub(crate) struct AdjacentKeys([Option<AdjacentKey>; 2]);

/// A leaf with its proof, and its key and value once they are found.
struct AdjacentKey {
    leaf: Leaf,
    proof: tree::Proof,
    entry: Option<(Vec<u8>, Vec<u8>)>,
}

impl AdjacentKeys {
    /// The leaves beside a path, whose keys are not known yet.
    pub(crate) fn of(tree: &Tree, path: &Path) -> Self {
        Self(tree.adjacent(path).map(|leaf| {
            leaf.map(|leaf| AdjacentKey {
                leaf,
                proof: tree.prove(&leaf.path),
                entry: None,
            })
        }))
    }

    /// True if no key is looked for any more.
    pub(crate) fn are_found(&self) -> bool {
        let mut each = self.0.iter().flatten();
        each.all(|adjacent| adjacent.entry.is_some())
    }

    /// Looks for the keys among entries of the state.
    pub(crate) fn look_in(&mut self, entries: &Entries) {
        for (key, value) in entries {
            let path = Path::of_key(key);
            for adjacent in self.0.iter_mut().flatten() {
                if adjacent.leaf.path == path && adjacent.leaf.value == leaf(key, value).1 {
                    adjacent.entry = Some((key.clone(), value.clone()));
                }
            }
        }
    }
}

impl AdjacentKey {
    fn present(&self) -> Result<Present<'_>, Fault> {
        let Some((key, value)) = &self.entry else {
            let cause = "a key of the tree is not in the store";
            return Err(Fault::Store(cause.to_owned()));
        };
        Ok(Present {
            key,
            value,
            proof: &self.proof,
        })
    }
}
