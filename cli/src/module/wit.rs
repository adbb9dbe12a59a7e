//! Renders a contract's interface as WIT, the interface language of WebAssembly components.
//!
//! For readers and binding generators. Arguments and results are encoded with borsh, not with the
//! component model's encoding. Events are records whose names begin with `event-`; a type without
//! a description in the contract is a list of bytes. The interface comes from the contract's author
//! and is not trusted: any text is read, and only names of letters, digits and `-` are written.

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Maximum depth of nested types; a deeper one is a list of bytes.
const DEPTH_MAX: u32 = 16;

/// The interface as a WIT package with one world, which exports it.
pub(crate) fn render(interface: &Json) -> String {
    let contract = kebab(text(interface, "contract"));
    let entries = list(interface, "entries");
    let names = entries.iter().map(|entry| kebab(text(entry, "name")));
    let mut writer = Writer {
        entries: names.collect(),
        ..Writer::default()
    };
    for kind in ["structs", "enums", "errors"] {
        let known = list(interface, kind).iter();
        let known = known.map(|of| text(of, "name").to_owned());
        writer.described.extend(known);
    }
    list(interface, "structs").iter().for_each(|of| {
        let name = writer.named(text(of, "name"));
        writer.record(&name, of);
    });
    list(interface, "enums")
        .iter()
        .for_each(|of| writer.variant(of));
    list(interface, "errors")
        .iter()
        .for_each(|of| writer.error(of));
    list(interface, "events").iter().for_each(|of| {
        let name = format!("%event-{}", kebab(text(of, "name")));
        writer.record(&name, of);
    });
    entries.iter().for_each(|entry| writer.entry(entry));
    let aliases: String = writer
        .aliases
        .iter()
        .map(|(name, (doc, kind))| format!("  /// {doc}\n  type {name} = {kind};\n"))
        .collect();
    format!(
        "package lockstep:%{contract};\n\ninterface %{contract}-entries {{\n{aliases}{}}}\n\n\
         world %{contract} {{\n  export %{contract}-entries;\n}}\n",
        writer.body
    )
}

#[derive(Default)]
struct Writer {
    /// Names of functions, which share their namespace with types.
    entries: BTreeSet<String>,
    /// Types that the contract describes.
    described: BTreeSet<String>,
    /// Types that are defined here: name, then doc and definition.
    aliases: BTreeMap<String, (&'static str, &'static str)>,
    body: String,
}

impl Writer {
    fn doc(&mut self, of: &Json, indent: &str) {
        let doc = one_line(text(of, "doc"));
        if !doc.is_empty() {
            self.body.push_str(&format!("{indent}/// {doc}\n"));
        }
    }

    /// A type's name, with a suffix if a function has the same name.
    fn named(&self, name: &str) -> String {
        let name = kebab(name);
        let suffix = if self.entries.contains(&name) {
            "-data"
        } else {
            ""
        };
        format!("%{name}{suffix}")
    }

    fn alias(&mut self, name: &str, doc: &'static str, kind: &'static str) -> String {
        let name = self.named(name);
        self.aliases.insert(name.clone(), (doc, kind));
        name
    }

    fn record(&mut self, name: &str, of: &Json) {
        let fields = list(of, "fields");
        if fields.is_empty() {
            // WIT has no record without fields.
            self.body.push_str(&format!("  // {name} has no fields\n"));
            return;
        }
        self.doc(of, "  ");
        let topics = fields.iter().filter(|field| item(field, 2) == "topic");
        let topics: Vec<String> = topics.map(|field| kebab(item(field, 0))).collect();
        if !topics.is_empty() {
            let topics = topics.join(", ");
            self.body.push_str(&format!("  /// Topics: {topics}.\n"));
        }
        self.body.push_str(&format!("  record {name} {{\n"));
        for field in fields {
            let (field, kind) = (kebab(item(field, 0)), self.kind(item(field, 1)));
            self.body.push_str(&format!("    %{field}: {kind},\n"));
        }
        self.body.push_str("  }\n");
    }

