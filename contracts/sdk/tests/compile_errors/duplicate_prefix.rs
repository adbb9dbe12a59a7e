//! Two prefixes of which one begins with the other.
#[sdk::contract]
mod contract {
    use sdk::{Item, Map};

    const OWNER: Item<u64> = Item::new(b"o");
    const ORDERS: Map<u64, u64> = Map::new(b"or");

    pub fn go() {
        OWNER.set(&1);
        ORDERS.set(&1, &1);
    }
}

fn main() {}
