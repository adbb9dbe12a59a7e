//! Counts the heap that a checked module holds, for bounds of caches.

use super::{CheckedModule, Element, Export, Function, FunctionType};

/// Bytes that an allocation takes beside its contents, for the allocator.
const ALLOCATION_BYTES: usize = 16;

/// Bytes of the heap behind a value, the value itself excluded.
trait Held {
    fn held(&self) -> usize;
}

/// Values without heap.
macro_rules! plain {
    ($($name:ty),*) => { $(
        impl Held for $name {
            fn held(&self) -> usize {
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

impl<T: Held> Held for Vec<T> {
    fn held(&self) -> usize {
        let items = self.iter().map(Held::held);
        items.fold(allocation::<T>(self.capacity()), usize::saturating_add)
    }
}

impl Held for FunctionType {
    fn held(&self) -> usize {
        self.parameters.held()
    }
}

impl Held for Function {
    fn held(&self) -> usize {
        self.locals.held()
    }
}

impl Held for Element {
    fn held(&self) -> usize {
        self.functions.held()
    }
}

impl Held for Export {
    fn held(&self) -> usize {
        allocation::<u8>(self.name.capacity())
    }
}

impl CheckedModule {
    /// Bytes of memory that the module holds: its code, its tables and names, and itself.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let parts = [
            allocation::<u8>(self.bytes.capacity()),
            allocation::<Vec<u8>>(1),
            self.types.held(),
            self.imports.held(),
            self.functions.held(),
            self.globals.held(),
            self.exports.held(),
            self.elements.held(),
            self.data.held(),
        ];
        parts
            .into_iter()
            .fold(allocation::<Self>(1), usize::saturating_add)
    }
}
