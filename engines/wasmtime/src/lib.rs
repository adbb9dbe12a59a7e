//! Runs emitted modules in wasmtime, suspended at each host call on a fiber.
//!
//! A compiler that shares no code with us must agree with the reference interpreter on result,
//! trap, memory and gas, to the unit. This crate stays outside the default members: it needs
//! minutes to build and a C compiler.
//!
//! | file | holds |
//! |---|---|
//! | [`Wasmtime`] | the engine: its configuration and its cache |
//! | `machine` | one instance: idle, or suspended on its fiber |
//! | `mailbox` | what passes between a suspended guest and the frame loop |
//!
//! # Why fibers
//! The seam suspends a guest and hands its memory to the frame loop, while wasmtime lends its store
//! to the running call. Either the call runs on a thread of its own, or on a fiber that is polled
//! by hand. A fiber needs no thread, no blocking channel and no lock that can be left behind;
//! dropping a suspended frame unwinds it; and its stack is its own, so that the caller's does not
//! matter. Nothing outside reaches into the lent store: the memory is copied out at a host call
//! and back after it, which costs time and is safe.
#![forbid(unsafe_code)]

mod engine;

mod machine;

mod mailbox;

pub use engine::Wasmtime;
