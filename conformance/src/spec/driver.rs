//! Appends a function to a module; the function repeats earlier actions and then makes one.
//!
//! `driver(n) -> i64` makes the kept actions before the n-th in their order, then the n-th, and
//! returns the bits of its result, or 0 if it has none:
//! ```text
//! <action 0> local.set 1   local.get 0 i32.const 0 i32.eq  if local.get 1 return end
//! local.get 0 i32.const 1 i32.eq  if <action 1> return end       ;; trapped: not repeated
//! ...
//! ```
//! The original module keeps all indices: the new type, function, export and body come last.

use crate::spec::script::Argument;
use std::collections::BTreeMap;
use wasm_encoder::{Encode, Function, Ieee32, Ieee64, Instruction as I, ValType};
use wasmparser::{BinaryReader, CompositeInnerType, FromReader, RecGroup, SectionLimited};

/// Name of the export.
pub(super) const EXPORT: &str = "driver";

/// An action, with names resolved to indices of its module.
#[derive(Clone, Debug)]
pub(super) struct DriverAction {
    pub(super) operation: DriverOperation,
    /// True if later actions repeat it first.
    pub(super) kept: bool,
}

/// DriverOperation an action does: call a function, or read a global.
#[derive(Clone, Debug)]
pub(super) enum DriverOperation {
    Call {
        function: u32,
        arguments: Vec<Argument>,
    },
    Get {
        global: u32,
    },
}

/// Section ids in the order in which a module has them (WebAssembly core 5.5.2).
const ORDER: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
const TYPES: u8 = 1;
const FUNCTIONS: u8 = 3;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;

/// A module split into sections, with the types of results and globals.
#[derive(Clone, Debug)]
pub(super) struct Drivable {
    sections: BTreeMap<u8, Vec<u8>>,
    /// Result type of each function; the module has no imports.
    results: Vec<Option<ValType>>,
    globals: Vec<ValType>,
    types: u32,
}

impl Drivable {
    /// Splits a module that `check` has accepted; `None` if it does not decode.
    pub(super) fn split(bytes: &[u8]) -> Option<Self> {
        let mut reader = BinaryReader::new(bytes.get(8..)?, 8);
        let mut sections = BTreeMap::new();
        while !reader.eof() {
            let id = reader.read_u8().ok()?;
            let length = usize::try_from(reader.read_var_u32().ok()?).ok()?;
            let content = reader.read_bytes(length).ok()?;
            // No result depends on custom sections.
            if id != 0 {
                sections.insert(id, content.to_vec());
            }
        }
        let types = items::<RecGroup>(&sections, TYPES)?;
        let signature = |index: u32| {
            let group = types.get(usize::try_from(index).ok()?)?;
            match &group.types().next()?.composite_type.inner {
                CompositeInnerType::Func(signature) => {
                    Some(signature.results().first().copied().and_then(value_type))
                }
                _ => None,
            }
        };
        let functions = items::<u32>(&sections, FUNCTIONS)?;
        let results = functions
            .into_iter()
            .map(signature)
            .collect::<Option<_>>()?;
        let globals = items::<wasmparser::Global<'_>>(&sections, GLOBALS)?;
        let globals = globals
            .iter()
            .map(|global| value_type(global.ty.content_type));
        let globals = globals.collect::<Option<_>>()?;
        let types = u32::try_from(types.len()).ok()?;
        Some(Self {
            sections,
            results,
            globals,
            types,
        })
    }

    /// The module with a driver for `actions`.
    pub(super) fn with_driver(&self, actions: &[DriverAction]) -> Option<Vec<u8>> {
        let mut sections = self.sections.clone();
        let index = u32::try_from(self.results.len()).ok()?;
        // `(func (param i32) (result i64))`
        append(&mut sections, TYPES, &[0x60, 1, 0x7f, 1, 0x7e])?;
        append(&mut sections, FUNCTIONS, &encoded(&self.types))?;
        let mut export = encoded(EXPORT);
        export.push(0);
        index.encode(&mut export);
        append(&mut sections, EXPORTS, &export)?;
        append(&mut sections, CODE, &encoded(&self.body(actions)?))?;
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        for id in ORDER {
            if let Some(content) = sections.get(&id) {
                bytes.push(id);
                content.encode(&mut bytes);
            }
        }
        Some(bytes)
    }

