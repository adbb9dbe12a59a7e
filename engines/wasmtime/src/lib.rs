//! Runs instrumented modules in wasmtime, suspended on a fiber at each host call.
//!
//! A compiler that shares no code with us must agree with the reference interpreter on result,
//! trap, memory and gas, to the unit. This crate is not a default member of the workspace: it takes
//! minutes to build and needs a C compiler.
//!
//! | file | content |
//! |---|---|
//! | [`Wasmtime`] | the engine: its configuration and its cache |
//! | `machine` | one instance: idle, or suspended on its fiber |
//! | `mailbox` | messages between a suspended guest and the frame loop |
//!
//! # Why fibers
//! The engine interface suspends a guest and passes its memory to the frame loop, while wasmtime
//! lends its store to the running call. So the call runs either on a thread of its own or on a
//! fiber that is polled by hand. A fiber needs no thread, no blocking channel and no lock that can
//! stay locked; dropping a suspended frame unwinds it; and it has its own stack, so that the
//! caller's does not matter. No code outside reaches into the lent store: the memory is copied out
//! at a host call and back after it, which costs time and is safe.
#![forbid(unsafe_code)]

mod engine;

mod machine;

mod mailbox;

pub use engine::Wasmtime;
