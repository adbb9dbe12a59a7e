//! Checks that a chain can have the values of a case, so that what follows from other ones is never
//! taken for a failure of this machine.
//!
//! Specification: docs/spec/blocks.md, "Case"; docs/spec/state.md, "State".

use super::{Case, CaseError};
use node::digest::{length, sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use vm::unstable::state::Account;
use vm::{CodeHash, Rulebook, Rules, key};

/// Bytes of an address or of a hash in a key.
const BODY_BYTES: usize = 32;
/// Bytes of a state key that a message shows.
const SHOWN_BYTES: usize = 48;

/// Checks every value before the block and every change, then what they are together.
///
/// # Errors
/// [`CaseError::State`] for the first key with a value that no chain has.
/// What is stored stays when the rules change, so it has to fit some rules of this build.
pub(super) fn check(case: &Case, rules: &Rulebook) -> Result<(), CaseError> {
    let layers = [&case.state, &case.changes];
    for (key, value) in layers.into_iter().flatten() {
        if let Some(value) = value {
            check_value(key, value, rules).map_err(|reason| wrong(key, reason))?;
        }
    }
    for (key, value) in &case.changes {
        // A walk yields each removed key as one that was there: `Overlay::within`.
        if value.is_none() && !matches!(case.state.get(key), Some(Some(_))) {
            return Err(wrong(key, "a removal of what was absent"));
        }
    }
    for (start, end) in &case.ranges {
        // What is scanned is the storage of contracts; `end` is not part of a range.
        let ends = end.first() == Some(&key::VALUE) || end.as_slice() == [key::CODE];
        if start.first() != Some(&key::VALUE) || !ends {
            return Err(wrong(
                start,
                "a range that is not of the storage of a contract",
            ));
        }
        if [start, end]
            .iter()
            .any(|bound| bound.len() > key_bytes_max(rules))
        {
            return Err(wrong(start, "a range with a bound that is no state key"));
        }
    }
    check_accounts(case)
}

fn wrong(key: &[u8], reason: &'static str) -> CaseError {
    let (shown, rest) = key.split_at(key.len().min(SHOWN_BYTES));
    let dots = if rest.is_empty() { "" } else { "..." };
    let key = format!("{}{dots}", hex::encode(shown));
    CaseError::State { key, reason }
}

/// Bytes of the longest state key, with one for the least key above another.
fn key_bytes_max(rules: &Rulebook) -> usize {
    let longest = rules.iter().map(|rules| rules.host_limits.key_bytes_max);
    let raw = usize::try_from(longest.max().unwrap_or_default()).unwrap_or(usize::MAX);
    raw.saturating_add(BODY_BYTES).saturating_add(2)
}

fn check_value(key: &[u8], value: &[u8], rules: &Rulebook) -> Result<(), &'static str> {
    let (kind, body) = key.split_first().ok_or("a key without a kind")?;
    match *kind {
        key::SYSTEM if key.starts_with(&key::system("hash")) && value.len() != BODY_BYTES => {
            Err("a hash of a block that does not have 32 bytes")
        }
        key::SYSTEM => Ok(()),
        key::ACCOUNT if body.len() != BODY_BYTES => Err("a key of an account without an address"),
        key::ACCOUNT => match Account::decode(Some(value)) {
            Ok(_) => Ok(()),
            Err(_) => Err("a value that is no account"),
        },
        key::VALUE => {
            let raw = body.get(BODY_BYTES..).map_or(0, length);
            let fits = |rules: &Arc<Rules>| {
                let limits = &rules.host_limits;
                raw >= u64::from(limits.key_bytes_min)
                    && raw <= u64::from(limits.key_bytes_max)
                    && length(value) <= u64::from(limits.value_bytes_max)
            };
            match rules.iter().any(fits) {
                true => Ok(()),
                false => Err("a key or a value that no contract can write"),
            }
        }
        key::CODE if sha256(&[value]) != *body => Err("code with another hash than its key"),
        key::CODE => match rules.iter().any(|rules| vm::check(value, rules).is_ok()) {
            true => Ok(()),
            false => Err("code that the rules do not accept"),
        },
        _ => Err("a key of an unknown kind"),
    }
}

/// Checks that the balances have a sum, before the block and after the changes, and that no account
/// has code which the case says is absent.
fn check_accounts(case: &Case) -> Result<(), CaseError> {
    let (mut before, mut after) = (0_u128, 0_u128);
    let keys: BTreeSet<&Vec<u8>> = case.state.keys().chain(case.changes.keys()).collect();
    for key in keys
        .into_iter()
        .filter(|key| key.first() == Some(&key::ACCOUNT))
    {
        let stored = case.state.get(key).cloned().flatten();
        let current = case
            .changes
            .get(key)
            .cloned()
            .unwrap_or_else(|| stored.clone());
        for (sum, value) in [(&mut before, &stored), (&mut after, &current)] {
            let account = Account::decode(value.as_deref())
                .map_err(|_| wrong(key, "a value that is no account"))?;
            *sum = sum
                .checked_add(account.balance)
                .ok_or_else(|| wrong(key, "balances of more than 128 bits in all"))?;
            if account.code_hash.is_some_and(|code| is_absent(case, &code)) {
                return Err(wrong(key, "an account whose code is absent"));
            }
        }
    }
    Ok(())
}

/// True if the case says that there is no code of this hash. A key that is not in the case may have
/// any value.
fn is_absent(case: &Case, code: &CodeHash) -> bool {
    let key = key::code(code);
    let value = case.changes.get(&key).or_else(|| case.state.get(&key));
    value.is_some_and(Option::is_none)
}
