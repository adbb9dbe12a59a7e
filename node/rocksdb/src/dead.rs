//! Remembers ranges in which no key is left, so that scans do not pass the same deletions again.
//!
//! RocksDB writes a deletion as an entry, which stays until a compaction, and a scan passes it. A
//! scan that passed many in a row leaves the range here, and the next one continues at its end.
//!
//! ```text
//! key        A   x x x x x x   B            x: deleted
//! range          [           )              starts right after a key, ends at one
//! ```
//!
//! # Invariants
//! * No key of the last commit is in a range: a key that is written splits its range.
//! * The key right before a range exists, or the range starts at the first possible key. So a scan
//!   that comes from below meets a key before it meets a range, and a range is never passed entry
//!   by entry.
//! * Which ranges are known changes time, never a result.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Ranges that are remembered at most; one more, and all are forgotten and learned again.
const RANGES_MAX: usize = 65_536;

/// The end of a range; `None` is no end.
pub(crate) type End = Option<Vec<u8>>;

/// Ranges without a key, none of which touch.
#[derive(Debug, Default)]
pub(crate) struct DeadRanges(BTreeMap<Vec<u8>, End>);

/// The least key above `key`.
pub(crate) fn successor(key: &[u8]) -> Vec<u8> {
    let mut above = key.to_vec();
    above.push(0);
    above
}

fn is_below(key: &[u8], end: &End) -> bool {
    end.as_deref().is_none_or(|end| key < end)
}

impl DeadRanges {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The end of the range in which `key` is.
    pub(crate) fn end_of(&self, key: &[u8]) -> Option<&End> {
        let (_, end) = self.last_until(key)?;
        is_below(key, end).then_some(end)
    }

    /// The end of the last range that starts below `key`; the range ends there or before.
    pub(crate) fn end_before(&self, key: &[u8]) -> Option<&[u8]> {
        let below = (Bound::Unbounded, Bound::Excluded(key));
        let (_, end) = self.0.range::<[u8], _>(below).next_back()?;
        end.as_deref()
    }

    /// Adds a range, joined with those that it touches.
    pub(crate) fn insert(&mut self, start: Vec<u8>, end: End) {
        if !is_below(&start, &end) {
            return;
        }
        let (mut start, mut end) = (start, end);
        if let Some((first, before)) = self.last_until(&start)
            && before.as_deref().is_none_or(|before| *start <= *before)
        {
            let first = first.to_vec();
            end = later(end, self.0.remove(&first).unwrap_or_default());
            start = first;
        }
        loop {
            let next = self
                .0
                .range::<[u8], _>((Bound::Included(&*start), Bound::Unbounded));
            let touching = next
                .map(|(next, _)| next)
                .next()
                .filter(|next| end.as_deref().is_none_or(|end| next.as_slice() <= end));
            let Some(next) = touching.cloned() else { break };
            end = later(end, self.0.remove(&next).unwrap_or_default());
        }
        self.keep(start, end);
    }

    /// A key was written: it is in no range from now on.
    pub(crate) fn written(&mut self, key: &[u8]) {
        let Some((start, end)) = self.last_until(key) else {
            return;
        };
        if !is_below(key, end) {
            return;
        }
        let start = start.to_vec();
        let end = self.0.remove(&start).unwrap_or_default();
        self.insert_split(start, Some(key.to_vec()));
        self.insert_split(successor(key), end);
    }

    /// A key was deleted: true if a range starts right after it, and so has to start earlier.
    pub(crate) fn deleted(&mut self, key: &[u8]) -> bool {
        let after = successor(key);
        let ends_here = self.end_before(key) == Some(key);
        if ends_here {
            self.insert(key.to_vec(), Some(after));
            return false;
        }
        self.0.contains_key(&after)
    }

    /// A part of a range that was split; without touching any other.
    fn insert_split(&mut self, start: Vec<u8>, end: End) {
        if is_below(&start, &end) {
            self.keep(start, end);
        }
    }

