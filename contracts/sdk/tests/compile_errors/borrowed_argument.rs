//! An argument that is a reference.
#[sdk::contract]
mod contract {
    pub fn go(to: &str) {
        let _ = to;
    }
}

fn main() {}
