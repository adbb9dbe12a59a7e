//! Defines a checked module: its bytes, and tables of what validation found in them.
//!
//! Only [`crate::check`] makes one, or what this machine stored of one ([`stored`]); no later stage
//! can reject it. Types are lowered (`f32` is `i32`, `f64` is `i64`), so function types that differ
//! only by a float are equal from here on.

mod memory;

mod stored;

use crate::identity::CodeHash;
use crate::limits::STACK_WEIGHT_MIN;
use host_api::Function as HostFunction;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// A lowered value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueType {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

impl ValueType {
    /// The type of an argument or result of a host function.
    pub(crate) const fn of_host(wire: host_api::Type) -> Self {
        match wire {
            host_api::Type::I32 => Self::I32,
            host_api::Type::I64 => Self::I64,
        }
    }
}

/// A lowered function type; at most one result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionType {
    /// Parameter types.
    pub parameters: Vec<ValueType>,
    /// Result type, if there is one.
    pub result: Option<ValueType>,
}

/// An imported host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// The host function.
    pub function: HostFunction,
    /// Index of its type.
    pub type_index: u32,
}

/// A defined function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Index of its type.
    pub type_index: u32,
    /// Declared locals as (count, type) groups, parameters excluded.
    pub locals: Vec<(u32, ValueType)>,
    /// Parameters + declared locals + greatest operand height of the original body.
    pub slots: u32,
    /// Byte range of the operators in the module, the final `end` included.
    pub body: Range<u32>,
    /// Number of operators in the body.
    pub operators: u32,
    /// Number of targets of all `br_table` in the body, each default included; a target whose label
    /// takes a value counts four times.
    pub targets: u32,
}

impl Function {
    /// Weight that the function adds to the stack counter while it is active.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.slots.max(STACK_WEIGHT_MIN)
    }
}

/// A global with its evaluated initial value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// Type.
    pub value_type: ValueType,
    /// True if it can be set.
    pub mutable: bool,
    /// Initial value in a slot.
    pub initial: u64,
}

/// The linear memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Pages at instantiation.
    pub initial: u32,
    /// Maximum size in pages: the lesser of the declared maximum and the limit of the rules.
    pub maximum: u32,
}

/// The table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Number of entries; a table of the profile cannot grow.
    pub initial: u32,
    /// Declared maximum.
    pub maximum: Option<u32>,
}

/// An active element segment that fits in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// First table entry.
    pub offset: u32,
    /// Function indices.
    pub functions: Vec<u32>,
}

/// An active data segment that fits in the initial memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// First address.
    pub offset: u32,
    /// Byte range of its content in the module.
    pub bytes: Range<u32>,
}

/// The kind of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// A function.
    Function,
    /// The table.
    Table,
    /// The memory.
    Memory,
    /// A global.
    Global,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Name of the export.
    pub name: String,
    /// Kind of the exported item.
    pub kind: ExportKind,
    /// Index in the index space of that kind.
    pub index: u32,
}

/// Number of float operators in the original module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloatCount {
    /// Operators whose name mentions `f32` or `f64`, moves included.
    pub operators: u32,
    /// Functions that contain at least one of them.
    pub functions: u32,
}

/// A module that has been checked under one set of rules.
#[derive(Clone, Debug)]
pub struct CheckedModule {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) code_hash: CodeHash,
    pub(crate) rules_id: [u8; 32],
    pub(crate) types: Vec<FunctionType>,
    pub(crate) imports: Vec<Import>,
    pub(crate) functions: Vec<Function>,
    pub(crate) table: Option<Table>,
    pub(crate) memory: Option<Memory>,
    pub(crate) globals: Vec<Global>,
    pub(crate) exports: Vec<Export>,
    pub(crate) elements: Vec<Element>,
    pub(crate) data: Vec<Data>,
    pub(crate) start: Option<u32>,
    pub(crate) floats: FloatCount,
    pub(crate) entry_bytes: RangeInclusive<u32>,
}

impl CheckedModule {
    /// The bytes as uploaded.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the uploaded bytes.
    #[must_use]
    pub const fn code_hash(&self) -> &CodeHash {
        &self.code_hash
    }

    /// Id of the rules under which the module was checked.
    #[must_use]
    pub const fn rules_id(&self) -> &[u8; 32] {
        &self.rules_id
    }

    /// Lowered function types.
    #[must_use]
    pub fn types(&self) -> &[FunctionType] {
        &self.types
    }

    /// Imported functions; they come first in the function index space.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Defined functions.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The table, if there is one.
    #[must_use]
    pub const fn table(&self) -> Option<Table> {
        self.table
    }

    /// The memory, if there is one.
    #[must_use]
    pub const fn memory(&self) -> Option<Memory> {
        self.memory
    }

    /// Globals.
    #[must_use]
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// Exports in their order.
    #[must_use]
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// Element segments in their order.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Data segments in their order.
    #[must_use]
    pub fn data(&self) -> &[Data] {
        &self.data
    }

    /// Index of the start function, if there is one.
    #[must_use]
    pub const fn start(&self) -> Option<u32> {
        self.start
    }

    /// Float operators of the original.
    #[must_use]
    pub const fn floats(&self) -> FloatCount {
        self.floats
    }

    /// Content of a data segment.
    #[must_use]
    pub fn data_bytes(&self, data: &Data) -> &[u8] {
        self.slice(&data.bytes)
    }

    /// Operators of a function, encoded.
    #[must_use]
    pub fn body_bytes(&self, function: &Function) -> &[u8] {
        self.slice(&function.body)
    }

    /// The defined function at `index` of the function index space; `None` for an import.
    #[must_use]
    pub fn function(&self, index: u32) -> Option<&Function> {
        let imports = u32::try_from(self.imports.len()).ok()?;
        let defined = usize::try_from(index.checked_sub(imports)?).ok()?;
        self.functions.get(defined)
    }

    /// The type of the function at `index` of the function index space.
    #[must_use]
    pub fn function_type(&self, index: u32) -> Option<&FunctionType> {
        let position = usize::try_from(index).ok()?;
        let type_index = match self.imports.get(position) {
            Some(import) => import.type_index,
            None => self.function(index)?.type_index,
        };
        self.types.get(usize::try_from(type_index).ok()?)
    }

    /// Index of the exported function named `name`.
    #[must_use]
    pub fn exported_function(&self, name: &str) -> Option<u32> {
        let named = |export: &&Export| export.kind == ExportKind::Function && export.name == name;
        self.exports.iter().find(named).map(|export| export.index)
    }

    /// Index of the entry named `name`: an exported, defined function of type `() -> ()` whose name
    /// has a length that the rules of the check allow.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<u32> {
        let bytes = u32::try_from(name.len()).ok()?;
        if !self.entry_bytes.contains(&bytes) {
            return None;
        }
        let index = self.exported_function(name)?;
        self.function(index)?;
        let signature = self.function_type(index)?;
        (signature.parameters.is_empty() && signature.result.is_none()).then_some(index)
    }

    fn slice(&self, range: &Range<u32>) -> &[u8] {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        self.bytes.get(start..end).unwrap_or_default()
    }
}
