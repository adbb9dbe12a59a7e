//! A code that would shift when a variant is inserted.
#[sdk::error]
enum Refusal {
    First = 1,
    Second,
}

fn main() {}
