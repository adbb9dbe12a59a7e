//! Executes host calls, with one dispatch for every engine.
//!
//! Each call goes through these stages in order: price of the lengths, ranges, static, content,
//! state, second price, write. The first three follow from the host table, in [`call`]; the others
//! are one function for each row of the table.
//!
//! Specification: docs/spec/host.md, "Order of every call".
//!
//! # Invariants
//! * A call whose price exceeds the remaining gas only ends the frame.
//! * Inputs are copied or consumed before an output is written, so overlapping ranges are harmless.
//! * No host function calls back into the guest.

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
use call::AdmittedCall;
use host_api::Function;

/// Context of the host functions of one frame.
pub struct Host<'a> {
    /// The rules of this block.
    pub rules: &'a Rules,
    /// Snapshot of the state before the message.
    pub view: &'a dyn StateView,
    /// Changes of the message so far.
    pub journal: &'a mut Journal,
    /// Metadata of the block.
    pub block: &'a BlockMetadata,
    /// Account that called this frame.
    pub caller: Address,
    /// Address of the running contract.
    pub address: Address,
    /// Id of the transaction.
    pub tx_hash: [u8; 32],
    /// Input of the call.
    pub input: &'a [u8],
    /// Value moved with the call.
    pub value: u128,
    /// Output of the frame's last call or deployment.
    pub returned: &'a [u8],
    /// True if this frame must not change state.
    pub is_static: bool,
    /// Text of `debug_log` so far, of limited length.
    pub debug_log: Vec<u8>,
}

/// What the frame loop does after a host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The guest resumes with this result, whose type the host table defines.
    Resume(Option<Value>),
    /// The frame ends.
    End(FrameExit),
    /// The frame waits for a call that it makes; the guest then resumes with the status, an i32.
    Call(Box<CallRequest>),
}

/// Why a host function stopped early. A [`Fault`] never becomes an exit of the frame.
enum Halt {
    /// The guest caused it: the frame ends.
    Frame(FrameExit),
    /// This machine caused it: the node stops.
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
    /// Executes the pending call of `function`, on the guest's memory, and charges its gas.
    ///
    /// # Errors
    /// A [`Fault`] of this machine, or of an engine that breaks the contract of the interface.
    pub fn dispatch(&mut self, function: Function, pending: Pending<'_>) -> Result<Reply, Fault> {
        match self.run_function(function, pending) {
            Ok(reply) => Ok(reply),
            Err(Halt::Frame(exit)) => Ok(Reply::End(exit)),
            Err(Halt::Machine(fault)) => Err(fault),
        }
    }

    fn run_function(&mut self, function: Function, pending: Pending<'_>) -> Result<Reply, Halt> {
        let mut call = AdmittedCall::enter(self, function, pending)?;
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
            Function::P256Verify => crypto::call_p256(&call),
            Function::Blake3 => crypto::call_blake3(&mut call),
            Function::Ripemd160 => crypto::call_ripemd160(&mut call),
            Function::Sha512 => crypto::call_sha512(&mut call),
            Function::Bls12381G1Add => crypto::call_g1_add(&mut call),
            Function::Bls12381G1Msm => crypto::call_g1_msm(self, &mut call),
            Function::Bls12381G2Add => crypto::call_g2_add(&mut call),
            Function::Bls12381G2Msm => crypto::call_g2_msm(self, &mut call),
            Function::Bls12381PairingCheck => crypto::call_bls12_381_pairing(self, &call),
            Function::Bls12381MapFpToG1 => crypto::call_map_fp(&mut call),
            Function::Bls12381MapFp2ToG2 => crypto::call_map_fp2(&mut call),
            Function::Bn254Add => crypto::call_bn254_add(&mut call),
            Function::Bn254Mul => crypto::call_bn254_mul(&mut call),
            Function::Bn254PairingCheck => crypto::call_bn254_pairing(self, &call),
            // The table is in another crate and may grow; a test calls every row of it.
            _ => Err(Fault::invariant("a host function is not implemented").into()),
        }
    }
}

/// Charges the cold price if this is the first touch of `key` in the transaction.
fn charge_touch(host: &mut Host<'_>, call: &mut AdmittedCall<'_>, key: &[u8]) -> Result<(), Halt> {
    if host.journal.touch(key) {
        call.gas.charge(call.price.cold)?;
    }
    Ok(())
}

/// Resumes the guest with 1 for true, 0 for false.
fn bool_reply(value: bool) -> Reply {
    Reply::Resume(Some(Value::I32(i32::from(value))))
}
