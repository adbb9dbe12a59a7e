//! Runs the contract frames of a message: opens the frames that they request, settles each that
//! ends.
//!
//! The frames are in a vector of bounded length; they do not nest on the native stack.
//!
//! # Invariants
//! * Only the top frame runs; every other one waits for the frame above it.
//! * The gas of a waiting frame does not change; the gas that its callee consumed is deducted when
//!   the callee has ended.
//! * If a frame ends other than by Return, the journal is as it was before its first effect.

use crate::execution::{Execution, Invocation, Value};
use crate::fault::Fault;
use crate::frames::admission::{Admitted, Attempt, Refusal, address_of, admit};
use crate::frames::{CallRequest, Environment, FrameExit, FramePause, Target, advance};
use crate::gas::GasMeter;
use crate::host::{Host, Span, range};
use crate::identity::Address;
use crate::outcome::Diagnosis;
use crate::state::{Checkpoint, Journal};
use crate::work::{self, WorkKind};
use host_api::{Function, status};

/// One contract frame, running or waiting.
pub(super) struct ContractFrame {
    /// The instance; it keeps its code alive.
    pub(super) execution: Box<dyn Execution>,
    /// Function index of the entry.
    pub(super) entry: u32,
    /// Gas limit of the frame, including the gas consumed before it began.
    pub(super) gas_limit: u64,
    /// Account that called.
    pub(super) caller: Address,
    /// Address of the contract.
    pub(super) address: Address,
    /// Input of the call.
    pub(super) input: Vec<u8>,
    /// Value moved with the call.
    pub(super) value: u128,
    /// True if the frame must not change state.
    pub(super) is_static: bool,
    /// The journal before the frame's first effect, which is the move of the value.
    pub(super) checkpoint: Checkpoint,
    /// Output of the frame's last call or deployment.
    pub(super) returned: Vec<u8>,
    /// The call for which it waits.
    pub(super) pending: PendingCall,
}

/// The call for which a frame waits.
#[derive(Clone, Copy, Default)]
pub(super) struct PendingCall {
    /// True if the contract may be re-entered meanwhile.
    allows_reentry: bool,
    /// Memory range for the address of a created contract, and the address.
    created: Option<(Span, Address)>,
}

impl ContractFrame {
    /// A frame that is not static, with a zero caller and no value.
    pub(super) fn new(
        execution: Box<dyn Execution>,
        admitted: &Admitted,
        input: Vec<u8>,
        checkpoint: Checkpoint,
    ) -> Self {
        Self {
            execution,
            entry: admitted.entry,
            gas_limit: 0,
            caller: Address([0; 32]),
            address: admitted.address,
            input,
            value: 0,
            is_static: false,
            checkpoint,
            returned: Vec::new(),
            pending: PendingCall::default(),
        }
    }
}

/// The end of a message's last frame; effects are kept or undone already.
pub(super) struct EndedMessage {
    /// Exit of the outermost frame.
    pub(super) exit: FrameExit,
    /// Gas consumed of the message's limit; all of it on out of gas.
    pub(super) gas_used: u64,
    /// Diagnosis of the outermost frame, with the debug text of all frames.
    pub(super) diagnosis: Diagnosis,
}

/// How the top frame continues.
enum Turn {
    /// It begins with this gas.
    Start(GasMeter),
    /// It resumes with the status of the call that it made.
    Resume(u16),
    /// It ends: it could not pay for the call that it made.
    OutOfGas,
}

/// The active frames of one message, the outermost first.
pub(super) struct FrameStack<'a> {
    environment: &'a Environment<'a>,
    tx_hash: [u8; 32],
    journal: &'a mut Journal,
    frames: Vec<ContractFrame>,
    debug_log: Vec<u8>,
}

impl<'a> FrameStack<'a> {
    /// A stack without frames.
    pub(super) const fn new(
        environment: &'a Environment<'a>,
        tx_hash: [u8; 32],
        journal: &'a mut Journal,
    ) -> Self {
        Self {
            environment,
            tx_hash,
            journal,
            frames: Vec::new(),
            debug_log: Vec::new(),
        }
    }

