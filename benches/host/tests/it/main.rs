//! Checks that every part of every host function's price has a workload that runs as expected.
#![cfg(test)]

use host_bench::measure::{HostPlan, gas, report};
use host_bench::workloads::{PricePart, workloads};
use std::collections::BTreeSet;
use vm::Rules;

#[test]
fn every_part_of_every_price_has_a_workload() {
    let measured: BTreeSet<_> = workloads()
        .iter()
        .map(|workload| (workload.function, workload.part))
        .collect();
    let rules = Rules::v1();
    let priced: BTreeSet<_> = rules
        .host
        .iter()
        .flat_map(|row| {
            let parts = PricePart::of(row.function, &rules.schedule);
            parts.into_iter().map(|(part, _)| (row.function, part))
        })
        .collect();
    assert_eq!(measured, priced);
}

#[test]
fn every_workload_ends_as_expected_and_pays_its_part_of_the_price() {
    let schedule = &Rules::v1().schedule;
    for (workload, gas) in gas().unwrap() {
        let prices = PricePart::of(workload.function, schedule);
        let (_, price) = *prices
            .iter()
            .find(|(part, _)| *part == workload.part)
            .unwrap();
        let case = format!(
            "{:?} {:?} {}",
            workload.function, workload.part, workload.case
        );
        match workload.part {
            // The programs differ only in the number of bytes.
            PricePart::PerByte | PricePart::PerValueByte => assert_eq!(gas, price, "{case}"),
            _ => assert!(gas >= price, "{case}: {gas} of {price}"),
        }
    }
}

#[test]
fn a_report_has_a_row_for_each_workload() {
    let report = report(&HostPlan::quick(1)).unwrap();
    assert_eq!(report.rows.len(), workloads().len());
    assert!(report.rows.iter().all(|row| row.ns.is_finite()));
    assert!(report.worst > 0.0);
}
