//! A contract without an entry.
#[sdk::contract]
mod contract {
    fn go() {}
}

fn main() {}