    /// Runs `outermost` and every requested frame until the stack is empty.
    ///
    /// Gas deducted from `gas` before counts as consumed.
    pub(super) fn run(
        mut self,
        outermost: ContractFrame,
        gas: GasMeter,
    ) -> Result<EndedMessage, Fault> {
        self.push(outermost, gas);
        let mut turn = Turn::Start(gas);
        loop {
            turn = match self.advance(turn)? {
                FramePause::Call(request) => self.open(&request)?,
                FramePause::End(exit) => {
                    let frame = self.frames.pop().ok_or_else(no_frame)?;
                    match self.close(frame, exit)? {
                        ClosedFrame::Outermost(ended) => return Ok(ended),
                        ClosedFrame::Inner(status) => Turn::Resume(status),
                    }
                }
            };
        }
    }

    fn push(&mut self, frame: ContractFrame, gas: GasMeter) {
        let gas_limit = gas.limit();
        self.frames.push(ContractFrame { gas_limit, ..frame });
    }

    /// Runs the top frame until it ends or requests a frame.
    fn advance(&mut self, turn: Turn) -> Result<FramePause, Fault> {
        let frame = self.frames.last_mut().ok_or_else(no_frame)?;
        let step = match turn {
            Turn::Start(gas) => frame.execution.start(Invocation {
                entry: frame.entry,
                arguments: Vec::new(),
                gas,
            })?,
            Turn::Resume(status) => frame
                .execution
                .resume(Some(Value::I32(i32::from(status))))?,
            Turn::OutOfGas => return Ok(FramePause::End(FrameExit::OutOfGas)),
        };
        let mut host = Host {
            rules: self.environment.rules,
            view: self.environment.view,
            journal: &mut *self.journal,
            block: self.environment.block,
            caller: frame.caller,
            address: frame.address,
            tx_hash: self.tx_hash,
            input: &frame.input,
            value: frame.value,
            returned: &frame.returned,
            is_static: frame.is_static,
            debug_log: core::mem::take(&mut self.debug_log),
        };
        let pause = advance(&mut *frame.execution, step, &mut host)?;
        self.debug_log = host.debug_log;
        Ok(pause)
    }

    /// Pushes the frame that the top frame requested, or returns the status why it does not begin.
    fn open(&mut self, request: &CallRequest) -> Result<Turn, Fault> {
        let caller = self.frames.last_mut().ok_or_else(no_frame)?;
        let payer = caller.address;
        let address = address_of(&payer, &request.target);
        caller.returned = Vec::new();
        caller.pending = PendingCall {
            allows_reentry: request.allows_reentry,
            created: request.address_to.map(|span| (span, address)),
        };
        let maximum = self.environment.rules.host_limits.call_depth_max;
        if u32::try_from(self.frames.len()).map_or(true, |depth| depth >= maximum) {
            return Ok(Turn::Resume(status::DEPTH));
        }
        if matches!(request.target, Target::Call { .. }) && self.forbids_reentry(&address) {
            return Ok(Turn::Resume(status::REENTRY));
        }
        let attempt = Attempt {
            payer: &payer,
            target: &request.target,
            entry: request.entry.as_deref(),
            value: request.value,
            cold: request.cold,
            value_price: self
                .environment
                .rules
                .schedule
                .host(Function::Transfer)
                .base,
        };
        let caller = self.frames.last_mut().ok_or_else(no_frame)?;
        let admitted = admit(
            self.environment,
            &attempt,
            self.journal,
            caller.execution.gas(),
        );
        match admitted {
            Ok(admitted) => self.begin(request, &attempt, &admitted),
            Err(Refusal::Status(status)) => Ok(Turn::Resume(status)),
            Err(Refusal::OutOfGas) => Ok(Turn::OutOfGas),
            Err(Refusal::Machine(fault)) => Err(fault),
        }
    }

