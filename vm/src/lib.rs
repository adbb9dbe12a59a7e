//! Turns contract bytes into an outcome: check, lower, meter, execute; without effects.
//!
//! | an embedder uses | for |
//! |---|---|
//! | [`check()`], [`CheckedModule`], [`CodeHash`], [`Rejection`] | an upload: accepted or not |
//! | [`Rules`], [`Rulebook`] | prices and limits with their id; all that a build knows |
//! | [`Environment`], [`BlockMetadata`], [`Height`] | where a message is executed |
//! | [`Message`], [`Target`], [`Address`] | what is executed |
//! | [`StateView`], [`Entries`], [`Walked`], [`walk_committed`], [`key`] | state |
//! | [`Account`] | the value of an account: nonce, balance, code hash |
//! | [`contract_address`] | the address of a deployed contract |
//! | [`execute()`] | a message against a view; writes nothing |
//! | [`Outcome`], [`Exit`], [`Event`], [`StateDiff`], [`Trap`], [`Gas`] | the result of a message |
//! | [`Fault`] | a failure of this machine; stops the node |
//! | [`Interpreter`] | our engine |
//! | [`Engine`], [`Execution`] | another engine; needs [`unstable::execution`], which may change |
//! | [`emit()`] | an instrumented module: it charges gas itself, in any engine |
//!
//! [`unstable`] is for the crates of this workspace, and any commit may change it. An embedder uses
//! it to implement an engine (also the types of gas and modules), to limit memory by a budget, and
//! to name the types of a diagnosis.
//!
//! | stage | input | output | error |
//! |---|---|---|---|
//! | [`check()`] | bytes, [`Rules`] | [`CheckedModule`] | [`Rejection`] |
//! | `lower` | [`CheckedModule`] | the same operators without floats | none |
//! | `meter` | lowered operators | operators with charges | none |
//! | `translate` | metered operators | internal code | none |
//! | the interpreter | internal code, gas | steps, gas exact to the unit | [`Fault`] |
//! | [`emit()`] | [`CheckedModule`] | an instrumented module | none |
//! | [`execute()`] | an [`Engine`], a message, a [`StateView`] | [`Outcome`] | [`Fault`] |
//!
//! Every engine (the interpreter, the reference interpreter R, the instrumented module in another
//! engine) implements one interface, [`Execution`]. This crate uses no clock, disk or thread.

mod identity;

mod rules;

mod rulebook;

mod limits;

mod opcode;

mod schedule;

mod rejection;

mod module;

mod check;

mod lower;

mod meter;

mod emit;

mod translate;

mod execute;

mod execution;

mod host;

mod span;

mod message;

mod frames;

mod state;

mod event;

mod outcome;

mod gas;

mod trap;

mod fault;

mod budget;

mod work;

pub mod unstable;

pub use check::check;
pub use emit::emit;
pub use event::Event;
pub use execute::Interpreter;
pub use execution::{Engine, Execution};
pub use fault::Fault;
pub use frames::{Environment, contract_address, execute};
pub use gas::Gas;
pub use identity::{Address, CodeHash, Height};
pub use message::{BlockMetadata, Message, Target};
pub use module::CheckedModule;
pub use outcome::{Exit, Outcome};
pub use rejection::Rejection;
pub use rulebook::Rulebook;
pub use rules::Rules;
pub use state::{Account, Entries, StateDiff, StateView, Walked, key, walk_committed};
pub use trap::Trap;
