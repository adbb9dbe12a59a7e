//! Pools the linear memories and stacks of instances.
//!
//! A memory is reserved with its maximum size, so that it grows without moving; the operating
//! system provides pages when they are touched. The bytes that an instance could have written are
//! zeroed before the next one uses the memory.
#![expect(unsafe_code, reason = "handlers access memory by address")]

use crate::budget::{self, Purpose, SharedBudget};
use crate::fault::Fault;
use crate::limits::{PAGE_BYTES, STACK_SLOTS_MAX, STACK_WEIGHT_MIN};
use crate::translate::{FRAME_EXTRA_SLOTS, index};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::slice;

/// Greatest number of pooled memories, and of pooled stacks: one more than the contract frames that
/// can be active in a transaction.
pub(crate) const INSTANCES_POOLED_MAX: usize = 17;
/// Slots of a stack: the limit of the stack counter, and the extra slots of each active function.
const STACK_SLOTS: u32 =
    STACK_SLOTS_MAX + (STACK_SLOTS_MAX / STACK_WEIGHT_MIN + 1) * FRAME_EXTRA_SLOTS;
/// Slots that are poisoned before each use in debug builds, to find reads of uninitialised slots.
const POISONED_SLOTS: usize = 1 << 12;
/// Number of different start offsets of stacks (cache colours): large regions all begin at the same
/// offset in a page, and waiting frames would evict each other's first slots from the cache.
const COLOURS: usize = 32;
/// Slots between two start offsets: two cache lines of 64 bytes.
const COLOUR_SLOTS: usize = 16;
const POISON: u64 = 0xdead_beef_dead_beef;

/// Zeroed bytes at a fixed address.
struct Region {
    start: NonNull<u8>,
    layout: Layout,
}

impl Region {
    fn new(purpose: Purpose, bytes: usize, budget: &SharedBudget) -> Result<Self, Fault> {
        budget.grant(purpose, bytes)?;
        // Aligned no more than malloc aligns: beyond that, zeroing would touch every page.
        let layout = Layout::from_size_align(bytes.max(1), align_of::<u64>());
        let layout = layout.map_err(|error| budget::refused(purpose, bytes, error))?;
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) });
        let start = start
            .ok_or_else(|| budget::refused(purpose, bytes, "the allocator is out of memory"))?;
        Ok(Self { start, layout })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated above with this layout, once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// A linear memory, reserved up to a maximum size in bytes.
pub(crate) struct LinearMemory {
    region: Region,
    reserved: usize,
}

impl LinearMemory {
    fn new(reserved: usize, budget: &SharedBudget) -> Result<Self, Fault> {
        let region = Region::new(Purpose::LinearMemory, reserved, budget)?;
        Ok(Self { region, reserved })
    }

    pub(crate) fn start(&self) -> *mut u8 {
        self.region.start.as_ptr()
    }

    /// The first `length` bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(self.reserved);
        // SAFETY: inside the region, initialised, and borrowed with `self`: no handler runs
        // meanwhile.
        unsafe { slice::from_raw_parts_mut(self.start(), length) }
    }
}

/// A stack of value slots, on the heap: the native stack does not depend on the guest.
pub(crate) struct Stack {
    region: Region,
    /// Slots before the first: see [`COLOURS`].
    colour: usize,
}

impl Stack {
    /// A stack; `made` is the number of stacks made before, which selects the start offset.
    fn new(made: usize, budget: &SharedBudget) -> Result<Self, Fault> {
        let colour = made.wrapping_rem(COLOURS).saturating_mul(COLOUR_SLOTS);
        let bytes = index(STACK_SLOTS)
            .saturating_add(colour)
            .saturating_mul(size_of::<u64>());
        let region = Region::new(Purpose::Stack, bytes, budget)?;
        Ok(Self { region, colour })
    }

    pub(crate) fn start(&self) -> *mut u64 {
        // Inside the region, which has that many more slots.
        self.region
            .start
            .as_ptr()
            .cast::<u64>()
            .wrapping_add(self.colour)
    }

    /// Fills the first slots with a recognisable value that must be overwritten before it is read.
    fn poison(&self) {
        for slot in 0..POISONED_SLOTS {
            // SAFETY: far below `STACK_SLOTS`.
            let slot = unsafe { self.start().add(slot) };
            // SAFETY: `Region` owns the slot, and no instance uses this stack yet.
            unsafe { slot.write(POISON) };
        }
    }
}

/// Unused memories and stacks.
#[derive(Default)]
pub(crate) struct Pool {
    memories: Vec<LinearMemory>,
    stacks: Vec<Stack>,
    /// Number of stacks made so far.
    stacks_made: usize,
}

// SAFETY: a region has one owner, and one instance uses it at a time.
unsafe impl Send for Pool {}

impl Pool {
    /// A zeroed memory of at least `pages`.
    pub(crate) fn memory(
        &mut self,
        pages: u32,
        budget: &SharedBudget,
    ) -> Result<LinearMemory, Fault> {
        let reserved = bytes_of(pages);
        let fits = self
            .memories
            .iter()
            .rposition(|memory| memory.reserved >= reserved);
        match fits {
            Some(index) => Ok(self.memories.swap_remove(index)),
            None => LinearMemory::new(reserved, budget),
        }
    }

    pub(crate) fn stack(&mut self, budget: &SharedBudget) -> Result<Stack, Fault> {
        let stack = match self.stacks.pop() {
            Some(stack) => stack,
            None => {
                self.stacks_made = self.stacks_made.wrapping_add(1);
                Stack::new(self.stacks_made, budget)?
            }
        };
        if cfg!(debug_assertions) {
            stack.poison();
        }
        Ok(stack)
    }

    /// Returns a memory to the pool; its first `used` bytes may have been written.
    pub(crate) fn keep_memory(&mut self, mut memory: LinearMemory, used: usize) {
        if self.memories.len() < INSTANCES_POOLED_MAX {
            memory.bytes(used).fill(0);
            self.memories.push(memory);
        }
    }

    pub(crate) fn keep_stack(&mut self, stack: Stack) {
        if self.stacks.len() < INSTANCES_POOLED_MAX {
            self.stacks.push(stack);
        }
    }
}

/// Size of `pages` pages in bytes: at most 16 MiB.
const fn bytes_of(pages: u32) -> usize {
    index(pages).saturating_mul(index(PAGE_BYTES))
}
