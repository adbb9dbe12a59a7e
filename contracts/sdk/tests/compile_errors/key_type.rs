//! A key whose bytes would not sort as its values do.
use sdk::Map;

const RATES: Map<Option<u8>, u64> = Map::new(b"r");

fn main() {
    let _ = RATES.get(&None);
}
