//! Updates the shards of a tree, and decodes pages, on several threads; results equal those of one.
//!
//! Shards share nothing, so each thread updates its own; the top eight levels are hashed after all
//! threads have ended. Which thread updates which shard depends on the batch alone and is not
//! observable.
//!
//! Tests: `tests/it/laws.rs`.
use std::thread;

use crate::batch::{Batch, Change};
use crate::page::Page;
use crate::record::Damage;
use crate::shard::{Shard, Slot};
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

/// Number of pages below which a thread costs more than it saves.
const PAGES_MIN: usize = 32;

/// Decodes pages and compares them with the hashes of their slots, in order.
pub(crate) fn decode_pages(
    read: &[(u8, &Slot, Vec<u8>)],
    threads: usize,
) -> Result<Vec<Page>, Damage> {
    let decode_all = |read: &[(u8, &Slot, Vec<u8>)]| -> Result<Vec<Page>, Damage> {
        let pages = read.iter();
        pages
            .map(|(shard, slot, bytes)| slot.decode(*shard, bytes))
            .collect()
    };
    let threads = threads.min(read.len() / PAGES_MIN);
    if threads < 2 {
        return decode_all(read);
    }
    let (mine, others) = read.split_at(read.len().div_ceil(threads));
    thread::scope(|scope| {
        let parts = others.chunks(mine.len().max(1));
        let spawned: Vec<_> = parts
            .map(|part| scope.spawn(move || decode_all(part)))
            .collect();
        let mut pages = decode_all(mine)?;
        for part in spawned {
            match part.join() {
                Ok(decoded) => pages.append(&mut decoded?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(pages)
    })
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
