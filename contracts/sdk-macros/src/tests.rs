//! Tests which items the attributes reject, and that the errors say why.

use syn::parse_quote;

use crate::{contract, error, event};

/// The text of the compile error.
fn error_text(expansion: syn::Result<proc_macro2::TokenStream>) -> String {
    expansion
        .map(|tokens| tokens.to_string())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_contract_is_a_module_with_entries() {
    let text = error_text(contract::expand(parse_quote! { struct Counter; }));
    assert_eq!(text, "#[contract] goes on a module: `mod name { .. }`");
    let text = error_text(contract::expand(parse_quote! { mod counter; }));
    assert_eq!(
        text,
        "the contract's module must be written out here: `mod name { .. }`"
    );
    let text = error_text(contract::expand(
        parse_quote! { mod counter { fn inside() {} } },
    ));
    assert_eq!(text, "a contract needs an entry: a `pub fn` in this module");
}

#[test]
fn an_entry_has_a_plain_signature() {
    let cases: [(syn::Item, &str); 8] = [
        (
            parse_quote! { mod m { pub fn f<T>(x: T) {} } },
            "cannot have generics",
        ),
        (
            parse_quote! { mod m { pub async fn f() {} } },
            "cannot be async",
        ),
        (
            parse_quote! { mod m { pub fn f(&self) {} } },
            "cannot have `self`",
        ),
        (
            parse_quote! { mod m { pub fn f((a, b): (u8, u8)) {} } },
            "needs a name",
        ),
        (
            parse_quote! { mod m { pub fn f(x: &str) {} } },
            "owned values",
        ),
        (
            parse_quote! { mod m { pub fn f(x: impl Copy) {} } },
            "concrete type",
        ),
        (
            parse_quote! { mod m { pub fn f() -> &'static str {} } },
            "owned value",
        ),
        (
            parse_quote! { mod m { pub fn memory() {} } },
            "cannot be an entry's name",
        ),
    ];
    for (item, expected) in cases {
        let text = error_text(contract::expand(item));
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn an_entry_name_has_at_most_64_bytes() {
    let module = |length: usize| -> syn::Item {
        let name = quote::format_ident!("{}", "f".repeat(length));
        parse_quote! { mod m { pub fn #name() {} } }
    };
    assert!(contract::expand(module(64)).is_ok());
    assert!(error_text(contract::expand(module(65))).contains("at most 64 bytes"));
}

#[test]
fn every_public_function_is_exported_under_its_own_condition() {
    let module = parse_quote! {
        mod m {
            pub fn one(by: u64) -> Result<u64, E> { Ok(by) }
            #[cfg(feature = "x")]
            pub fn two() {}
            fn inside() {}
        }
    };
    let written = contract::expand(module).unwrap().to_string();
    assert_eq!(written.matches("export_name").count(), 2);
    assert!(written.contains(r#"export_name = "one""#), "{written}");
    // The function, its check, its adapter, its row, its client's method and its export.
    assert_eq!(written.matches(r#"feature = "x""#).count(), 6, "{written}");
}

#[test]
fn a_result_names_its_error() {
    for returned in ["Result<u64>", "Result", "std::io::Result<()>"] {
        let returned: syn::Type = syn::parse_str(returned).unwrap();
        let text = error_text(contract::expand(parse_quote! {
            mod m { pub fn f() -> #returned { todo() } }
        }));
        assert!(text.starts_with("write the error type, too"), "{text}");
    }
}

#[test]
fn an_entry_that_is_not_payable_rejects_value() {
    let written = contract::expand(parse_quote! {
        mod m { #[payable] pub fn take() {} pub fn other() {} pub fn third() {} }
    });
    let written = written.unwrap().to_string();
    assert!(!written.contains("payable ]"), "{written}");
    assert_eq!(written.matches("end_unpaid").count(), 2);
}

#[test]
fn a_client_has_a_method_for_each_entry() {
    let written = contract::expand(parse_quote! {
        mod name_book {
            pub fn value(of: Address, at: u64) -> Result<u8, E> { todo() }
            pub fn forget() {}
        }
    });
    let written = written.unwrap().to_string();
    assert!(written.contains("impl NameBookClient"), "{written}");
    // The client has a method `value` already.
    let method = "pub fn value_ (& self , of : Address , at : u64) -> \
                  :: core :: result :: Result < u8 , :: sdk :: CallError >";
    assert!(written.contains(method), "{written}");
    assert!(written.contains("pub fn forget (& self) ->"), "{written}");
}

#[test]
fn storage_prefixes_may_not_begin_with_one_another() {
    let collision = error_text(contract::expand(parse_quote! {
        mod m {
            const A: sdk::Item<u8> = sdk::Item::new(b"ab");
            static B: Map<u8, u8> = Map::new(b"a");
            pub fn f() {}
        }
    }));
    let expected = "storage prefixes b\"ab\" and b\"a\" collide: one begins with the other";
    assert_eq!(collision, expected);
    let empty = error_text(contract::expand(parse_quote! {
        mod m { const A: Item<u8> = Item::new(b""); pub fn f() {} }
    }));
    assert_eq!(empty, "a storage prefix cannot be empty");
    assert!(
        contract::expand(parse_quote! {
            mod m {
                const A: Item<u8> = Item::new(b"a");
                const B: Map<u8, u8> = Map::new(b"b");
                pub fn f() {}
            }
        })
        .is_ok()
    );
}

#[test]
fn the_codes_of_an_error_are_explicit() {
    let text = error_text(error::expand(parse_quote! { enum E { A = 1, B } }));
    assert_eq!(
        text,
        "write the code explicitly: `B = 1`; it must never change"
    );
    let text = error_text(error::expand(parse_quote! { enum E { A(u8) = 1 } }));
    assert!(text.contains("has no fields"), "{text}");
    let text = error_text(error::expand(
        parse_quote! { enum E { #[message("x")] A = 1 } },
    ));
    assert!(text.contains("#[message = \"text\"]"), "{text}");
    let text = error_text(error::expand(parse_quote! { struct E; }));
    assert!(text.contains("goes on an enum"), "{text}");
}

#[test]
fn an_event_has_named_fields_and_at_most_three_topics() {
    let text = error_text(event::expand(parse_quote! { struct E(u8); }));
    assert_eq!(text, "an event's fields need names");
    let written = event::expand(three_topics()).unwrap().to_string();
    assert_eq!(written.matches("Topic :: topic").count(), 3);
    let mut four = three_topics();
    if let syn::Item::Struct(event) = &mut four {
        event
            .fields
            .iter_mut()
            .for_each(|field| field.attrs = vec![parse_quote! { #[topic] }]);
    }
    assert!(error_text(event::expand(four)).contains("at most three fields"));
}

fn three_topics() -> syn::Item {
    parse_quote! { struct E { #[topic] a: u8, #[topic] b: u8, #[topic] c: u8, d: u8 } }
}
