//! Expands `#[contract]`: finds the entries of a module and writes their adapters and exports.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, FnArg, Item, ItemFn, Pat, Result, ReturnType, Type, Visibility};

use crate::prefixes;

/// The longest name of an entry that the host looks up.
const NAME_BYTES_MAX: usize = 64;

/// The name under which the linker exports the memory.
const MEMORY_EXPORT: &str = "memory";

/// An entry, as far as its adapter needs to know it.
struct Entry<'a> {
    name: &'a Ident,
    arguments: Vec<Ident>,
    returns_result: bool,
    /// An entry that is compiled under a condition is exported under the same one.
    conditions: Vec<&'a Attribute>,
}

pub(crate) fn expand(item: Item) -> Result<TokenStream> {
    let Item::Mod(mut module) = item else {
        return Err(Error::new_spanned(
            item,
            "#[contract] goes on a module: `mod name { .. }`",
        ));
    };
    let Some((_, items)) = &module.content else {
        let text = "the contract's module must be written out here: `mod name { .. }`";
        return Err(Error::new_spanned(module, text));
    };
    prefixes::check(items)?;
    let entries = items
        .iter()
        .filter_map(entry_function)
        .map(read)
        .collect::<Result<Vec<_>>>()?;
    if entries.is_empty() {
        let text = "a contract needs an entry: a `pub fn` in this module";
        return Err(Error::new_spanned(&module.ident, text));
    }
    let adapters = entries.iter().map(adapter);
    let exports = entries.iter().map(export);
    let written = quote! {
        /// The entries as the host calls them: bytes to bytes.
        pub mod entries {
            #(#adapters)*
        }

        #[cfg(target_family = "wasm")]
        mod exports {
            #(#exports)*
        }
    };
    let written = syn::parse2::<syn::File>(written)?.items;
    if let Some((_, items)) = &mut module.content {
        items.extend(written);
    }
    Ok(quote! { #module })
}

fn entry_function(item: &Item) -> Option<&ItemFn> {
    match item {
        Item::Fn(function) if matches!(function.vis, Visibility::Public(_)) => Some(function),
        _ => None,
    }
}

/// Reads the signature of an entry, or says what an entry cannot have.
fn read(function: &ItemFn) -> Result<Entry<'_>> {
    let signature = &function.sig;
    let name = &signature.ident;
    if !signature.generics.params.is_empty() {
        let text = "an entry has no generics: its encoding must be one";
        return Err(Error::new_spanned(&signature.generics, text));
    }
    if signature.asyncness.is_some() {
        return Err(Error::new_spanned(
            signature.asyncness,
            "an entry cannot be async",
        ));
    }
    // The names are what is exported, so a length above the host's would never be found.
    let exported = name.to_string();
    if exported.len() > NAME_BYTES_MAX || exported == MEMORY_EXPORT || exported.starts_with("r#") {
        let text = format!(
            "`{exported}` cannot be an entry's name: at most {NAME_BYTES_MAX} bytes, no keyword, \
             not `{MEMORY_EXPORT}`, which the linker exports"
        );
        return Err(Error::new_spanned(name, text));
    }
    let arguments = signature
        .inputs
        .iter()
        .map(argument)
        .collect::<Result<_>>()?;
    let conditions = function
        .attrs
        .iter()
        .filter(|a| a.path().is_ident("cfg"))
        .collect();
    let returns_result = returns_result(&signature.output)?;
    Ok(Entry {
        name,
        arguments,
        returns_result,
        conditions,
    })
}

fn argument(input: &FnArg) -> Result<Ident> {
    let FnArg::Typed(argument) = input else {
        return Err(Error::new_spanned(
            input,
            "an entry has no `self`: state is in storage",
        ));
    };
    let Pat::Ident(pattern) = &*argument.pat else {
        let text = "an entry's argument needs a name, not a pattern";
        return Err(Error::new_spanned(&argument.pat, text));
    };
    match &*argument.ty {
        Type::Reference(_) => {
            let text = "an entry takes owned values (`String`, `Vec<u8>`): they are decoded";
            Err(Error::new_spanned(&argument.ty, text))
        }
        Type::ImplTrait(_) => Err(Error::new_spanned(
            &argument.ty,
            "an entry's argument needs a type of its own",
        )),
        _ => Ok(format_ident!("{}", pattern.ident)),
    }
}

/// Whether the type is spelled `Result<..>`. An alias of another name counts as a plain value.
fn returns_result(output: &ReturnType) -> Result<bool> {
    match output {
        ReturnType::Default => Ok(false),
        ReturnType::Type(_, returned) => match &**returned {
            Type::Reference(_) => {
                let text = "an entry returns an owned value: it is encoded";
                Err(Error::new_spanned(returned, text))
            }
            Type::Path(path) => Ok(path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Result")),
            _ => Ok(false),
        },
    }
}

/// `fn name(input: &[u8]) -> Result<Vec<u8>, Revert>`; the types of the arguments are inferred.
fn adapter(entry: &Entry<'_>) -> TokenStream {
    let Entry {
        name,
        arguments,
        returns_result,
        conditions,
    } = entry;
    let text = format!("Decodes the arguments of `{name}`, calls it and encodes its answer.");
    let mutability = (!arguments.is_empty()).then(|| quote! { mut });
    let called = quote! { super::#name(#(#arguments),*) };
    let answered = if *returns_result {
        quote! { ::sdk::entry::answer(#called) }
    } else {
        quote! { ::sdk::entry::answer::<_, ::core::convert::Infallible>(Ok(#called)) }
    };
    quote! {
        #(#conditions)*
        #[doc = #text]
        ///
        /// # Errors
        /// The refusal of the entry, or `CODE_BAD_INPUT`.
        pub fn #name(input: &[u8]) -> Result<::sdk::Vec<u8>, ::sdk::Revert> {
            let #mutability decoder = ::sdk::entry::Arguments::new(input);
            #(let #arguments = decoder.take()?;)*
            decoder.end()?;
            #answered
        }
    }
}

/// `() -> ()` under the entry's name.
fn export(entry: &Entry<'_>) -> TokenStream {
    let Entry {
        name, conditions, ..
    } = entry;
    let exported = name.to_string();
    quote! {
        #(#conditions)*
        #[expect(unsafe_code, reason = "an export names a symbol of the whole module")]
        #[unsafe(export_name = #exported)]
        extern "C" fn #name() {
            ::sdk::entry::run(super::entries::#name)
        }
    }
}
