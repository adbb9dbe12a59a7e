//! Counts how often a run reached each statement of the specification.
//!
//! One more executor observes the run: its engine sees frames, host calls and their ends, its
//! pipeline sees transactions, blocks and roots. Both note facts, short texts with a count. A table
//! says which facts show that a statement was reached, or why no run can reach it.
//!
//! Specification: docs/spec/blocks.md, "Simulator".

/// Facts with their counts.
mod facts;

/// Facts about host calls.
mod calls;

/// Frames that are active, and how they end.
mod observation;

/// The engine that observes.
mod engine;

/// The pipeline that observes.
mod pipeline;

/// The rows of the table.
mod table;

pub use table::{Reach, Row, rows};

use crate::simulate::Executor;
use crate::simulate::Restart;
use engine::ObservingEngine;
use node::CachePolicy;
use observation::{Observation, lock};
use pipeline::ObservingPipeline;
use std::sync::{Arc, Mutex};

/// Name of the executor that observes.
pub const NAME: &str = "reference that counts what is reached";

/// A row of the table with its count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Id of the sentence.
    pub id: &'static str,
    /// How often the run reached it; `None` if no run can.
    pub count: Option<u64>,
    /// Why no run can reach it; empty if one can.
    pub why: &'static str,
    /// Tests and vector files that cover it instead.
    pub places: Vec<&'static str>,
}

/// What a run reaches, counted while it runs.
#[derive(Clone, Default)]
pub struct Coverage(Arc<Mutex<Observation>>);

impl Coverage {
    /// Nothing reached yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The executor that observes; part of one run.
    #[must_use]
    pub fn executor(&self) -> Executor {
        let (engine, pipeline) = (Arc::clone(&self.0), Arc::clone(&self.0));
        Executor::new(
            NAME,
            Box::new(move || Box::new(ObservingEngine::new(Arc::clone(&engine)))),
            CachePolicy::Warm,
            Restart::Never,
        )
        .with_pipeline(Box::new(move || {
            Box::new(ObservingPipeline::new(Arc::clone(&pipeline)))
        }))
    }

    /// The facts so far, by name, with their counts.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, u64)> {
        lock(&self.0).facts.all()
    }

    /// Every row of the table with its count, in the order of the chapters.
    #[must_use]
    pub fn report(&self) -> Vec<Covered> {
        let observation = lock(&self.0);
        rows()
            .into_iter()
            .map(|row| match row.reach {
                Reach::Facts(needed) => Covered {
                    id: row.id,
                    count: Some(observation.facts.least(&needed)),
                    why: "",
                    places: Vec::new(),
                },
                Reach::Elsewhere { why, places } => Covered {
                    id: row.id,
                    count: None,
                    why,
                    places,
                },
            })
            .collect()
    }
}
