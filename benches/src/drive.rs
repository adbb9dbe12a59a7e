//! Measures signed token transfers through a chain that proposes, verifies and finalizes blocks.
//!
//! ```text
//! propose: encoding, signatures | verify: execution, tree | finalize: commit
//!                                 sibling: the same with another time, after the block
//! ```

use crate::Measured;
use crate::accounts::{PROPOSER, TokenAccounts, check_receipts, parts};
use crate::clock;
use crate::process;
use crate::statistics::{median, ratio};
use node::chain::{Chain, Options, Proposal, Verdict};
use node::{Block, BlockResult, Disk, LogStore, MemoryStore, Signed, Store};
use redb_store::{RedbStore, Settings};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use vm::Fault;

/// Threads that check transactions at their arrival.
const RECEIVERS: usize = 2;

/// Size of the measurement.
#[derive(Clone, Debug)]
pub struct DrivePlan {
    /// Number of accounts; half of them sign with Ed25519, half with secp256k1. Each sends one
    /// transfer per block.
    pub accounts: u64,
    /// Number of measured blocks.
    pub blocks: u64,
    /// Threads of the chain; 0 starts none.
    pub workers: usize,
    /// Store of the chain.
    pub store: DriveStore,
    /// Folder in which the file of the store is created and removed.
    pub folder: PathBuf,
}

/// A store of a measured chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DriveStore {
    /// The default store: one file of redb.
    Redb,
    /// One log file; the state is in memory.
    Log,
    /// Memory alone: nothing is durable.
    Memory,
}

/// The report. Times are medians over the blocks, divided by the number of transfers.
#[derive(Debug, Serialize)]
pub struct DriveReport {
    /// Number of transfers in a block.
    pub transfers: u64,
    /// Number of measured blocks.
    pub blocks: u64,
    /// Threads of the chain.
    pub workers: usize,
    /// Store of the chain.
    pub store: DriveStore,
    /// Transfers per second of elapsed time, from the proposal to the commit.
    pub per_second_wall: f64,
    /// Transfers per second of processor time of all threads.
    pub per_second_cpu: f64,
    /// Transfers per second of elapsed time if [`RECEIVERS`] further threads check the transactions
    /// of each block while the one before it is proposed, verified and finalized.
    pub per_second_ahead: f64,
    /// Elapsed time of a transfer in each call, in microseconds.
    pub wall_us: Calls,
    /// Processor time of a transfer in each call, in microseconds.
    pub cpu_us: Calls,
}

/// Time by call.
#[derive(Debug, Serialize)]
pub struct Calls {
    /// Encoding, stateless checks, signatures.
    pub propose: f64,
    /// Execution, state tree.
    pub verify: f64,
    /// The durable commit.
    pub finalize: f64,
    /// Verifying a sibling of the block, from the block's state on; no part of the rates.
    pub sibling: f64,
}

/// A log on a file.
struct FileDisk {
    path: PathBuf,
    file: File,
}

impl FileDisk {
    fn create(folder: &Path) -> Measured<Self> {
        let path = folder.join("chain.log");
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)?;
        Ok(Self { path, file })
    }
}

fn fault(error: std::io::Error) -> Fault {
    Fault::Store(error.to_string())
}

impl Disk for FileDisk {
    fn read(&self) -> Result<Vec<u8>, Fault> {
        fs::read(&self.path).map_err(fault)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file.write_all(bytes).map_err(fault)
    }

    fn sync(&mut self) -> Result<(), Fault> {
        self.file.sync_data().map_err(fault)
    }

    fn truncate(&mut self, length: u64) -> Result<(), Fault> {
        let cut = self.file.set_len(length);
        cut.and_then(|()| self.file.sync_all()).map_err(fault)
    }
}

/// Elapsed time and processor time of a call, in nanoseconds.
#[derive(Clone, Copy)]
struct Timed {
    wall: f64,
    cpu: f64,
}

/// Times of the calls for a block.
struct DrivenTimes {
    propose: Timed,
    verify: Timed,
    finalize: Timed,
}

fn timed<T>(work: impl FnOnce() -> T) -> (Timed, T) {
    let before = process::cpu();
    let (wall, value) = clock::time(work);
    let cpu = process::difference(process::cpu(), before);
    (Timed { wall, cpu }, value)
}

/// Measures the transfers.
///
/// # Errors
/// If the chain stops at a fault, or a transfer fails.
pub fn report(plan: &DrivePlan) -> Measured<DriveReport> {
    let mut accounts = TokenAccounts::new(plan.accounts)?;
    let store = open(plan)?;
    let options = Options {
        workers: plan.workers,
        ..Options::default()
    };
    let chain = Chain::open(parts(), accounts.genesis().clone(), store, &options)?;
    for transactions in accounts.setup()? {
        block(&chain, transactions)?;
    }
    let mut times = Vec::new();
    let mut siblings = Vec::new();
    for number in 0..plan.blocks {
        times.push(block(&chain, accounts.transfers(number)?)?);
        siblings.push(sibling(&chain, accounts.transfers(number)?)?);
    }
    let per_second_ahead = ahead(&chain, &mut accounts, plan)?;
    check(&*chain.into_store())?;
    if plan.store != DriveStore::Memory {
        fs::remove_dir_all(&plan.folder)?;
    }
    let count = process::float(plan.accounts);
    let each = |samples: Vec<f64>| ratio(ratio(median(&samples), count), 1e3);
    let calls = |of: fn(&Timed) -> f64| {
        let call = |call: fn(&DrivenTimes) -> &Timed| {
            each(times.iter().map(|block| of(call(block))).collect())
        };
        Calls {
            propose: call(|block| &block.propose),
            verify: call(|block| &block.verify),
            finalize: call(|block| &block.finalize),
            sibling: each(siblings.iter().map(of).collect()),
        }
    };
    let (wall_us, cpu_us) = (calls(|timed| timed.wall), calls(|timed| timed.cpu));
    let rate = |calls: &Calls| {
        let parts = [calls.propose, calls.verify, calls.finalize];
        ratio(1e6, parts.into_iter().fold(0.0, process::sum))
    };
    Ok(DriveReport {
        transfers: plan.accounts,
        blocks: plan.blocks,
        workers: plan.workers,
        store: plan.store,
        per_second_wall: rate(&wall_us),
        per_second_cpu: rate(&cpu_us),
        per_second_ahead,
        wall_us,
        cpu_us,
    })
}

