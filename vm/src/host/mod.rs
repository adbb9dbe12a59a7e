//! Answers host calls: one dispatch for every engine.
//!
//! Each call goes through the stages of docs/spec/host.md in one order: price of the lengths,
//! ranges, static, content, state, second price, write. The first three are derived from the host
//! table in [`call`]; the rest is one function a row, in a file a family.
//!
//! # Invariants
//! * A call that is priced above what is left does nothing but end the frame.
//! * Inputs are copied or consumed before an output is written, so overlapping ranges are harmless.
//! * Nothing here calls back into the guest.

mod account;

mod call;

mod context;

pub mod crypto;

mod data;

mod event;

pub(crate) mod range;

mod request;

mod scan;

mod storage;

pub use crate::span::Span;

use crate::execution::{Pending, Value};
use crate::fault::Fault;
use crate::gas::OutOfGas;
use crate::identity::Address;
use crate::message::{BlockMetadata, CallRequest, FrameExit};
use crate::rules::Rules;
use crate::state::{Journal, StateView};
use crate::trap::Trap;
use call::Call;
use host_api::Function;

/// Everything that the host functions of one frame can see and change.
pub struct Host<'a> {
    /// The rules of this block.
    pub rules: &'a Rules,
    /// State before the message.
    pub view: &'a dyn StateView,
    /// Changes of the message so far.
    pub journal: &'a mut Journal,
    /// The block.
    pub block: &'a BlockMetadata,
    /// Who called this frame.
    pub caller: Address,
    /// The contract that runs.
    pub address: Address,
    /// Id of the transaction.
    pub tx_hash: [u8; 32],
    /// The call's input.
    pub input: &'a [u8],
    /// The value that came with the call.
    pub value: u128,
    /// Output of the frame's last call or deployment.
    pub returned: &'a [u8],
    /// True if this frame must not change state.
    pub is_static: bool,
    /// Text of `debug_log` so far, bounded.
    pub debug_log: Vec<u8>,
}

/// What the frame loop does after a host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The guest goes on with this result, of the type that the host table says.
    Resume(Option<Value>),
    /// The frame ends.
    End(FrameExit),
    /// The frame waits for a frame of its own asking; the guest goes on with its status, an i32.
    Call(Box<CallRequest>),
}

/// Why a host function stopped early. The blame stays apart: a [`Fault`] never becomes an exit.
enum Halt {
    /// The frame ends: the guest's doing.
    Frame(FrameExit),
    /// The node ends: this machine's.
    Machine(Fault),
}

impl From<OutOfGas> for Halt {
    fn from(_: OutOfGas) -> Self {
        Self::Frame(FrameExit::OutOfGas)
    }
}

impl From<Trap> for Halt {
    fn from(trap: Trap) -> Self {
        Self::Frame(FrameExit::Trap(trap))
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Machine(fault)
    }
}

impl Host<'_> {
    /// Answers the call of `function` that a guest waits in, on its memory, charging its gas.
    ///
    /// # Errors
    /// A [`Fault`] of this machine, or of an engine that breaks the seam's contract.
    pub fn dispatch(&mut self, function: Function, pending: Pending<'_>) -> Result<Reply, Fault> {
        match self.run_function(function, pending) {
            Ok(reply) => Ok(reply),
            Err(Halt::Frame(exit)) => Ok(Reply::End(exit)),
            Err(Halt::Machine(fault)) => Err(fault),
        }
    }

    fn run_function(&mut self, function: Function, pending: Pending<'_>) -> Result<Reply, Halt> {
        let mut call = Call::enter(self, function, pending)?;
        match function {
            Function::Input => data::input(self, &mut call),
            Function::Return => data::return_(self, &call),
            Function::Revert => data::revert(self, &call),
            Function::DebugLog => data::debug_log(self, &call),
            Function::StorageRead => storage::read(self, &mut call),
            Function::StorageWrite => storage::write(self, &mut call),
            Function::StorageRemove => storage::remove(self, &mut call),
            Function::StorageHas => storage::has(self, &mut call),
            Function::EmitEvent => event::emit(self, &call),
            Function::Sha256 => crypto::call_sha256(&mut call),
            Function::Secp256k1Verify => crypto::call_secp256k1(&call),
            Function::Ed25519Verify => crypto::call_ed25519(&call),
            Function::BlockHeight => Ok(context::block_height(self)),
            Function::BlockTime => Ok(context::block_time(self)),
            Function::ChainId => context::chain_id(self, &mut call),
            Function::Caller => context::caller(self, &mut call),
            Function::SelfAddress => context::self_address(self, &mut call),
            Function::GasLeft => Ok(context::gas_left(&call)),
            Function::StorageScan => scan::scan(self, &mut call),
            Function::Keccak256 => crypto::call_keccak256(&mut call),
            Function::Secp256k1Recover => crypto::call_recover(&mut call),
            Function::BlockHash => context::block_hash(self, &mut call),
            Function::Proposer => context::proposer(self, &mut call),
            Function::TxHash => context::tx_hash(self, &mut call),
            Function::Value => context::value(self, &mut call),
            Function::Balance => account::balance(self, &mut call),
            Function::Transfer => account::transfer(self, &mut call),
            Function::SetCode => account::set_code(self, &mut call),
            Function::Call => request::call(self, &call),
            Function::Deploy => request::deploy(self, &call),
            Function::Returned => data::returned(self, &mut call),
            // The table is of another crate and may grow; a test calls every row of it.
            _ => Err(Fault::invariant("a host function without an answer").into()),
        }
    }
}

/// Charges the cold price if the transaction had not touched `key` before.
fn charge_touch(host: &mut Host<'_>, call: &mut Call<'_>, key: &[u8]) -> Result<(), Halt> {
    if host.journal.touch(key) {
        call.gas.charge(call.price.cold)?;
    }
    Ok(())
}

/// 1 for yes, 0 for no.
fn bool_reply(yes: bool) -> Reply {
    Reply::Resume(Some(Value::I32(i32::from(yes))))
}
