//! Measures durable commits of a block on a large state, on RocksDB and redb, and with `jmt`.
//!
//! Each candidate runs in its own process, so that processor time, memory and written bytes are
//! measured separately, including those of RocksDB's threads. The parent process lets the
//! candidates commit each block in turn and checks that their roots are equal.

/// The process of a candidate: it commits a block when the parent requests it.
pub mod worker;

/// `jmt` with its nodes in RocksDB.
mod jellyfish;

use crate::Measured;
use crate::process;
use crate::statistics::{median, ratio};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Names of the candidates: Lockstep on RocksDB and on redb, and `jmt` on RocksDB.
pub const CANDIDATES: [&str; 3] = ["lockstep", "redb", "jmt"];

/// Size of the measurement.
#[derive(Clone, Debug)]
pub struct StatePlan {
    /// Number of keys before the first measured block.
    pub keys: u64,
    /// Number of changes in a block: four of five write an existing key, the fifth a new one.
    pub updates: u64,
    /// Number of measured blocks.
    pub blocks: u64,
    /// Folder in which the databases are created and removed.
    pub folder: PathBuf,
}

/// A figure of each candidate.
pub type ByCandidate = BTreeMap<&'static str, f64>;

/// The report. Scripts read the first five fields.
#[derive(Debug, Serialize)]
pub struct StateReport {
    /// Number of keys before the first measured block.
    pub keys: u64,
    /// Number of changes in a block.
    pub updates: u64,
    /// Processor time of a commit, up to the synced write batch, in milliseconds; median.
    pub cpu_ms: ByCandidate,
    /// As `cpu_ms`, of the mean block: checkpoints of the tree included.
    pub cpu_ms_mean: ByCandidate,
    /// As `cpu_ms`, of the dearest block.
    pub cpu_ms_dearest: ByCandidate,
    /// Elapsed time of a commit, in milliseconds; median.
    pub wall_ms: ByCandidate,
    /// Bytes that the process wrote in a commit, to the log; median.
    pub bytes_per_block: ByCandidate,
    /// Number of measured blocks.
    pub blocks: u64,
    /// Processor time of `jmt` over that of Lockstep on RocksDB.
    pub cpu_ratio: f64,
    /// Processor time of Lockstep on redb over that on RocksDB.
    pub redb_cpu_ratio: f64,
    /// Processor time per block, including flush and compaction at the end, in milliseconds.
    pub cpu_ms_with_compaction: ByCandidate,
    /// Bytes written per block, including flush and compaction at the end.
    pub bytes_per_block_with_compaction: ByCandidate,
    /// Processor time to compute the root, with its reads, in milliseconds; median.
    pub root_cpu_ms: ByCandidate,
    /// Resident memory of the process after the last block, in bytes.
    pub resident_bytes: ByCandidate,
    /// Size of the database after the last compaction, in bytes.
    pub disk_bytes: ByCandidate,
    /// State root of all after the last block, in hexadecimal.
    pub state_root: String,
    /// Report with a tenth of the keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenth: Option<Box<Self>>,
}

/// Figures of a worker after a block.
#[derive(Debug, Serialize, Deserialize)]
pub struct BlockFigures {
    /// Processor time, in nanoseconds.
    pub cpu: f64,
    /// Processor time to compute the root, in nanoseconds.
    pub root_cpu: f64,
    /// Elapsed time, in nanoseconds.
    pub wall: f64,
    /// Number of bytes written.
    pub bytes: f64,
    /// State root after the block, in hexadecimal.
    pub root: String,
}

/// Figures of a worker at the end.
#[derive(Debug, Serialize, Deserialize)]
pub struct FinalFigures {
    /// Processor time since the state was loaded, in nanoseconds.
    pub cpu: f64,
    /// Number of bytes written since the state was loaded.
    pub bytes: f64,
    /// Resident memory, in bytes.
    pub resident: f64,
    /// Size of the database, in bytes.
    pub disk: f64,
}

/// Measures the plan, and the same with a tenth of its keys.
///
/// # Errors
/// If a worker fails or the roots differ.
pub fn report(plan: &StatePlan) -> Measured<StateReport> {
    let tenth = StatePlan {
        keys: plan.keys.wrapping_div(10),
        ..plan.clone()
    };
    let tenth = measure(&tenth)?;
    let mut report = measure(plan)?;
    report.tenth = Some(Box::new(tenth));
    Ok(report)
}

