//! The types of the operands: a stack of bytes, of which the topmost four are compared at once.

use crate::check::wire::{NONE, WireType};

/// An operand whose type is not known: it comes from unreachable code, and has any type.
pub(super) const UNKNOWN: WireType = 0;

/// Operands that are compared at once; also the bytes below the first operand.
pub(super) const WINDOW: usize = 4;

/// What an operator does to the operands.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Effect {
    /// Bits of the window whose value is prescribed; the topmost operand is in the highest byte.
    pub(super) mask: u32,
    /// Their value.
    pub(super) want: u32,
    /// Operands popped, at most four.
    pub(super) pops: u8,
    /// Results pushed, at most one.
    pub(super) pushes: u8,
    /// Type of the result.
    pub(super) result: WireType,
}

impl Effect {
    /// No operand and no result.
    pub(in crate::check) const NONE: Self = Self {
        mask: 0,
        want: 0,
        pops: 0,
        pushes: 0,
        result: UNKNOWN,
    };

    /// With one more operand above the others.
    pub(in crate::check) const fn above(self, operand: WireType) -> Self {
        let any = self.above_any();
        Self {
            mask: any.mask | 0xff00_0000,
            want: any.want | top_of_window(operand),
            ..any
        }
    }

    /// With one more operand of any type above the others.
    pub(super) const fn above_any(self) -> Self {
        Self {
            mask: self.mask >> 8,
            want: self.want >> 8,
            pops: self.pops.wrapping_add(1),
            ..self
        }
    }

    /// With the type of an immediate for the operand and the result.
    #[inline(always)]
    pub(super) const fn of(self, immediate: WireType) -> Self {
        Self {
            want: self.mask & top_of_window(immediate),
            result: immediate,
            ..self
        }
    }

    /// With a result, or without one.
    pub(in crate::check) const fn pushing(self, result: WireType) -> Self {
        Self {
            pushes: if result == NONE { 0 } else { 1 },
            result,
            ..self
        }
    }
}

/// The part of a window that says that the topmost operand has this type.
#[expect(clippy::as_conversions, reason = "a byte widened in a constant")]
pub(super) const fn top_of_window(operand: WireType) -> u32 {
    (operand as u32) << 24
}

/// Heights of the stack. Operand `n` is byte `n + WINDOW`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heights {
    /// Number of operands.
    pub(super) top: usize,
    /// Number of operands below the innermost block.
    pub(super) base: usize,
    /// False behind an unconditional branch of the innermost block: there an operand that is
    /// missing has any type.
    pub(super) reachable: bool,
    /// Greatest number of operands after an operator.
    pub(super) greatest: usize,
}

impl Heights {
    /// Behind an unconditional branch.
    #[inline(always)]
    pub(super) const fn unreachable(self) -> Self {
        Self {
            top: self.base,
            reachable: false,
            ..self
        }
    }
}

/// Applies an operator; `None` if an operand is missing or has another type, or the stack is full.
#[inline(always)]
pub(super) fn apply(stack: &mut [u8], at: Heights, effect: Effect) -> Option<Heights> {
    let window = stack.get(at.top..)?.first_chunk::<WINDOW>()?;
    let found = u32::from_le_bytes(*window);
    let pops = usize::from(effect.pops);
    let mut after = at;
    if found & effect.mask == effect.want && at.top.wrapping_sub(at.base) >= pops {
        after.top = at.top.wrapping_sub(pops);
    } else {
        after.top = unknown(stack, at, effect)?;
    }
    // Written where no result is pushed, too: it is above the stack then.
    *stack.get_mut(after.top.wrapping_add(WINDOW))? = effect.result;
    after.top = after.top.wrapping_add(usize::from(effect.pushes));
    after.greatest = after.greatest.max(after.top);
    Some(after)
}

/// Pops the operands one by one, where some may have no known type; returns the new height.
#[inline(never)]
fn unknown(stack: &[u8], at: Heights, effect: Effect) -> Option<usize> {
    let mut top = at.top;
    let wanted = effect.mask.to_le_bytes().into_iter();
    let wanted = wanted.zip(effect.want.to_le_bytes()).rev();
    for (mask, want) in wanted.take(usize::from(effect.pops)) {
        let want = (mask != 0).then_some(want);
        top = pop(stack, Heights { top, ..at }, want)?.1;
    }
    Some(top)
}

/// Pops an operand, of type `want` if there is one; returns its type and the new height.
pub(super) fn pop(stack: &[u8], at: Heights, want: Option<WireType>) -> Option<(WireType, usize)> {
    if at.top == at.base {
        return (!at.reachable).then_some((UNKNOWN, at.top));
    }
    let top = at.top.wrapping_sub(1);
    let found = *stack.get(top.wrapping_add(WINDOW))?;
    let fits = found == UNKNOWN || want.is_none_or(|want| found == want);
    fits.then_some((found, top))
}
