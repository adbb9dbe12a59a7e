//! Simulates a file that loses unsynced bytes, fails on request, and has bits flipped.
//!
//! ```text
//! append -> unsynced bytes --sync--> synced bytes
//!                 \--crash--> a prefix of them, or a random subset (the rest reads as zeros)
//! ```
//!
//! The handle is shared: a test keeps one, the store has another, and what survives the store is
//! what a real disk would still have. Nothing depends on a clock or on the machine.

use node::Disk;
use node::digest::sha256;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm::Fault;

/// What a crash does to unsynced bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Keeps a prefix of random length.
    Suffix,
    /// Keeps each byte or sets it to zero, at random; the length is unchanged.
    Subset,
}

/// Which operations fail. Operations are numbered from 0 over the disk's lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// None.
    Never,
    /// Only this one.
    Once(u64),
    /// This one and all later ones.
    From(u64),
}

impl Failing {
    /// True if the operation with this number fails.
    #[must_use]
    pub const fn hits(self, operation: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Once(number) => operation == number,
            Self::From(number) => operation >= number,
        }
    }
}

#[derive(Debug)]
struct Contents {
    bytes: Vec<u8>,
    synced: usize,
    operations: u64,
    failing: Failing,
    /// Maximum length, in bytes; an append beyond it writes what fits and fails.
    capacity: usize,
    seed: u64,
}

/// A file in memory with simulated faults.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    contents: Arc<Mutex<Contents>>,
}

impl SimulatedDisk {
    /// An empty file whose random choices come from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let contents = Contents {
            bytes: Vec::new(),
            synced: 0,
            operations: 0,
            failing: Failing::Never,
            capacity: usize::MAX,
            seed,
        };
        Self {
            contents: Arc::new(Mutex::new(contents)),
        }
    }

    /// Selects the operations that fail from now on.
    pub fn fail(&self, failing: Failing) {
        self.lock().failing = failing;
    }

    /// Limits the file: an append beyond `bytes` writes what fits and fails, as on a full disk.
    pub fn limit(&self, bytes: usize) {
        self.lock().capacity = bytes;
    }

    /// Number of operations so far: reads, appends, syncs and truncations.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Length of the file in bytes, unsynced ones included.
    #[must_use]
    pub fn length(&self) -> usize {
        self.lock().bytes.len()
    }

    /// Loses power: changes unsynced bytes as `loss` says, and marks the rest as synced.
    pub fn crash(&self, loss: Loss) {
        let mut contents = self.lock();
        let synced = contents.synced;
        let unsynced = contents.bytes.len().saturating_sub(synced);
        match loss {
            Loss::Suffix => {
                let kept = contents.draw(unsynced.saturating_add(1));
                contents.bytes.truncate(synced.saturating_add(kept));
            }
            Loss::Subset => {
                let lost: Vec<bool> = (0..unsynced).map(|_| contents.draw(2) == 0).collect();
                let tail = contents.bytes.iter_mut().skip(synced);
                for (byte, lost) in tail.zip(lost) {
                    if lost {
                        *byte = 0;
                    }
                }
            }
        }
        contents.synced = contents.bytes.len();
    }

    /// Flips one bit of the byte at `position`, if there is one, as a failing disk does.
    pub fn flip_bit(&self, position: usize, bit: u32) {
        if let Some(byte) = self.lock().bytes.get_mut(position) {
            *byte ^= 1_u8.wrapping_shl(bit);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        // A poisoned lock means that a test panicked elsewhere; the bytes are usable.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// Counts an operation; an error if it is to fail.
    fn begin(&mut self, what: &str) -> Result<(), Fault> {
        let number = self.operations;
        self.operations = number.saturating_add(1);
        if self.failing.hits(number) {
            return Err(Fault::Store(format!(
                "{what} failed (operation {number} of the disk)"
            )));
        }
        Ok(())
    }

    /// A random number below `bound`; 0 for a bound of 0.
    fn draw(&mut self, bound: usize) -> usize {
        let digest = sha256(&[b"lockstep/disk/1", &self.seed.to_le_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = digest;
        self.seed = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        let drawn = self.seed.checked_rem(bound).unwrap_or_default();
        usize::try_from(drawn).unwrap_or_default()
    }

    /// Appends a random prefix, as an interrupted write does.
    fn tear(&mut self, bytes: &[u8]) {
        let kept = self.draw(bytes.len());
        self.bytes.extend(bytes.iter().take(kept));
    }
}

impl Disk for SimulatedDisk {
    fn read(&self) -> Result<Vec<u8>, Fault> {
        let mut contents = self.lock();
        contents.begin("a read")?;
        Ok(contents.bytes.clone())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut contents = self.lock();
        if let Err(fault) = contents.begin("an append") {
            contents.tear(bytes);
            return Err(fault);
        }
        let room = contents.capacity.saturating_sub(contents.bytes.len());
        contents.bytes.extend(bytes.iter().take(room));
        if room < bytes.len() {
            return Err(Fault::Store("no space is left on the disk".to_owned()));
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        let mut contents = self.lock();
        contents.begin("a sync")?;
        contents.synced = contents.bytes.len();
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> Result<(), Fault> {
        let mut contents = self.lock();
        contents.begin("a truncation")?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        contents.bytes.truncate(length);
        contents.synced = contents.bytes.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_synced_bytes_and_a_prefix_or_subset_of_the_rest() {
        for seed in 0..50 {
            for loss in [Loss::Suffix, Loss::Subset] {
                let mut disk = SimulatedDisk::new(seed);
                disk.append(&[1; 10]).unwrap();
                disk.sync().unwrap();
                disk.append(&[2; 10]).unwrap();
                disk.crash(loss);
                let bytes = disk.read().unwrap();
                assert_eq!(bytes[..10], [1; 10]);
                assert!(bytes[10..].iter().all(|byte| matches!(byte, 0 | 2)));
                assert!(loss == Loss::Suffix || bytes.len() == 20);
            }
        }
    }

    #[test]
    fn operations_fail_once_or_from_then_on() {
        let mut disk = SimulatedDisk::new(1);
        disk.fail(Failing::Once(1));
        disk.append(&[1]).unwrap();
        assert!(disk.sync().is_err());
        disk.sync().unwrap();
        disk.fail(Failing::From(3));
        assert!(disk.append(&[2; 100]).is_err());
        assert!(disk.truncate(0).is_err());
        assert!(
            (1..101).contains(&disk.length()),
            "a failed append may tear"
        );
    }

    #[test]
    fn a_full_disk_takes_what_fits() {
        let mut disk = SimulatedDisk::new(1);
        disk.limit(5);
        disk.append(&[1; 4]).unwrap();
        assert!(disk.append(&[2; 4]).is_err());
        assert_eq!(disk.length(), 5);
    }
}
