//! Kills a process that commits blocks, repeatedly, and checks what it left on the disk.
//!
//! ```text
//! parent --starts--> child: open, commit, report the height on a pipe, commit, ...
//!   \--SIGKILL at a random time--> open: height >= last reported, blocks and root as they must be
//! ```
//!
//! Each store on a disk has a program `kill_loop` that includes this file and names itself a
//! [`KilledStore`].

use clap::{Args, Parser, Subcommand};
use node::{Store, Tip, recomputed_root};
use node_sim::synthetic::{SplitMix, Synthetic};
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tree::Tree;
use vm::Fault;

/// Rounds between two scrubs.
const SCRUB_EVERY: u64 = 10;

type Done<T> = Result<T, Box<dyn Error>>;

/// The store whose writer is killed.
#[derive(Clone, Copy)]
pub(crate) struct KilledStore {
    /// Part of the name of its temporary path.
    pub(crate) name: &'static str,
    /// Opens the store at a path, and creates it if it does not exist.
    pub(crate) open: fn(&Path) -> Result<Box<dyn Store>, Fault>,
}

#[derive(Parser)]
#[command(
    name = "kill_loop",
    about = "Kills a writer of a store and counts lost blocks"
)]
#[command(args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    write: Option<Writing>,
    #[command(flatten)]
    kill: Kill,
}

#[derive(Subcommand)]
enum Writing {
    /// Commit blocks and print each height once it is synced; what the loop kills.
    Write {
        /// File or folder of the store.
        path: PathBuf,
        /// Seed of the blocks.
        seed: u64,
        /// Stop at this height.
        #[arg(default_value_t = u64::MAX)]
        height: u64,
    },
}

#[derive(Args)]
struct Kill {
    /// How often to kill.
    #[arg(long, value_name = "N", default_value_t = 100)]
    rounds: u64,
    /// Seed of the blocks and of the times.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A child lives for at most this long, three of four from their first block on.
    #[arg(long, value_name = "MS", default_value_t = 300)]
    milliseconds: u64,
    /// File or folder of the store, removed at the start and after success; without it, one in the
    /// system's folder for temporary files.
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
}

/// Parses the arguments of this process and runs the loop, or the writer that it kills.
pub(crate) fn run(store: KilledStore) -> Done<()> {
    let line = CommandLine::parse();
    match line.write {
        Some(Writing::Write { path, seed, height }) => write(store, &path, seed, height),
        None => kill(store, &line.kill),
    }
}

/// Commits blocks from the store's tip on, until it is killed or `last` is reached.
fn write(killed: KilledStore, path: &Path, seed: u64, last: u64) -> Done<()> {
    let chain = Synthetic::small(seed);
    let mut store = (killed.open)(path)?;
    let mut model = Model::default();
    let found = store.tip()?;
    while found.is_some() && model.tip != found {
        model.advance(&chain);
    }
    let mut output = std::io::stdout().lock();
    while model.tip.is_none_or(|tip| tip.height.0 < last) {
        let commit = chain.next(model.tip.as_ref(), &mut model.tree);
        model.tip = Some(commit.tip);
        let height = commit.tip.height;
        store.commit(commit)?;
        writeln!(output, "{height}")?;
        output.flush()?;
    }
    Ok(())
}

/// The expected chain: its tip and tree.
#[derive(Default)]
struct Model {
    tree: Tree,
    tip: Option<Tip>,
}

impl Model {
    fn advance(&mut self, chain: &Synthetic) {
        self.tip = Some(chain.next(self.tip.as_ref(), &mut self.tree).tip);
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)
    } else if path.exists() {
        fs::remove_file(path)
    } else {
        Ok(())
    }
}

