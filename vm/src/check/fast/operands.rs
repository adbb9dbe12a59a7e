//! The types of the operands: a stack of bytes, and the topmost ones as one word.
//!
//! The word makes an operator one comparison and two shifts, which need no memory. Where the word
//! does not know an operand (below the sixteenth, or in unreachable code), the bytes do.

use crate::check::wire::{NONE, WireType};
use crate::limits::FRAME_SLOTS_MAX;

/// An operand whose type is not known: it comes from unreachable code, and has any type.
pub(super) const UNKNOWN: WireType = 0;

/// Operands that an effect compares at once, at most.
pub(super) const COMPARED: usize = 4;

/// Bits of an operand in a word: the lower half of its byte, which distinguishes the four types and
/// is not 0.
const BITS: u32 = 4;
const LOWER_HALF: u8 = 0x0f;

/// What an operator does to the operands.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Effect {
    /// Bits of the word whose value is prescribed; the topmost operand is the lowest.
    mask: u16,
    /// Their value.
    want: u16,
    /// Operands popped, at most [`COMPARED`].
    pops: u8,
    /// Results pushed, at most one.
    pushes: u8,
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
            mask: any.mask | bits(LOWER_HALF),
            want: any.want | bits(operand),
            ..any
        }
    }

    /// With one more operand of any type above the others.
    pub(super) const fn above_any(self) -> Self {
        Self {
            mask: self.mask << BITS,
            want: self.want << BITS,
            pops: self.pops.wrapping_add(1),
            ..self
        }
    }

    /// With the type of an immediate for the operand and the result.
    #[inline(always)]
    pub(super) const fn of(self, immediate: WireType) -> Self {
        Self {
            want: self.mask & bits(immediate),
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

/// An operand in a word.
#[expect(clippy::as_conversions, reason = "a byte widened, also in constants")]
const fn bits(operand: WireType) -> u16 {
    (operand & LOWER_HALF) as u16
}

/// Greatest number of operands that the stack has room for; the rules allow fewer.
const ROOM: usize = 8_192;

const _: () = assert!(FRAME_SLOTS_MAX < 8_192, "the rules allow no more");

/// Memory for the types of the operands.
pub(super) type Types = [WireType; ROOM];

pub(super) const NO_TYPES: Types = [UNKNOWN; ROOM];

/// The operands of a body.
pub(super) struct Operands<'t> {
    /// Type of each operand. A stack higher than [`ROOM`] is written over from below, which changes
    /// no verdict: its greatest height is above the limit, and the body is not accepted.
    types: &'t mut Types,
    /// The topmost operands, each either its type or [`UNKNOWN`].
    word: u64,
    /// The word without the operands of the innermost block.
    pub(super) word_below: u64,
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

impl<'t> Operands<'t> {
    /// No operands.
    pub(super) const fn new(types: &'t mut Types) -> Self {
        Self {
            types,
            word: 0,
            word_below: 0,
            top: 0,
            base: 0,
            reachable: true,
            greatest: 0,
        }
    }

    /// Applies an operator; `None` if an operand is missing or has another type.
    #[inline(always)]
    pub(super) fn apply(&mut self, effect: Effect) -> Option<()> {
        let pops = usize::from(effect.pops);
        let fits = self.word & u64::from(effect.mask) == u64::from(effect.want);
        if fits && self.top.wrapping_sub(self.base) >= pops {
            self.top = self.top.wrapping_sub(pops);
            self.word = self
                .word
                .wrapping_shr(BITS.wrapping_mul(u32::from(effect.pops)));
        } else {
            self.one_by_one(effect)?;
        }
        self.push(effect.pushes, effect.result);
        Some(())
    }

    /// Pushes a result, or none if `count` is 0.
    #[inline(always)]
    fn push(&mut self, count: u8, result: WireType) {
        // Written in each case: it is above the stack, if nothing is pushed.
        if let Some(above) = self.types.get_mut(at(self.top)) {
            *above = result;
        }
        self.top = self.top.wrapping_add(usize::from(count));
        let pushed = u64::from(bits(result).wrapping_mul(u16::from(count)));
        self.word = self.word.wrapping_shl(BITS.wrapping_mul(u32::from(count))) | pushed;
        self.greatest = self.greatest.max(self.top);
    }

    /// Pops the operands one by one, where some may not be in the word or have no known type.
    #[inline(never)]
    fn one_by_one(&mut self, effect: Effect) -> Option<()> {
        let (mut mask, mut want) = (effect.mask, effect.want);
        for _ in 0..effect.pops {
            let found = self.pop()?;
            let wanted = want & mask & bits(LOWER_HALF);
            if wanted != 0 && found != UNKNOWN && bits(found) != wanted {
                return None;
            }
            (mask, want) = (mask >> BITS, want >> BITS);
        }
        self.read_word();
        Some(())
    }

    /// Reads the word from the types.
    fn read_word(&mut self) {
        let operands = self.top.min(16);
        let below = self.top.wrapping_sub(operands);
        self.word = (0..operands).fold(0, |word, index| {
            let operand = self.types.get(at(below.wrapping_add(index)));
            word.wrapping_shl(BITS) | u64::from(bits(operand.copied().unwrap_or(UNKNOWN)))
        });
    }

    /// The type of the topmost operand; in unreachable code there is always one.
    pub(super) fn topmost(&self) -> Option<WireType> {
        if self.top == self.base {
            return (!self.reachable).then_some(UNKNOWN);
        }
        self.types.get(at(self.top.wrapping_sub(1))).copied()
    }

    /// Pops an operand of any type; returns it.
    pub(super) fn pop(&mut self) -> Option<WireType> {
        let found = self.topmost()?;
        if self.top != self.base {
            self.top = self.top.wrapping_sub(1);
            self.word = self.word.wrapping_shr(BITS);
        }
        Some(found)
    }

    /// What follows cannot be reached.
    #[inline(always)]
    pub(super) const fn leave(&mut self) {
        self.top = self.base;
        self.word = self.word_below;
        self.reachable = false;
    }

    /// Begins a block above the operands.
    #[inline(always)]
    pub(super) const fn open(&mut self) {
        self.base = self.top;
        self.word_below = self.word;
        self.reachable = true;
    }
}

/// True if an operand of the type `found` can be used as one of type `wanted`.
pub(super) const fn fits(found: WireType, wanted: WireType) -> bool {
    found == wanted || found == UNKNOWN
}

/// Index of the byte of an operand.
#[inline(always)]
const fn at(operand: usize) -> usize {
    operand & (ROOM - 1)
}
