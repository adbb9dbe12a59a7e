//! Provides what a contract needs: entries, typed storage, events, errors, the host's functions.
//!
//! ```
//! #[sdk::contract]
//! pub mod counter {
//!     use sdk::Item;
//!
//!     const COUNT: Item<u64> = Item::new(b"c");
//!
//!     pub fn increment(by: u64) -> u64 {
//!         let count = COUNT.get().unwrap_or(0) + by;
//!         COUNT.set(&count);
//!         count
//!     }
//! }
//!
//! assert_eq!(counter::increment(5), 5);
//! // As the chain calls it: borsh in, borsh out.
//! let output = sdk::mock::call(counter::entries::increment, &[1, 0, 0, 0, 0, 0, 0, 0]);
//! assert_eq!(output, Ok(vec![6, 0, 0, 0, 0, 0, 0, 0]));
//! ```
//!
//! The same source builds for two kinds of targets. As wasm it calls the host (`externs`). On other
//! targets it calls a mock of the host in memory ([`mock`]), so that `cargo test` runs the
//! contract's logic; the mock has no gas, because only deployed bytes have a price.
//!
//! Specification: docs/spec/host.md. How to write a contract: `contracts/README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

pub mod env;

pub mod bls;
pub mod bls12_381;
pub mod bn254;
pub mod call;
pub mod entry;
pub mod hash_to_curve;
pub mod interface;

mod buffer;
mod error;
mod event;
mod key;
mod scan;
mod storage;

#[cfg(target_family = "wasm")]
mod allocator;
#[cfg(target_family = "wasm")]
mod externs;
#[cfg(not(target_family = "wasm"))]
pub mod mock;
#[cfg(not(target_family = "wasm"))]
mod verify;

#[cfg(test)]
mod facts;

/// The host of this target: the real one for wasm, else the mock. Both have the same functions.
#[cfg(target_family = "wasm")]
use externs as host;
#[cfg(not(target_family = "wasm"))]
use mock::host;

pub use alloc::{string::String, vec::Vec};
pub use borsh::{self, BorshDeserialize, BorshSerialize};
pub use call::{CallError, Deployment, Request};
pub use contract_types::{
    Address, CODE_BAD_INPUT, CODE_BAD_STATE, CODE_NOT_PAYABLE, CODE_RESERVED, Revert,
};
pub use error::ContractError;
pub use event::{Event, TOPICS_MAX, Topic};
pub use key::Key;
pub use scan::Entries;
pub use sdk_macros::{contract, data, error, event};
pub use storage::{Item, Map};

/// The examples of the README, which `cargo test` compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the tutorial, except the part that needs the testkit.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/contracts.md")]
struct FirstContract;
