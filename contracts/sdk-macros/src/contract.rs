//! Expands `#[contract]`: finds a module's entries, generates adapters, exports and a client.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Item, ItemFn, Pat, PathArguments, Result, ReturnType,
    Type, Visibility,
};

use crate::{client, interface, prefixes};

/// Maximum length of an entry's name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The name under which the linker exports the memory.
const MEMORY_EXPORT: &str = "memory";

/// The custom section that contains the interface description.
const INTERFACE_SECTION: &str = "lockstep.interface";

/// An entry, read from its signature.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) is_payable: bool,
    pub(crate) arguments: Vec<Ident>,
    pub(crate) types: Vec<Type>,
    /// Type of the value; none for `()`.
    pub(crate) result: Option<Type>,
    /// Error type of a `Result`.
    pub(crate) error: Option<Type>,
    /// `cfg` attributes of the entry, which apply to its export, too.
    pub(crate) conditions: Vec<Attribute>,
}

pub(crate) fn expand(item: Item) -> Result<TokenStream> {
    let Item::Mod(mut module) = item else {
        return Err(Error::new_spanned(
            item,
            "#[contract] goes on a module: `mod name { .. }`",
        ));
    };
    let Some((_, items)) = &mut module.content else {
        let text = "the contract's module must be written out here: `mod name { .. }`";
        return Err(Error::new_spanned(module, text));
    };
    prefixes::check(items)?;
    let mut entries = Vec::new();
    for item in items.iter_mut() {
        if let Some(function) = entry_function(item) {
            entries.push(read(function)?);
        }
    }
    if entries.is_empty() {
        let text = "a contract needs an entry: a `pub fn` in this module";
        return Err(Error::new_spanned(&module.ident, text));
    }
    let generated = generated(&module.ident, &entries, items);
    items.extend(syn::parse2::<syn::File>(generated)?.items);
    Ok(quote! { #module })
}

/// The items that the macro adds to the module.
fn generated(contract: &Ident, entries: &[Entry], items: &[Item]) -> TokenStream {
    let checks = entries.iter().map(checks);
    let adapters = entries.iter().map(adapter);
    let table = entries.iter().map(row);
    let exports = entries.iter().map(export);
    let client = client::client(contract, entries);
    let pieces = interface::pieces(contract, entries, items);
    quote! {
        const _: () = { #(#checks)* };

        /// The entries as the host calls them: from encoded arguments to the encoded result.
        pub mod entries {
            #(#adapters)*

            /// All entries by their names, for `sdk::mock::register`.
            #[cfg(not(target_family = "wasm"))]
            pub const ALL: &[(&str, ::sdk::entry::Adapter)] = &[#(#table),*];
        }

        #client

        const INTERFACE_PIECES: &[::sdk::interface::Piece] = #pieces;

        /// The contract's description: JSON, as in its custom section `lockstep.interface`.
        pub const INTERFACE: [u8; ::sdk::interface::length(INTERFACE_PIECES)] =
            ::sdk::interface::text(INTERFACE_PIECES);

        // A contract that another one links as a library exports nothing there. Only such a
        // package must declare the feature.
        #[allow(unexpected_cfgs, reason = "a package without the feature is never a library")]
        mod exports {
            #[cfg(all(target_family = "wasm", not(feature = "library")))]
            mod wasm {
                #[expect(unsafe_code, reason = "a section is a name of the whole module")]
                #[unsafe(link_section = #INTERFACE_SECTION)]
                static INTERFACE: [u8; super::super::INTERFACE.len()] = super::super::INTERFACE;

                #(#exports)*
            }
        }
    }
}

fn entry_function(item: &mut Item) -> Option<&mut ItemFn> {
    match item {
        Item::Fn(function) if matches!(function.vis, Visibility::Public(_)) => Some(function),
        _ => None,
    }
}

/// Removes `#[payable]`; returns whether it was present.
fn take_payable(function: &mut ItemFn) -> bool {
    let before = function.attrs.len();
    let is_payable = |attribute: &Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "payable")
    };
    function.attrs.retain(|attribute| !is_payable(attribute));
    function.attrs.len() != before
}

/// Reads the signature of an entry; an error says what an entry cannot have.
fn read(function: &mut ItemFn) -> Result<Entry> {
    let is_payable = take_payable(function);
    let signature = &function.sig;
    check_plain(function)?;
    let mut arguments = Vec::new();
    let mut types = Vec::new();
    for input in &signature.inputs {
        let (name, kind) = argument(input)?;
        arguments.push(name);
        types.push(kind);
    }
    let attributes = |name: &str| {
        let named = function.attrs.iter().filter(|a| a.path().is_ident(name));
        named.cloned().collect::<Vec<_>>()
    };
    let (result, error) = returned(&signature.output)?;
    Ok(Entry {
        name: signature.ident.clone(),
        docs: attributes("doc"),
        is_payable,
        arguments,
        types,
        result,
        error,
        conditions: attributes("cfg"),
    })
}

/// Rejects a function that the host could not call.
fn check_plain(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        let text = "an entry cannot have generics: its encoding must be unique";
        return Err(Error::new_spanned(&signature.generics, text));
    }
    if signature.asyncness.is_some() {
        return Err(Error::new_spanned(
            signature.asyncness,
            "an entry cannot be async",
        ));
    }
    // The export has this name; the host would never look up a longer one.
    let exported = signature.ident.to_string();
    if exported.len() > NAME_BYTES_MAX || exported == MEMORY_EXPORT || exported.starts_with("r#") {
        let text = format!(
            "`{exported}` cannot be an entry's name: at most {NAME_BYTES_MAX} bytes, no keyword, \
             not `{MEMORY_EXPORT}`, which the linker exports"
        );
        return Err(Error::new_spanned(&signature.ident, text));
    }
    Ok(())
}

fn argument(input: &FnArg) -> Result<(Ident, Type)> {
    let FnArg::Typed(argument) = input else {
        return Err(Error::new_spanned(
            input,
            "an entry cannot have `self`: state is in storage",
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
            "an entry's argument needs a concrete type",
        )),
        kind => Ok((pattern.ident.clone(), kind.clone())),
    }
}

/// The type of the value, and that of the error if the type is written `Result<..>`.
fn returned(output: &ReturnType) -> Result<(Option<Type>, Option<Type>)> {
    let ReturnType::Type(_, returned) = output else {
        return Ok((None, None));
    };
    let path = match &**returned {
        Type::Reference(_) => {
            let text = "an entry returns an owned value: it is encoded";
            return Err(Error::new_spanned(returned, text));
        }
        Type::Path(path) => path,
        other => return Ok((Some(other.clone()), None)),
    };
    let Some(last) = path.path.segments.last().filter(|s| s.ident == "Result") else {
        return Ok((Some((**returned).clone()), None));
    };
    let parts: Vec<&Type> = match &last.arguments {
        PathArguments::AngleBracketed(list) => list.args.iter().filter_map(type_of).collect(),
        _ => Vec::new(),
    };
    match parts.as_slice() {
        [value, error] => Ok((Some((*value).clone()), Some((*error).clone()))),
        _ => {
            let text = "write the error type, too: `Result<T, E>` with an enum E under #[error]";
            Err(Error::new_spanned(returned, text))
        }
    }
}

fn type_of(argument: &GenericArgument) -> Option<&Type> {
    match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    }
}

