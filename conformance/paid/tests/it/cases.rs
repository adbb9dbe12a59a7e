//! Applies the blocks of every case on a store in memory, cold and then warm.

use crate::chains::{compare, engine};
use node::{CachePolicy, MemoryStore};
use work::chain::CaseChain;
use work::programs::{Case, Scale, cases};
use work::stores::CountingStore;

/// Applies the blocks of a case twice: with empty caches, and again.
fn findings(case: &Case) -> Vec<String> {
    let store = Box::new(CountingStore(MemoryStore::new()));
    let mut chain = CaseChain::open(Box::new(engine()), CachePolicy::Warm, store, case).unwrap();
    chain.prepare(case).unwrap();
    let store = chain.into_store();
    let mut chain = CaseChain::open(Box::new(engine()), CachePolicy::Warm, store, case).unwrap();
    let mut found = Vec::new();
    for turn in ["cold", "warm"] {
        for actions in &case.blocks {
            let block = chain.block(actions).unwrap();
            let report = compare(&block, |block, observer| {
                chain.apply(block, observer).unwrap();
            });
            println!("{}, {turn}: {}", case.name, report.summary());
            let named = report.findings.iter();
            found.extend(named.map(|finding| format!("{}, {turn}: {finding}", case.name)));
        }
    }
    found
}

#[test]
fn no_case_does_work_that_was_not_paid() {
    let deep = std::env::var_os("DEEP").is_some();
    let scale = if deep { Scale::TIMED } else { Scale::COUNTED };
    let only = std::env::var_os("CASE").unwrap_or_default();
    let only = only.to_string_lossy();
    let cases = cases(scale).unwrap();
    let chosen = cases.iter().filter(|case| case.name.contains(&*only));
    let found: Vec<String> = chosen.flat_map(findings).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
