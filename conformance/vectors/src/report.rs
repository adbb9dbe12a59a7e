//! Puts all results of one machine under one root, and compares reports.
//!
//! The root is the SHA-256 of one line for each field of each result, `VECTOR` tab `FIELD` tab
//! `VALUE`, vectors in their order, fields in the order of their names. Nothing else enters it: not
//! what was expected, nor the machine, the engine, the time.

use crate::VectorError;
use crate::fields::{Fields, first_difference};
use crate::run::{EngineKind, Observed};
use crate::source::Set;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The first field of every report.
pub const FORMAT: &str = "lockstep/report/1";

/// What one machine made of a set of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: String,
    /// The result root; see the head of this file.
    pub root: String,
    /// How many vectors were run.
    pub vectors: usize,
    /// How many gave another result than was expected.
    pub differing: usize,
    /// The first of them.
    pub first_difference: Option<Difference>,
    /// Identifies the set of vectors, expectations included.
    pub set: String,
    /// Where and with what they were run.
    pub machine: Machine,
    /// The results, in order.
    pub results: Vec<ResultLine>,
}

/// Where and with what vectors were run; in no root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// As Rust names it.
    pub architecture: String,
    /// As Rust names it.
    pub os: String,
    /// Width of an address.
    pub pointer_bits: u32,
    /// `little` or `big`.
    pub endian: String,
    /// Engines that took part.
    pub engines: Vec<String>,
    /// Version of this crate.
    pub version: String,
}

/// The result of one vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultLine {
    /// The vector.
    pub vector: String,
    /// Its result.
    pub fields: Fields,
}

/// The first field of a vector that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The vector.
    pub vector: String,
    /// The field.
    pub field: String,
    /// The engine that gave it, where one takes part.
    pub engine: Option<String>,
    /// What was expected; `None` for a field that should not be there.
    pub expected: Option<String>,
    /// What was found; `None` for a field that is missing.
    pub found: Option<String>,
}