    /// Ranges that were split small must not keep out those that scans need.
    fn keep(&mut self, start: Vec<u8>, end: End) {
        if self.0.len() >= RANGES_MAX {
            self.0.clear();
        }
        self.0.insert(start, end);
    }

    fn last_until(&self, key: &[u8]) -> Option<(&[u8], &End)> {
        let until = (Bound::Unbounded, Bound::Included(key));
        let (start, end) = self.0.range::<[u8], _>(until).next_back()?;
        Some((start, end))
    }
}

fn later(one: End, other: End) -> End {
    Some(one?.max(other?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_sim::synthetic::SplitMix;
    use std::collections::BTreeSet;

    const KEYS: u64 = 48;

    fn key(number: u64) -> Vec<u8> {
        vec![u8::try_from(number).expect("few keys")]
    }

    /// A range around `from` as a scan learns it: to the next key, and back to the key before.
    fn learned(keys: &BTreeSet<Vec<u8>>, from: &[u8]) -> (Vec<u8>, End) {
        let before = keys.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(from)));
        let start = before.last().map_or(Vec::new(), |key| successor(key));
        let mut after = keys.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        (start, after.next().cloned())
    }

    #[test]
    fn ranges_have_no_key_and_start_right_after_one() {
        for seed in 0..200 {
            let mut random = SplitMix(seed);
            let mut keys = BTreeSet::new();
            let mut dead = DeadRanges::default();
            for _ in 0..300 {
                let chosen = key(random.below(KEYS));
                match random.below(4) {
                    0 => {
                        keys.insert(chosen.clone());
                        dead.written(&chosen);
                    }
                    1 | 2 => {
                        keys.remove(&chosen);
                        delete(&mut dead, &keys, &chosen);
                    }
                    _ if keys.contains(&chosen) => {}
                    _ => scan(&mut dead, &keys, &chosen, random.below(2) == 0),
                }
                check(&dead, &keys);
            }
        }
    }

    #[test]
    fn a_full_table_forgets_its_ranges_and_takes_the_next_one() {
        let key = |number: usize| {
            let bytes = u64::try_from(number).expect("few keys").to_le_bytes();
            bytes.iter().rev().copied().collect::<Vec<u8>>()
        };
        let mut dead = DeadRanges::default();
        for number in 0..RANGES_MAX {
            dead.insert(key(2 * number), Some(key(2 * number + 1)));
        }
        assert_eq!(dead.0.len(), RANGES_MAX);
        let next = key(2 * RANGES_MAX);
        dead.insert(next.clone(), None);
        assert!(dead.end_of(&next).is_some());
        assert_eq!(dead.0.len(), 1);
    }

    fn delete(dead: &mut DeadRanges, keys: &BTreeSet<Vec<u8>>, deleted: &[u8]) {
        if dead.deleted(deleted) {
            let (start, _) = learned(keys, deleted);
            dead.insert(start, Some(successor(deleted)));
        }
    }

    /// A scan may end before the next key.
    fn scan(dead: &mut DeadRanges, keys: &BTreeSet<Vec<u8>>, from: &[u8], is_whole: bool) {
        let (start, end) = learned(keys, from);
        let cut = Some(successor(from));
        dead.insert(start, if is_whole { end } else { cut });
        assert!(dead.end_of(from).is_some());
    }

    fn check(dead: &DeadRanges, keys: &BTreeSet<Vec<u8>>) {
        let mut last: Option<&End> = None;
        for (start, end) in &dead.0 {
            assert!(is_below(start, end));
            assert!(last.is_none_or(|last| last.as_ref().is_some_and(|last| last < start)));
            let mut inside = keys.range::<[u8], _>((Bound::Included(&**start), Bound::Unbounded));
            assert!(inside.next().is_none_or(|key| !is_below(key, end)));
            let key = start.strip_suffix(&[0]);
            assert!(start.is_empty() || key.is_some_and(|key| keys.contains(key)));
            last = Some(end);
        }
    }
}
