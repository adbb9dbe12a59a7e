//! Keeps what instances lend: linear memory and stacks, zeroed and used again.
//!
//! A memory is reserved whole, so that it grows without moving; the operating system provides pages
//! when they are touched. What an instance could have written is zeroed before the next one has it.
#![expect(
    unsafe_code,
    reason = "memory is reached by address while handlers run"
)]

use crate::budget::{self, Purpose, SharedBudget};
use crate::fault::Fault;
use crate::limits::{PAGE_BYTES, STACK_SLOTS_MAX, STACK_WEIGHT_MIN};
use crate::translate::{FRAME_EXTRA_SLOTS, index};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::slice;

/// Instances whose memory and stack are kept for the next ones: as many frames as can wait for each
/// other in a transaction, and one.
pub(crate) const INSTANCES_POOLED_MAX: usize = 17;
/// Slots of a stack: what the counter admits, and each active function's linkage and spare slots.
const STACK_SLOTS: u32 =
    STACK_SLOTS_MAX + (STACK_SLOTS_MAX / STACK_WEIGHT_MIN + 1) * FRAME_EXTRA_SLOTS;
/// Slots that are poisoned before each use in debug builds.
const POISONED_SLOTS: usize = 1 << 12;
/// Stacks begin at different cache lines: large regions all begin at the same place of a page, and
/// frames that wait for each other would push one another's first slots out of the cache.
const COLOURS: usize = 32;
/// Two lines of 64 bytes.
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
        let start =
            start.ok_or_else(|| budget::refused(purpose, bytes, "the allocator has none left"))?;
        Ok(Self { start, layout })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated above with this layout, once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// A linear memory, reserved up to a number of pages.
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

/// A stack of value slots. On the heap: the host's own stack does not depend on the guest.
pub(crate) struct Stack {
    region: Region,
    /// Slots before the first: see [`COLOURS`].
    colour: usize,
}

impl Stack {
    /// The stack that is made after `made` others.
    fn new(made: usize, budget: &SharedBudget) -> Result<Self, Fault> {
        let colour = made.wrapping_rem(COLOURS).saturating_mul(COLOUR_SLOTS);
        let bytes = index(STACK_SLOTS)
            .saturating_add(colour)
            .saturating_mul(size_of::<u64>());
        let region = Region::new(Purpose::Stack, bytes, budget)?;
        Ok(Self { region, colour })
    }

    pub(crate) fn start(&self) -> *mut u64 {
        // Inside the region, which is longer by as much.
        self.region
            .start
            .as_ptr()
            .cast::<u64>()
            .wrapping_add(self.colour)
    }

    /// A value that nobody may read before it is written.
    fn poison(&self) {
        for slot in 0..POISONED_SLOTS {
            // SAFETY: far below `STACK_SLOTS`.
            let slot = unsafe { self.start().add(slot) };
            // SAFETY: `Region` owns the place, and this stack is lent to nobody yet.
            unsafe { slot.write(POISON) };
        }
    }
}

/// Memories and stacks that wait for an instance.
#[derive(Default)]
pub(crate) struct Pool {
    memories: Vec<LinearMemory>,
    stacks: Vec<Stack>,
    /// Stacks that were made.
    stacks_made: usize,
}

// SAFETY: a region is owned by whoever holds it, and lent to one instance at a time.
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
            Some(place) => Ok(self.memories.swap_remove(place)),
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

    /// Takes a memory back whose first `used` bytes may have been written.
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

/// At most 256 pages are 16 MiB.
const fn bytes_of(pages: u32) -> usize {
    index(pages).saturating_mul(index(PAGE_BYTES))
}
