//! Tests that wrong contracts do not compile, and that the error text says what to do.
//!
//! The texts are those of the pinned compiler; `TRYBUILD=overwrite cargo test -p sdk --test
//! compile_errors` renews them.
#![cfg(test)]

#[test]
fn wrong_contracts_do_not_compile_and_the_error_says_why() {
    trybuild::TestCases::new().compile_fail("tests/compile_errors/*.rs");
}
