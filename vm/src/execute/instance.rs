//! Drives one instance: assigns slices of gas, handles exits of handlers, turns host calls into
//! steps.
//!
//! The gas register contains a slice of the frame's remaining gas; the rest is in `reserve`. When
//! the slice is used up, the handlers return, which unwinds the native stack, and the driver
//! refills the register. When the reserve is empty too, the metering block that could not be paid
//! executes once *in overdraft*, with a negative register: if it traps and its refund covers the
//! overdraft, the result is that trap; otherwise it is out of gas.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".
#![expect(
    unsafe_code,
    reason = "frames are raw memory; each unsafe block has its justification"
)]

use super::context::{Cell, Context, Saved};
use super::diagnosis::active_functions;
use super::dispatch::{Registers, header};
use super::handler::call::{CALL, make_frame};
use super::linear::{LinearMemory, Stack};
use super::link::CompiledModule;
use super::{Shared, exit};
use crate::execution::{Execution, Invocation, Pending, Step, Stop, Value};
use crate::fault::Fault;
use crate::gas::GasMeter;
use crate::module::ValueType;
use crate::outcome::Diagnosis;
use crate::translate::index;
use crate::trap::Trap;
use std::ptr;
use std::slice;
use std::sync::{Arc, PoisonError};

/// Gas that handlers use before they return to the driver. Where tail calls are not jumps,
/// `Threaded` bounds the native stack by itself: operators without a price use none of a slice.
const SLICE: u64 = 1 << 15;

/// Phase of an instance, which decides what may be called next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Fresh,
    /// At a host call with this result type.
    Suspended(Option<ValueType>),
    Ended,
}

/// An instance of a module on the interpreter.
pub(crate) struct Instance {
    shared: Arc<Shared>,
    compiled: Arc<CompiledModule>,
    context: Context,
    memory: Option<LinearMemory>,
    stack: Option<Stack>,
    globals: Vec<u64>,
    /// The codes to which the context points.
    #[expect(dead_code, reason = "the context points to it")]
    codes: Vec<*const Cell>,
    gas: GasMeter,
    /// Remaining gas of the frame that is not in the register.
    reserve: u64,
    /// True if the current metering block could not be paid.
    overdraft: bool,
    /// The entry and its arguments, while the start function runs.
    entry: Option<(u32, Vec<Value>)>,
    /// Type of the value that the outermost function returns.
    result: Option<ValueType>,
    phase: Phase,
}

// SAFETY: the pointers of its context point to its own memory, stack, globals and codes, which move
// with it, and to the compiled module, which threads share already and which lives as long.
unsafe impl Send for Instance {}

/// What the driver does next.
enum Next {
    Run(Registers),
    Done(Step),
}

impl Instance {
    pub(super) fn new(shared: &Arc<Shared>, compiled: Arc<CompiledModule>) -> Result<Self, Fault> {
        let module = Arc::clone(&compiled.module);
        let (memory, stack) = {
            let mut pool = shared.pool.lock().unwrap_or_else(PoisonError::into_inner);
            let memory = module.memory().map(|_| pool.memory(&shared.budget));
            (memory.transpose()?, pool.stack(&shared.budget)?)
        };
        let mut codes = compiled.stubs();
        let mut context = context(&compiled);
        context.codes = codes.as_mut_ptr();
        let mut instance = Self {
            context,
            codes,
            shared: Arc::clone(shared),
            memory,
            stack: Some(stack),
            globals: module
                .globals()
                .iter()
                .map(|global| global.initial)
                .collect(),
            gas: GasMeter::new(0),
            reserve: 0,
            overdraft: false,
            entry: None,
            result: None,
            phase: Phase::Fresh,
            compiled,
        };
        let length = instance.context.memory_bytes();
        if let Some(memory) = &mut instance.memory {
            memory.begin(length);
            instance.context.memory = memory.start();
        }
        instance.context.globals = instance.globals.as_mut_ptr();
        for data in module.data() {
            let start = index(data.offset);
            let content = module.data_bytes(data);
            let target = start..start.saturating_add(content.len());
            match instance.memory().get_mut(target) {
                Some(bytes) => bytes.copy_from_slice(content),
                None => return Err(Fault::invariant("a data segment is outside the memory")),
            }
        }
        Ok(instance)
    }

