//! Generates the typed client of a contract: one method per entry.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::contract::Entry;

/// Methods of every client; the method of an entry with such a name ends with `_`.
const RESERVED_METHODS: [&str; 5] = ["at", "gas", "value", "read_only", "allow_reentry"];

/// The name of the client, such as `TokenClient` for the contract `token`.
fn client_name(contract: &Ident) -> Ident {
    let mut name = String::new();
    for word in contract.to_string().split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    format_ident!("{name}Client", span = contract.span())
}

pub(crate) fn client(contract: &Ident, entries: &[Entry]) -> TokenStream {
    let name = client_name(contract);
    let methods = entries.iter().map(method);
    let text = format!("Calls a contract that has the entries of `{contract}`.");
    quote! {
        #[doc = #text]
        #[derive(Clone, Copy, Debug)]
        pub struct #name(::sdk::Request);

        impl #name {
            /// The client of the contract at an address: all available gas, no value, no re-entry.
            #[must_use]
            pub const fn at(address: ::sdk::Address) -> Self {
                Self(::sdk::Request::to(address))
            }

            /// Sets the gas limit of the call.
            #[must_use]
            pub const fn gas(mut self, gas: u64) -> Self {
                self.0.gas = gas;
                self
            }

            /// Moves value with the call.
            #[must_use]
            pub const fn value(mut self, value: u128) -> Self {
                self.0.value = value;
                self
            }

            /// Forbids all changes of state during the call.
            #[must_use]
            pub const fn read_only(mut self) -> Self {
                self.0.flags |= ::sdk::call::STATIC;
                self
            }

            /// Lets the callee call back into the caller during the call.
            #[must_use]
            pub const fn allow_reentry(mut self) -> Self {
                self.0.flags |= ::sdk::call::ALLOW_REENTRY;
                self
            }

            #(#methods)*
        }
    }
}

fn method(entry: &Entry) -> TokenStream {
    let Entry {
        name,
        arguments,
        types,
        docs,
        conditions,
        ..
    } = entry;
    let called = name.to_string();
    let method = if RESERVED_METHODS.contains(&called.as_str()) {
        format_ident!("{called}_", span = name.span())
    } else {
        name.clone()
    };
    let result = match &entry.result {
        Some(result) => quote! { #result },
        None => quote! { () },
    };
    quote! {
        #(#conditions)*
        #(#docs)*
        ///
        /// # Errors
        /// The reason why the contract did not return.
        pub fn #method(
            &self
            #(, #arguments: #types)*
        ) -> ::core::result::Result<#result, ::sdk::CallError> {
            self.0.invoke(#called, &(#(&#arguments,)*))
        }
    }
}
