//! Keeps facts with their counts.

use std::collections::BTreeMap;

/// Counts by the name of a fact.
#[derive(Debug, Default)]
pub(super) struct Facts(BTreeMap<String, u64>);

impl Facts {
    pub(super) fn note(&mut self, fact: impl Into<String>) {
        let count = self.0.entry(fact.into()).or_default();
        *count = count.saturating_add(1);
    }

    /// Notes the fact if the condition is true.
    pub(super) fn note_if(&mut self, condition: bool, fact: &str) {
        if condition {
            self.note(fact);
        }
    }

    pub(super) fn all(&self) -> Vec<(String, u64)> {
        let counts = self.0.iter();
        counts.map(|(fact, count)| (fact.clone(), *count)).collect()
    }

    /// The least count of the needed facts; of alternatives, separated by `|`, the sum.
    pub(super) fn least(&self, needed: &[&str]) -> u64 {
        let counts = needed.iter().map(|alternatives| {
            let facts = alternatives.split('|');
            facts.fold(0, |sum: u64, fact| sum.saturating_add(self.count(fact)))
        });
        counts.min().unwrap_or_default()
    }

    fn count(&self, fact: &str) -> u64 {
        let Some(prefix) = fact.strip_suffix('*') else {
            return self.0.get(fact).copied().unwrap_or_default();
        };
        let from = self.0.range(prefix.to_owned()..);
        from.take_while(|(fact, _)| fact.starts_with(prefix))
            .fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// How a frame ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Return,
    Revert,
    /// With its code, if the frame is the outermost one, whose receipt has it.
    Trap(Option<u16>),
    OutOfGas,
}
