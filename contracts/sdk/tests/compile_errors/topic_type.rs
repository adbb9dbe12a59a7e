//! A topic of a type that does not fit 32 bytes.
#[sdk::event]
struct Named {
    #[topic]
    name: sdk::String,
}

fn main() {}
