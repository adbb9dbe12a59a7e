//! Runs deployed contracts in process for their tests: a world of accounts, code and state.
//!
//! There is no node, network or fee: a [`Call`] returns a [`Receipt`] or a [`Failure`]. The
//! deployed bytes are executed under the rules of the chain, so gas figures are those of the chain.
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
//! # Differences from a chain
//! * A call is a message without a transaction: no signature, nonce, fee or intrinsic gas.
//! * The state after a call is the start state of the next call's block, so a scan does not pay for
//!   keys that earlier calls removed.
//! * Height and time change only when they are set.
//!
//! # Invariants
//! * A call that does not return does not change the state.
//! * If the outcomes of several engines ([`Engines`]) differ, the call does not change the state
//!   and fails with [`Cause::EnginesDiffer`].
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