fn measure(plan: &StatePlan) -> Measured<StateReport> {
    let mut workers = Vec::new();
    for candidate in CANDIDATES {
        // Workers load one after the other; loading is not measured.
        let mut worker = WorkerProcess::start(candidate, plan)?;
        let _: String = worker.receive()?;
        workers.push(worker);
    }
    let mut blocks: Vec<Vec<BlockFigures>> = CANDIDATES.map(|_| Vec::new()).into();
    for _ in 0..plan.blocks {
        for (worker, blocks) in workers.iter_mut().zip(&mut blocks) {
            blocks.push(worker.request("block")?);
        }
        let mut roots = blocks.iter().map(|blocks| blocks.last().map(|b| &b.root));
        let first = roots.next();
        if !roots.all(|root| Some(root) == first) {
            return Err("the candidates have different roots".into());
        }
    }
    let mut ends = Vec::new();
    for worker in &mut workers {
        ends.push(worker.request("end")?);
    }
    for worker in workers {
        worker.stop()?;
    }
    Ok(summary(plan, &blocks, &ends))
}

/// Nanoseconds in a millisecond.
const MILLISECOND: f64 = 1e6;

fn summary(plan: &StatePlan, blocks: &[Vec<BlockFigures>], ends: &[FinalFigures]) -> StateReport {
    let medians = |of: fn(&BlockFigures) -> f64, unit: f64| -> ByCandidate {
        let medians = blocks.iter().map(|blocks| {
            let samples: Vec<f64> = blocks.iter().map(of).collect();
            ratio(median(&samples), unit)
        });
        CANDIDATES.into_iter().zip(medians).collect()
    };
    let cpu_of = |figure: fn(Vec<f64>) -> f64| -> ByCandidate {
        let figures = blocks.iter().map(|blocks| {
            let samples = blocks.iter().map(|block| block.cpu).collect();
            ratio(figure(samples), MILLISECOND)
        });
        CANDIDATES.into_iter().zip(figures).collect()
    };
    let mean = |samples: Vec<f64>| {
        let count = u64::try_from(samples.len()).unwrap_or(u64::MAX);
        ratio(
            samples.into_iter().fold(0.0, process::sum),
            process::float(count),
        )
    };
    let at_end = |of: fn(&FinalFigures) -> f64, unit: f64| -> ByCandidate {
        let figures = ends.iter().map(|end| ratio(of(end), unit));
        CANDIDATES.into_iter().zip(figures).collect()
    };
    let count = process::float(plan.blocks);
    let cpu_ms = medians(|block| block.cpu, MILLISECOND);
    let of = |name: &str| cpu_ms.get(name).copied().unwrap_or(f64::NAN);
    let mut roots = blocks.iter().flatten().map(|block| &block.root);
    StateReport {
        keys: plan.keys,
        updates: plan.updates,
        cpu_ms_mean: cpu_of(mean),
        cpu_ms_dearest: cpu_of(|samples| samples.into_iter().fold(0.0, f64::max)),
        wall_ms: medians(|block| block.wall, MILLISECOND),
        bytes_per_block: medians(|block| block.bytes, 1.0),
        blocks: plan.blocks,
        cpu_ratio: ratio(of("jmt"), of("lockstep")),
        redb_cpu_ratio: ratio(of("redb"), of("lockstep")),
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
struct WorkerProcess {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl WorkerProcess {
    fn start(candidate: &str, plan: &StatePlan) -> Measured<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["state-worker", candidate])
            .args(["--keys", &plan.keys.to_string()])
            .args(["--updates", &plan.updates.to_string()])
            .arg("--folder")
            .arg(folder(plan, candidate))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().ok_or("no pipe to a worker")?;
        let replies = child.stdout.take().ok_or("no pipe from a worker")?;
        Ok(Self {
            child,
            requests,
            replies: BufReader::new(replies),
        })
    }

    fn request<T: for<'a> Deserialize<'a>>(&mut self, request: &str) -> Measured<T> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        self.receive()
    }

    fn receive<T: for<'a> Deserialize<'a>>(&mut self) -> Measured<T> {
        let mut line = String::new();
        self.replies.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    fn stop(mut self) -> Measured<()> {
        drop(self.requests);
        if self.child.wait()?.success() {
            Ok(())
        } else {
            Err("a worker process failed; its error is above".into())
        }
    }
}

fn folder(plan: &StatePlan, candidate: &str) -> PathBuf {
    plan.folder.join(format!("{candidate}-{}", plan.keys))
}

/// Creates an empty folder, and removes an existing one.
///
/// # Errors
/// Errors of the file system.
pub fn empty(folder: &Path) -> Measured<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(std::fs::create_dir_all(folder)?)
}
