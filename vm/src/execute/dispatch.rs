//! Passes control from handler to handler: by sibling calls, or back through a loop.
//!
//! A handler is one [`Operation`] with the calling convention of handlers, and ends by passing
//! [`Registers`] to a [`Dispatch`]. There are two, and both run the same operations:
//!
//! * [`Threaded`] calls the next handler in tail position. An optimising build makes that a jump;
//!   in any other the native stack grows by a frame for each handler, so handlers are counted
//!   there and return to the driver after [`NATIVE_FRAMES_MAX`]. Only speed depends on it.
//! * [`Trampoline`] returns to a dispatch loop after each handler: for interpreters of Rust (miri)
//!   and for machines whose convention has too few registers.
//!
//! # Safety
//! All `unsafe` code here relies on one contract, the *state contract*: `ip` points to an
//! instruction that `translate` made and to which `link` assigned this handler; `sp` points to a
//! frame of that code's function, entirely inside the stack; `memory` is the start of linear
//! memory, whose length follows from the limits in `context`; `context` is alive and not used
//! elsewhere while handlers run. Each handler ensures the contract for the next one.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "handlers work on raw frames and memory under the state contract above"
)]
#![expect(
    clippy::as_conversions,
    reason = "a charge is far below 2^63, a distance or offset fits the machine's addresses"
)]

use super::context::{Cell, Context, ImportEntry};
use super::exit;
use super::handler::{ACC, SLOT};
use super::header::Header;
use crate::translate::layout::{
    At, BranchTarget, Callee, Cost, Destination, InFrame, IsOperand, Read, Write,
};

/// Six machine words, all in registers under the System V convention.
#[derive(Clone, Copy)]
pub(crate) struct Registers {
    pub(crate) ip: *const Cell,
    /// Start of the frame; slots are addressed by byte offsets.
    pub(crate) sp: *mut u8,
    pub(crate) memory: *mut u8,
    pub(crate) context: *mut Context,
    /// The accumulator: the result of an earlier instruction.
    pub(crate) acc: u64,
    /// Gas left of the slice; negative while a metering block executes in overdraft.
    pub(crate) gas: i64,
}

/// The semantics of an instruction.
pub(crate) trait Operation {
    /// # Safety
    /// The state contract, for the handler of an instruction of this operation: `link` upholds it
    /// for the first handler, each handler for the next.
    unsafe fn run<D: Dispatch>(r: Registers) -> u64;
}

/// How control reaches the next handler.
pub(crate) trait Dispatch: Sized {
    /// True if metering blocks are charged; false only in a benchmark of the cost of metering.
    const METERED: bool = true;

    /// Executes from the instruction at `r.ip` on; returns an exit.
    ///
    /// # Safety
    /// The state contract at `r.ip`; the calling handler upholds it.
    unsafe fn next(r: Registers) -> u64;

    /// The handler of an operation; distinct copies for different `REPLICA` where that is faster.
    fn handler<O: Operation, const REPLICA: u8>() -> Handler;
}

// The convention must be a literal: `sysv64` where it exists, since that of Windows has only four
// registers.
macro_rules! with_convention {
    ($convention:literal) => {
        /// The code of an operation under its calling convention.
        pub(crate) type Handler = unsafe extern $convention fn(
            ip: *const Cell,
            sp: *mut u8,
            memory: *mut u8,
            context: *mut Context,
            acc: u64,
            gas: i64,
        ) -> u64;

        /// # Safety
        /// The state contract; the caller has read the handler from the instruction at `ip`, where
        /// `link` wrote it.
        unsafe extern $convention fn handle<O: Operation, D: Dispatch, const REPLICA: u8>(
            ip: *const Cell,
            sp: *mut u8,
            memory: *mut u8,
            context: *mut Context,
            acc: u64,
            gas: i64,
        ) -> u64 {
            replica::<REPLICA>();
            O::run::<D>(Registers { ip, sp, memory, context, acc, gas })
        }

        /// Saves the registers and returns control to the driver.
        ///
        /// The exit is opaque to the compiler. Otherwise handlers would return it themselves after
        /// a call that is no tail call, and align their stack for that call.
        ///
        /// # Safety
        /// The state contract: the context lives. The handler that leaves upholds it.
        #[inline(never)]
        unsafe extern $convention fn leave<const EXIT: u64>(
            ip: *const Cell,
            sp: *mut u8,
            _memory: *mut u8,
            context: *mut Context,
            acc: u64,
            gas: i64,
        ) -> u64 {
            (*context).saved = super::context::Saved { ip, sp, acc, gas };
            std::hint::black_box(EXIT)
        }
    };
}
#[cfg(target_arch = "x86_64")]
with_convention!("sysv64");
#[cfg(not(target_arch = "x86_64"))]
with_convention!("C");

/// Makes copies of a handler differ: LLVM would merge equal ones, and they exist to have separate
/// entries in the branch predictor.
#[inline(always)]
fn replica<const REPLICA: u8>() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: an assembly comment; it has no effect.
    unsafe {
        core::arch::asm!("/* {} */", const REPLICA, options(nomem, nostack, preserves_flags));
    }
}