/// Where reports differ first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The vector.
    pub vector: String,
    /// The field.
    pub field: String,
    /// Places of the two reports: the first one, and the one that differs from it.
    pub reports: [usize; 2],
    /// Their values; `None` where the report does not have the field.
    pub values: [Option<String>; 2],
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn this(engines: &[EngineKind]) -> Self {
        let big = cfg!(target_endian = "big");
        Self {
            architecture: std::env::consts::ARCH.to_owned(),
            os: std::env::consts::OS.to_owned(),
            pointer_bits: usize::BITS,
            endian: if big { "big" } else { "little" }.to_owned(),
            engines: engines.iter().map(|kind| kind.name().to_owned()).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// One line for people: `s390x, 64-bit, big-endian`.
    #[must_use]
    pub fn describe(&self) -> String {
        let (architecture, bits, endian) = (&self.architecture, self.pointer_bits, &self.endian);
        format!("{architecture}, {bits}-bit, {endian}-endian")
    }
}

impl Report {
    /// The report of a run of `set` here.
    #[must_use]
    pub fn new(set: &Set, engines: &[EngineKind], observed: Vec<Observed>) -> Self {
        let mut differences: Vec<Difference> = Vec::new();
        for (vector, seen) in set.vectors().zip(&observed) {
            let difference = first_difference(&vector.expected, &seen.fields);
            differences.extend(difference.map(|difference| Difference {
                vector: vector.name.clone(),
                field: difference.field,
                engine: seen.engine.map(str::to_owned),
                expected: difference.left,
                found: difference.right,
            }));
        }
        let line = |Observed { name, fields, .. }| ResultLine {
            vector: name,
            fields,
        };
        let results: Vec<ResultLine> = observed.into_iter().map(line).collect();
        Self {
            format: FORMAT.to_owned(),
            root: root(&results),
            vectors: results.len(),
            differing: differences.len(),
            first_difference: differences.into_iter().next(),
            set: hex::encode(set.id()),
            machine: Machine::this(engines),
            results,
        }
    }

    /// Reads a report, and computes its root again from its results.
    ///
    /// # Errors
    /// No report of this format, or one whose root is not that of its results.
    pub fn parse(place: &str, text: &[u8]) -> Result<Self, VectorError> {
        let report: Self =
            serde_json::from_slice(text).map_err(|error| VectorError::new(place, error))?;
        if report.format != FORMAT {
            let reason = format!("format {:?}, this version reads {FORMAT:?}", report.format);
            return Err(VectorError::new(place, reason));
        }
        if report.root != root(&report.results) || report.vectors != report.results.len() {
            let reason = "damaged: its root is not that of its results";
            return Err(VectorError::new(place, reason));
        }
        Ok(report)
    }

    /// The text of the report: one result a line.
    ///
    /// # Errors
    /// None in practice: texts and numbers can be written.
    pub fn render(&self) -> Result<String, VectorError> {
        let failed = |error| VectorError::new("report", error);
        let lines = self.results.iter().map(serde_json::to_string);
        let lines: Vec<String> = lines.collect::<Result<_, _>>().map_err(failed)?;
        let head = Self {
            results: Vec::new(),
            ..self.clone()
        };
        let head = serde_json::to_string(&head).map_err(failed)?;
        let head = head.strip_suffix("[]}").unwrap_or(&head);
        Ok(format!("{head}[\n{}\n]}}\n", lines.join(",\n")))
    }
}

/// The first vector and field in which a report differs from the first one. Reports of other
/// vectors differ in that, before all else.
#[must_use]
pub fn compare(reports: &[Report]) -> Option<Disagreement> {
    let (first, others) = reports.split_first()?;
    let found = others.iter().zip(1_usize..).filter_map(|(other, place)| {
        let (position, vector, field, values) = compare_two(first, other)?;
        let reports = [0, place];
        Some((
            position,
            Disagreement {
                vector,
                field,
                reports,
                values,
            },
        ))
    });
    found
        .min_by_key(|(position, found)| (*position, found.reports))
        .map(|(_, found)| found)
}

/// Position, vector, field, values.
type Found = (usize, String, String, [Option<String>; 2]);

fn compare_two(first: &Report, other: &Report) -> Option<Found> {
    let by_name: BTreeMap<&str, &Fields> = other
        .results
        .iter()
        .map(|line| (line.vector.as_str(), &line.fields))
        .collect();
    for (position, line) in (1_usize..).zip(&first.results) {
        let name = || line.vector.clone();
        let Some(fields) = by_name.get(line.vector.as_str()) else {
            return Some((position, name(), "vector".to_owned(), [there(), None]));
        };
        if let Some(found) = first_difference(&line.fields, fields) {
            return Some((position, name(), found.field, [found.left, found.right]));
        }
    }
    let extra = other.results.get(first.results.len());
    if let Some(line) = extra {
        let (name, field) = (line.vector.clone(), "vector".to_owned());
        return Some((first.results.len(), name, field, [None, there()]));
    }
    // Equal results that were put in another order have another root.
    (first.root != other.root).then(|| {
        let roots = [Some(first.root.clone()), Some(other.root.clone())];
        (usize::MAX, "all".to_owned(), "root".to_owned(), roots)
    })
}

fn there() -> Option<String> {
    Some("present".to_owned())
}

fn root(results: &[ResultLine]) -> String {
    let mut hasher = Sha256::new();
    for ResultLine { vector, fields } in results {
        for (field, value) in fields {
            hasher.update(format!("{vector}\t{field}\t{value}\n"));
        }
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(results: &[(&str, &str, &str)]) -> Report {
        let line = |(vector, field, value): &(&str, &str, &str)| ResultLine {
            vector: (*vector).to_owned(),
            fields: [((*field).to_owned(), (*value).to_owned())].into(),
        };
        let results: Vec<ResultLine> = results.iter().map(line).collect();
        Report {
            format: FORMAT.to_owned(),
            root: root(&results),
            vectors: results.len(),
            differing: 0,
            first_difference: None,
            set: String::new(),
            machine: Machine::this(&EngineKind::all()),
            results,
        }
    }

    #[test]
    fn the_root_is_that_of_the_lines() {
        let lines = Sha256::digest("a\tgas_used\t7\nb\texit\ttrap\n");
        let found = report(&[("a", "gas_used", "7"), ("b", "exit", "trap")]);
        assert_eq!(found.root, hex::encode(lines));
    }

    #[test]
    fn a_report_is_read_back_and_a_changed_one_refused() {
        let written = report(&[("a", "gas_used", "7"), ("b", "exit", "trap")]);
        let text = written.render().unwrap();
        assert_eq!(Report::parse("x", text.as_bytes()).unwrap(), written);
        let changed = text.replace("\"7\"", "\"8\"");
        let error = Report::parse("x", changed.as_bytes()).unwrap_err();
        assert!(error.reason.starts_with("damaged"), "{error}");
    }

    #[test]
    fn the_earliest_vector_that_differs_is_named() {
        let one = report(&[("a", "x", "1"), ("b", "x", "2"), ("c", "x", "3")]);
        let late = report(&[("a", "x", "1"), ("b", "x", "2"), ("c", "x", "4")]);
        let early = report(&[("a", "x", "1"), ("b", "x", "9"), ("c", "x", "3")]);
        assert_eq!(compare(&[one.clone(), one.clone()]), None);
        let found = compare(&[one.clone(), late, early]).unwrap();
        assert_eq!((found.vector.as_str(), found.reports), ("b", [0, 2]));
        assert_eq!(found.values, [Some("2".to_owned()), Some("9".to_owned())]);
    }

    #[test]
    fn a_vector_too_few_or_in_another_place_is_a_difference() {
        let one = report(&[("a", "x", "1"), ("b", "x", "2")]);
        let short = report(&[("a", "x", "1")]);
        let found = compare(&[one.clone(), short.clone()]).unwrap();
        assert_eq!(
            (found.vector.as_str(), found.field.as_str()),
            ("b", "vector")
        );
        assert!(compare(&[short, one.clone()]).is_some());
        let turned = report(&[("b", "x", "2"), ("a", "x", "1")]);
        assert_eq!(compare(&[one, turned]).unwrap().field, "root");
    }
}
