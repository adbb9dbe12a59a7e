//! A `Result` without its error type.
#[sdk::contract]
mod contract {
    type Result<T> = core::result::Result<T, ()>;

    pub fn go() -> Result<u64> {
        Ok(1)
    }
}

fn main() {}
