//! Encodes what check found in a module, without the module's bytes, for this machine's own use.
//!
//! ```text
//! form   = VERSION || fields of the module in their order
//! u32, u64, count = LEB128        bool, value type, kind = one byte        name = count, bytes
//! list   = count, items           range = start, length                   option = 0 | 1, item
//! ```
//!
//! A form is independent of prices, has a few bytes for each item of the module, and is decoded in
//! linear time and in memory proportional to its length. Decoding is total on any bytes and
//! compares every index and range with the module, but it does not read function bodies again:
//! that these are valid is what [`crate::check`] found. The owner of a form therefore
//! authenticates it, and takes none from others. A form of another version is refused.

use super::{
    CheckedModule, Data, Element, Export, ExportKind, FloatCount, Function, FunctionType, Global,
    Import, Memory, Table, ValueType,
};
use crate::identity::CodeHash;
use crate::limits::{FRAME_SLOTS_MAX, MEMORY_PAGES_MAX, PAGE_BYTES};
use host_api::{Function as HostFunction, TABLE};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// Version of the encoding: a change of any field is another version, and so is a change of what
/// check finds.
const VERSION: u8 = 1;

/// Continuation bit of LEB128, and the bits below it.
const MORE: u8 = 0x80;
const GROUP_BITS: u32 = 7;

/// A part of a module that has an encoding.
trait Stored: Sized {
    fn put(&self, out: &mut Vec<u8>);

    /// Takes the part from the front of `rest`; `None` if it does not begin with one.
    fn take(rest: &mut &[u8]) -> Option<Self>;
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = usize::try_from(u32::take(rest)?).ok()?;
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    // A count above u32::MAX does not occur: the module has at most that many bytes.
    u32::try_from(count).unwrap_or(u32::MAX).put(out);
}

impl Stored for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= GROUP_BITS;
            if rest == 0 {
                out.push(low & !MORE);
                return;
            }
            out.push(low | MORE);
        }
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let mut value = 0_u64;
        for shift in (0..Self::BITS).step_by(7) {
            let next = byte(rest)?;
            let group = Self::from(next & !MORE);
            let shifted = group.checked_shl(shift)?;
            if shifted.checked_shr(shift) != Some(group) {
                return None;
            }
            value |= shifted;
            if next & MORE == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl Stored for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    #[inline]
    fn take(rest: &mut &[u8]) -> Option<Self> {
        match rest.split_first() {
            Some((first, after)) if first & MORE == 0 => {
                *rest = after;
                Some(Self::from(*first))
            }
            _ => Self::try_from(u64::take(rest)?).ok(),
        }
    }
}

impl Stored for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        match byte(rest)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Stored for [u8; 32] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let (taken, after) = rest.split_first_chunk::<32>()?;
        *rest = after;
        Some(*taken)
    }
}

impl Stored for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_count(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        core::str::from_utf8(bytes(rest)?).ok().map(str::to_owned)
    }
}

impl Stored for Range<u32> {
    fn put(&self, out: &mut Vec<u8>) {
        self.start.put(out);
        self.end.saturating_sub(self.start).put(out);
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let start = u32::take(rest)?;
        let length = u32::take(rest)?;
        Some(start..start.checked_add(length)?)
    }
}

impl Stored for RangeInclusive<u32> {
    fn put(&self, out: &mut Vec<u8>) {
        self.start().put(out);
        self.end().put(out);
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let start = u32::take(rest)?;
        Some(start..=u32::take(rest)?)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        match bool::take(rest)? {
            true => T::take(rest).map(Some),
            false => Some(None),
        }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_count(self.len(), out);
        for item in self {
            item.put(out);
        }
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let count = usize::try_from(u32::take(rest)?).ok()?;
        // Every item takes a byte at least, so that a wrong count reserves nothing.
        if count > rest.len() {
            return None;
        }
        let mut items = Self::with_capacity(count);
        for _ in 0..count {
            items.push(T::take(rest)?);
        }
        Some(items)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let first = A::take(rest)?;
        Some((first, B::take(rest)?))
    }
}

impl Stored for HostFunction {
    fn put(&self, out: &mut Vec<u8>) {
        let row = TABLE.iter().position(|row| row.function == *self);
        put_count(row.unwrap_or(usize::MAX), out);
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let row = usize::try_from(u32::take(rest)?).ok()?;
        TABLE.get(row).map(|row| row.function)
    }
}