/// True in builds whose tail calls may not be jumps, which are those without optimisation, and in
/// builds with debug assertions, so that tests cover the counting.
const COUNTS_NATIVE_FRAMES: bool = cfg!(any(debug_assertions, unoptimised));
/// Handlers that may be active at once in such a build. Without optimisation a frame has 1.1 KiB on
/// average and 2.4 KiB at most, so all of them use about half of
/// [`super::Interpreter::NATIVE_STACK_BYTES`].
const NATIVE_FRAMES_MAX: u32 = 448;

/// Each handler ends in a call of the next one.
pub(crate) struct Threaded;

impl Dispatch for Threaded {
    // SAFETY: `link` wrote this handler into the first cell of the instruction.
    #[inline(always)]
    unsafe fn next(r: Registers) -> u64 {
        if COUNTS_NATIVE_FRAMES {
            let frames = (*r.context).native_frames.wrapping_add(1);
            (*r.context).native_frames = frames;
            if frames > NATIVE_FRAMES_MAX {
                return r.leave::<{ exit::PAUSE }>();
            }
        }
        let handler = (*r.ip).handler;
        handler(r.ip, r.sp, r.memory, r.context, r.acc, r.gas)
    }

    fn handler<O: Operation, const REPLICA: u8>() -> Handler {
        handle::<O, Self, REPLICA>
    }
}

/// As [`Threaded`] without charges, for benchmarks.
#[cfg(feature = "unmetered")]
pub(crate) struct Unmetered;

#[cfg(feature = "unmetered")]
impl Dispatch for Unmetered {
    const METERED: bool = false;

    // SAFETY: `Strategy::handler` linked all handlers with this dispatch.
    #[inline(always)]
    unsafe fn next(r: Registers) -> u64 {
        Threaded::next(r)
    }

    fn handler<O: Operation, const REPLICA: u8>() -> Handler {
        handle::<O, Self, REPLICA>
    }
}

/// Each handler returns, and a dispatch loop calls the next one.
pub(crate) struct Trampoline;

impl Dispatch for Trampoline {
    // SAFETY: the context is alive and used only by this handler; `run_trampoline` continues.
    #[inline(always)]
    unsafe fn next(r: Registers) -> u64 {
        (*r.context).saved = super::context::Saved {
            ip: r.ip,
            sp: r.sp,
            acc: r.acc,
            gas: r.gas,
        };
        exit::NEXT
    }

    /// Always the first copy: the loop has one indirect call, so copies do not help prediction.
    fn handler<O: Operation, const REPLICA: u8>() -> Handler {
        handle::<O, Self, 0>
    }
}

/// Executes from `r` on until a handler exits; the registers are then in the context.
///
/// # Safety
/// The state contract.
pub(crate) unsafe fn run_threaded(r: Registers) -> u64 {
    if COUNTS_NATIVE_FRAMES {
        (*r.context).native_frames = 0;
    }
    Threaded::next(r)
}

/// The same with the dispatch loop.
///
/// # Safety
/// The state contract.
#[inline(never)]
pub(crate) unsafe fn run_trampoline(mut r: Registers) -> u64 {
    loop {
        let handler = (*r.ip).handler;
        let exit = handler(r.ip, r.sp, r.memory, r.context, r.acc, r.gas);
        if exit != exit::NEXT {
            return exit;
        }
        let saved = (*r.context).saved;
        (r.ip, r.sp, r.acc, r.gas) = (saved.ip, saved.sp, saved.acc, saved.gas);
    }
}

/// The header of the function whose code is at `code`.
///
/// # Safety
/// `code` is the code or the stub of a function, which lives as long as `'c`.
#[inline(always)]
pub(crate) unsafe fn header<'c>(code: *const Cell) -> &'c Header {
    &*code.cast::<Header>().sub(1)
}

/// Access to fields and slots, and continuations.
impl Registers {
    /// # Safety
    /// The instruction at `ip` has this field, with the width of `T`: `link` chose the handler by
    /// the shape, whose row of `form` the handler uses.
    #[inline(always)]
    unsafe fn field<T: Copy, H>(self, at: At<H>) -> T {
        self.ip.cast::<u8>().add(at.byte()).cast::<T>().read()
    }

    /// The content of a number field.
    ///
    /// # Safety
    /// As for [`Self::field`].
    #[inline(always)]
    pub(crate) unsafe fn number<T: Copy + Into<u64>>(self, at: At<T>) -> T {
        self.field(at)
    }

    /// The content of a cost field.
    ///
    /// # Safety
    /// As for [`Self::field`].
    #[inline(always)]
    pub(crate) unsafe fn cost(self, at: At<Cost>) -> u64 {
        let cost: u32 = self.field(at);
        u64::from(cost)
    }

    /// The import that an instruction calls.
    ///
    /// # Safety
    /// As for [`Self::field`]; `link` wrote an import to the field.
    #[inline(always)]
    pub(crate) unsafe fn import(self, at: At<Callee>) -> *const ImportEntry {
        self.field(at)
    }

