//! Runs deployed contracts in process, for their tests: a world of accounts, code and state.
//!
//! No node, no network, no fees: a [`Call`] goes in, a [`Receipt`] or a [`Failure`] comes out. What
//! runs is the deployed bytes, under the rules of the chain, so gas figures are the chain's.
//!
//! ```
//! # extern crate lockstep_testkit as testkit;
//! use testkit::{Call, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut world = World::new();
//! let alice = world.account("alice", 1_000);
//! # let counter = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/wasm/counter.wasm");
//! let counter = world.deploy(alice, &std::fs::read(counter)?, "increment", &1_u64)?;
//!
//! let saved = world.save();
//! let receipt = world.call(&Call::new(counter, "increment", &2_u64).from(alice))?;
//! assert_eq!(receipt.decode::<u64>()?, 3);
//! world.restore(&saved);
//! assert_eq!(world.query(&Call::new(counter, "get", &()))?.decode::<u64>()?, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What differs from a chain
//! * A call is a message without a transaction: no signature, nonce, fee or intrinsic gas.
//! * Every call sees the state of the call before as a block's start, so a scan pays for no hidden
//!   keys of earlier calls.
//! * Height and time stand still until they are set.
//!
//! # Invariants
//! * What does not return changes nothing.
//! * Where several engines run ([`Engines`]), a call that they answer differently changes nothing
//!   and is a [`Cause::EnginesDiffer`].
#![forbid(unsafe_code)]

mod call;

mod engines;

mod failure;

mod failed_frames;

mod names;

mod receipt;

mod state;

mod world;

pub use call::{Call, GAS_DEFAULT};
pub use contract_types::{Address, Revert};
pub use engines::{Engines, SharedEngine};
pub use failure::{Cause, Failure};
pub use receipt::{Receipt, Undecodable};
pub use world::{Saved, World};
