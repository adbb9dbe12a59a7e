//! Gives the rules of a version by their id, for whoever meets more than one.

use crate::rules::Rules;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The versions of the protocol that a node knows.
///
/// Which of them holds at a height is the chain's business: a header names its rules by id.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    versions: BTreeMap<[u8; 32], Arc<Rules>>,
}

impl Rulebook {
    /// This book and `rules`.
    #[must_use]
    pub fn with(mut self, rules: impl Into<Arc<Rules>>) -> Self {
        let rules = rules.into();
        self.versions.insert(*rules.id(), rules);
        self
    }

    /// The rules of this id, if the book has them.
    #[must_use]
    pub fn get(&self, id: &[u8; 32]) -> Option<&Arc<Rules>> {
        self.versions.get(id)
    }
}

#[cfg(test)]
mod tests {
    use super::Rulebook;
    use crate::rules::{FloatPolicy, Rules};
    use crate::schedule::Schedule;

    #[test]
    fn gives_each_version_by_its_id_and_nothing_for_another() {
        let refusing = Rules::new(FloatPolicy::Reject, Schedule::v1());
        let book = Rulebook::default().with(Rules::v1());
        assert_eq!(book.get(refusing.id()), None);
        let book = book.with(refusing.clone());
        for rules in [Rules::v1(), refusing.clone()] {
            assert_eq!(book.get(rules.id()).map(AsRef::as_ref), Some(&rules));
        }
    }
}
