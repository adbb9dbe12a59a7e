//! The linear memory: loads, stores, growth and bulk operators, with ranges checked in 64 bits.
//!
//! Values are little-endian on every host. Semantics: WebAssembly core 4.2.8 and 4.4.7.

use crate::code::wide;
use crate::numeric::{low, of_i32, of_i64};
use std::ops::Range;
use vm::unstable::budget::{self, Purpose, SharedBudget};
use vm::unstable::limits::{MEMORY_PAGES_MAX, PAGE_BYTES};
use vm::unstable::opcode::Opcode;
use vm::{Fault, Trap};

/// Allocation of the linear memory; a guest cannot observe it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backing {
    /// The current size, reallocated when the memory grows.
    #[default]
    Growing,
    /// The largest possible size, from the start.
    Reserved,
}

/// The linear memory of an instance; empty and unable to grow if the module has none.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes: Vec<u8>,
    pages: u32,
    /// Maximum number of pages.
    maximum: u32,
    budget: SharedBudget,
}

impl Memory {
    pub(crate) fn new(
        declared: Option<vm::unstable::module::Memory>,
        backing: Backing,
        budget: SharedBudget,
    ) -> Result<Self, Fault> {
        let mut memory = Self {
            bytes: Vec::new(),
            pages: 0,
            maximum: 0,
            budget,
        };
        let Some(declared) = declared else {
            return Ok(memory);
        };
        if backing == Backing::Reserved {
            memory.reserve(MEMORY_PAGES_MAX)?;
        }
        memory.resize(declared.initial)?;
        memory.maximum = declared.maximum;
        Ok(memory)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(crate) const fn pages(&self) -> u32 {
        self.pages
    }

    /// Number of pages after growth by `delta`; `None` above the maximum.
    pub(crate) fn grown(&self, delta: u32) -> Option<u32> {
        let pages = self.pages.checked_add(delta)?;
        (pages <= self.maximum).then_some(pages)
    }

    /// Sets the number of pages, at most the maximum; new ones are zero.
    pub(crate) fn resize(&mut self, pages: u32) -> Result<(), Fault> {
        self.reserve(pages)?;
        self.bytes.resize(bytes_of(pages), 0);
        self.pages = pages;
        Ok(())
    }

    /// Allocates room for `pages` in total. A failure of this host is a fault, never a trap.
    fn reserve(&mut self, pages: u32) -> Result<(), Fault> {
        let more = bytes_of(pages).saturating_sub(self.bytes.len());
        if more <= self.bytes.capacity().saturating_sub(self.bytes.len()) {
            return Ok(());
        }
        self.budget.grant(Purpose::LinearMemory, more)?;
        self.bytes
            .try_reserve(more)
            .map_err(|error| budget::refused(Purpose::LinearMemory, more, error))
    }

    /// The value that the load `opcode` reads at `address`; `None` if `opcode` is not a load.
    pub(crate) fn load(&self, opcode: Opcode, address: u64) -> Result<Option<u64>, Trap> {
        Ok(Some(match opcode {
            Opcode::I32Load | Opcode::I64Load32U => {
                u64::from(u32::from_le_bytes(self.read(address)?))
            }
            Opcode::I64Load => u64::from_le_bytes(self.read(address)?),
            Opcode::I32Load8U | Opcode::I64Load8U => {
                u64::from(u8::from_le_bytes(self.read(address)?))
            }
            Opcode::I32Load16U | Opcode::I64Load16U => {
                u64::from(u16::from_le_bytes(self.read(address)?))
            }
            Opcode::I32Load8S => of_i32(i32::from(i8::from_le_bytes(self.read(address)?))),
            Opcode::I32Load16S => of_i32(i32::from(i16::from_le_bytes(self.read(address)?))),
            Opcode::I64Load8S => of_i64(i64::from(i8::from_le_bytes(self.read(address)?))),
            Opcode::I64Load16S => of_i64(i64::from(i16::from_le_bytes(self.read(address)?))),
            Opcode::I64Load32S => of_i64(i64::from(i32::from_le_bytes(self.read(address)?))),
            _ => return Ok(None),
        }))
    }

    /// Writes the bytes of `slot` that `opcode` stores at `address`; `None` if it is not a store.
    pub(crate) fn store(
        &mut self,
        opcode: Opcode,
        address: u64,
        slot: u64,
    ) -> Result<Option<()>, Trap> {
        let [first, second, ..] = slot.to_le_bytes();
        match opcode {
            Opcode::I32Store8 | Opcode::I64Store8 => self.write(address, [first])?,
            Opcode::I32Store16 | Opcode::I64Store16 => self.write(address, [first, second])?,
            Opcode::I32Store | Opcode::I64Store32 => {
                self.write(address, low(slot).to_le_bytes())?;
            }
            Opcode::I64Store => self.write(address, slot.to_le_bytes())?,
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Copies `length` bytes; both ranges are checked before the first byte is written, and also
    /// when `length` is 0.
    pub(crate) fn copy(&mut self, to: u32, from: u32, length: u32) -> Result<(), Trap> {
        let target = self.range(u64::from(to), u64::from(length))?;
        let source = self.range(u64::from(from), u64::from(length))?;
        self.bytes.copy_within(source, target.start);
        Ok(())
    }

    /// Sets `length` bytes; the range is checked also when `length` is 0.
    pub(crate) fn fill(&mut self, to: u32, byte: u8, length: u32) -> Result<(), Trap> {
        let target = self.range(u64::from(to), u64::from(length))?;
        self.bytes
            .get_mut(target)
            .ok_or(Trap::MemoryOutOfBounds)?
            .fill(byte);
        Ok(())
    }

    /// Writes an active data segment; `check` has rejected segments that do not fit.
    pub(crate) fn initialise(&mut self, offset: u32, content: &[u8]) -> Result<(), Fault> {
        let target = wide(offset)..wide(offset).saturating_add(content.len());
        match self.bytes.get_mut(target) {
            Some(bytes) => bytes.copy_from_slice(content),
            None => return Err(Fault::invariant("a data segment exceeds the memory")),
        }
        Ok(())
    }

    fn read<const N: usize>(&self, address: u64) -> Result<[u8; N], Trap> {
        let range = self.range(address, bytes_wide(N))?;
        let bytes = self
            .bytes
            .get(range)
            .and_then(|bytes| bytes.first_chunk::<N>());
        bytes.copied().ok_or(Trap::MemoryOutOfBounds)
    }

    fn write<const N: usize>(&mut self, address: u64, value: [u8; N]) -> Result<(), Trap> {
        let range = self.range(address, bytes_wide(N))?;
        let bytes = self
            .bytes
            .get_mut(range)
            .and_then(|bytes| bytes.first_chunk_mut::<N>());
        *bytes.ok_or(Trap::MemoryOutOfBounds)? = value;
        Ok(())
    }

    fn range(&self, start: u64, length: u64) -> Result<Range<usize>, Trap> {
        let end = start
            .checked_add(length)
            .filter(|end| *end <= bytes_wide(self.bytes.len()));
        match (usize::try_from(start), end.map(usize::try_from)) {
            (Ok(start), Some(Ok(end))) => Ok(start..end),
            _ => Err(Trap::MemoryOutOfBounds),
        }
    }
}

/// The address of a load or store: 33 bits, without wrapping.
pub(crate) fn effective_address(slot: u64, offset: u32) -> u64 {
    u64::from(low(slot)).saturating_add(u64::from(offset))
}

/// Size of `pages` in bytes: at most 16 MiB.
const fn bytes_of(pages: u32) -> usize {
    wide(pages).saturating_mul(wide(PAGE_BYTES))
}

#[expect(
    clippy::as_conversions,
    reason = "usize has at most 64 bits wherever this is built"
)]
const fn bytes_wide(count: usize) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm::unstable::opcode::{Class, TABLE};

    #[test]
    fn every_load_and_store_of_the_table_has_an_arm() {
        let one_page = vm::unstable::module::Memory {
            initial: 1,
            maximum: 1,
        };
        let mut memory =
            Memory::new(Some(one_page), Backing::Growing, SharedBudget::default()).unwrap();
        for row in TABLE {
            let is_load = memory.load(row.opcode, 0).unwrap().is_some();
            assert_eq!(is_load, row.class == Class::Load, "{}", row.name);
            let is_store = memory.store(row.opcode, 0, 0).unwrap().is_some();
            assert_eq!(is_store, row.class == Class::Store, "{}", row.name);
        }
    }
}
