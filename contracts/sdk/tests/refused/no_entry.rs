//! A contract that nobody can call.
#[sdk::contract]
mod contract {
    fn go() {}
}

fn main() {}