fn kill(store: KilledStore, arguments: &Kill) -> Done<()> {
    let path = arguments.path.clone().unwrap_or_else(|| {
        let (name, id) = (store.name, std::process::id());
        std::env::temp_dir().join(format!("lockstep-kill-{name}-{id}"))
    });
    remove(&path)?;
    let chain = Synthetic::small(arguments.seed);
    let mut random = SplitMix(arguments.seed);
    let mut model = Model::default();
    let (mut lost, mut reported_in_all, mut before_first) = (0_u64, 0_u64, 0_u64);
    for round in 1..=arguments.rounds {
        let mut child = start(&path, arguments.seed)?;
        let mut heights = Vec::new();
        // One in four is killed at any time, opening included; the others while they write.
        if random.below(4) > 0 {
            heights.push(child.height()?.ok_or("the child wrote nothing")?);
        }
        let lifetime = random.below(arguments.milliseconds.saturating_add(1));
        std::thread::sleep(Duration::from_millis(lifetime));
        child.end(&mut heights)?;
        let reported = heights.last().copied();
        let count = u64::try_from(heights.len())?;
        reported_in_all = reported_in_all.saturating_add(count);
        before_first = before_first.saturating_add(u64::from(count == 0));
        let opened = (store.open)(&path)?;
        let found = inspect(opened.as_ref(), &chain, &mut model, round)?;
        lost = lost.saturating_add(missing(reported, found));
    }
    let height = model.tip.map_or(0, |tip| tip.height.0);
    println!(
        "rounds {}, blocks {height}, reported {reported_in_all}, lost {lost}, killed before the \
         first block {before_first}",
        arguments.rounds
    );
    if lost > 0 {
        return Err(format!(
            "{lost} synced blocks are lost; the store is {}",
            path.display()
        )
        .into());
    }
    remove(&path)?;
    Ok(())
}

/// A child process that commits blocks, and the pipe on which it reports heights.
struct Writer {
    child: Child,
    pipe: BufReader<ChildStdout>,
}

fn start(path: &Path, seed: u64) -> Done<Writer> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("write")
        .arg(path)
        .arg(seed.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let pipe = child.stdout.take().ok_or("no pipe from the child")?;
    let pipe = BufReader::new(pipe);
    Ok(Writer { child, pipe })
}

impl Writer {
    /// The next height that it reported; `None` at the end of its output.
    fn height(&mut self) -> Done<Option<u64>> {
        let mut line = String::new();
        self.pipe.read_line(&mut line)?;
        // A line without its end was interrupted by the kill, so it reports nothing.
        Ok(match line.strip_suffix('\n') {
            Some(height) => Some(height.parse()?),
            None => None,
        })
    }

    /// Kills the process and appends the heights that it reported since.
    fn end(mut self, heights: &mut Vec<u64>) -> Done<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        if let Some(code) = status.code() {
            return Err(format!("the child ended by itself, with exit code {code}").into());
        }
        while let Some(height) = self.height()? {
            heights.push(height);
        }
        Ok(())
    }
}

/// Compares the store that the child left with the model; returns its height.
fn inspect(
    store: &dyn Store,
    chain: &Synthetic,
    model: &mut Model,
    round: u64,
) -> Done<Option<u64>> {
    let Some(tip) = store.tip()? else {
        return Ok(None);
    };
    while model.tip.is_none_or(|known| known.height < tip.height) {
        model.advance(chain);
    }
    if model.tip != Some(tip) {
        return Err(format!(
            "round {round}: block {} is not the expected one",
            tip.height
        )
        .into());
    }
    if recomputed_root(store)? != tip.result.state_root {
        return Err(format!("round {round}: the values do not have the stored root").into());
    }
    if round.checked_rem(SCRUB_EVERY) == Some(0) {
        store.scrub()?;
    }
    Ok(Some(tip.height.0))
}

/// Number of reported blocks that are missing.
fn missing(reported: Option<u64>, found: Option<u64>) -> u64 {
    let count = |height: Option<u64>| height.map_or(0, |height| height.saturating_add(1));
    count(reported).saturating_sub(count(found))
}
