//! Expands `#[event]`: hashes the name and collects the fields that are topics.

use proc_macro2::TokenStream;
use quote::quote;
use sha2::{Digest, Sha256};
use syn::{Error, Fields, Item, Result};

/// Maximum number of marked fields: an event has four topics, of which one is its name.
const MARKED_FIELDS_MAX: usize = 3;

pub(crate) fn expand(item: Item) -> Result<TokenStream> {
    let Item::Struct(mut event) = item else {
        return Err(Error::new_spanned(
            item,
            "#[event] goes on a struct with named fields",
        ));
    };
    if !event.generics.params.is_empty() {
        let text = "an event cannot have generics: its encoding must be unique";
        return Err(Error::new_spanned(event.generics, text));
    }
    let Fields::Named(fields) = &mut event.fields else {
        return Err(Error::new_spanned(event, "an event's fields need names"));
    };
    let mut marked = Vec::new();
    for field in &mut fields.named {
        let before = field.attrs.len();
        field
            .attrs
            .retain(|attribute| !attribute.path().is_ident("topic"));
        if field.attrs.len() != before {
            marked.extend(field.ident.clone());
        }
    }
    if let Some(field) = marked.get(MARKED_FIELDS_MAX) {
        let text = "at most three fields can be topics: an event has four, and one is its name";
        return Err(Error::new_spanned(field, text));
    }
    let ident = &event.ident;
    let name = ident.to_string();
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let borsh = crate::borsh_derive();
    Ok(quote! {
        #[derive(Clone, Debug, PartialEq, Eq)]
        #borsh
        #event

        impl ::sdk::Event for #ident {
            const NAME: &'static str = #name;
            const NAME_TOPIC: [u8; 32] = [#(#digest),*];

            fn topics(&self) -> impl AsRef<[[u8; 32]]> {
                [Self::NAME_TOPIC #(, ::sdk::Topic::topic(&self.#marked))*]
            }
        }
    })
}
