//! The types of the operands: a stack of bytes, of which the topmost four are compared at once.

use crate::check::wire::{NONE, WireType};
use crate::limits::FRAME_SLOTS_MAX;

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

/// Greatest number of operands that the stack has room for; the rules allow fewer.
const ROOM: usize = 8_192;

/// The rules cannot allow more operands than a frame has slots.
const _: () = assert!(FRAME_SLOTS_MAX < 8_192);

/// The operands of a body.
pub(super) struct Operands {
    /// Operand `n` is byte `n + WINDOW`. Above [`ROOM`] operands it is some other byte, which
    /// changes no verdict: a body with so many is not accepted in the end.
    types: [WireType; ROOM + WINDOW],
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

impl Operands {
    pub(super) const fn new() -> Self {
        Self {
            types: [UNKNOWN; ROOM + WINDOW],
            top: 0,
            base: 0,
            reachable: true,
            greatest: 0,
        }
    }

    /// Begins a body.
    pub(super) const fn clear(&mut self) {
        self.top = 0;
        self.base = 0;
        self.reachable = true;
        self.greatest = 0;
    }

    /// Applies an operator; false if an operand is missing or has another type.
    #[inline(always)]
    pub(super) fn apply(&mut self, effect: Effect) -> bool {
        let pops = usize::from(effect.pops);
        let below = at(self.top);
        let window = self.types.get(below..).and_then(<[u8]>::first_chunk);
        let found = window.map_or(0, |window| u32::from_le_bytes(*window));
        let fits = found & effect.mask == effect.want;
        let enough = self.top.wrapping_sub(self.base) >= pops;
        if fits && enough {
            self.top = self.top.wrapping_sub(pops);
        } else if !self.unknown(effect) {
            return false;
        }
        // Written where no result is pushed, too: it is above the stack then.
        if let Some(above) = self.types.get_mut(at(self.top).wrapping_add(WINDOW)) {
            *above = effect.result;
        }
        self.top = self.top.wrapping_add(usize::from(effect.pushes));
        self.greatest = self.greatest.max(self.top);
        true
    }

    /// Pops the operands one by one, where some may have no known type.
    #[inline(never)]
    fn unknown(&mut self, effect: Effect) -> bool {
        let masks = effect.mask.to_le_bytes().into_iter();
        let wanted = masks.zip(effect.want.to_le_bytes()).rev();
        let mut wanted = wanted.take(usize::from(effect.pops));
        wanted.all(|(mask, want)| self.pop((mask != 0).then_some(want)).is_some())
    }

    /// The type of the topmost operand, which is `want` if there is one; no operand changes.
    pub(super) fn topmost(&self, want: Option<WireType>) -> Option<WireType> {
        if self.top == self.base {
            return (!self.reachable).then_some(UNKNOWN);
        }
        let position = at(self.top.wrapping_sub(1)).wrapping_add(WINDOW);
        let found = *self.types.get(position)?;
        let fits = found == UNKNOWN || want.is_none_or(|want| found == want);
        fits.then_some(found)
    }

    /// Pops an operand, of type `want` if there is one; returns its type.
    pub(super) fn pop(&mut self, want: Option<WireType>) -> Option<WireType> {
        let found = self.topmost(want)?;
        if self.top != self.base {
            self.top = self.top.wrapping_sub(1);
        }
        Some(found)
    }

    /// What follows cannot be reached.
    pub(super) const fn leave(&mut self) {
        self.top = self.base;
        self.reachable = false;
    }
}

/// Index of the byte [`WINDOW`] bytes below an operand.
#[inline(always)]
const fn at(operand: usize) -> usize {
    operand & (ROOM - 1)
}
