//! Exports claims about the state for verifiers of ICS 23.

use crate::state_tree::{TreeView, each_page, leaf};
use crate::store::Store;
use proof::Claim;
use tree::ics23::{Ics23Error, Present, absence, presence};
use tree::{Leaf, Path};
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
pub fn ics23(
    claim: &Claim,
    tree: &dyn TreeView,
    store: &dyn Store,
) -> Result<Vec<u8>, Ics23ExportError> {
    match claim {
        Claim::Absent {
            key,
            leaf,
            siblings,
        } => {
            let path = Path::of_key(key);
            let found = tree.prove(&path)?;
            if (found.leaf, &found.siblings) != (*leaf, siblings) {
                return Err(Ics23ExportError::OtherState);
            }
            let mut neighbours = Neighbours::of(tree, &path)?;
            each_page(store, |page| {
                neighbours.look_in(page);
                Ok(!neighbours.are_found())
            })?;
            export_absence(key, &neighbours)
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

/// Encodes the absence of a key between its neighbours.
pub(crate) fn export_absence(
    key: &[u8],
    neighbours: &Neighbours,
) -> Result<Vec<u8>, Ics23ExportError> {
    let [below, above] = &neighbours.0;
    let below = below.as_ref().map(Neighbour::present).transpose()?;
    let above = above.as_ref().map(Neighbour::present).transpose()?;
    Ok(absence(key, below.as_ref(), above.as_ref())?)
}

/// The leaves beside an absent key, below and above.
pub(crate) struct Neighbours([Option<Neighbour>; 2]);

/// A leaf with its proof, and its key and value once they are found.
struct Neighbour {
    leaf: Leaf,
    proof: tree::Proof,
    entry: Option<(Vec<u8>, Vec<u8>)>,
}

impl Neighbours {
    /// The leaves beside a path, whose keys are not known yet.
    pub(crate) fn of(tree: &dyn TreeView, path: &Path) -> Result<Self, Fault> {
        let neighbour = |leaf: Option<Leaf>| -> Result<Option<Neighbour>, Fault> {
            let Some(leaf) = leaf else { return Ok(None) };
            let proof = tree.prove(&leaf.path)?;
            let entry = None;
            Ok(Some(Neighbour { leaf, proof, entry }))
        };
        let [below, above] = tree.adjacent(path)?;
        Ok(Self([neighbour(below)?, neighbour(above)?]))
    }

    /// True if no key is looked for any more.
    pub(crate) fn are_found(&self) -> bool {
        let mut each = self.0.iter().flatten();
        each.all(|neighbour| neighbour.entry.is_some())
    }

    /// Looks for the keys among entries of the state.
    pub(crate) fn look_in(&mut self, entries: &Entries) {
        for (key, value) in entries {
            let path = Path::of_key(key);
            for neighbour in self.0.iter_mut().flatten() {
                if neighbour.leaf.path == path && neighbour.leaf.value == leaf(key, value).1 {
                    neighbour.entry = Some((key.clone(), value.clone()));
                }
            }
        }
    }
}

impl Neighbour {
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
