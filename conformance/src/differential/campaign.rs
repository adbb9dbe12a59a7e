//! Compares engines over seeds, and over modules of single operators, on threads.
//!
//! The report depends on the range alone: each thread takes every n-th module, and findings are
//! merged in the order of the modules.

use super::compare::{Comparison, compare};
use super::engines::MakeEngines;
use super::random::Random;
use super::{generate, single};
use crate::program::Program;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use vm::{Engine, Rules};

/// Number of random limits below the total for each generated program.
const DRAWN: u64 = 3;
/// The same for each program of a single operator, of which there are very many.
const DRAWN_SINGLE: u64 = 2;

/// Result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct CampaignReport {
    /// Number of modules.
    pub modules: u64,
    /// Result of the comparison of the engines.
    pub found: Comparison,
    /// Bugs of the generator, and faults of the reference.
    pub broken: Vec<String>,
}

impl CampaignReport {
    /// Adds the result of `other`.
    pub fn merge(&mut self, other: Self) {
        self.modules = self.modules.saturating_add(other.modules);
        self.found.merge(other.found);
        self.broken.extend(other.broken);
    }

    /// All problems, one a line.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let differences = self.found.differences.iter().map(ToString::to_string);
        self.broken.iter().cloned().chain(differences).collect()
    }

    /// The counts, one a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let Comparison {
            programs,
            runs,
            excused,
            exits,
            differences,
            ..
        } = &self.found;
        let mut lines = format!(
            "modules {}, programs {programs}, runs {runs}, left out {excused}\n",
            self.modules
        );
        for (exit, count) in exits {
            lines.push_str(&format!("  {exit}: {count}\n"));
        }
        let broken = self.broken.len();
        lines.push_str(&format!(
            "differences {}, broken {broken}\n",
            differences.len()
        ));
        lines
    }
}

/// Compares the modules of `seeds`.
#[must_use]
pub fn seeds(seeds: Range<u64>, threads: NonZeroUsize, make: &MakeEngines<'_>) -> CampaignReport {
    let rules = Arc::new(Rules::v1());
    let parts = over(seeds, threads, &|part: &mut dyn Iterator<Item = u64>| {
        let engines = make();
        let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
        let part = part.map(|seed| {
            let mut report = CampaignReport {
                modules: 1,
                ..CampaignReport::default()
            };
            let programs = generate::program(seed, &rules).map(|program| vec![program]);
            let compared = programs.and_then(|programs| {
                let mut random = Random::new(seed.wrapping_add(1));
                compare(&programs, &engines, DRAWN, &mut random)
                    .map_err(|fault| format!("seed {seed}: reference: {fault}"))
            });
            match compared {
                Ok(found) => report.found = found,
                Err(why) => report.broken.push(why),
            }
            (seed, report)
        });
        merged(part)
    });
    joined(parts)
}

/// Compares the modules of single operators, of control flow and of host calls.
#[must_use]
pub fn operators(
    depth: single::Depth,
    threads: NonZeroUsize,
    make: &MakeEngines<'_>,
) -> CampaignReport {
    let rules = Arc::new(Rules::v1());
    let groups = u64::try_from(single::groups()).unwrap_or_default();
    let parts = over(0..groups, threads, &|part: &mut dyn Iterator<
        Item = u64,
    >| {
        let engines = make();
        let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
        let part = part.map(|group| {
            let mut report = CampaignReport {
                modules: 1,
                ..CampaignReport::default()
            };
            let compared =
                single::programs(group, depth, &rules).and_then(|programs: Vec<Program>| {
                    compare(&programs, &engines, DRAWN_SINGLE, &mut Random::new(group))
                        .map_err(|fault| format!("group {group}: reference: {fault}"))
                });
            match compared {
                Ok(found) => report.found = found,
                Err(why) => report.broken.push(why),
            }
            (group, report)
        });
        merged(part)
    });
    joined(parts)
}

/// Result of one thread: the counts, and the problems by module.
type ThreadReport = (CampaignReport, Vec<(u64, CampaignReport)>);

fn merged(reports: impl Iterator<Item = (u64, CampaignReport)>) -> ThreadReport {
    let (mut sum, mut wrong) = (CampaignReport::default(), Vec::new());
    for (at, mut report) in reports {
        let differences = std::mem::take(&mut report.found.differences);
        let broken = std::mem::take(&mut report.broken);
        sum.merge(report);
        if !differences.is_empty() || !broken.is_empty() {
            let found = Comparison {
                differences,
                ..Comparison::default()
            };
            wrong.push((
                at,
                CampaignReport {
                    found,
                    broken,
                    ..CampaignReport::default()
                },
            ));
        }
    }
    (sum, wrong)
}

fn joined(parts: Vec<ThreadReport>) -> CampaignReport {
    let mut report = CampaignReport::default();
    let mut wrong = Vec::new();
    for (sum, part) in parts {
        report.merge(sum);
        wrong.extend(part);
    }
    wrong.sort_by_key(|(at, _)| *at);
    for (_, one) in wrong {
        report.merge(one);
    }
    report
}

/// Splits `range` over threads; the results are in the order of the threads.
pub(crate) fn over<T: Send>(
    range: Range<u64>,
    threads: NonZeroUsize,
    work: &(dyn Fn(&mut dyn Iterator<Item = u64>) -> T + Sync),
) -> Vec<T> {
    std::thread::scope(|scope| {
        let starts = range.clone().take(threads.get());
        let running: Vec<_> = starts
            .map(|start| {
                let mut part = (start..range.end).step_by(threads.get());
                scope.spawn(move || work(&mut part))
            })
            .collect();
        running
            .into_iter()
            .filter_map(|thread| match thread.join() {
                Ok(result) => Some(result),
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}
