//! Measures cases whose work was once not paid for, in blocks on a store.
//!
//! Each line is one case, in nanoseconds of processor time for 1,000 gas (nominal 100) without the
//! gas of signatures, which are verified before: the dearest transaction and the dearest block, the
//! commit included. Warm is the median of ten blocks in a row, cold that of blocks after each of
//! which the store and the node are opened again. Exit code 1 if a warm or cold transaction is
//! above nominal three times in a row.
//!
//! Each store on a disk has an example `paid` that includes this file and names itself a
//! [`PaidStore`].

use node::{CachePolicy, Executed, MemoryStore, Observer, Store};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use vm::{Fault, Interpreter};
use work::chain::CaseChain;
use work::programs::{Case, Scale, cases};

/// The store on which cases are measured.
#[derive(Clone, Copy)]
pub(crate) struct PaidStore {
    /// Its name, which is part of its temporary path.
    pub(crate) name: &'static str,
    /// Opens the store at a path, and creates it if it does not exist.
    pub(crate) open: fn(&Path) -> Result<Box<dyn Store>, Fault>,
}

/// Measured turns of the blocks of a case, warm and cold.
const WARM: usize = 10;
const COLD: usize = 3;
/// Nominal time of 1,000 gas in nanoseconds.
const NOMINAL: f64 = 100.0;
/// Attempts before a case counts as above nominal.
const ATTEMPTS: usize = 3;

type Done<T> = Result<T, Box<dyn Error>>;

/// Runs the cases whose name contains an argument of the command; all without one. With the
/// argument `memory`, the store is one in memory.
pub(crate) fn run(store: PaidStore) -> Done<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_memory = arguments.iter().any(|argument| argument == "memory");
    arguments.retain(|argument| argument != "memory");
    let store = match is_memory {
        true => None,
        false => Some(store),
    };
    let name = store.map_or("memory", |store| store.name);
    println!("ns of processor time for 1,000 gas on the store {name}; nominal {NOMINAL:.0}");
    println!("             transaction       block");
    println!("            warm     cold     warm     cold  case");
    let mut above = 0_u8;
    for case in cases(Scale::TIMED)? {
        let is_chosen = |part: &String| case.name.contains(part.as_str());
        if !arguments.is_empty() && !arguments.iter().any(is_chosen) {
            continue;
        }
        let mut figure = measure(&case, store)?;
        for _ in 1..ATTEMPTS {
            if figure.is_above() {
                figure = measure(&case, store)?;
            }
        }
        above |= u8::from(figure.is_above());
        let [warm, cold] = [figure.warm, figure.cold];
        println!(
            "{} {:>8.1} {:>8.1} {:>8.1} {:>8.1}  {}",
            if figure.is_above() { "above" } else { "     " },
            warm.transaction,
            cold.transaction,
            warm.block,
            cold.block,
            case.name
        );
    }
    Ok(ExitCode::from(above))
}

/// Nanoseconds for 1,000 gas.
#[derive(Clone, Copy)]
struct Dearest {
    transaction: f64,
    block: f64,
}

struct Figure {
    warm: Dearest,
    cold: Dearest,
}

impl Figure {
    fn is_above(&self) -> bool {
        self.warm.transaction.max(self.cold.transaction) > NOMINAL
    }
}

/// A store on a disk, at a path of its own.
struct Opened {
    store: Option<PaidStore>,
    path: PathBuf,
}

impl Opened {
    fn new(store: Option<PaidStore>) -> Self {
        let name = store.map_or("memory", |store| store.name);
        let path = std::env::temp_dir().join(format!("paid-{name}-{}", std::process::id()));
        let opened = Self { store, path };
        opened.remove();
        opened
    }

    fn chain(&self, case: &Case, before: Option<CaseChain>) -> Done<CaseChain> {
        let store = match (self.store, before) {
            (Some(store), before) => {
                drop(before);
                (store.open)(&self.path)?
            }
            (None, Some(before)) => before.into_store(),
            (None, None) => Box::new(MemoryStore::new()),
        };
        let engine = Box::new(Interpreter::new());
        CaseChain::open(engine, CachePolicy::Warm, store, case)
    }

    fn remove(&self) {
        drop(fs::remove_file(&self.path));
        drop(fs::remove_dir_all(&self.path));
    }
}

fn measure(case: &Case, store: Option<PaidStore>) -> Done<Figure> {
    let opened = Opened::new(store);
    let mut chain = opened.chain(case, None)?;
    chain.prepare(case)?;
    let mut warm = Vec::new();
    for _ in 0..=WARM {
        warm.push(turn(&mut chain, case)?);
    }
    warm.remove(0);
    let mut cold = Vec::new();
    for _ in 0..COLD {
        chain = opened.chain(case, Some(chain))?;
        cold.push(turn(&mut chain, case)?);
    }
    drop(chain);
    opened.remove();
    Ok(Figure {
        warm: dearest(&warm),
        cold: dearest(&cold),
    })
}

/// Figures of the transactions and the blocks of one turn.
#[derive(Default)]
struct Turn {
    transactions: Vec<f64>,
    blocks: Vec<f64>,
}

/// The greatest of the medians of each transaction, and of each block.
fn dearest(turns: &[Turn]) -> Dearest {
    let greatest = |of: fn(&Turn) -> &Vec<f64>| {
        let count = turns.first().map_or(0, |turn| of(turn).len());
        let median = |place: usize| {
            let mut all: Vec<f64> = turns
                .iter()
                .filter_map(|turn| of(turn).get(place).copied())
                .collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
        };
        (0..count).map(median).fold(0.0, f64::max)
    };
    Dearest {
        transaction: greatest(|turn| &turn.transactions),
        block: greatest(|turn| &turn.blocks),
    }
}

fn turn(chain: &mut CaseChain, case: &Case) -> Done<Turn> {
    let signature = node::rules::Prices::version_1().tx_signature_ed25519;
    let mut turn = Turn::default();
    for actions in &case.blocks {
        let block = chain.block(actions)?;
        let begun = Clock::now();
        let mut times = Times {
            last: Clock::now(),
            found: Vec::new(),
        };
        chain.apply(&block, &mut times)?;
        let whole = begun.elapsed();
        let mut paid = 0;
        for (time, gas) in &times.found {
            let gas = gas.saturating_sub(signature);
            paid += gas;
            turn.transactions.push(per_gas(*time, gas));
        }
        turn.blocks.push(per_gas(whole, paid));
    }
    Ok(turn)
}

fn per_gas(time: Duration, gas: u64) -> f64 {
    time.as_nanos() as f64 / gas as f64 * 1_000.0
}

/// Time and gas of each transaction.
struct Times {
    last: Clock,
    found: Vec<(Duration, u64)>,
}

impl Observer for Times {
    fn begin(&mut self) {
        self.last = Clock::now();
    }

    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.found
            .push((self.last.elapsed(), executed.receipt.gas_used));
        self.last = Clock::now();
    }
}

/// The processor time of this thread where the system reports it, else the time of the clock.
enum Clock {
    Processor(Duration),
    Wall(Instant),
}

impl Clock {
    fn now() -> Self {
        processor_time().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    fn elapsed(&self) -> Duration {
        match self {
            Self::Processor(begun) => processor_time().unwrap_or_default().saturating_sub(*begun),
            Self::Wall(begun) => begun.elapsed(),
        }
    }
}

/// Processor time of this thread on Linux, which updates it when the thread yields.
fn processor_time() -> Option<Duration> {
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