    fn variant(&mut self, of: &Json) {
        let name = self.named(text(of, "name"));
        self.doc(of, "  ");
        let mut cases = String::new();
        for variant in list(of, "variants") {
            let fields = list(variant, "fields").iter();
            let kinds: Vec<String> = fields.map(|field| self.kind(item(field, 1))).collect();
            let payload = match kinds.as_slice() {
                [] => String::new(),
                [one] => format!("({one})"),
                many => format!("(tuple<{}>)", many.join(", ")),
            };
            cases.push_str(&format!(
                "    %{}{payload},\n",
                kebab(text(variant, "name"))
            ));
        }
        self.body
            .push_str(&format!("  variant {name} {{\n{cases}  }}\n"));
    }

    /// Writes an error type; its codes are in the docs, since cases of WIT have no numbers.
    fn error(&mut self, of: &Json) {
        let name = self.named(text(of, "name"));
        self.body.push_str(&format!("  enum {name} {{\n"));
        for code in list(of, "codes") {
            let number = code.get("code").map(ToString::to_string);
            let (number, doc) = (number.unwrap_or_default(), one_line(text(code, "doc")));
            let case = kebab(text(code, "name"));
            let line = format!("    /// Code {number}. {doc}");
            self.body
                .push_str(&format!("{}\n    %{case},\n", line.trim_end()));
        }
        self.body.push_str("  }\n");
    }

    fn entry(&mut self, entry: &Json) {
        self.doc(entry, "  ");
        if entry.get("payable") == Some(&Json::Bool(true)) {
            self.body.push_str("  /// Takes value.\n");
        }
        let arguments: Vec<String> = list(entry, "arguments")
            .iter()
            .map(|argument| {
                let kind = self.kind(item(argument, 1));
                format!("%{}: {kind}", kebab(item(argument, 0)))
            })
            .collect();
        let result = match text(entry, "result") {
            "" | "()" => None,
            kind => Some(self.kind(kind)),
        };
        let error = match text(entry, "error") {
            "" => None,
            kind => Some(self.kind(kind)),
        };
        let results = match (result, error) {
            (None, None) => String::new(),
            (Some(result), None) => format!(" -> {result}"),
            (result, Some(error)) => {
                format!(" -> result<{}, {error}>", result.as_deref().unwrap_or("_"))
            }
        };
        let (name, arguments) = (kebab(text(entry, "name")), arguments.join(", "));
        self.body
            .push_str(&format!("  %{name}: func({arguments}){results};\n"));
    }

    /// The WIT type for a Rust type of the interface.
    fn kind(&mut self, kind: &str) -> String {
        self.nested(kind, DEPTH_MAX)
    }

    fn nested(&mut self, kind: &str, depth: u32) -> String {
        let kind = kind.trim();
        let Some(depth) = depth.checked_sub(1) else {
            return "list<u8>".to_owned();
        };
        if let Some(parts) = between(kind, '(', ')') {
            let parts: Vec<String> = parts.iter().map(|part| self.nested(part, depth)).collect();
            return match parts.as_slice() {
                [] => self.alias("nothing", "No bytes at all.", "list<u8>"),
                parts => format!("tuple<{}>", parts.join(", ")),
            };
        }
        if let Some(parts) = between(kind, '[', ']') {
            let element = parts.first().copied().unwrap_or_default();
            return format!("list<{}>", self.nested(element, depth));
        }
        let bracket = kind.find('<').unwrap_or(kind.len());
        let (path, arguments) = kind.split_at_checked(bracket).unwrap_or((kind, ""));
        let name = path.rsplit("::").next().unwrap_or(path).trim();
        let arguments = between(arguments, '<', '>').unwrap_or_default();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| self.nested(argument, depth))
            .collect();
        match (name, arguments.as_slice()) {
            ("bool" | "char" | "u8" | "u16" | "u32" | "u64", []) => name.to_owned(),
            ("i8" | "i16" | "i32" | "i64", []) => name.replace('i', "s"),
            ("u128" | "i128", []) => self.alias(
                name,
                "Sixteen bytes, little-endian: low half, high half.",
                WIDE,
            ),
            ("String" | "str", []) => "string".to_owned(),
            ("Address", []) => self.alias(name, "32 bytes.", "list<u8>"),
            ("Vec" | "VecDeque" | "BTreeSet", [one]) => format!("list<{one}>"),
            ("Option", [one]) => format!("option<{one}>"),
            ("Box", [one]) => one.clone(),
            ("BTreeMap", [key, value]) => format!("list<tuple<{key}, {value}>>"),
            (name, []) if self.described.contains(name) => self.named(name),
            (name, _) => self.alias(
                name,
                "Not described by the contract: its borsh.",
                "list<u8>",
            ),
        }
    }
}

