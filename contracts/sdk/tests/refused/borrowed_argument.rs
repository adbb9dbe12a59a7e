//! An argument that is borrowed from nobody.
#[sdk::contract]
mod contract {
    pub fn go(to: &str) {
        let _ = to;
    }
}

fn main() {}
