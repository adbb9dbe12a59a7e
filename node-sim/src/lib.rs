//! Runs many nodes that must not differ, and finds where they do.
//!
//! # Invariants
//! * Nothing here is part of a node: a node is `lockstep-node`, and every executor runs its code or
//!   composes its public functions.
//! * A report depends on plan and seed alone.
//!
//! Each module uses only those above it. Specification: docs/spec/blocks.md. Tests: `tests/it`.
#![forbid(unsafe_code)]

/// Files that forget, tear and rot on purpose.
pub mod disk;

/// What a node does with a block around the VM.
pub mod pipeline;

/// A node, or what stands in for one.
pub mod machine;

/// What differs in two executions.
mod compare;

/// One transaction of a block once more, recorded.
pub mod rerun;

/// Where two executions of one transaction part.
pub mod bisect;

/// One transaction as a file that replays alone.
pub mod case;

/// Archives applied again.
pub mod replay;

/// Many nodes, one answer.
pub mod simulate;

/// Validators on a network that may do anything to messages.
pub mod network;
