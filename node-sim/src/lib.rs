//! Runs many nodes that must agree, and finds where they diverge.
//!
//! # Invariants
//! * Nothing here is part of a node: a node is `lockstep-node`, and every executor runs its code or
//!   composes its public functions.
//! * A report depends on plan and seed alone.
//!
//! Each module uses only those above it.
//!
//! Specification: docs/spec/blocks.md, "Simulator". Tests: `tests/it`.
#![forbid(unsafe_code)]

/// Simulated disks with crashes and faults.
pub mod disk;

/// Commits that are made from a seed, for tests of stores.
pub mod synthetic;

/// Files of snapshots in memory, for tests.
pub mod memory_files;

/// What a node does with a block around the VM.
pub mod pipeline;

/// Versions of a simulated chain.
pub mod versions;

/// A node, or a node whose pipeline is replaced.
pub mod machine;

/// Differences of two executions.
mod compare;

/// Recorded re-execution of one transaction.
pub mod rerun;

/// Where two executions of one transaction diverge.
pub mod bisect;

/// Case files: reproducers of one transaction.
pub mod case;

/// Replay of archives.
pub mod replay;

/// Many executors on one chain.
pub mod simulate;

/// Statements of the specification that a run reaches.
pub mod coverage;

/// Validators on a simulated network with faults.
pub mod network;