    /// The code of the function that an instruction calls, or its stub.
    ///
    /// # Safety
    /// As for [`Self::field`]; `link` wrote the byte offset of a function of this module in the
    /// array of codes to the field.
    #[inline(always)]
    pub(crate) unsafe fn code(self, at: At<Callee>) -> *const Cell {
        let offset: u64 = self.field(at);
        (*self.context).codes.byte_add(offset as usize).read()
    }

    /// # Safety
    /// As for [`Self::field`]; the field contains a slot of the frame, which `verify` checks in
    /// debug builds.
    #[inline(always)]
    unsafe fn slot_of<H>(self, at: At<H>) -> *mut u64 {
        self.sp.add(usize::from(self.field::<u16, H>(at))).cast()
    }

    /// Address of the slot in a field.
    ///
    /// # Safety
    /// As for [`Self::slot_of`].
    #[inline(always)]
    pub(crate) unsafe fn slot<H: InFrame>(self, at: At<H>) -> *mut u64 {
        self.slot_of(at)
    }

    /// Distance in bytes from the start of this frame to a slot.
    ///
    /// # Safety
    /// As for [`Self::field`].
    #[inline(always)]
    pub(crate) unsafe fn distance(self, at: At<Write>) -> usize {
        usize::from(self.field::<u16, Write>(at))
    }

    /// The value of the slot in a field.
    ///
    /// # Safety
    /// As for [`Self::slot_of`]; a new stack is initialised.
    #[inline(always)]
    pub(crate) unsafe fn get(self, at: At<Read>) -> u64 {
        self.slot(at).read()
    }

    /// Writes the slot in a field.
    ///
    /// # Safety
    /// As for [`Self::slot_of`].
    #[inline(always)]
    pub(crate) unsafe fn put(self, at: At<Write>, value: u64) {
        self.slot(at).write(value);
    }

    /// The value of an operand of kind `KIND`.
    ///
    /// # Safety
    /// As for [`Self::slot_of`]; the shape has this kind: `select` chose the handler by it.
    #[inline(always)]
    pub(crate) unsafe fn operand<const KIND: u8, H: IsOperand>(self, at: At<H>) -> u64 {
        match KIND {
            SLOT => self.slot_of(at).read(),
            ACC => self.acc,
            _ if at.bytes() == size_of::<u32>() => u64::from(self.field::<u32, H>(at)),
            _ => self.field(at),
        }
    }

    /// Writes the result to its destination slot, if it has one.
    ///
    /// # Safety
    /// As for [`Self::slot_of`].
    #[inline(always)]
    pub(crate) unsafe fn keep<const TO_SLOT: bool>(self, at: At<Destination>, value: u64) {
        if TO_SLOT {
            self.slot(at).write(value);
        }
    }

    /// Continues with the instruction `cells` further and `acc` in the accumulator.
    ///
    /// # Safety
    /// The state contract; the next instruction is `cells` cells further: the length of this one in
    /// `form`, which the translator used.
    #[inline(always)]
    pub(crate) unsafe fn go<D: Dispatch>(self, cells: usize, acc: u64) -> u64 {
        let ip = self.ip.add(cells);
        D::next(Self { ip, acc, ..self })
    }

    /// Continues with a result, which is written to its destination slot if it has one.
    ///
    /// # Safety
    /// As for [`Self::keep`] and [`Self::go`].
    #[inline(always)]
    pub(crate) unsafe fn result<D: Dispatch, const TO_SLOT: bool>(
        self,
        at: At<Destination>,
        cells: usize,
        value: u64,
    ) -> u64 {
        self.keep::<TO_SLOT>(at, value);
        self.go::<D>(cells, value)
    }

    /// Charges the metering block at `ip` and continues there; exits to the driver if the slice
    /// does not suffice.
    ///
    /// # Safety
    /// The state contract at `ip`.
    #[inline(always)]
    pub(crate) unsafe fn enter_block<D: Dispatch>(self, cost: u64, ip: *const Cell) -> u64 {
        if !D::METERED {
            return D::next(Self { ip, ..self });
        }
        // An overdraft is at most the price of one metering block, so this cannot wrap.
        let gas = self.gas.wrapping_sub(cost as i64);
        let entered = Self { ip, gas, ..self };
        if gas < 0 {
            return entered.leave::<{ exit::SHORT }>();
        }
        D::next(entered)
    }

    /// Address of the branch target.
    ///
    /// # Safety
    /// As for [`Self::field`]; the distance leads to an instruction, which `verify` checks in
    /// debug builds.
    #[inline(always)]
    pub(crate) unsafe fn target(self, at: At<BranchTarget>) -> *const Cell {
        let distance: i32 = self.field(at);
        self.ip.byte_offset(distance as isize)
    }

    /// Returns control to the driver.
    ///
    /// # Safety
    /// The state contract: the context lives.
    #[inline(always)]
    pub(crate) unsafe fn leave<const EXIT: u64>(self) -> u64 {
        leave::<EXIT>(
            self.ip,
            self.sp,
            self.memory,
            self.context,
            self.acc,
            self.gas,
        )
    }
}
