//! Tests what must never change by accident: style, arrows, engines that must agree.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

mod arrows;
mod citations;
mod determinism;
mod emitted_agrees;
mod first_entry;
mod map;
mod mutants;
mod names;
mod pages;
mod second_version;
mod tidy;
mod wide;
mod words;
