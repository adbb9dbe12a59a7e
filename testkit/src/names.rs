//! Reads what deployed bytes say about themselves: the contract's name, functions, errors.

use contract_types::{CODE_BAD_INPUT, CODE_BAD_STATE, CODE_NOT_PAYABLE};
use serde_json::Value;
use std::collections::BTreeMap;
use vm::CheckedModule;
use vm::unstable::module::ExportKind;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// The custom section in which the SDK describes a contract.
const INTERFACE_SECTION: &str = "lockstep.interface";

/// Names of one module. Nothing here is part of a result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    contract: Option<String>,
    functions: BTreeMap<u32, String>,
    /// Name and text of an error by its code; a code of two enums has both names.
    errors: BTreeMap<u64, String>,
    entries: Vec<String>,
}

impl Names {
    pub(crate) fn of(module: &CheckedModule) -> Self {
        let mut names = Self::default();
        for payload in Parser::new(0)
            .parse_all(module.bytes())
            .map_while(Result::ok)
        {
            if let Payload::CustomSection(section) = payload {
                if section.name() == INTERFACE_SECTION {
                    names.interface(section.data());
                }
                if let KnownCustom::Name(reader) = section.as_known() {
                    names.functions(reader);
                }
            }
        }
        for export in module.exports() {
            if module.entry(&export.name).is_some() {
                names.entries.push(export.name.clone());
            }
            if export.kind == ExportKind::Function {
                let name = names.functions.entry(export.index);
                name.or_insert_with(|| export.name.clone());
            }
        }
        names
    }

    /// The contract's own name, where its bytes hold one.
    pub(crate) fn contract(&self) -> Option<&str> {
        self.contract.as_deref()
    }

    /// What can be called.
    pub(crate) fn entries(&self) -> &[String] {
        &self.entries
    }

    /// A function by its index.
    pub(crate) fn function(&self, index: u32) -> String {
        let name = self.functions.get(&index);
        name.cloned().unwrap_or_else(|| format!("function {index}"))
    }

    /// What a code of a refusal means.
    pub(crate) fn error(&self, code: u32) -> Option<String> {
        let reserved = match code {
            CODE_BAD_INPUT => "the input is not the encoding of the entry's arguments",
            CODE_BAD_STATE => "a stored value is not of the type that it is read as",
            CODE_NOT_PAYABLE => "the entry takes no value: call it without, or mark it #[payable]",
            _ => return self.errors.get(&u64::from(code)).cloned(),
        };
        Some(reserved.to_owned())
    }

    fn functions(&mut self, reader: wasmparser::NameSectionReader<'_>) {
        for subsection in reader.into_iter().map_while(Result::ok) {
            if let Name::Function(map) = subsection {
                for naming in map.into_iter().map_while(Result::ok) {
                    let name = format!("{:#}", rustc_demangle::demangle(naming.name));
                    self.functions.insert(naming.index, name);
                }
            }
        }
    }

    fn interface(&mut self, section: &[u8]) {
        let Ok(interface) = serde_json::from_slice::<Value>(section) else {
            return;
        };
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let list = |value: &Value, key: &str| {
            let found = value.get(key).and_then(Value::as_array);
            found.cloned().unwrap_or_default()
        };
        self.contract = text(&interface, "contract");
        for error in list(&interface, "errors") {
            for code in list(&error, "codes") {
                let name = text(&code, "name").unwrap_or_default();
                let meaning = match text(&code, "doc") {
                    Some(doc) => format!("{name}: {doc}"),
                    None => name,
                };
                let Some(number) = code.get("code").and_then(Value::as_u64) else {
                    continue;
                };
                let known = self.errors.entry(number).or_default();
                if !known.is_empty() {
                    known.push_str(" or ");
                }
                known.push_str(&meaning);
            }
        }
    }
}
