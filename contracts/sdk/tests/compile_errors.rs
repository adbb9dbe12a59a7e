//! Tests that a mistake is refused when it compiles, with a text that says what to do.
//!
//! The texts are those of the pinned compiler; `TRYBUILD=overwrite cargo test -p sdk --test
//! compile_errors` writes them anew.
#![cfg(test)]

#[test]
fn mistakes_are_refused_with_a_reason() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
