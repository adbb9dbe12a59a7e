//! An error code that is reserved for the SDK.
#[sdk::error]
enum Refusal {
    First = 0xffff_0000,
}

fn main() {}