/// A new store; fails if the folder has a file of an earlier run.
fn open(plan: &DrivePlan) -> Measured<Box<dyn Store + Sync>> {
    if plan.store == DriveStore::Memory {
        return Ok(Box::new(MemoryStore::new()));
    }
    fs::create_dir_all(&plan.folder)?;
    Ok(match plan.store {
        DriveStore::Redb => {
            let path = plan.folder.join("chain.redb");
            File::create_new(&path)?;
            Box::new(RedbStore::open(&path, Settings::default())?)
        }
        DriveStore::Log | DriveStore::Memory => {
            Box::new(LogStore::open(FileDisk::create(&plan.folder)?)?)
        }
    })
}

/// Rate of a node that receives the transactions of a block before it proposes the block.
fn ahead(chain: &Chain, accounts: &mut TokenAccounts, plan: &DrivePlan) -> Measured<f64> {
    let numbers = 0..=plan.blocks;
    let blocks: Vec<Vec<Signed>> = numbers
        .map(|number| accounts.transfers(number))
        .collect::<Measured<_>>()?;
    let (first, rest) = blocks.split_first().ok_or("no block")?;
    receive(chain, first, &AtomicUsize::new(0))?;
    let driven = blocks.iter().zip(rest);
    let (wall, ended) = clock::time(|| -> Measured<()> {
        for (transactions, next) in driven {
            let arrived = &AtomicUsize::new(0);
            thread::scope(|scope| -> Measured<()> {
                let receivers: Vec<_> = (0..RECEIVERS)
                    .map(|_| scope.spawn(move || receive(chain, next, arrived).is_ok()))
                    .collect();
                block(chain, transactions.clone())?;
                let mut all = receivers.into_iter();
                match all.all(|receiver| receiver.join().is_ok_and(|received| received)) {
                    true => Ok(()),
                    false => Err("a transfer is invalid".into()),
                }
            })?;
        }
        Ok(())
    });
    ended?;
    let count = process::float(plan.accounts.saturating_mul(plan.blocks));
    Ok(ratio(count, ratio(wall, 1e9)))
}

/// Checks the transactions of a block as they arrive; `arrived` counts those of all receivers.
fn receive(chain: &Chain, transactions: &[Signed], arrived: &AtomicUsize) -> Measured<()> {
    while let Some(signed) = transactions.get(arrived.fetch_add(1, Ordering::Relaxed)) {
        chain.check(signed.clone())??;
    }
    Ok(())
}

/// A proposal of these transactions on the last final block.
fn proposal(chain: &Chain, transactions: &[Signed], later: u64) -> Measured<Block> {
    let tip = chain.tip()?;
    let time_ms = tip.time_ms.saturating_add(later);
    let proposal = Proposal::new(transactions.to_vec(), time_ms, PROPOSER);
    let block = chain.propose(&tip.hash, proposal)?;
    if block.transactions.len() == transactions.len() {
        Ok(block)
    } else {
        Err("a proposal left out transfers".into())
    }
}

fn block(chain: &Chain, transactions: Vec<Signed>) -> Measured<DrivenTimes> {
    let (propose, block) = timed(|| proposal(chain, &transactions, 1));
    let block = block?;
    let hash = block.header.hash();
    let (verify, result) = timed(|| verified(chain, block));
    let (finalize, committed) = timed(|| chain.finalize(&hash));
    if committed? != result? {
        return Err("a block has another result than it was verified with".into());
    }
    Ok(DrivenTimes {
        propose,
        verify,
        finalize,
    })
}

/// Finalizes a block; returns the time to verify its sibling, from the block's state on.
fn sibling(chain: &Chain, transactions: Vec<Signed>) -> Measured<Timed> {
    let block = proposal(chain, &transactions, 1)?;
    let other = proposal(chain, &transactions, 2)?;
    let hash = block.header.hash();
    verified(chain, block)?;
    let (time, result) = timed(|| verified(chain, other));
    result?;
    chain.finalize(&hash)?;
    Ok(time)
}

fn verified(chain: &Chain, block: Block) -> Measured<BlockResult> {
    match chain.verify(block)? {
        Verdict::Valid(result) => Ok(result),
        other => Err(format!("a block is not valid: {other:?}").into()),
    }
}

/// Checks the receipts of all blocks.
fn check(store: &dyn Store) -> Measured<()> {
    let tip = store.tip()?.ok_or("no block is final")?;
    let mut height = tip.height;
    while let Some(receipts) = store.receipts(height)? {
        check_receipts(&receipts)?;
        let Some(below) = height.0.checked_sub(1) else {
            break;
        };
        height = vm::Height(below);
    }
    Ok(())
}
