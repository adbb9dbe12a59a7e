//! Counts the memory that a checked module takes, for bounds of caches.

use super::{CheckedModule, Element, Export, Function, FunctionType};

/// Bytes that an allocation takes beside its contents, for the allocator.
const ALLOCATION_BYTES: usize = 16;

/// Bytes of the heap behind a value, the value itself excluded.
trait HeapBytes {
    fn heap_bytes(&self) -> usize;
}

/// Values without heap.
macro_rules! plain {
    ($($name:ty),*) => { $(
        impl HeapBytes for $name {
            fn heap_bytes(&self) -> usize {
                0
            }
        }
    )* };
}

plain!(
    u32,
    super::ValueType,
    super::Import,
    super::Global,
    super::Data,
    (u32, super::ValueType)
);

/// Bytes of an allocation of `count` items of `T`.
const fn allocation<T>(count: usize) -> usize {
    match count.saturating_mul(size_of::<T>()) {
        0 => 0,
        bytes => bytes.saturating_add(ALLOCATION_BYTES),
    }
}

impl<T: HeapBytes> HeapBytes for Vec<T> {
    fn heap_bytes(&self) -> usize {
        let items = self.iter().map(HeapBytes::heap_bytes);
        items.fold(allocation::<T>(self.capacity()), usize::saturating_add)
    }
}

impl HeapBytes for FunctionType {
    fn heap_bytes(&self) -> usize {
        self.parameters.heap_bytes()
    }
}

impl HeapBytes for Function {
    fn heap_bytes(&self) -> usize {
        self.locals.heap_bytes()
    }
}

impl HeapBytes for Element {
    fn heap_bytes(&self) -> usize {
        self.functions.heap_bytes()
    }
}

impl HeapBytes for Export {
    fn heap_bytes(&self) -> usize {
        allocation::<u8>(self.name.capacity())
    }
}

impl CheckedModule {
    /// Bytes of memory that the module takes: its code, its tables and names, and itself.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let parts = [
            allocation::<u8>(self.bytes.capacity()),
            allocation::<Vec<u8>>(1),
            self.types.heap_bytes(),
            self.imports.heap_bytes(),
            self.functions.heap_bytes(),
            self.globals.heap_bytes(),
            self.exports.heap_bytes(),
            self.elements.heap_bytes(),
            self.data.heap_bytes(),
        ];
        parts
            .into_iter()
            .fold(allocation::<Self>(1), usize::saturating_add)
    }
}
