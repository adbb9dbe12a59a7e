//! Expands `#[error]`: implements the code and the text of each variant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, Fields, Item, Meta, Result, Variant};

pub(crate) fn expand(item: Item) -> Result<TokenStream> {
    let Item::Enum(mut error) = item else {
        return Err(Error::new_spanned(
            item,
            "#[error] goes on an enum: `Variant = code`",
        ));
    };
    if !error.generics.params.is_empty() {
        return Err(Error::new_spanned(
            error.generics,
            "an error enum cannot have generics",
        ));
    }
    let mut codes = Vec::new();
    let mut messages = Vec::new();
    for variant in &mut error.variants {
        let code = code(variant)?;
        let name = &variant.ident;
        codes.push(quote! { Self::#name => #code });
        if let Some(text) = take_message(&mut variant.attrs)? {
            messages.push(quote! { Self::#name => Some(#text) });
        }
    }
    // One arm for the variants without a text, unless there are none.
    if messages.len() < codes.len() {
        messages.push(quote! { _ => None });
    }
    let ident = &error.ident;
    let discriminants = error
        .variants
        .iter()
        .filter_map(|v| v.discriminant.as_ref());
    let in_range = discriminants.map(|(_, code)| {
        quote! { assert!(#code < ::sdk::CODE_RESERVED, "codes from 0xffff0000 on are the SDK's"); }
    });
    Ok(quote! {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #error

        const _: () = { #(#in_range)* };

        impl ::sdk::ContractError for #ident {
            fn code(&self) -> u32 {
                match self { #(#codes),* }
            }

            fn message(&self) -> Option<&'static str> {
                match self { #(#messages),* }
            }
        }
    })
}

/// The code of a variant. It must be explicit, or inserting a variant would shift the others.
fn code(variant: &Variant) -> Result<Expr> {
    if !matches!(variant.fields, Fields::Unit) {
        let text = "a variant of an error has no fields: callers see only its code";
        return Err(Error::new_spanned(variant, text));
    }
    match &variant.discriminant {
        Some((_, code)) => Ok(code.clone()),
        None => {
            let text = format!(
                "write the code explicitly: `{} = 1`; it must never change",
                variant.ident
            );
            Err(Error::new_spanned(variant, text))
        }
    }
}

/// Removes `#[message = ".."]` and returns its text.
fn take_message(attributes: &mut Vec<Attribute>) -> Result<Option<Expr>> {
    let Some(at) = attributes.iter().position(|a| a.path().is_ident("message")) else {
        return Ok(None);
    };
    match attributes.remove(at).meta {
        Meta::NameValue(pair) => Ok(Some(pair.value)),
        other => Err(Error::new_spanned(
            other,
            "write it as `#[message = \"text\"]`",
        )),
    }
}