    fn body(&self, actions: &[DriverAction]) -> Option<Function> {
        let mut body = Function::new([(1, ValType::I64)]);
        for (number, action) in (0_i32..).zip(actions) {
            if action.kept {
                self.write_action(&action.operation, &mut body)?;
                body.instruction(&I::LocalSet(1));
            }
            for instruction in [I::LocalGet(0), I::I32Const(number), I::I32Eq] {
                body.instruction(&instruction);
            }
            body.instruction(&I::If(wasm_encoder::BlockType::Empty));
            if action.kept {
                body.instruction(&I::LocalGet(1));
            } else {
                self.write_action(&action.operation, &mut body)?;
            }
            body.instruction(&I::Return);
            body.instruction(&I::End);
        }
        body.instruction(&I::Unreachable);
        body.instruction(&I::End);
        Some(body)
    }

    /// Writes the action, with the bits of its result as an `i64`.
    fn write_action(&self, operation: &DriverOperation, body: &mut Function) -> Option<()> {
        let result = match operation {
            DriverOperation::Call {
                function,
                arguments,
            } => {
                for argument in arguments {
                    body.instruction(&constant(*argument)?);
                }
                body.instruction(&I::Call(*function));
                *self.results.get(usize::try_from(*function).ok()?)?
            }
            DriverOperation::Get { global } => {
                body.instruction(&I::GlobalGet(*global));
                Some(*self.globals.get(usize::try_from(*global).ok()?)?)
            }
        };
        match result {
            None => {
                body.instruction(&I::I64Const(0));
            }
            Some(ValType::I32) => {
                body.instruction(&I::I64ExtendI32U);
            }
            Some(ValType::F32) => {
                body.instruction(&I::I32ReinterpretF32);
                body.instruction(&I::I64ExtendI32U);
            }
            Some(ValType::F64) => {
                body.instruction(&I::I64ReinterpretF64);
            }
            Some(_) => {}
        }
        Some(())
    }
}

/// All items of a section; empty if the module does not have it.
fn items<'a, T: FromReader<'a>>(sections: &'a BTreeMap<u8, Vec<u8>>, id: u8) -> Option<Vec<T>> {
    let Some(content) = sections.get(&id) else {
        return Some(Vec::new());
    };
    let section = SectionLimited::<T>::new(BinaryReader::new(content, 0)).ok()?;
    section.into_iter().collect::<Result<_, _>>().ok()
}

/// Adds one item at the end of a vector section.
fn append(sections: &mut BTreeMap<u8, Vec<u8>>, id: u8, item: &[u8]) -> Option<()> {
    let content = sections.entry(id).or_insert_with(|| vec![0]);
    let mut reader = BinaryReader::new(content, 0);
    let count = reader.read_var_u32().ok()?;
    let rest = reader.read_bytes(reader.bytes_remaining()).ok()?.to_vec();
    let mut grown = encoded(&count.checked_add(1)?);
    grown.extend(rest);
    grown.extend(item);
    *content = grown;
    Some(())
}

fn encoded<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

fn constant(argument: Argument) -> Option<I<'static>> {
    Some(match argument {
        Argument::I32(value) => I::I32Const(value),
        Argument::I64(value) => I::I64Const(value),
        Argument::F32(bits) => I::F32Const(Ieee32::new(bits)),
        Argument::F64(bits) => I::F64Const(Ieee64::new(bits)),
        Argument::Other => return None,
    })
}

const fn value_type(value_type: wasmparser::ValType) -> Option<ValType> {
    match value_type {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::F32 => Some(ValType::F32),
        wasmparser::ValType::F64 => Some(ValType::F64),
        _ => None,
    }
}
