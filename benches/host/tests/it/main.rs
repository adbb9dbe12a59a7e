//! Holds that no host function, and no part of its price, is without a workload that works.
#![cfg(test)]

use host_api::TABLE;
use host_bench::measure::{Plan, gas, report};
use host_bench::workloads::{Part, works};
use std::collections::BTreeSet;
use vm::Rules;

#[test]
fn every_part_of_every_price_has_a_workload() {
    let measured: BTreeSet<_> = works()
        .iter()
        .map(|work| (work.function, work.part))
        .collect();
    let schedule = &Rules::v1().schedule;
    let priced: BTreeSet<_> = TABLE
        .iter()
        .flat_map(|row| {
            let parts = Part::of(row.function, schedule);
            parts.into_iter().map(|(part, _)| (row.function, part))
        })
        .collect();
    assert_eq!(measured, priced);
}

#[test]
fn every_workload_ends_as_it_must_and_pays_its_part_of_the_price() {
    let schedule = &Rules::v1().schedule;
    for (work, gas) in gas().unwrap() {
        let prices = Part::of(work.function, schedule);
        let (_, price) = *prices.iter().find(|(part, _)| *part == work.part).unwrap();
        let case = format!("{:?} {:?} {}", work.function, work.part, work.case);
        match work.part {
            // Nothing but the bytes differs.
            Part::PerByte | Part::PerValueByte => assert_eq!(gas, price, "{case}"),
            _ => assert!(gas >= price, "{case}: {gas} of {price}"),
        }
    }
}

#[test]
fn a_report_has_a_row_for_each_workload() {
    let report = report(&Plan::quick(1)).unwrap();
    assert_eq!(report.rows.len(), works().len());
    assert!(report.rows.iter().all(|row| row.ns.is_finite()));
    assert!(report.worst > 0.0);
}
