//! Holds the operations of internal instructions, by group.
//!
//! Above each is the layout that it reads (`field@byte`); `translate::layout` lists the same for
//! whoever walks code. `d@8` is written where `TO_SLOT` says so.
//!
//! # Safety
//! The state contract of [`super::dispatch`].

pub(super) mod arithmetic;

pub(super) mod call;

pub(super) mod control;

pub(super) mod fused;

pub(super) mod memory;

/// An operand in a slot.
pub(super) const SLOT: u8 = 0;
/// An operand in the accumulator.
pub(super) const ACC: u8 = 1;
/// An operand in the instruction.
pub(super) const IMM: u8 = 2;
/// No operand.
pub(super) const ABSENT: u8 = 3;
