//! Passes control from handler to handler: by sibling calls, or back through a loop.
//!
//! A handler is one [`Operation`] behind the calling convention, and ends by giving [`Registers`]
//! to a [`Dispatch`]. There are two, and both run the same operations:
//!
//! * [`Threaded`] calls the next handler in tail position. An optimising build makes that a jump;
//!   in any other the native stack grows by a frame for each handler, up to the slice of gas after
//!   which the driver takes over (see `instance`). Nothing but speed depends on which it is.
//! * [`Trampoline`] returns to a loop after each handler: for interpreters of Rust (miri) and for
//!   machines whose convention has too few registers.
//!
//! # Safety
//! Everything here that is `unsafe` relies on one contract, the *state contract*: `ip` is at an
//! instruction that `translate` made and `link` gave this very handler; `sp` is at a frame of that
//! code's function, whole inside the stack; `memory` is the start of linear memory, whose length
//! the limits in `context` tell; `context` is alive and used by nobody else while handlers run.
//! Each handler keeps the contract for the next one.
#![expect(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    reason = "handlers work on raw frames and memory under the state contract above"
)]
#![expect(
    clippy::as_conversions,
    reason = "a charge is far below 2^63, a distance fits the machine's addresses"
)]

use super::context::{Cell, Context, FunctionEntry};
use super::exit;
use super::handler::{ACC, SLOT};
use crate::translate::form;
use crate::translate::layout::{
    At, BranchTarget, Callee, Cost, Destination, InFrame, IsOperand, OperandKinds, Read, Write,
};

/// Six machine words, all in registers under the System V convention.
#[derive(Clone, Copy)]
pub(crate) struct Registers {
    pub(crate) ip: *const Cell,
    /// The frame; slots are addressed by byte offsets.
    pub(crate) sp: *mut u8,
    pub(crate) memory: *mut u8,
    pub(crate) context: *mut Context,
    /// The result of an instruction before.
    pub(crate) acc: u64,
    /// What is left of the slice; negative while a run executes in debt.
    pub(crate) gas: i64,
}

/// What an instruction does.
pub(crate) trait Operation {
    /// # Safety
    /// The state contract, for the handler of an instruction of this operation: `link` upholds it
    /// for the first handler, each handler for the next.
    unsafe fn run<D: Dispatch>(r: Registers) -> u64;
}

/// How control reaches the next handler.
pub(crate) trait Dispatch: Sized {
    /// Runs are paid; false only where a bench asks what that costs.
    const METERED: bool = true;

    /// Executes the instruction at `r.ip`; answers an exit.
    ///
    /// # Safety
    /// The state contract at `r.ip`; the handler that goes on upholds it.
    unsafe fn next(r: Registers) -> u64;

    /// The handler of an operation; equal ones for different `REPLICA` where that pays.
    fn handler<O: Operation, const REPLICA: u8>() -> Handler;
}

// The convention must be a literal: `sysv64` where it exists, for Windows' own has only four
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
        /// The state contract; who calls it has read it from the instruction at `ip`, where `link`
        /// put it.
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

        /// Saves the state for the driver and gives it control.
        ///
        /// The exit is opaque to the compiler: were it known, handlers would return it themselves
        /// after a call that is no sibling call, and keep their stack aligned for it.
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

/// Keeps equal handlers apart: without a difference LLVM merges them, and with them their separate
/// entries in the branch predictor, which are what they exist for.
#[inline(always)]
fn replica<const REPLICA: u8>() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: an assembly comment; it touches nothing.
    unsafe {
        core::arch::asm!("/* {} */", const REPLICA, options(nomem, nostack, preserves_flags));
    }
}

/// Each handler ends in a call of the next one.
pub(crate) struct Threaded;

impl Dispatch for Threaded {
    // SAFETY: `link` put this very handler into the first cell of the instruction.
    #[inline(always)]
    unsafe fn next(r: Registers) -> u64 {
        let handler = (*r.ip).handler;
        handler(r.ip, r.sp, r.memory, r.context, r.acc, r.gas)
    }

    fn handler<O: Operation, const REPLICA: u8>() -> Handler {
        handle::<O, Self, REPLICA>
    }
}

/// As [`Threaded`] without the charges, for benches.
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

/// Each handler returns, and a loop calls the next one.
pub(crate) struct Trampoline;

impl Dispatch for Trampoline {
    // SAFETY: the context is alive and used by this handler alone; `run_trampoline` goes on.
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

    /// Replicas would help no predictor: the loop has one indirect call.
    fn handler<O: Operation, const REPLICA: u8>() -> Handler {
        handle::<O, Self, 0>
    }
}

/// Executes from `r` on until a handler leaves; the state is then in the context.
///
/// # Safety
/// The state contract.
pub(crate) unsafe fn run_threaded(r: Registers) -> u64 {
    Threaded::next(r)
}

/// The same through the loop.
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

/// The price of entering the function whose code is at `code`, its first run included.
///
/// # Safety
/// `code` is the code or the stub of a function, which stands after its price.
pub(crate) unsafe fn price_of(code: *const Cell) -> u64 {
    (*code.sub(1)).bits
}

/// The instruction of a stub.
pub(crate) const TRANSLATE: form::Translate = form::Translate::of(OperandKinds::NONE);