    fn stack_start(&self) -> Result<*mut u64, Fault> {
        let stack = self.stack.as_ref();
        let stack = stack.ok_or_else(|| Fault::invariant("an instance has no stack"))?;
        Ok(stack.start())
    }

    /// Makes the outermost frame of a function, with its arguments.
    #[inline(always)]
    fn outermost(&mut self, function: u32, arguments: &[Value]) -> Result<Registers, Fault> {
        let compiled = &*self.compiled;
        let defined = compiled.module.function(function);
        let signature = defined.and_then(|defined| {
            let types = compiled.module.types();
            types.get(index(defined.type_index))
        });
        let signature = signature.filter(|of| of.parameters.len() == arguments.len());
        let signature = signature.ok_or_else(|| {
            Fault::invariant("the entry has another number of arguments, or is an import")
        })?;
        self.result = signature.result;
        let stack = self.stack_start()?;
        for (number, value) in arguments.iter().enumerate() {
            // SAFETY: at most 64 parameters, far inside the stack.
            let slot = unsafe { stack.add(number) };
            // SAFETY: `Stack` owns the slot, and no handler runs before `drive`.
            unsafe { slot.write(value.to_bits()) };
        }
        let sp: *mut u8 = stack.cast();
        let ip = self.code_of(function);
        // SAFETY: a code or stub of this module, which is alive.
        let callee = unsafe { header(ip) };
        let weight = u64::from(callee.weight);
        // SAFETY: the first frame has at most 2,112 slots, the stack more than 65,536.
        unsafe { make_frame(callee, sp, self.compiled.stop(), weight) };
        let gas = self.fill(callee.charge);
        Ok(self.registers(ip, sp, 0, gas))
    }

    /// The code of a function of the module, or its stub.
    fn code_of(&self, function: u32) -> *const Cell {
        // SAFETY: `codes` has an element for each function, and does not grow.
        let code = unsafe { self.context.codes.add(index(function)) };
        // SAFETY: it is initialised, and no handler runs.
        unsafe { code.read() }
    }

    #[inline(always)]
    fn registers(&mut self, ip: *const Cell, sp: *mut u8, acc: u64, gas: i64) -> Registers {
        Registers {
            ip,
            sp,
            memory: self.context.memory,
            context: &raw mut self.context,
            acc,
            gas,
        }
    }

    /// Takes a slice from the reserve and subtracts the price `cost` of the metering block that
    /// begins, at most 2^44 by the bounds of prices and slots. Negative if the reserve does not
    /// suffice: the block begins in overdraft.
    #[inline(always)]
    fn fill(&mut self, cost: u64) -> i64 {
        let taken = self.reserve.min(cost.wrapping_add(SLICE));
        self.reserve = self.reserve.wrapping_sub(taken);
        let gas = taken.wrapping_sub(cost).cast_signed();
        self.overdraft = gas < 0;
        gas
    }

    /// Charges a price that the gas suffices for, or that of the code that begins at `r.ip`: at
    /// most 2^44, by the bounds of prices and slots.
    fn pay(&mut self, r: &mut Registers, cost: u64) {
        r.gas = r.gas.saturating_sub_unsigned(cost);
        if r.gas < 0 {
            self.refill(r);
        }
    }

    /// Fills the register from the reserve; if that does not suffice, the metering block begins in
    /// overdraft.
    fn refill(&mut self, r: &mut Registers) {
        let wanted = r.gas.min(0).unsigned_abs().saturating_add(SLICE);
        let taken = wanted.min(self.reserve);
        self.reserve = self.reserve.saturating_sub(taken);
        r.gas = r.gas.saturating_add_unsigned(taken);
        self.overdraft = r.gas < 0;
    }

    /// Runs handlers until an exit ends the step.
    #[inline(always)]
    fn drive(&mut self, mut r: Registers) -> Result<Step, Box<Fault>> {
        // Correct unless it suspends, which sets the phase again.
        self.phase = Phase::Ended;
        // A new pointer: code between two runs of handlers borrows the context.
        r.context = &raw mut self.context;
        // SAFETY: `registers` made `r` from what handlers saved or `outermost` made; memory, stack,
        // globals and context belong to this instance, which is borrowed meanwhile.
        let exit = unsafe { self.compiled.strategy.run(r) };
        match exit {
            exit::HOST_CALL => self.suspend(),
            exit::RETURN if self.entry.is_none() => self.returned(),
            _ => self.go_on(exit),
        }
    }

