//! Numbers the exits with which handlers return control to the driver.

use crate::trap::Trap;

/// Continue with the next handler; only for the dispatch loop of the trampoline.
pub(crate) const NEXT: u64 = 0;
/// The outermost function returned; its value is in the first slot.
pub(crate) const RETURN: u64 = 1;
/// The gas register is negative: the slice or the gas is used up, or a metering block in overdraft
/// ended.
pub(crate) const SHORT: u64 = 2;
/// The price in the context exceeds the slice; the instruction must be repeated.
pub(crate) const PRICE: u64 = 3;
/// A host function is called.
pub(crate) const HOST_CALL: u64 = 4;
/// The call of the callee in the context overflows the stack.
pub(crate) const OVERFLOW: u64 = 5;
/// A function is entered for the first time in this contract frame.
pub(crate) const FIRST_ENTRY: u64 = 6;
/// Only to unwind the native stack; the driver continues at the instruction of the exit.
pub(crate) const PAUSE: u64 = 7;
/// A trap: this plus its code.
pub(crate) const TRAP: u64 = 1 << 16;

/// The exit of a trap.
#[expect(clippy::as_conversions, reason = "u16 widened; From is not const")]
#[expect(clippy::arithmetic_side_effects, reason = "2^16 + u16")]
pub(crate) const fn of_trap(trap: Trap) -> u64 {
    TRAP + trap.code() as u64
}

/// The trap of an exit, if it is one.
pub(crate) fn trap_of(exit: u64) -> Option<Trap> {
    let code = exit.checked_sub(TRAP)?;
    Trap::of_code(u16::try_from(code).ok()?)
}
