//! Hashes all results of one machine to one root, and compares reports.
//!
//! The root is the SHA-256 of one line for each field of each result, `VECTOR` tab `FIELD` tab
//! `VALUE`, vectors in their order, fields by name. Expectations, machine, engine and time are not
//! part of it.

use crate::VectorError;
use crate::fields::{self, FieldDifference, Fields, first_difference};
use crate::run::VectorResult;
use crate::source::Set;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The first field of every report.
pub const FORMAT: &str = "lockstep/report/1";

/// Results of one machine for a set of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: String,
    /// The result root, hexadecimal; see the documentation of the module.
    pub root: String,
    /// Number of vectors that ran.
    pub vectors: usize,
    /// Number of vectors whose result was not the expected one.
    pub differing: usize,
    /// First field of the first such vector.
    pub first_difference: Option<Difference>,
    /// Number of vectors that were left out, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub declined: BTreeMap<String, usize>,
    /// Id of the set of vectors, expectations included.
    pub set: String,
    /// Machine and engines that ran them.
    pub machine: Machine,
    /// Results, in the order of the vectors.
    pub results: Vec<ResultLine>,
}

/// Machine and engines that ran the vectors; not part of the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Processor architecture, as Rust names it.
    pub architecture: String,
    /// As Rust names it.
    pub os: String,
    /// Width of a pointer, in bits.
    pub pointer_bits: u32,
    /// Byte order: `little` or `big`.
    pub endian: String,
    /// Names of the engines.
    pub engines: Vec<String>,
    /// Version of this crate.
    pub version: String,
}

/// The result of one vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultLine {
    /// Name of the vector.
    pub vector: String,
    /// Result of the vector.
    pub fields: Fields,
}

/// The first field of a vector that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Name of the vector.
    pub vector: String,
    /// Name of the field.
    pub field: String,
    /// Engine with this value; `None` where no engine takes part.
    pub engine: Option<String>,
    /// Expected value; `None` for a field that should not be there.
    pub expected: Option<String>,
    /// Found value; `None` for a field that is missing.
    pub found: Option<String>,
}

/// The first difference between reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Name of the vector.
    pub vector: String,
    /// Name of the field.
    pub field: String,
    /// Indices of the two reports: the first one, and the one that differs from it.
    pub reports: [usize; 2],
    /// Values of the two reports; `None` where a report does not have the field.
    pub values: [Option<String>; 2],
}

impl Machine {
    /// This machine, with the names of the engines.
    #[must_use]
    pub fn this(engines: Vec<String>) -> Self {
        let big = cfg!(target_endian = "big");
        Self {
            architecture: std::env::consts::ARCH.to_owned(),
            os: std::env::consts::OS.to_owned(),
            pointer_bits: usize::BITS,
            endian: if big { "big" } else { "little" }.to_owned(),
            engines,
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
    /// The report of a run of `set` on this machine, by the engines of these names.
    #[must_use]
    pub fn new(set: &Set, engines: Vec<String>, observed: Vec<VectorResult>) -> Self {
        let mut differences: Vec<Difference> = Vec::new();
        for (vector, seen) in set.vectors().zip(&observed) {
            let difference = first_difference(&vector.expected, &seen.fields);
            differences.extend(difference.map(|difference| Difference {
                vector: vector.name.clone(),
                field: difference.field,
                engine: seen.engine.clone(),
                expected: difference.left,
                found: difference.right,
            }));
        }
        let line = |VectorResult { name, fields, .. }| ResultLine {
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
            declined: BTreeMap::new(),
            set: hex::encode(set.id()),
            machine: Machine::this(engines),
            results,
        }
    }

    /// Reads a report, and checks its root against its results.
    ///
    /// # Errors
    /// The text is no report of this format, or its root is not that of its results.
    pub fn parse(location: &str, text: &[u8]) -> Result<Self, VectorError> {
        let report: Self =
            serde_json::from_slice(text).map_err(|error| VectorError::new(location, error))?;
        if report.format != FORMAT {
            let reason = format!("format {:?}, this version reads {FORMAT:?}", report.format);
            return Err(VectorError::new(location, reason));
        }
        if report.root != root(&report.results) || report.vectors != report.results.len() {
            let reason = "damaged: its root is not that of its results";
            return Err(VectorError::new(location, reason));
        }
        Ok(report)
    }

    /// The text of the report: one result a line.
    ///
    /// # Errors
    /// None in practice: every text and number has an encoding in JSON.
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

/// The vectors of `set` whose result in `report` is not the expected one, each with every field
/// that differs: the expected value to the left, the found one to the right.
#[must_use]
pub fn unexpected(set: &Set, report: &Report) -> Vec<(String, Vec<FieldDifference>)> {
    let pairs = set.vectors().zip(&report.results);
    pairs
        .map(|(vector, line)| {
            let differences = fields::differences(&vector.expected, &line.fields);
            (vector.name.clone(), differences)
        })
        .filter(|(_, differences)| !differences.is_empty())
        .collect()
}

/// The first vector and field in which a report differs from the first report. In reports of
/// different vectors, the first vector that one of them lacks is the difference.
#[must_use]
pub fn compare(reports: &[Report]) -> Option<Disagreement> {
    let (first, others) = reports.split_first()?;
    let found = others.iter().zip(1_usize..).filter_map(|(other, index)| {
        let (position, vector, field, values) = compare_two(first, other)?;
        let reports = [0, index];
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

/// Position of the vector, its name, the field, the two values.
type LocatedDifference = (usize, String, String, [Option<String>; 2]);

fn compare_two(first: &Report, other: &Report) -> Option<LocatedDifference> {
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
    // Equal results in another order have another root.
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
            declined: BTreeMap::new(),
            set: String::new(),
            machine: Machine::this(vec!["one".to_owned()]),
            results,
        }
    }

    #[test]
    fn the_root_is_the_hash_of_the_lines() {
        let lines = Sha256::digest("a\tgas_used\t7\nb\texit\ttrap\n");
        let found = report(&[("a", "gas_used", "7"), ("b", "exit", "trap")]);
        assert_eq!(found.root, hex::encode(lines));
    }

    #[test]
    fn a_report_parses_back_and_a_changed_one_is_an_error() {
        let written = report(&[("a", "gas_used", "7"), ("b", "exit", "trap")]);
        let text = written.render().unwrap();
        assert_eq!(Report::parse("x", text.as_bytes()).unwrap(), written);
        let changed = text.replace("\"7\"", "\"8\"");
        let error = Report::parse("x", changed.as_bytes()).unwrap_err();
        assert!(error.reason.starts_with("damaged"), "{error}");
    }

    #[test]
    fn the_earliest_vector_that_differs_is_reported() {
        let one = report(&[("a", "x", "1"), ("b", "x", "2"), ("c", "x", "3")]);
        let late = report(&[("a", "x", "1"), ("b", "x", "2"), ("c", "x", "4")]);
        let early = report(&[("a", "x", "1"), ("b", "x", "9"), ("c", "x", "3")]);
        assert_eq!(compare(&[one.clone(), one.clone()]), None);
        let found = compare(&[one.clone(), late, early]).unwrap();
        assert_eq!((found.vector.as_str(), found.reports), ("b", [0, 2]));
        assert_eq!(found.values, [Some("2".to_owned()), Some("9".to_owned())]);
    }

    #[test]
    fn a_missing_or_reordered_vector_is_a_difference() {
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
