//! Lists the probes: transactions that reach statements of the specification at their boundaries.
//!
//! Most are scripts for the driver contract. Each is one transaction; block 4 has the first ones.

/// Scripts of host calls.
mod script;

/// Ranges, lengths and limits of every host function.
mod boundaries;

/// Storage, scans and events.
mod storage;

/// Hashes, signatures and points.
mod cryptography;

/// Calls between contracts.
mod calls;

/// Code, value and effects that are restored.
mod effects;

/// Deployments, uploads and calls as transactions.
mod payloads;

/// What a frame reads of block, transaction and gas.
mod context;

pub use cryptography::{CryptographyCase, cases as cryptography_cases};

use super::samples::{DRIVER, Sample, variant};
use node::Payload;
use node::digest::sha256;
use script::Script;
use vm::unstable::frames::contract_address;
use vm::{Address, CodeHash};

/// Number of deployed driver contracts.
pub const DRIVERS: u8 = 4;
/// Mark of the variant of the driver that is uploaded too.
pub(super) const DRIVER_VARIANT: u8 = 3;
/// Gas of a script beyond the intrinsic gas.
const GAS: u64 = 300_000_000;

/// A transaction of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What it is about; unique.
    pub name: String,
    /// What the transaction does.
    pub payload: Payload,
    /// Gas beyond the intrinsic gas.
    pub gas: u64,
    /// True if the next one must be in the same block.
    pub joined: bool,
    /// True if the creator of the contracts must sign it.
    pub is_creators: bool,
}

impl Probe {
    fn new(name: &str, payload: Payload) -> Self {
        Self {
            name: name.to_owned(),
            payload,
            gas: GAS,
            joined: false,
            is_creators: false,
        }
    }

    const fn with_gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }

    const fn by_creator(mut self) -> Self {
        self.is_creators = true;
        self
    }

    const fn joined(mut self) -> Self {
        self.joined = true;
        self
    }
}

/// The account whose contracts probes call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Creator of the contracts, with salts of equal bytes.
    pub creator: Address,
}

impl Site {
    /// Address of the contract of a sample with a salt.
    #[must_use]
    pub fn contract(&self, sample: &Sample, salt: u8) -> Address {
        contract_address(&self.creator, &sample.code_hash(), &[salt; 32])
    }

    fn driver(&self, salt: u8) -> Address {
        self.contract(&DRIVER, salt)
    }

    /// A call of a driver with a script.
    fn script(&self, name: &str, salt: u8, script: &Script) -> Probe {
        self.paid(name, salt, (script, 0))
    }

    /// A call of a driver with a script and a value.
    fn paid(&self, name: &str, salt: u8, (script, value): (&Script, u128)) -> Probe {
        let payload = Payload::Call {
            contract: self.driver(salt),
            entry: "run".to_owned(),
            input: script.encode(),
            value,
        };
        Probe::new(name, payload)
    }
}

/// Hash of the driver's variant.
fn variant_hash() -> CodeHash {
    CodeHash(sha256(&[&variant(DRIVER.bytes, DRIVER_VARIANT)]))
}

/// All probes of the first blocks, in order.
#[must_use]
pub fn all(site: &Site) -> Vec<Probe> {
    let parts = [
        storage::probes(site),
        context::probes(site),
        boundaries::probes(site),
        cryptography::probes(site),
        calls::probes(site),
        effects::probes(site),
        payloads::probes(site),
    ];
    parts.into_iter().flatten().collect()
}

/// The probe of a height at which the window of block hashes is full.
#[must_use]
pub fn window(site: &Site, height: u64) -> Probe {
    context::window(site, height)
}
