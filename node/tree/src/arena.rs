//! Stores equal-sized records under 31-bit indices and reuses the indices of removed ones.
//!
//! One growing array instead of a box per node: no allocation per node, 4-byte links, and records
//! of similar age are adjacent. Removed slots are kept for reuse; their memory is not freed.
//!
//! # Invariants
//! * An index is valid from the `insert` that returned it until its `remove`.

/// The first index that an arena never returns: links use one of their 32 bits themselves.
const INDEX_END: u32 = 1 << 31;

/// A vector with reusable slots.
#[derive(Clone, Debug)]
pub(crate) struct Arena<T> {
    slots: Vec<T>,
    free: Vec<u32>,
}

impl<T> Arena<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Makes room for exactly `count` more records.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.slots.reserve_exact(count);
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let slots = self.slots.capacity().saturating_mul(size_of::<T>());
        let free = self.free.capacity().saturating_mul(size_of::<u32>());
        slots.saturating_add(free)
    }

    /// All records by index, freed ones too.
    pub(crate) fn iter(&self) -> core::slice::Iter<'_, T> {
        self.slots.iter()
    }

    /// As [`Arena::iter`].
    pub(crate) fn iter_mut(&mut self) -> core::slice::IterMut<'_, T> {
        self.slots.iter_mut()
    }

    /// The number of records in use.
    pub(crate) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    pub(crate) fn insert(&mut self, record: T) -> u32 {
        if let Some(index) = self.free.pop() {
            *self.get_mut(index) = record;
            return index;
        }
        if self.slots.len() == self.slots.capacity() {
            // A sixteenth, not double: the tree is the largest thing in memory, and a shard is
            // small enough that moving it 16 times per doubling does not matter.
            self.slots.reserve_exact((self.slots.len() / 16).max(4));
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(INDEX_END);
        assert!(
            index < INDEX_END,
            "an arena is full: more records than memory has room for"
        );
        self.slots.push(record);
        index
    }

    /// Frees an index; its record is unchanged until `insert` returns the index again.
    pub(crate) fn remove(&mut self, index: u32) {
        self.free.push(index);
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "indices come from `insert` of the same arena"
    )]
    pub(crate) fn get(&self, index: u32) -> &T {
        &self.slots[position(index)]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "indices come from `insert` of the same arena"
    )]
    pub(crate) fn get_mut(&mut self, index: u32) -> &mut T {
        &mut self.slots[position(index)]
    }
}

fn position(index: u32) -> usize {
    // Every supported platform has 32 bits or more; on another the access would be out of bounds.
    usize::try_from(index).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_reused_and_counted() {
        let mut arena = Arena::new();
        let numbers: Vec<u32> = (0..100).map(|record| arena.insert(record)).collect();
        arena.remove(numbers[7]);
        assert_eq!(arena.len(), 99);
        assert_eq!(arena.insert(1000), numbers[7]);
        assert_eq!(arena.len(), 100);
        assert_eq!(*arena.get(numbers[7]), 1000);
        assert_eq!(*arena.get(numbers[8]), 8);
    }
}
