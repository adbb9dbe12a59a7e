//! Compares the blocks of a store with their hashes and roots, for scrubs.

use super::Store;
use crate::block::transactions_root;
use crate::header::{Header, Tip};
use crate::receipt::{Receipt, events_root, receipts_root};
use vm::{Fault, Height};

/// Reads the kept blocks from the last one down, and compares header, transactions, receipts and
/// events of each with the hash and the roots that follow from the last block.
///
/// Returns the number of blocks whose receipts were compared. What the store does not have of a
/// block, because an earlier format lacked it, is not compared; only the lowest block, which was
/// restored, may have a header and no receipts.
///
/// # Errors
/// [`Fault::Store`] that names the first block that is damaged; the faults of the store.
pub fn verify_blocks(store: &dyn Store, tip: &Tip) -> Result<u64, Fault> {
    let (mut blocks, mut height) = (0_u64, tip.height);
    let (mut root, mut hash) = (tip.result.receipts_root, tip.hash);
    let mut lacks_receipts = None;
    loop {
        let (header, receipts) = (store.header(height)?, store.receipts(height)?);
        if header.is_none() && receipts.is_none() {
            return match height == tip.height {
                true => Err(damaged("header", height)),
                false => Ok(blocks),
            };
        }
        if let Some(above) = lacks_receipts {
            return Err(damaged("receipts", above));
        }
        match receipts {
            Some(receipts) => verify_receipts(store, &receipts, height, &root)?,
            None => lacks_receipts = Some(height),
        }
        blocks = blocks.saturating_add(u64::from(lacks_receipts.is_none()));
        let below = height.0.checked_sub(1).map(Height);
        // The genesis has no header.
        let Some(below) = below else {
            return Ok(blocks);
        };
        let header = header.ok_or_else(|| damaged("header", height))?;
        verify_header(store, &header, height, &hash)?;
        (root, hash) = (header.parent_result.receipts_root, header.parent);
        height = below;
    }
}

fn verify_receipts(
    store: &dyn Store,
    receipts: &[Receipt],
    height: Height,
    root: &[u8; 32],
) -> Result<(), Fault> {
    if receipts_root(receipts) != *root {
        return Err(damaged("receipts", height));
    }
    let Some(events) = store.events(height)? else {
        return Ok(());
    };
    let roots = events.iter().map(|events| events_root(events));
    if roots.eq(receipts.iter().map(|receipt| receipt.events_root)) {
        Ok(())
    } else {
        Err(damaged("events", height))
    }
}

fn verify_header(
    store: &dyn Store,
    header: &Header,
    height: Height,
    hash: &[u8; 32],
) -> Result<(), Fault> {
    if header.hash() != *hash {
        return Err(damaged("header", height));
    }
    match store.transactions(height)? {
        Some(transactions) if transactions_root(&transactions) != header.transactions_root => {
            Err(damaged("transactions", height))
        }
        _ => Ok(()),
    }
}

fn damaged(part: &str, height: Height) -> Fault {
    Fault::Store(format!("damage in block {height}: its {part}"))
}
