//! A code of the SDK's.
#[sdk::error]
enum Refusal {
    First = 0xffff_0000,
}

fn main() {}