/// WIT type of a 128-bit integer.
const WIDE: &str = "tuple<u64, u64>";

/// The parts between the pair of brackets that encloses all of `kind`, split at commas; for an
/// array also the length after the semicolon.
fn between(kind: &str, open: char, close: char) -> Option<Vec<&str>> {
    let inner = kind.strip_prefix(open)?.strip_suffix(close)?;
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_u32, 0);
    for (index, character) in inner.char_indices() {
        match character {
            '(' | '[' | '<' => depth = depth.saturating_add(1),
            ')' | ']' | '>' => depth = depth.saturating_sub(1),
            ',' | ';' if depth == 0 => {
                parts.extend(inner.get(begin..index));
                begin = index.saturating_add(1);
            }
            _ => {}
        }
    }
    parts.extend(inner.get(begin..).filter(|rest| !rest.trim().is_empty()));
    Some(parts)
}

/// A WIT identifier (kebab case): words of lower-case letters and digits, each beginning with a
/// letter, joined by `-`.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    let mut after = ' ';
    for character in name.chars() {
        if character.is_ascii_alphabetic() {
            let begins = !after.is_ascii_alphanumeric()
                || (character.is_ascii_uppercase() && !after.is_ascii_uppercase());
            if begins && !words.is_empty() {
                words.push('-');
            }
            words.push(character.to_ascii_lowercase());
        } else if character.is_ascii_digit() && !words.is_empty() {
            words.push(character);
        }
        after = character;
    }
    match words.is_empty() {
        true => "unnamed".to_owned(),
        false => words,
    }
}

fn text<'a>(of: &'a Json, key: &str) -> &'a str {
    of.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn list<'a>(of: &'a Json, key: &str) -> &'a [Json] {
    let found = of.get(key).and_then(Json::as_array);
    found.map_or(&[], Vec::as_slice)
}

fn item(of: &Json, index: usize) -> &str {
    of.get(index).and_then(Json::as_str).unwrap_or_default()
}

/// A doc text in one line, so that the author's text cannot add lines to the output.
fn one_line(doc: &str) -> String {
    doc.split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_become_kebab_case() {
        let names = [
            "set_target",
            "NotOwner",
            "first_2",
            "NFT",
            "\u{1b}[2J",
            "2x",
        ];
        let shown = names.map(kebab);
        assert_eq!(
            shown,
            ["set-target", "not-owner", "first2", "nft", "j", "x"]
        );
    }

    #[test]
    fn rust_types_become_wit_types() {
        let mut writer = Writer::default();
        let kinds = [
            (
                "Vec<(u8, Option<[u8; 32]>)>",
                "list<tuple<u8, option<list<u8>>>>",
            ),
            ("core::option::Option<i64>", "option<s64>"),
            ("BTreeMap<String, Address>", "list<tuple<string, %address>>"),
            ("Foreign<u8>", "%foreign"),
            ("((), u128)", "tuple<%nothing, %u128>"),
        ];
        for (rust, wit) in kinds {
            assert_eq!(writer.kind(rust), wit);
        }
        let deep = format!("{}u8{}", "Vec<".repeat(1_000), ">".repeat(1_000));
        assert!(writer.kind(&deep).len() < 200);
    }

    #[test]
    fn an_empty_description_becomes_an_empty_interface() {
        let rendered = render(&json!(null));
        assert!(
            rendered.contains("interface %unnamed-entries {\n}"),
            "{rendered}"
        );
    }
}