/// Values of one byte.
macro_rules! tags {
    ($name:ident: $($tag:literal $variant:ident),*) => {
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $tag),* });
            }

            fn take(rest: &mut &[u8]) -> Option<Self> {
                match byte(rest)? {
                    $($tag => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

tags!(ValueType: 0 I32, 1 I64);
tags!(ExportKind: 0 Function, 1 Table, 2 Memory, 3 Global);

/// Fields in their order. A field that is not listed does not compile.
macro_rules! fields {
    ($name:ident: $($field:ident),*) => {
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }

            fn take(rest: &mut &[u8]) -> Option<Self> {
                $(let $field = Stored::take(rest)?;)*
                Some(Self { $($field),* })
            }
        }
    };
}

fields!(FunctionType: parameters, result);
fields!(Import: function, type_index);
fields!(Function: type_index, locals, slots, body, operators, targets);
fields!(Global: value_type, mutable, initial);
fields!(Memory: initial, maximum);
fields!(Table: initial, maximum);
fields!(Element: offset, functions);
fields!(Data: offset, bytes);
fields!(Export: name, kind, index);
fields!(FloatCount: operators, functions);

/// The fields of a module that a form has.
macro_rules! module {
    ($($field:ident),*) => {
        fn put_module(module: &CheckedModule, out: &mut Vec<u8>) {
            $(module.$field.put(out);)*
        }

        fn take_module(
            bytes: Arc<Vec<u8>>,
            code_hash: CodeHash,
            rest: &mut &[u8],
        ) -> Option<CheckedModule> {
            $(let $field = Stored::take(rest)?;)*
            Some(CheckedModule { bytes, code_hash, $($field),* })
        }
    };
}

module!(
    rules_id,
    types,
    imports,
    functions,
    table,
    memory,
    globals,
    exports,
    elements,
    data,
    start,
    floats,
    entry_bytes
);

impl CheckedModule {
    /// Version of [`CheckedModule::stored_form`] in this build.
    pub const STORED_FORM_VERSION: u8 = VERSION;

    /// The stored form: what check found in the module, without the module's bytes, independent of
    /// prices. [`CheckedModule::from_stored_form`] is its inverse.
    ///
    /// A form belongs to the machine that made it: keep it with a checksum, beside the code, and
    /// take none from a peer, a file or a snapshot.
    #[must_use]
    pub fn stored_form(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_module(self, &mut out);
        out
    }

    /// The module of `bytes` from its stored form, without a check of the bytes: linear in the
    /// length of the form.
    ///
    /// `code_hash` is the SHA-256 of `bytes`, and `form` what [`CheckedModule::stored_form`]
    /// returned for the same bytes; the caller has compared both with a hash. `None` for a form of
    /// another version, for one whose indices or ranges do not fit the bytes, and for any other
    /// bytes: then check the module again.
    #[must_use]
    pub fn from_stored_form(bytes: Arc<Vec<u8>>, code_hash: CodeHash, form: &[u8]) -> Option<Self> {
        let (version, mut rest) = form.split_first()?;
        if *version != VERSION {
            return None;
        }
        let module = take_module(bytes, code_hash, &mut rest)?;
        (rest.is_empty() && module.is_consistent()).then_some(module)
    }

    /// True if every index and range of the tables is within what it refers to.
    fn is_consistent(&self) -> bool {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.imports.iter().all(|import| self.is_import(import))
            && self
                .functions
                .iter()
                .all(|function| self.is_function(function, length))
            && self.exports.iter().all(|export| self.is_export(export))
            && self.elements.iter().all(|element| self.is_element(element))
            && self.data.iter().all(|data| self.is_data(data, length))
            && self.globals.iter().all(is_global)
            && self.start.is_none_or(|index| {
                let signature = self.function_type(index);
                signature.is_some_and(|found| found.parameters.is_empty() && found.result.is_none())
            })
            && self.memory.is_none_or(|memory| {
                memory.initial <= memory.maximum && memory.maximum <= MEMORY_PAGES_MAX
            })
    }

    fn type_at(&self, index: u32) -> Option<&FunctionType> {
        self.types.get(usize::try_from(index).ok()?)
    }

    fn functions_total(&self) -> usize {
        self.imports.len().saturating_add(self.functions.len())
    }

    fn is_import(&self, import: &Import) -> bool {
        let row = TABLE.iter().find(|row| row.function == import.function);
        let Some((row, found)) = row.zip(self.type_at(import.type_index)) else {
            return false;
        };
        let parameters = row.parameters().map(ValueType::of_host);
        parameters.eq(found.parameters.iter().copied())
            && row.result.map(ValueType::of_host) == found.result
    }

    fn is_function(&self, function: &Function, length: u32) -> bool {
        let Some(signature) = self.type_at(function.type_index) else {
            return false;
        };
        let parameters = u32::try_from(signature.parameters.len()).unwrap_or(u32::MAX);
        let declared = function.locals.iter().map(|(count, _)| *count);
        let locals = declared.fold(parameters, u32::saturating_add);
        locals <= function.slots
            && function.slots <= FRAME_SLOTS_MAX
            && function.body.start < function.body.end
            && function.body.end <= length
    }

    fn is_export(&self, export: &Export) -> bool {
        let count = match export.kind {
            ExportKind::Function => self.functions_total(),
            ExportKind::Table => usize::from(self.table.is_some()),
            ExportKind::Memory => usize::from(self.memory.is_some()),
            ExportKind::Global => self.globals.len(),
        };
        is_below(export.index, count)
    }

    fn is_element(&self, element: &Element) -> bool {
        let entries = self.table.map_or(0, |table| u64::from(table.initial));
        let count = u64::try_from(element.functions.len()).unwrap_or(u64::MAX);
        let total = self.functions_total();
        u64::from(element.offset).saturating_add(count) <= entries
            && element
                .functions
                .iter()
                .all(|index| is_below(*index, total))
    }

    fn is_data(&self, data: &Data, length: u32) -> bool {
        let pages = self.memory.map_or(0, |memory| u64::from(memory.initial));
        let end = u64::from(data.offset)
            .saturating_add(u64::from(data.bytes.end.saturating_sub(data.bytes.start)));
        data.bytes.end <= length && end <= pages.saturating_mul(u64::from(PAGE_BYTES))
    }
}

fn is_below(index: u32, count: usize) -> bool {
    usize::try_from(index).is_ok_and(|index| index < count)
}

fn is_global(global: &Global) -> bool {
    global.value_type == ValueType::I64 || u32::try_from(global.initial).is_ok()
}
