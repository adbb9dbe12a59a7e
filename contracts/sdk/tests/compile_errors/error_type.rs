//! An error without codes.
#[sdk::contract]
mod contract {
    pub fn go() -> Result<u64, sdk::String> {
        Ok(1)
    }
}

fn main() {}
