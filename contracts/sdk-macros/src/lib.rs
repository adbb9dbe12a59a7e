//! Generates the repetitive code of a contract: its exports, its encodings, its codes.
//!
//! Use these through the crate `sdk`; the generated code names its items as `::sdk::...`.
#![forbid(unsafe_code)]

mod client;
mod contract;
mod error;
mod event;
mod interface;
mod prefixes;

use proc_macro::TokenStream;
use quote::quote;
use syn::{Item, parse_macro_input};

/// Makes a module a contract: each `pub fn` in it becomes an entry of that name.
///
/// An entry takes owned values, which are decoded by borsh from the call's input; input that is
/// not their canonical encoding, trailing bytes included, reverts with `CODE_BAD_INPUT`. It
/// returns a value, or a `Result` of a value and an `#[error]` enum. Functions that are not
/// `pub` stay inside.
///
/// An entry that is not marked `#[payable]` reverts with `CODE_NOT_PAYABLE` if value comes with the
/// call.
///
/// The module gets a client for other contracts (`TokenClient` for `mod token`), a constant
/// `INTERFACE` with its description, and a public module `entries` with one function per entry,
/// from encoded arguments to the encoded result, which native tests pass to `sdk::mock::call`.
/// Prefixes of `Item::new(b"..")` and `Map::new(b"..")` in `const` and `static` items are compared:
/// none may begin with another.
#[proc_macro_attribute]
pub fn contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(arguments, item, contract::expand)
}

/// Makes a struct an event: `sdk::env::emit` takes it.
///
/// Its name topic is sha256 of the struct's name. Up to three fields marked `#[topic]` become
/// further topics; the data is the borsh encoding of all fields.
#[proc_macro_attribute]
pub fn event(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(arguments, item, event::expand)
}

/// Makes an enum an error of a contract: `Variant = code`, with stable codes.
///
/// A variant may carry `#[message = "text"]`, which goes into the revert.
#[proc_macro_attribute]
pub fn error(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(arguments, item, error::expand)
}

/// Derives borsh for a type that is an argument, a result or a stored value.
#[proc_macro_attribute]
pub fn data(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(arguments, item, |item| {
        let derive = borsh_derive();
        Ok(quote! { #derive #item })
    })
}

/// The derives of a type's encoding, with the SDK's borsh.
fn borsh_derive() -> proc_macro2::TokenStream {
    quote! {
        #[derive(::sdk::BorshSerialize, ::sdk::BorshDeserialize)]
        #[borsh(crate = "::sdk::borsh")]
    }
}

/// Parses the item, rejects arguments (no attribute here has any), and expands.
fn expand(
    arguments: TokenStream,
    item: TokenStream,
    expansion: impl FnOnce(Item) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    if !arguments.is_empty() {
        let arguments = proc_macro2::TokenStream::from(arguments);
        let error = syn::Error::new_spanned(arguments, "this attribute takes no arguments");
        return error.into_compile_error().into();
    }
    let item = parse_macro_input!(item as Item);
    expansion(item)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

#[cfg(test)]
mod tests;