    /// Continues after an exit that may not end the step; out of line, so that host calls stay
    /// fast.
    #[cold]
    fn go_on(&mut self, mut exit: u64) -> Result<Step, Box<Fault>> {
        loop {
            match exit {
                exit::HOST_CALL => return self.suspend(),
                exit::RETURN if self.entry.is_none() => return self.returned(),
                _ => {}
            }
            let Saved { ip, sp, acc, gas } = self.context.saved;
            let left = self.registers(ip, sp, acc, gas);
            let mut next = match self.handle_exit(exit, left)? {
                Next::Run(next) => next,
                Next::Done(step) => return Ok(step),
            };
            // A new pointer: code between two runs of handlers borrows the context.
            next.context = &raw mut self.context;
            // SAFETY: as in `drive`.
            exit = unsafe { self.compiled.strategy.run(next) };
        }
    }

    /// Handles the rare exits.
    fn handle_exit(&mut self, exit: u64, mut r: Registers) -> Result<Next, Fault> {
        match exit {
            exit::SHORT if self.overdraft => Ok(self.out_of_gas()),
            exit::SHORT => {
                self.refill(&mut r);
                Ok(Next::Run(r))
            }
            exit::PAUSE => Ok(Next::Run(r)),
            exit::PRICE => Ok(self.large_price(r)),
            exit::FIRST_ENTRY => self.first_entry(r),
            exit::RETURN => self.begin_entry(),
            exit::OVERFLOW => {
                let callee = self.context.overflowing;
                let is_first = self.compiled.is_stub(callee, self.code_of(callee));
                let first = if is_first {
                    self.compiled.first_price(callee)
                } else {
                    0
                };
                let price = first.saturating_add(self.compiled.entry_price(callee));
                let left = self.left(r).saturating_sub(i128::from(price));
                Ok(self.trapped(Trap::StackOverflow, left))
            }
            _ => self.trap(exit, r),
        }
    }

    /// Enters the function of a stub for the first time in this contract frame: charges the price
    /// of that first, then translates the function if no frame did, then charges its entry.
    ///
    /// The register is not negative here: in overdraft, the call ended out of gas.
    fn first_entry(&mut self, mut r: Registers) -> Result<Next, Fault> {
        // SAFETY: handlers exit here only at a stub of this module.
        let function = unsafe { header(r.ip) }.function;
        let is_metered = self.compiled.strategy.is_metered();
        if is_metered {
            let price = self.compiled.first_price(function);
            if self.left(r) < i128::from(price) {
                return Ok(self.out_of_gas());
            }
            self.pay(&mut r, price);
        }
        let before = self.compiled.bytes();
        r.ip = self.compiled.code(function)?;
        if self.compiled.bytes() != before {
            self.shared.recount(&self.compiled);
        }
        // SAFETY: `codes` has an element for each function, and does not grow.
        let code = unsafe { self.context.codes.add(index(function)) };
        // SAFETY: as above; no handler runs.
        unsafe { code.write(r.ip) };
        if is_metered {
            // SAFETY: a code of this module, which is alive.
            let cost = unsafe { header(r.ip) }.charge;
            self.pay(&mut r, cost);
        }
        Ok(Next::Run(r))
    }

    /// Remaining gas of the frame; negative in overdraft.
    fn left(&self, r: Registers) -> i128 {
        i128::from(r.gas).saturating_add(i128::from(self.reserve))
    }

    fn out_of_gas(&mut self) -> Next {
        self.gas.set_remaining(0);
        Next::Done(Step::Exit(Stop::OutOfGas))
    }

    /// Ends with a trap and remaining gas `left`; out of gas if `left` is negative.
    fn trapped(&mut self, trap: Trap, left: i128) -> Next {
        match u64::try_from(left) {
            Ok(left) => {
                self.gas.set_remaining(left);
                Next::Done(Step::Exit(Stop::Trap(trap)))
            }
            Err(_) => self.out_of_gas(),
        }
    }

