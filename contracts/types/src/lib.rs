//! Defines the types at the boundary of a contract: addresses, reverts, the inputs of the samples.
//!
//! The contracts decode these types and a node's tests encode them, so each layout is defined once.
//! Everything is borsh (canonical, little endian, lengths are u32); arguments of an entry are
//! encoded one after the other, which is the encoding of a struct of them.
//!
//! Each function of a sample's module builds the input of one entry; its doc line says what the
//! entry does and returns.
#![cfg_attr(target_family = "wasm", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod amm;
pub mod committee;
pub mod counter;
pub mod escrow;
pub mod groth16;
pub mod hostile;
pub mod multisig;
pub mod names;
pub mod nft;
pub mod orderbook;
pub mod passkey;
pub mod store;
pub mod token;
pub mod upgradeable;

mod address;
mod invocation;
mod revert;

pub use address::Address;
pub use borsh;
pub use invocation::Invocation;
pub use revert::{CODE_BAD_INPUT, CODE_BAD_STATE, CODE_NOT_PAYABLE, CODE_RESERVED, Revert};
