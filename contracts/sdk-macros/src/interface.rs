//! Generates the interface description of a contract for tools: JSON in pieces, which the compiler
//! joins.
//!
//! It contains the items of the module: entries with the types of their arguments, events, errors
//! with their codes, types under `#[data]`, each with the first paragraph of its doc comment. Codes
//! may be constants of another crate, so they are separate pieces. An item under a condition is
//! left out: the text cannot depend on one.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Fields, Ident, Item, ItemEnum, ItemStruct, Lit, Meta, Type};

use crate::contract::Entry;

/// The pieces so far, and the text of the next one.
#[derive(Default)]
struct Writer {
    pieces: Vec<TokenStream>,
    text: String,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn number(&mut self, number: &Expr) {
        let text = std::mem::take(&mut self.text);
        self.pieces
            .push(quote! { ::sdk::interface::Piece::Text(#text) });
        self.pieces
            .push(quote! { ::sdk::interface::Piece::Number(#number) });
    }

    /// `"name":"value"`, escaped.
    fn pair(&mut self, name: &str, value: &str) {
        self.push(&format!("\"{name}\":\"{}\"", escaped(value)));
    }

    /// The first paragraph of a doc comment, if there is one.
    fn doc(&mut self, attributes: &[Attribute]) {
        let doc = first_paragraph(attributes);
        if !doc.is_empty() {
            self.push(",");
            self.pair("doc", &doc);
        }
    }

    /// `"name":[{..},{..}]`; `each` writes the inside of an element.
    fn list<T>(&mut self, name: &str, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.push(&format!("\"{name}\":["));
        for (index, item) in items.iter().enumerate() {
            self.push(if index == 0 { "{" } else { ",{" });
            each(self, item);
            self.push("}");
        }
        self.push("]");
    }

    /// `"name":[["by","u64"],..]`: names with their types, short because every byte costs gas.
    fn typed<'a>(&mut self, name: &str, items: impl Iterator<Item = (String, &'a Type, bool)>) {
        self.push(&format!("\"{name}\":["));
        for (index, (name, kind, is_topic)) in items.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let topic = if is_topic { ",\"topic\"" } else { "" };
            let kind = escaped(&type_text(kind));
            self.push(&format!("{comma}[\"{name}\",\"{kind}\"{topic}]"));
        }
        self.push("]");
    }

    fn fields(&mut self, fields: &Fields) {
        let named = fields.iter().map(|field| {
            let name = field.ident.as_ref().map(Ident::to_string);
            let is_topic = has(&field.attrs, "topic");
            (name.unwrap_or_default(), &field.ty, is_topic)
        });
        self.typed("fields", named);
    }

    fn finish(mut self) -> Vec<TokenStream> {
        let text = std::mem::take(&mut self.text);
        self.pieces
            .push(quote! { ::sdk::interface::Piece::Text(#text) });
        self.pieces
    }
}

/// The expression for `INTERFACE_PIECES`.
pub(crate) fn pieces(contract: &Ident, entries: &[Entry], items: &[Item]) -> TokenStream {
    let mut writer = Writer::default();
    writer.push("{");
    writer.pair("contract", &contract.to_string());
    writer.push(",");
    let described: Vec<&Entry> = entries.iter().filter(|e| e.conditions.is_empty()).collect();
    writer.list("entries", &described, |writer, entry| {
        describe(writer, entry);
    });
    writer.push(",");
    writer.list("events", &structs(items, "event"), |writer, event| {
        writer.pair("name", &event.ident.to_string());
        writer.doc(&event.attrs);
        writer.push(",");
        writer.fields(&event.fields);
    });
    writer.push(",");
    writer.list("errors", &enums(items, "error"), |writer, error| {
        codes(writer, error);
    });
    types(&mut writer, items);
    writer.push("}");
    let pieces = writer.finish();
    quote! { &[#(#pieces),*] }
}

fn describe(writer: &mut Writer, entry: &Entry) {
    writer.pair("name", &entry.name.to_string());
    writer.doc(&entry.docs);
    if entry.is_payable {
        writer.push(",\"payable\":true");
    }
    writer.push(",");
    let names = entry.arguments.iter().map(Ident::to_string);
    let arguments = names.zip(&entry.types);
    writer.typed(
        "arguments",
        arguments.map(|(name, kind)| (name, kind, false)),
    );
    if let Some(result) = &entry.result {
        writer.push(",");
        writer.pair("result", &type_text(result));
    }
    if let Some(error) = &entry.error {
        writer.push(",");
        writer.pair("error", &type_text(error));
    }
}

fn codes(writer: &mut Writer, error: &ItemEnum) {
    writer.pair("name", &error.ident.to_string());
    writer.push(",");
    let variants: Vec<_> = error.variants.iter().collect();
    writer.list("codes", &variants, |writer, variant| {
        if let Some((_, code)) = &variant.discriminant {
            writer.push("\"code\":");
            writer.number(code);
            writer.push(",");
        }
        writer.pair("name", &variant.ident.to_string());
        writer.doc(&variant.attrs);
    });
}

/// The types under `#[data]`, if there are any.
fn types(writer: &mut Writer, items: &[Item]) {
    let (structs, enums) = (structs(items, "data"), enums(items, "data"));
    if !structs.is_empty() {
        writer.push(",");
        writer.list("structs", &structs, |writer, data| {
            writer.pair("name", &data.ident.to_string());
            writer.doc(&data.attrs);
            writer.push(",");
            writer.fields(&data.fields);
        });
    }
    if !enums.is_empty() {
        writer.push(",");
        writer.list("enums", &enums, |writer, data| {
            writer.pair("name", &data.ident.to_string());
            writer.push(",");
            let variants: Vec<_> = data.variants.iter().collect();
            writer.list("variants", &variants, |writer, variant| {
                writer.pair("name", &variant.ident.to_string());
                writer.push(",");
                writer.fields(&variant.fields);
            });
        });
    }
}

fn structs<'a>(items: &'a [Item], attribute: &str) -> Vec<&'a ItemStruct> {
    let found = items.iter().filter_map(|item| match item {
        Item::Struct(item) if has(&item.attrs, attribute) => Some(item),
        _ => None,
    });
    found.collect()
}

fn enums<'a>(items: &'a [Item], attribute: &str) -> Vec<&'a ItemEnum> {
    let found = items.iter().filter_map(|item| match item {
        Item::Enum(item) if has(&item.attrs, attribute) => Some(item),
        _ => None,
    });
    found.collect()
}

/// Whether an attribute of that name is present and no condition is.
fn has(attributes: &[Attribute], name: &str) -> bool {
    let last = |attribute: &Attribute| attribute.path().segments.last().map(|s| s.ident.clone());
    let named = |name: &str| {
        attributes
            .iter()
            .any(|a| last(a).is_some_and(|ident| ident == name))
    };
    named(name) && !named("cfg")
}

/// A type as it is written, without needless spaces.
pub(crate) fn type_text(kind: &impl ToTokens) -> String {
    kind.to_token_stream()
        .to_string()
        .replace(" :: ", "::")
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace(" ,", ",")
        .replace(" ;", ";")
}

fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        match &pair.value {
            Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        }
    });
    let paragraph: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

/// The text between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            character if character.is_control() => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => escaped.push(character),
        }
    }
    escaped
}
