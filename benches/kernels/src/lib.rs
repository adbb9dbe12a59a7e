//! Holds the benchmarked programs as native functions; `../guest.rs` makes wasm of the same files.
//!
//! Each is `run(n)`: n rounds of integer work without input or allocation, folded into one word.
//! Natively and in wasm they are compiled alike: `opt-level` 3, one codegen unit, no overflow
//! checks, the target's default features (`benches/build.sh` and the workspace's profiles).
#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::big_endian_bytes,
    clippy::indexing_slicing,
    reason = "measured programs, written as contracts write arithmetic; none reads guest input"
)]

pub mod bytecode;

pub mod env;

pub mod fib;

pub mod indirect;

pub mod json;

pub mod keccak;

pub mod matmul;

pub mod memops;

pub mod orderbook;

pub mod sha256;

pub mod sort;

pub mod token;

pub mod u256;
