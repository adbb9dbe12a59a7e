//! A result that does not say how it fails.
#[sdk::contract]
mod contract {
    type Result<T> = core::result::Result<T, ()>;

    pub fn go() -> Result<u64> {
        Ok(1)
    }
}

fn main() {}