    /// True if the contract is active and one of its frames did not allow re-entry.
    fn forbids_reentry(&self, address: &Address) -> bool {
        let mut active = self.frames.iter().filter(|frame| frame.address == *address);
        active.any(|frame| !frame.pending.allows_reentry)
    }

    fn begin(
        &mut self,
        request: &CallRequest,
        attempt: &Attempt<'_>,
        admitted: &Admitted,
    ) -> Result<Turn, Fault> {
        let caller = self.frames.last_mut().ok_or_else(no_frame)?;
        let is_static = caller.is_static || request.is_static;
        let rest = caller.execution.gas().remaining();
        let kept = rest >> self.environment.rules.host_limits.call_gas_kept_shift;
        let gas = GasMeter::new(request.gas.min(rest.saturating_sub(kept)));
        let checkpoint = enter(self.environment, attempt, self.journal, admitted)?;
        let execution = self
            .environment
            .engine
            .instantiate(&admitted.module, self.environment.rules)?;
        work::add(WorkKind::Copied, request.input.len());
        let frame = ContractFrame {
            caller: *attempt.payer,
            value: attempt.value,
            is_static,
            ..ContractFrame::new(execution, admitted, request.input.clone(), checkpoint)
        };
        self.push(frame, gas);
        Ok(Turn::Start(gas))
    }

    /// Keeps or undoes the effects of a frame that ended, and settles gas with its caller, if any.
    fn close(&mut self, mut frame: ContractFrame, exit: FrameExit) -> Result<ClosedFrame, Fault> {
        if !matches!(exit, FrameExit::Return { .. }) {
            self.journal.revert(frame.checkpoint);
        }
        let rest = match exit {
            FrameExit::OutOfGas => 0,
            _ => frame.execution.gas().remaining(),
        };
        let gas_used = frame.gas_limit.saturating_sub(rest);
        let Some(caller) = self.frames.last_mut() else {
            let diagnosis = match exit {
                FrameExit::Trap(_) => frame.execution.diagnosis(),
                _ => Diagnosis::default(),
            };
            let debug_log = core::mem::take(&mut self.debug_log);
            let diagnosis = Diagnosis {
                debug_log,
                ..diagnosis
            };
            return Ok(ClosedFrame::Outermost(EndedMessage {
                exit,
                gas_used,
                diagnosis,
            }));
        };
        let pending = core::mem::take(&mut caller.pending);
        caller
            .execution
            .gas()
            .charge(gas_used)
            .map_err(|_| Fault::invariant("a callee consumed more gas than its caller had"))?;
        let (status, output) = match exit {
            FrameExit::Return { output, .. } => (status::RETURN, output),
            FrameExit::Revert { output } => (status::REVERT, output),
            FrameExit::Trap(_) => (status::TRAP, Vec::new()),
            FrameExit::OutOfGas => (status::OUT_OF_GAS, Vec::new()),
        };
        if let (status::RETURN, Some((span, address))) = (status, pending.created) {
            range::write(caller.execution.memory(), span, &address.0)?;
        }
        caller.returned = output;
        Ok(ClosedFrame::Inner(status))
    }
}

/// Position of a frame that ended.
enum ClosedFrame {
    /// It was the outermost.
    Outermost(EndedMessage),
    /// Its caller resumes with this status.
    Inner(u16),
}

/// Makes the frame's effects before its first instruction: value, and on a deployment the code.
///
/// Returns the checkpoint before them.
pub(super) fn enter(
    environment: &Environment<'_>,
    attempt: &Attempt<'_>,
    journal: &mut Journal,
    admitted: &Admitted,
) -> Result<Checkpoint, Fault> {
    let checkpoint = journal.checkpoint();
    let view = environment.view;
    journal.pay(view, attempt.payer, &admitted.address, attempt.value)?;
    if let Target::Deploy { code_hash, .. } = attempt.target {
        journal.set_code(view, &admitted.address, code_hash)?;
    }
    Ok(checkpoint)
}

fn no_frame() -> Fault {
    Fault::invariant("the frame stack of a running message is empty")
}
