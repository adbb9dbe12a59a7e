//! Reads names from deployed bytes: those of the contract, its functions and its errors.

use contract_types::{CODE_BAD_INPUT, CODE_BAD_STATE, CODE_NOT_PAYABLE};
use debug_info::DebugInfo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::CheckedModule;

/// Names in a module, for messages only.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    module: Arc<CheckedModule>,
    contract: Option<String>,
    /// Name and text of each error by its code; a code in two enums has both names.
    errors: BTreeMap<u64, String>,
    entries: Vec<String>,
}

impl Names {
    pub(crate) fn of(module: &Arc<CheckedModule>) -> Self {
        let exports = module.exports().iter().map(|export| &export.name);
        let entries = exports.filter(|name| module.entry(name).is_some());
        let mut names = Self {
            module: Arc::clone(module),
            contract: None,
            errors: BTreeMap::new(),
            entries: entries.cloned().collect(),
        };
        if let Some(section) = DebugInfo::of(module.bytes()).interface() {
            names.interface(section);
        }
        names
    }

    /// Name of the contract, if its interface has one.
    pub(crate) fn contract(&self) -> Option<&str> {
        self.contract.as_deref()
    }

    /// Names of the entries.
    pub(crate) fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Names of the functions at these indices.
    pub(crate) fn functions(&self, indices: &[u32]) -> Vec<String> {
        let info = DebugInfo::of(self.module.bytes());
        let name = |index: &u32| {
            let name = info.function_name(*index);
            name.unwrap_or_else(|| format!("function {index}"))
        };
        indices.iter().map(name).collect()
    }

    /// Meaning of a revert code.
    pub(crate) fn error(&self, code: u32) -> Option<String> {
        let reserved = match code {
            CODE_BAD_INPUT => "the input is not the encoding of the entry's arguments",
            CODE_BAD_STATE => "a stored value does not decode as the type that is read",
            CODE_NOT_PAYABLE => {
                "the entry takes no value: call it without value, or mark it #[payable]"
            }
            _ => return self.errors.get(&u64::from(code)).cloned(),
        };
        Some(reserved.to_owned())
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
