//! Makes the records beside codes that a store lacks, when it is opened.

use crate::cache::{CachePolicy, CodeCache};
use crate::code_records::{NewRecords, REMEMBERED_BYTES_MAX, complete, is_complete, written};
use crate::overlay::Overlay;
use crate::store::{Record, Store};
use std::sync::Arc;
use vm::{CodeHash, Fault, Rulebook, Rules, StateView as _, key};

/// Makes the records that codes of a store lack, at its opening: after a restore, after an earlier
/// layout, and after other rules came into force. One code is in memory at a time.
///
/// A code that cannot be checked is left out: the first frame that needs it says why.
pub(crate) fn rebuild(
    store: &mut dyn Store,
    rules: &Arc<Rules>,
    rulebook: &Rulebook,
) -> Result<(), Fault> {
    if !store.keeps_records() || is_complete(store, rules.id())? {
        return Ok(());
    }
    let (mut start, end) = (vec![key::CODE], [key::CODE.saturating_add(1)]);
    let cache = CodeCache::new(CachePolicy::Disabled, rulebook);
    loop {
        let mut new = NewRecords::default();
        let mut is_last = false;
        while new.remembered < REMEMBERED_BYTES_MAX && !is_last {
            // The key of each code, whose value is read below.
            let page = store.scan(&start, Some(&end), 1)?;
            let Some((key, _)) = page.into_iter().next() else {
                is_last = true;
                continue;
            };
            let code_hash = key.get(1..).and_then(|hash| hash.try_into().ok());
            start = key;
            // The smallest key above it.
            start.push(0);
            if let Some(code_hash) = code_hash {
                let overlay = Overlay::new(store, &cache, rules);
                let _ = overlay.code(&CodeHash(code_hash));
                new.extend(overlay.new_records());
            }
        }
        let mut records: Vec<Record> = written(&new.records).collect();
        if is_last {
            records.push(complete(rules.id()));
        }
        store.write_records(records)?;
        if is_last {
            return Ok(());
        }
    }
}
