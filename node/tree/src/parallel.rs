//! Updates the shards of a tree on several threads; the root equals that of one thread.
//!
//! Shards share nothing, so each thread updates its own; the top eight levels are hashed after all
//! threads have ended. Which thread updates which shard depends on the batch alone and is not
//! observable.
//!
//! Tests: `tests/it/laws.rs`.
use std::thread;

use crate::batch::{Batch, Change};
use crate::shard::Shard;
use crate::tree::Tree;
use proof::hash::Root;

/// Number of changes below which a thread costs more than it saves.
const CHANGES_MIN: usize = 256;

/// A range of consecutive shards, with the changes to them.
struct ShardRange<'a> {
    first: u8,
    shards: &'a mut [Shard],
    changes: &'a [Change],
}

impl Tree {
    /// As [`Tree::update`], on at most `threads` threads.
    pub fn update_on(&mut self, batch: &Batch, threads: usize) -> Root {
        let threads = threads.min(batch.changes().len() / CHANGES_MIN);
        if threads < 2 {
            return self.update(batch);
        }
        let mut parts = parts(self.shards_mut(), batch.changes(), threads);
        thread::scope(|scope| {
            // This thread updates the last range.
            let mine = parts.pop();
            for part in parts {
                scope.spawn(move || part.update());
            }
            if let Some(part) = mine {
                part.update();
            }
        });
        self.hash_top(batch.changes());
        self.root()
    }
}

impl ShardRange<'_> {
    fn update(self) {
        let mut rest = self.changes;
        for (byte, shard) in (self.first..=u8::MAX).zip(self.shards) {
            let count = rest.partition_point(|(path, _)| path.first_byte() == byte);
            let (changes, later) = rest.split_at(count);
            if !changes.is_empty() {
                shard.update(changes);
            }
            rest = later;
        }
    }
}

/// Divides shards and changes into at most `count` ranges with about as many changes each.
fn parts<'a>(
    mut shards: &'a mut [Shard],
    mut changes: &'a [Change],
    count: usize,
) -> Vec<ShardRange<'a>> {
    let mut parts = Vec::new();
    let mut first = 0_u8;
    for left in (1..=count).rev() {
        let share = changes.len().div_ceil(left);
        let Some((path, _)) = share.checked_sub(1).and_then(|last| changes.get(last)) else {
            break;
        };
        let last = path.first_byte();
        let taken = usize::from(last.saturating_sub(first)).saturating_add(1);
        let (mine, later) = shards.split_at_mut(taken.min(shards.len()));
        let end = changes.partition_point(|(path, _)| path.first_byte() <= last);
        let (here, rest) = changes.split_at(end);
        parts.push(ShardRange {
            first,
            shards: mine,
            changes: here,
        });
        (shards, changes) = (later, rest);
        first = last.saturating_add(1);
    }
    parts
}
