//! Pools the linear memories and stacks of instances.
//!
//! Every memory reserves the largest size, so that it grows without moving and any instance can use
//! any memory of the pool. With several sizes, memories of one size could fill the pool, and then
//! every instance that needs another size would pay nothing for a memory that is made anew.
//!
//! A memory is not zeroed when it is made or returned: an instance zeroes its initial pages when it
//! begins and each further page when it is granted, and has paid for both. So no instance does work
//! for what earlier ones wrote, and the price of a page covers the first touch, too.
#![expect(unsafe_code, reason = "handlers access memory by address")]

use super::Interpreter;
use crate::budget::{self, Purpose, SharedBudget};
use crate::fault::Fault;
use crate::limits::{MEMORY_PAGES_MAX, PAGE_BYTES, STACK_SLOTS_MAX, STACK_WEIGHT_MIN};
use crate::translate::{FRAME_EXTRA_SLOTS, index};
use crate::work::{self, WorkKind};
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::{ptr, slice};

/// Greatest number of pooled memories, and of pooled stacks: one more than the contract frames that
/// can be active in a transaction.
pub(crate) const INSTANCES_POOLED_MAX: usize = 17;
/// Bytes that each memory reserves: 16 MiB.
const RESERVED_BYTES: usize = bytes_of(MEMORY_PAGES_MAX);
/// Slots of a stack: the limit of the stack counter, and the extra slots of each active function.
const STACK_SLOTS: u32 =
    STACK_SLOTS_MAX + (STACK_SLOTS_MAX / STACK_WEIGHT_MIN + 1) * FRAME_EXTRA_SLOTS;
/// Slots that are touched when the pool is filled, and filled with [`POISON`] before each use in
/// debug builds, to find reads of uninitialised slots.
const FIRST_SLOTS: usize = 1 << 12;
/// Number of different start offsets of stacks (cache colours): large regions all begin at the same
/// offset in a page, and waiting frames would evict each other's first slots from the cache.
const COLOURS: usize = 32;
/// Slots between two start offsets: two cache lines of 64 bytes.
const COLOUR_SLOTS: usize = 16;
const POISON: u64 = 0xdead_beef_dead_beef;

/// Bytes at a fixed address.
struct Region {
    start: NonNull<u8>,
    layout: Layout,
}

impl Region {
    /// A region of `bytes`, obtained from `allocate`: `alloc` or `alloc_zeroed`.
    fn new(
        purpose: Purpose,
        bytes: usize,
        budget: &SharedBudget,
        allocate: unsafe fn(Layout) -> *mut u8,
    ) -> Result<Self, Fault> {
        budget.grant(purpose, bytes)?;
        // Aligned no more than malloc aligns: beyond that, zeroing would touch every page.
        let layout = Layout::from_size_align(bytes.max(1), align_of::<u64>());
        let layout = layout.map_err(|error| budget::refused(purpose, bytes, error))?;
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { allocate(layout) });
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

/// A linear memory with room for the largest one.
pub(crate) struct LinearMemory {
    region: Region,
    /// Bytes from the start that instances have used so far: what the system had to provide.
    touched: usize,
}

impl LinearMemory {
    fn new(budget: &SharedBudget) -> Result<Self, Fault> {
        // Not zeroed: an allocator that reuses memory would write all 16 MiB.
        let region = Region::new(Purpose::LinearMemory, RESERVED_BYTES, budget, alloc)?;
        Ok(Self { region, touched: 0 })
    }

    pub(crate) fn start(&self) -> *mut u8 {
        self.region.start.as_ptr()
    }

    /// Zeroes the first `length` bytes: the pages with which an instance begins.
    pub(crate) fn begin(&mut self, length: usize) {
        work::add(WorkKind::Zeroed, length);
        // SAFETY: inside the region, and borrowed with `self`: no handler runs meanwhile.
        unsafe { ptr::write_bytes(self.start(), 0, length.min(RESERVED_BYTES)) };
    }