    fn trap(&mut self, exit: u64, r: Registers) -> Result<Next, Fault> {
        let trap = exit::trap_of(exit);
        let trap = trap.ok_or_else(|| {
            Fault::invariant(format!("a handler returned the unknown exit {exit}"))
        })?;
        let site = self.compiled.locate(r.ip).and_then(|at| at.site);
        let site = site.ok_or_else(|| Fault::invariant("a trap has no trap site"))?;
        let left = self.left(r).saturating_add(i128::from(site.refund));
        Ok(self.trapped(trap, left))
    }

    /// Handles a dynamic price that exceeds the slice: the instruction is repeated with enough gas,
    /// or is out of gas.
    fn large_price(&mut self, mut r: Registers) -> Next {
        let price = self.context.price;
        let missing = price.saturating_sub(r.gas.unsigned_abs());
        if self.overdraft || missing > self.reserve {
            return self.out_of_gas();
        }
        self.reserve = self.reserve.saturating_sub(missing);
        r.gas = r.gas.saturating_add_unsigned(missing);
        Next::Run(r)
    }

    #[inline(always)]
    fn suspend(&mut self) -> Result<Step, Box<Fault>> {
        // SAFETY: a host call sets its callee, an import of this module.
        let callee = unsafe { &*self.context.callee };
        self.phase = Phase::Suspended(callee.result);
        // From here on the gas meter has the whole remaining gas, for the host.
        self.settle();
        self.reserve = 0;
        Ok(Step::HostCall(callee.function))
    }

    /// Writes the remaining gas, register and reserve, to the gas meter. Without overdraft both are
    /// below 2^63, and so is their sum, which is at most the limit.
    #[inline(always)]
    fn settle(&mut self) -> u64 {
        let left = self.reserve.wrapping_add_signed(self.context.saved.gas);
        self.gas.set_remaining(left);
        left
    }

    /// Begins the entry after the start function.
    fn begin_entry(&mut self) -> Result<Next, Fault> {
        self.reserve = self.settle();
        let Some((entry, arguments)) = self.entry.take() else {
            return Err(Fault::invariant("the entry has begun already"));
        };
        Ok(Next::Run(self.outermost(entry, &arguments)?))
    }

    /// Ends with the return of the entry.
    #[inline(always)]
    fn returned(&mut self) -> Result<Step, Box<Fault>> {
        self.settle();
        let stack = self.stack_start()?;
        let value = self.result.map(|value_type| {
            // SAFETY: a return with a value wrote it to the first slot.
            Value::from_bits(value_type, unsafe { stack.read() })
        });
        Ok(Step::Exit(Stop::Return(value)))
    }
}

/// Arguments of the pending host call: the caller's topmost operands, where the callee's frame
/// would be, until the guest resumes.
///
/// # Safety
/// The last exit of the instance was a host call; the result is not used after it resumes.
#[inline(always)]
unsafe fn host_arguments<'i>(context: &Context) -> &'i [u64] {
    let Saved { ip, sp, .. } = context.saved;
    let frame = ip
        .cast::<u8>()
        .wrapping_add(CALL.frame.byte())
        .cast::<u16>();
    // SAFETY: the instruction is a call, which contains the distance of the callee's frame.
    let frame = unsafe { frame.read() };
    // SAFETY: inside the stack.
    let first = unsafe { sp.add(usize::from(frame)) };
    // SAFETY: a host call sets its callee, an import of this module.
    let callee = unsafe { &*context.callee };
    // SAFETY: its arguments are inside the caller's frame; the whole stack is initialised.
    unsafe { slice::from_raw_parts(first.cast::<u64>(), index(callee.parameters)) }
}

/// The bytes of linear memory; none if the module has no memory.
#[inline(always)]
fn pages<'i>(memory: &'i mut Option<LinearMemory>, context: &Context) -> &'i mut [u8] {
    match memory {
        // SAFETY: `Instance::new` zeroed the initial pages, and the handler of `memory.grow` zeroes
        // those that it adds.
        Some(memory) => unsafe { memory.bytes(context.memory_bytes()) },
        None => &mut [],
    }
}

