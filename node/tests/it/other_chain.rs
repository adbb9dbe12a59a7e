//! Opens nodes on stores of another chain: refused at every height, with both chain ids.

use crate::faults::ExpectedChain;
use node::{LogStore, MemoryStore, Store};
use node_sim::disk::SimulatedDisk;
use vm::{Fault, Interpreter};

fn store(kind: usize) -> Box<dyn Store> {
    match kind {
        0 => Box::new(MemoryStore::new()),
        _ => Box::new(LogStore::open(SimulatedDisk::new(0)).unwrap()),
    }
}

#[test]
fn a_store_of_another_chain_is_refused_at_every_height() {
    let (one, other) = (ExpectedChain::new(21), ExpectedChain::new(22));
    let open = |chain: &ExpectedChain, store| chain.open_on(Box::new(Interpreter::new()), store);
    let hex = |id: [u8; 32]| -> String { id.iter().map(|byte| format!("{byte:02x}")).collect() };
    let other_id = *open(&other, store(0)).unwrap().chain_id();
    for kind in 0..2 {
        assert_eq!(store(kind).chain_id().unwrap(), None);
        for height in [0, 1, 5] {
            let mut node = open(&one, store(kind)).unwrap();
            one.apply_to(&mut node, height).unwrap();
            let id = *node.chain_id();
            let left = node.into_store();
            assert_eq!(left.chain_id().unwrap(), Some(id));
            let Err(Fault::Store(cause)) = open(&other, left) else {
                panic!("block {height} of another chain was opened");
            };
            assert!(
                cause.contains(&hex(id)) && cause.contains(&hex(other_id)),
                "{cause}"
            );
        }
    }
}
