//! Prints which sentences of the specification a simulation reached.

use crate::text::grouped;
use node_sim::coverage::Covered;
use serde::Serialize;

/// A sentence of the specification.
#[derive(Serialize)]
pub(crate) struct CoverageLine {
    id: &'static str,
    /// How often the run reached it; `None` if no run can.
    count: Option<u64>,
    /// Why no run can reach it.
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'static str,
    /// Tests and vector files that cover it instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    covered_by: Vec<&'static str>,
}

/// The lines of `--json`.
pub(crate) fn lines(covered: &[Covered]) -> Vec<CoverageLine> {
    let line = |covered: &Covered| CoverageLine {
        id: covered.id,
        count: covered.count,
        why: covered.why,
        covered_by: covered.places.clone(),
    };
    covered.iter().map(line).collect()
}

/// The table: a count or `-`, the id, and for `-` the reason and what covers it.
pub(crate) fn text(covered: &[Covered]) -> String {
    let reached = covered.iter().filter(|line| line.count > Some(0)).count();
    let missed = covered.iter().filter(|line| line.count == Some(0)).count();
    let elsewhere = covered.iter().filter(|line| line.count.is_none()).count();
    let mut text = format!(
        "specification: {reached} sentences reached, {missed} not reached, {elsewhere} that no run \
         reaches\n"
    );
    for Covered {
        id,
        count,
        why,
        places,
    } in covered
    {
        let row = match count {
            Some(count) => format!("{:>12}  {id}", grouped(*count)),
            None if places.is_empty() => format!("{:>12}  {id:<34}{why}", "-"),
            None => format!("{:>12}  {id:<34}{why}; see {}", "-", places.join(", ")),
        };
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
