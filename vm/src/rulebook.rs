//! Finds the rules of a version by their id.

use crate::rules::Rules;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The versions of the protocol that a node knows.
///
/// The chain decides which version applies at a height: each header has the id of its rules.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    versions: BTreeMap<[u8; 32], Arc<Rules>>,
}

impl Rulebook {
    /// This rulebook with `rules` added.
    #[must_use]
    pub fn with(mut self, rules: impl Into<Arc<Rules>>) -> Self {
        let rules = rules.into();
        self.versions.insert(*rules.id(), rules);
        self
    }

    /// The rules with this id, if the rulebook has them.
    #[must_use]
    pub fn get(&self, id: &[u8; 32]) -> Option<&Arc<Rules>> {
        self.versions.get(id)
    }

    /// All versions, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Rules>> {
        self.versions.values()
    }
}

#[cfg(test)]
mod tests {
    use super::Rulebook;
    use crate::rules::{FloatPolicy, Rules};
    use crate::schedule::Schedule;

    #[test]
    fn each_version_is_found_by_its_id_and_an_unknown_id_is_not() {
        let rejecting = Rules::new(FloatPolicy::Reject, Schedule::v1());
        let book = Rulebook::default().with(Rules::v1());
        assert_eq!(book.get(rejecting.id()), None);
        let book = book.with(rejecting.clone());
        for rules in [Rules::v1(), rejecting.clone()] {
            assert_eq!(book.get(rules.id()).map(AsRef::as_ref), Some(&rules));
        }
    }
}
