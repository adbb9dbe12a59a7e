//! Defines the shape of an internal instruction: family, operators, locations of the operands.
//!
//! The translator emits shapes, and `execute` has a handler for each. The first cell of an
//! instruction contains its shape until it is linked; [`super::form`] lists the fields after it.

use super::form::Family;
use super::integer::Binary;
use super::layout::{Kind, OperandKinds};

/// An instruction without the values of its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    pub(crate) family: Family,
    pub(crate) first: u8,
    pub(crate) second: u8,
    pub(crate) a: Kind,
    pub(crate) b: Kind,
    pub(crate) c: Kind,
    /// True if the result goes to a slot besides the accumulator.
    pub(crate) to_slot: bool,
    /// Number of the copy of the handler.
    pub(crate) replica: u8,
}

impl Shape {
    pub(crate) const fn new(family: Family) -> Self {
        Self {
            family,
            first: 0,
            second: 0,
            a: Kind::Absent,
            b: Kind::Absent,
            c: Kind::Absent,
            to_slot: false,
            replica: 0,
        }
    }

    pub(crate) const fn first(mut self, number: u8) -> Self {
        self.first = number;
        self
    }

    pub(crate) const fn second(mut self, number: u8) -> Self {
        self.second = number;
        self
    }

    pub(crate) const fn kinds(mut self, a: Kind, b: Kind, c: Kind) -> Self {
        self.a = a;
        self.b = b;
        self.c = c;
        self
    }

    pub(crate) const fn a(mut self, a: Kind) -> Self {
        self.a = a;
        self
    }

    pub(crate) const fn with_slot(mut self) -> Self {
        self.to_slot = true;
        self
    }

    /// Encodes the shape; only bits 32 to 39 depend on the replica.
    #[expect(clippy::as_conversions, reason = "fieldless enums and bool widened")]
    pub(crate) const fn pack(self) -> u64 {
        (self.family as u64)
            | (self.first as u64) << 8
            | (self.second as u64) << 16
            | (self.a as u64) << 24
            | (self.b as u64) << 26
            | (self.c as u64) << 28
            | (self.to_slot as u64) << 30
            | (self.replica as u64) << 32
    }

    pub(crate) fn unpack(bits: u64) -> Self {
        let [family, first, second, kinds, replica, ..] = bits.to_le_bytes();
        let family = Family::ALL.get(usize::from(family)).copied();
        Self {
            // An unknown family is a bug in this program; `Stop` ends the execution.
            family: family.unwrap_or(Family::Stop),
            first,
            second,
            a: Kind::of(kinds),
            b: Kind::of(kinds >> 2),
            c: Kind::of(kinds >> 4),
            to_slot: kinds >> 6 & 1 == 1,
            replica,
        }
    }

    /// Number of cells, from the first on, that have an entry in the table of trap sites.
    pub(super) fn sites(self) -> usize {
        if self.family == Family::Binary && !Binary::of(self.first).is_some_and(Binary::can_trap) {
            return 0;
        }
        self.family.sites()
    }

    /// Locations and width of its operands, on which the layout depends.
    #[inline(always)]
    pub(crate) const fn operands(self) -> OperandKinds {
        let is_wide = matches!(self.family, Family::Binary) && Binary::is_wide(self.first);
        OperandKinds::new(self.a, self.b, self.c).wide(is_wide)
    }
}
