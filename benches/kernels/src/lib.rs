//! Contains the benchmark kernels as native functions; `../guest.rs` compiles the files to wasm.
//!
//! Each is `run(n)`: n rounds of integer work without input or allocation, and a checksum.
//! Native and wasm code have the same compiler settings: `opt-level` 3, one codegen unit, no
//! overflow checks, default target features (`benches/build.sh` and the workspace's profiles).
#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::big_endian_bytes,
    clippy::indexing_slicing,
    reason = "benchmarks with the arithmetic of contracts; none reads guest input"
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