/// Checks the types of arguments, result and error at their own spans, so that the compiler points
/// there and not at generated code.
fn checks(entry: &Entry) -> TokenStream {
    let conditions = &entry.conditions;
    let arguments = entry
        .types
        .iter()
        .map(|kind| quote_spanned! { kind.span() => ::sdk::entry::argument::<#kind>(); });
    let result = entry
        .result
        .iter()
        .map(|kind| quote_spanned! { kind.span() => ::sdk::entry::result::<#kind>(); });
    let error = entry
        .error
        .iter()
        .map(|kind| quote_spanned! { kind.span() => ::sdk::entry::error::<#kind>(); });
    quote! {
        #(#conditions)*
        {
            #(#arguments)*
            #(#result)*
            #(#error)*
        }
    }
}

/// `fn name(input: &[u8]) -> Result<Vec<u8>, Revert>`; the types of the arguments are inferred.
fn adapter(entry: &Entry) -> TokenStream {
    let Entry {
        name,
        arguments,
        conditions,
        ..
    } = entry;
    let text = format!("Decodes the arguments of `{name}`, calls it and encodes its result.");
    let mutability = (!arguments.is_empty()).then(|| quote! { mut });
    let end = if entry.is_payable {
        quote! { end }
    } else {
        quote! { end_unpaid }
    };
    let called = quote! { super::#name(#(#arguments),*) };
    let encoded = if entry.error.is_some() {
        quote! { ::sdk::entry::encode_result(#called) }
    } else {
        quote! { ::sdk::entry::encode_result::<_, ::core::convert::Infallible>(Ok(#called)) }
    };
    quote! {
        #(#conditions)*
        #[doc = #text]
        ///
        /// # Errors
        /// The error of the entry, `CODE_BAD_INPUT`, or `CODE_NOT_PAYABLE`.
        pub fn #name(input: &[u8]) -> ::core::result::Result<::sdk::Vec<u8>, ::sdk::Revert> {
            let #mutability decoder = ::sdk::entry::Arguments::new(input);
            #(let #arguments = decoder.take()?;)*
            decoder.#end()?;
            #encoded
        }
    }
}

/// A row of the table of entries.
fn row(entry: &Entry) -> TokenStream {
    let Entry {
        name, conditions, ..
    } = entry;
    let text = name.to_string();
    quote! { #(#conditions)* (#text, #name) }
}

/// The export `() -> ()` with the entry's name.
fn export(entry: &Entry) -> TokenStream {
    let Entry {
        name, conditions, ..
    } = entry;
    let exported = name.to_string();
    quote! {
        #(#conditions)*
        #[expect(unsafe_code, reason = "an export names a symbol of the whole module")]
        #[unsafe(export_name = #exported)]
        extern "C" fn #name() {
            ::sdk::entry::run(super::super::entries::#name)
        }
    }
}
