//! Measures durable commits of a block over a large state, beside `jmt` on RocksDB.
//!
//! Each candidate is a process of its own, so that processor time, memory and bytes written are its
//! own too, those of RocksDB's threads included. The parent lets them commit one block in turn and
//! demands equal roots after each.

/// One process: it commits a block when it is told to.
pub mod worker;

/// `jmt` with its nodes in RocksDB.
mod jellyfish;

/// What the system says about this process.
pub mod process;

use crate::Measured;
use crate::statistics::{median, ratio};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Ours first.
pub const CANDIDATES: [&str; 2] = ["lockstep", "jmt"];

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Keys before the first measured block.
    pub keys: u64,
    /// Changes of a block: four of five write a key that is there, the fifth a new one.
    pub updates: u64,
    /// Measured blocks.
    pub blocks: u64,
    /// Where the databases are made, and removed from again.
    pub folder: PathBuf,
}

/// A figure of each candidate.
pub type ByCandidate = BTreeMap<&'static str, f64>;

/// The report. The first five fields are frozen.
#[derive(Debug, Serialize)]
pub struct Report {
    /// As planned.
    pub keys: u64,
    /// As planned.
    pub updates: u64,
    /// Processor time of the process from the changes to the synced batch; median.
    pub cpu_ms: ByCandidate,
    /// The same on the clock.
    pub wall_ms: ByCandidate,
    /// Bytes that the process wrote in that time: the log; median.
    pub bytes_per_block: ByCandidate,
    /// Measured blocks.
    pub blocks: u64,
    /// Processor time of `jmt` over ours.
    pub cpu_ratio: f64,
    /// Processor time of all measured blocks, flush and compaction at the end included, by block.
    pub cpu_ms_with_compaction: ByCandidate,
    /// Bytes written in the same time, by block.
    pub bytes_per_block_with_compaction: ByCandidate,
    /// Computing the root alone, with its reads; median.
    pub root_cpu_ms: ByCandidate,
    /// Resident memory of the process after the last block.
    pub resident_bytes: ByCandidate,
    /// The database after the last compaction.
    pub disk_bytes: ByCandidate,
    /// The root that both have after the last block.
    pub state_root: String,
    /// The same with a tenth of the keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenth: Option<Box<Self>>,
}

/// What a worker says after a block.
#[derive(Debug, Serialize, Deserialize)]
pub struct Block {
    /// Nanoseconds of processor time.
    pub cpu: f64,
    /// Nanoseconds of processor time for the root alone.
    pub root_cpu: f64,
    /// Nanoseconds on the clock.
    pub wall: f64,
    /// Bytes written.
    pub bytes: f64,
    /// The root after it, in hex.
    pub root: String,
}

/// What a worker says at the end.
#[derive(Debug, Serialize, Deserialize)]
pub struct End {
    /// Nanoseconds of processor time since the load.
    pub cpu: f64,
    /// Bytes written since the load.
    pub bytes: f64,
    /// Resident memory.
    pub resident: f64,
    /// Bytes of the folder.
    pub disk: f64,
}

/// Measures the plan, and the same with a tenth of its keys.
///
/// # Errors
/// If a worker fails or the roots differ.
pub fn report(plan: &Plan) -> Measured<Report> {
    let tenth = Plan {
        keys: plan.keys.wrapping_div(10),
        ..plan.clone()
    };
    let tenth = measure(&tenth)?;
    let mut report = measure(plan)?;
    report.tenth = Some(Box::new(tenth));
    Ok(report)
}

fn measure(plan: &Plan) -> Measured<Report> {
    let mut workers = Vec::new();
    for candidate in CANDIDATES {
        // One after the other: loading is long, and not measured.
        let mut worker = Worker::start(candidate, plan)?;
        let _: String = worker.hear()?;
        workers.push(worker);
    }
    let mut blocks: Vec<Vec<Block>> = vec![Vec::new(), Vec::new()];
    for _ in 0..plan.blocks {
        for (worker, blocks) in workers.iter_mut().zip(&mut blocks) {
            blocks.push(worker.ask("block")?);
        }
        let mut roots = blocks.iter().map(|blocks| blocks.last().map(|b| &b.root));
        if roots.next() != roots.next() {
            return Err("the candidates have different roots".into());
        }
    }
    let mut ends = Vec::new();
    for worker in &mut workers {
        ends.push(worker.ask("end")?);
    }
    for worker in workers {
        worker.stop()?;
    }
    Ok(summary(plan, &blocks, &ends))
}

/// Nanoseconds in a millisecond.
const MILLISECOND: f64 = 1e6;

fn summary(plan: &Plan, blocks: &[Vec<Block>], ends: &[End]) -> Report {
    let medians = |of: fn(&Block) -> f64, unit: f64| -> ByCandidate {
        let medians = blocks.iter().map(|blocks| {
            let samples: Vec<f64> = blocks.iter().map(of).collect();
            ratio(median(&samples), unit)
        });
        CANDIDATES.into_iter().zip(medians).collect()
    };
    let at_end = |of: fn(&End) -> f64, unit: f64| -> ByCandidate {
        let figures = ends.iter().map(|end| ratio(of(end), unit));
        CANDIDATES.into_iter().zip(figures).collect()
    };
    let count = process::float(plan.blocks);
    let cpu_ms = medians(|block| block.cpu, MILLISECOND);
    let of = |name: &str| cpu_ms.get(name).copied().unwrap_or(f64::NAN);
    let mut roots = blocks.iter().flatten().map(|block| &block.root);
    Report {
        keys: plan.keys,
        updates: plan.updates,
        wall_ms: medians(|block| block.wall, MILLISECOND),
        bytes_per_block: medians(|block| block.bytes, 1.0),
        blocks: plan.blocks,
        cpu_ratio: ratio(of("jmt"), of("lockstep")),
        cpu_ms_with_compaction: at_end(|end| end.cpu, ratio(count, ratio(1.0, MILLISECOND))),
        bytes_per_block_with_compaction: at_end(|end| end.bytes, count),
        root_cpu_ms: medians(|block| block.root_cpu, MILLISECOND),
        resident_bytes: at_end(|end| end.resident, 1.0),
        disk_bytes: at_end(|end| end.disk, 1.0),
        state_root: roots.next_back().cloned().unwrap_or_default(),
        tenth: None,
        cpu_ms,
    }
}

/// A candidate's process.
struct Worker {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start(candidate: &str, plan: &Plan) -> Measured<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["state-worker", candidate])
            .args(["--keys", &plan.keys.to_string()])
            .args(["--updates", &plan.updates.to_string()])
            .arg("--folder")
            .arg(folder(plan, candidate))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().ok_or("no pipe to a worker")?;
        let answers = child.stdout.take().ok_or("no pipe from a worker")?;
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    fn ask<T: for<'a> Deserialize<'a>>(&mut self, order: &str) -> Measured<T> {
        writeln!(self.orders, "{order}")?;
        self.orders.flush()?;
        self.hear()
    }

    fn hear<T: for<'a> Deserialize<'a>>(&mut self) -> Measured<T> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    fn stop(mut self) -> Measured<()> {
        drop(self.orders);
        if self.child.wait()?.success() {
            Ok(())
        } else {
            Err("a worker failed".into())
        }
    }
}

fn folder(plan: &Plan, candidate: &str) -> PathBuf {
    plan.folder.join(format!("{candidate}-{}", plan.keys))
}

/// Makes an empty folder.
///
/// # Errors
/// Those of the file system.
pub fn empty(folder: &Path) -> Measured<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(std::fs::create_dir_all(folder)?)
}
