//! Runs `lockstep schedule`: prints every price under its published name.

use crate::args::{self, Floats};
use crate::failure::{CommandResult, Verdict};
use crate::module::load;
use crate::print::{self, OutputError};
use crate::text::grouped;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use vm::Rules;

#[derive(Serialize)]
struct ScheduleLine {
    id: String,
    prices: Prices,
}

/// Prices, serialized in the order of the schedule.
struct Prices(Vec<(String, u64)>);

impl Serialize for Prices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, price) in &self.0 {
            map.serialize_entry(name, price)?;
        }
        map.end()
    }
}

/// Prints the schedule of version 1. Its id is the rules id, which covers more than the prices.
///
/// # Errors
/// `Failure::Environment` if the output cannot be written.
pub(crate) fn run(arguments: &args::Schedule) -> CommandResult {
    let rules = load::rules(Floats::Lower);
    let id = hex::encode(rules.id());
    let entries = rules.prices();
    if arguments.json {
        print::json(&ScheduleLine {
            id,
            prices: Prices(entries),
        })?;
    } else {
        text(&rules, &id, &entries)?;
    }
    Ok(Verdict::Passed)
}

fn text(rules: &Rules, id: &str, entries: &[(String, u64)]) -> Result<(), OutputError> {
    let mut text = format!("rules id {id}\n1 gas is about 0.1 ns\n");
    let (operators, others) = entries.split_at(rules.operators().count().min(entries.len()));
    let mut prices: Vec<u64> = operators.iter().map(|(_, price)| *price).collect();
    prices.sort_unstable();
    prices.dedup();
    for price in prices {
        text.push_str(&format!("\noperators at {}\n", grouped(price)));
        let same = operators.iter().filter(|(_, other)| *other == price);
        text.push_str(&columns(
            &same.map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ));
    }
    let mut group = "";
    for (name, price) in others {
        let first = name.split('.').next().unwrap_or_default();
        if first != group {
            group = first;
            text.push_str(&format!("\n{group}\n"));
        }
        // A host function has four prices; those that are 0 are in the JSON only.
        if *price > 0 {
            text.push_str(&format!("  {name:<40}{:>14}\n", grouped(price)));
        }
    }
    print::out(&text)
}

/// Names in four columns, for a width of 100 characters.
fn columns(names: &[&str]) -> String {
    names
        .chunks(4)
        .map(|row| {
            let cells: Vec<String> = row.iter().map(|name| format!("{name:<22}")).collect();
            format!("  {}\n", cells.join(" ").trim_end())
        })
        .collect()
}
