//! An argument that has no encoding.
struct Point(u8);

#[sdk::contract]
mod contract {
    pub fn go(to: super::Point) {
        let _ = to;
    }
}

fn main() {}