/// The function that the stub at `stub` stands for.
///
/// # Safety
/// `stub` is the code of a stub.
pub(crate) unsafe fn function_of(stub: *const Cell) -> u64 {
    (*stub.add(TRANSLATE.function.cell())).bits
}

/// Reading fields and slots, and the ways to go on.
impl Registers {
    /// # Safety
    /// The instruction at `ip` has this field, with the width of `T`: `link` chose the handler by
    /// the shape whose row of `form` it reads.
    #[inline(always)]
    unsafe fn field<T: Copy, H>(self, at: At<H>) -> T {
        self.ip.cast::<u8>().add(at.byte()).cast::<T>().read()
    }

    /// A number in the instruction.
    ///
    /// # Safety
    /// As for [`Self::field`].
    #[inline(always)]
    pub(crate) unsafe fn number<T: Copy + Into<u64>>(self, at: At<T>) -> T {
        self.field(at)
    }

    /// The price of a run.
    ///
    /// # Safety
    /// As for [`Self::field`].
    #[inline(always)]
    pub(crate) unsafe fn cost(self, at: At<Cost>) -> u64 {
        let cost: u32 = self.field(at);
        u64::from(cost)
    }

    /// The function that an instruction calls.
    ///
    /// # Safety
    /// As for [`Self::field`]; `link` wrote an entry there.
    #[inline(always)]
    pub(crate) unsafe fn entry(self, at: At<Callee>) -> *const FunctionEntry {
        self.field(at)
    }

    /// # Safety
    /// As for [`Self::field`]; the field holds a slot of the frame, which `verify` checks in debug
    /// builds.
    #[inline(always)]
    unsafe fn slot_of<H>(self, at: At<H>) -> *mut u64 {
        self.sp.add(usize::from(self.field::<u16, H>(at))).cast()
    }

    /// The slot that a field names.
    ///
    /// # Safety
    /// As for [`Self::slot_of`].
    #[inline(always)]
    pub(crate) unsafe fn slot<H: InFrame>(self, at: At<H>) -> *mut u64 {
        self.slot_of(at)
    }

    /// Bytes from this frame to a slot.
    ///
    /// # Safety
    /// As for [`Self::field`].
    #[inline(always)]
    pub(crate) unsafe fn distance(self, at: At<Write>) -> usize {
        usize::from(self.field::<u16, Write>(at))
    }

    /// The value of a slot.
    ///
    /// # Safety
    /// As for [`Self::slot_of`]; the stack is initialised when it is made.
    #[inline(always)]
    pub(crate) unsafe fn get(self, at: At<Read>) -> u64 {
        self.slot(at).read()
    }

    /// Writes a slot.
    ///
    /// # Safety
    /// As for [`Self::slot_of`].
    #[inline(always)]
    pub(crate) unsafe fn put(self, at: At<Write>, value: u64) {
        self.slot(at).write(value);
    }

    /// An operand of the kind that the handler was made for.
    ///
    /// # Safety
    /// As for [`Self::slot_of`], with the kind that the shape says: `select` made the handler for
    /// it.
    #[inline(always)]
    pub(crate) unsafe fn operand<const KIND: u8, H: IsOperand>(self, at: At<H>) -> u64 {
        match KIND {
            SLOT => self.slot_of(at).read(),
            ACC => self.acc,
            _ if at.bytes() == size_of::<u32>() => u64::from(self.field::<u32, H>(at)),
            _ => self.field(at),
        }
    }

    /// Writes the result to the slot that it goes to as well, if it does.
    ///
    /// # Safety
    /// As for [`Self::slot_of`].
    #[inline(always)]
    pub(crate) unsafe fn keep<const TO_SLOT: bool>(self, at: At<Destination>, value: u64) {
        if TO_SLOT {
            self.slot(at).write(value);
        }
    }

    /// Goes on with the instruction `cells` further and `acc` in the accumulator.
    ///
    /// # Safety
    /// The state contract; the next instruction is so many cells further, by the length that
    /// `form` says and the translator wrote.
    #[inline(always)]
    pub(crate) unsafe fn go<D: Dispatch>(self, cells: usize, acc: u64) -> u64 {
        let ip = self.ip.add(cells);
        D::next(Self { ip, acc, ..self })
    }

    /// Goes on with a result, which is written to its slot if it is to be.
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

    /// Pays for the run that begins at `ip` and goes there. Short of gas, the driver decides.
    ///
    /// # Safety
    /// The state contract at `ip`.
    #[inline(always)]
    pub(crate) unsafe fn enter_block<D: Dispatch>(self, cost: u64, ip: *const Cell) -> u64 {
        if !D::METERED {
            return D::next(Self { ip, ..self });
        }
        // A debt is at most one run's price: no wrap.
        let gas = self.gas.wrapping_sub(cost as i64);
        let entered = Self { ip, gas, ..self };
        if gas < 0 {
            return entered.leave::<{ exit::SHORT }>();
        }
        D::next(entered)
    }

    /// The instruction that a branch goes to.
    ///
    /// # Safety
    /// As for [`Self::field`]; the distance leads to an instruction, which `verify` checks in
    /// debug builds.
    #[inline(always)]
    pub(crate) unsafe fn target(self, at: At<BranchTarget>) -> *const Cell {
        let distance: i32 = self.field(at);
        self.ip.byte_offset(distance as isize)
    }

    /// Gives control to the driver.
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