fn context(compiled: &CompiledModule) -> Context {
    let prices = compiled.rules.schedule.dynamic();
    let memory = compiled.module.memory();
    let (table, imports) = (&*compiled.table, &*compiled.imports);
    let mut context = Context {
        limit1: 0,
        limit2: 0,
        limit4: 0,
        limit8: 0,
        memory: ptr::null_mut(),
        globals: ptr::null_mut(),
        codes: ptr::null_mut(),
        imports: imports.as_ptr(),
        table: table.as_ptr(),
        table_length: u64::try_from(table.len()).unwrap_or(0),
        memory_pages: 0,
        memory_pages_max: memory.map_or(0, |memory| u64::from(memory.maximum)),
        grow_per_page: prices.memory_grow_per_page,
        copy_per_byte: prices.memory_copy_per_byte,
        fill_per_byte: prices.memory_fill_per_byte,
        saved: Saved {
            ip: ptr::null(),
            sp: ptr::null_mut(),
            acc: 0,
            gas: 0,
        },
        callee: ptr::null(),
        overflowing: 0,
        price: 0,
        native_frames: 0,
    };
    context.set_pages(memory.map_or(0, |memory| u64::from(memory.initial)));
    context
}

impl Execution for Instance {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        if self.phase != Phase::Fresh {
            return Err(Fault::invariant("an instance was started twice").into());
        }
        self.gas = frame.gas.reread();
        self.reserve = self.gas.remaining();
        let begun = match self.compiled.start {
            Some(start) => {
                self.entry = Some((frame.entry, frame.arguments));
                self.outermost(start, &[])?
            }
            None => self.outermost(frame.entry, &frame.arguments)?,
        };
        self.drive(begun)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        if self.phase != Phase::Suspended(result.map(Value::value_type)) {
            let wrong =
                "an instance was resumed without a host call, or with a result of another type";
            return Err(Fault::invariant(wrong).into());
        }
        self.reserve = self.gas.remaining();
        let Saved { ip, sp, acc, .. } = self.context.saved;
        let cost = ip.cast::<u8>().wrapping_add(CALL.cost.byte());
        // SAFETY: the instruction is a call, with the price of the metering block after it.
        let cost = unsafe { cost.cast::<u32>().read() };
        let gas = self.fill(u64::from(cost));
        let mut r = self.registers(ip, sp, acc, gas);
        if let Some(value) = result {
            r.acc = value.to_bits();
            // SAFETY: the result slot of a call is where the callee's frame would begin.
            let slot = unsafe { r.slot(CALL.frame) };
            // SAFETY: the translator got it from `stack_slot`, so it is inside the caller's frame.
            unsafe { slot.write(r.acc) };
        }
        r.ip = r.ip.wrapping_add(CALL.cells);
        self.drive(r)
    }

    fn pending(&mut self) -> Pending<'_> {
        let arguments = match self.phase {
            // SAFETY: the handler of the call saved the registers, and no handler ran since.
            Phase::Suspended(_) => unsafe { host_arguments(&self.context) },
            _ => &[],
        };
        Pending {
            arguments,
            memory: pages(&mut self.memory, &self.context),
            gas: &mut self.gas,
        }
    }

    fn memory(&mut self) -> &mut [u8] {
        pages(&mut self.memory, &self.context)
    }

    fn gas(&mut self) -> &mut GasMeter {
        &mut self.gas
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        let types = self
            .compiled
            .module
            .globals()
            .iter()
            .map(|global| global.value_type);
        Ok(types
            .zip(&self.globals)
            .map(|(of, bits)| Value::from_bits(of, *bits))
            .collect())
    }

    /// Diagnosis at the last exit; after a trap, at the trap.
    fn diagnosis(&self) -> Diagnosis {
        let site = self
            .compiled
            .locate(self.context.saved.ip)
            .and_then(|location| location.site);
        Diagnosis {
            functions: active_functions(&self.compiled, self.context.saved),
            offset: site.map(|site| u64::from(site.offset)),
            ..Diagnosis::default()
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let used = self.context.memory_bytes();
        let mut pool = self
            .shared
            .pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = self.memory.take() {
            pool.keep_memory(memory, used);
        }
        if let Some(stack) = self.stack.take() {
            pool.keep_stack(stack);
        }
    }
}
