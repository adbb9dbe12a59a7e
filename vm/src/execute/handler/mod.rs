//! Defines the operations of internal instructions, by group.
//!
//! Each reads its fields by the names in its row of `translate::form`.
//!
//! # Safety
//! The state contract of [`super::dispatch`].

pub(super) mod arithmetic;

pub(super) mod call;

pub(super) mod control;

pub(super) mod fused;

pub(super) mod memory;

pub(super) mod wide;

use crate::translate::layout::{Kind, OperandKinds};

/// Kind of an operand in a slot.
pub(super) const SLOT: u8 = Kind::Slot.number();
/// Kind of an operand in the accumulator.
pub(super) const ACC: u8 = Kind::Acc.number();
/// Kind of an immediate operand.
pub(super) const IMM: u8 = Kind::Immediate.number();
/// Kind of an absent operand.
pub(super) const ABSENT: u8 = Kind::Absent.number();

/// The operand kinds of a handler.
const fn kinds(a: u8, b: u8, c: u8) -> OperandKinds {
    OperandKinds::new(Kind::of(a), Kind::of(b), Kind::of(c))
}
