//! A call of another contract with the wrong arguments.
#[sdk::contract]
mod counter {
    pub fn increment(by: u64) -> u64 {
        by
    }
}

fn main() {
    let counter = counter::CounterClient::at(sdk::Address([1; 32]));
    let _ = counter.increment("one");
}