    /// The first `length` bytes.
    ///
    /// # Safety
    /// They are pages of the instance, which [`Self::begin`] or [`grow`] has zeroed.
    pub(crate) unsafe fn bytes(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(RESERVED_BYTES);
        // SAFETY: inside the region, initialised, and borrowed with `self`: no handler runs
        // meanwhile.
        unsafe { slice::from_raw_parts_mut(self.start(), length) }
    }
}

/// Zeroes the bytes from `old` to `new` of the memory that begins at `start`.
///
/// # Safety
/// `start` is [`LinearMemory::start`], no other code uses the memory, and `old <= new`, which is at
/// most the greatest size of a memory.
pub(crate) unsafe fn grow(start: *mut u8, old: usize, new: usize) {
    work::add(WorkKind::Zeroed, new.saturating_sub(old));
    // SAFETY: inside the region, by the contract above.
    let first = unsafe { start.add(old) };
    // SAFETY: as above.
    unsafe { ptr::write_bytes(first, 0, new.wrapping_sub(old)) };
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
        let region = Region::new(Purpose::Stack, bytes, budget, alloc_zeroed)?;
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

    /// Fills the first slots.
    fn fill(&self, value: u64) {
        for slot in 0..FIRST_SLOTS {
            // SAFETY: far below `STACK_SLOTS`.
            let slot = unsafe { self.start().add(slot) };
            // SAFETY: `Region` owns the slot, and no instance uses this stack yet.
            unsafe { slot.write(value) };
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
    /// Fills the pool with memories and stacks whose first bytes were touched: what small frames
    /// use.
    pub(crate) fn fill(&mut self, budget: &SharedBudget) -> Result<(), Fault> {
        while self.memories.len() < INSTANCES_POOLED_MAX {
            let mut memory = LinearMemory::new(budget)?;
            memory.begin(bytes_of(1));
            self.keep_memory(memory, bytes_of(1));
        }
        while self.stacks.len() < INSTANCES_POOLED_MAX {
            self.stacks_made = self.stacks_made.wrapping_add(1);
            let stack = Stack::new(self.stacks_made, budget)?;
            stack.fill(0);
            self.stacks.push(stack);
        }
        Ok(())
    }

    /// A memory; its bytes are those that earlier instances wrote, until [`LinearMemory::begin`].
    pub(crate) fn memory(&mut self, budget: &SharedBudget) -> Result<LinearMemory, Fault> {
        match self.memories.pop() {
            Some(memory) => Ok(memory),
            None => LinearMemory::new(budget),
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
            stack.fill(POISON);
        }
        Ok(stack)
    }

    /// Returns a memory to the pool, of whose bytes the instance had the first `used`.
    ///
    /// While the pool has more touched bytes than [`Interpreter::POOLED_BYTES_MAX`], the memory
    /// with the most goes back to the allocator. Only instances that touched new bytes bring the
    /// pool above it, and they have paid for a first touch and for this; so has each frame beyond
    /// [`INSTANCES_POOLED_MAX`] at once, which threads that share the pool may have.
    pub(crate) fn keep_memory(&mut self, mut memory: LinearMemory, used: usize) {
        memory.touched = memory.touched.max(used);
        self.memories.push(memory);
        while self.memories.len() > INSTANCES_POOLED_MAX
            || self.touched() > Interpreter::POOLED_BYTES_MAX
        {
            let sizes = self.memories.iter().map(|memory| memory.touched);
            let Some((_, most)) = sizes.zip(0..).max() else {
                return;
            };
            self.memories.remove(most);
        }
    }

    /// Bytes that the system provides for the pooled memories, at most.
    fn touched(&self) -> usize {
        let sizes = self.memories.iter().map(|memory| memory.touched);
        sizes.fold(0, usize::saturating_add)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn memories(pool: &mut Pool, count: usize) -> Vec<LinearMemory> {
        let budget = SharedBudget::default();
        let taken = (0..count).map(|_| pool.memory(&budget).unwrap());
        taken.collect()
    }

    #[test]
    fn a_filled_pool_makes_nothing_for_as_many_frames_as_a_transaction_has() {
        let mut pool = Pool::default();
        let budget = SharedBudget::default();
        for _ in 0..2 {
            pool.fill(&budget).unwrap();
            assert_eq!(pool.touched(), INSTANCES_POOLED_MAX * bytes_of(1));
        }
        let stacks: Vec<Stack> = (0..INSTANCES_POOLED_MAX)
            .map(|_| pool.stack(&budget).unwrap())
            .collect();
        assert_eq!((stacks.len(), pool.stacks_made), (17, 17));
        let taken = memories(&mut pool, INSTANCES_POOLED_MAX);
        assert!(taken.iter().all(|memory| memory.touched == bytes_of(1)));
        assert!(pool.memories.is_empty());
    }

    /// What the pool keeps follows from the bytes that were touched, never from the largest size
    /// that a module allows, so frames that touch little cannot push out what others need.
    #[test]
    fn the_pool_keeps_every_small_memory_and_no_more_touched_bytes_than_its_bound() {
        let mut pool = Pool::default();
        for memory in memories(&mut pool, INSTANCES_POOLED_MAX + 1) {
            pool.keep_memory(memory, bytes_of(1));
        }
        assert_eq!(pool.memories.len(), INSTANCES_POOLED_MAX);
        for memory in memories(&mut pool, INSTANCES_POOLED_MAX) {
            pool.keep_memory(memory, RESERVED_BYTES);
        }
        let full = Interpreter::POOLED_BYTES_MAX / RESERVED_BYTES;
        assert_eq!(pool.memories.len(), full);
        assert!(pool.touched() <= Interpreter::POOLED_BYTES_MAX);
        // A frame of no pages uses a memory that others have touched, and writes nothing.
        let [mut memory]: [_; 1] = memories(&mut pool, 1).try_into().ok().unwrap();
        memory.begin(0);
        assert_eq!(memory.touched, RESERVED_BYTES);
    }

    #[test]
    fn a_frame_zeroes_its_own_pages_and_no_others() {
        let mut memory = LinearMemory::new(&SharedBudget::default()).unwrap();
        let (one, two, three) = (bytes_of(1), bytes_of(2), bytes_of(3));
        memory.begin(three);
        // SAFETY: `begin` zeroed three pages.
        unsafe { memory.bytes(three) }.fill(7);
        memory.begin(one);
        // SAFETY: the first page is a page of the frame, and the second is being added.
        unsafe { grow(memory.start(), one, two) };
        // SAFETY: all three pages were written above.
        let bytes = unsafe { memory.bytes(three) };
        assert!(bytes.iter().take(two).all(|byte| *byte == 0));
        assert!(bytes.iter().skip(two).all(|byte| *byte == 7));
    }
}
