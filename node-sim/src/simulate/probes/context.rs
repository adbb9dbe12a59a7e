//! Probes of what a frame reads: block, transaction, addresses, value, gas, earlier blocks.

use super::calls::{Asked, call, readings};
use super::script::{Operation, Script, Slot};
use super::{Probe, Site};
use host_api::Function;

/// Distances at which the window of block hashes is probed: inside, at and beyond its edge.
const DISTANCES: [u64; 6] = [1, 2, 255, 256, 257, 258];

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let inner = Asked::of(site, 1, &readings());
    let nested = readings()
        .host(Function::Call, call(&inner.paying(3)))
        .host(Function::Returned, vec![Slot::Buffer(600)]);
    let log = |bytes| {
        let text = vec![Slot::Number(0), Slot::Number(bytes)];
        Script::default().host(Function::DebugLog, text)
    };
    let balances = Script::default()
        .host(
            Function::Balance,
            vec![Slot::Fixed(site.driver(0).0.to_vec()), Slot::Room(16)],
        )
        .host(
            Function::Balance,
            vec![Slot::Fixed(vec![0x5a; 32]), Slot::Room(16)],
        )
        .host(
            Function::Balance,
            vec![Slot::Fixed(vec![0x5a; 32]), Slot::Room(16)],
        );
    let early = [0, 1, 2, u64::MAX].into_iter();
    let early = early.fold(Script::default(), |script, height| {
        script.host(Function::BlockHash, hash_of(height))
    });
    let work = Script::default()
        .operation(Operation::Pages, &[])
        .operation(Operation::Grow, &[2])
        .operation(Operation::Pages, &[])
        .operation(Operation::Grow, &[5])
        .operation(Operation::Spin, &[1_000])
        .operation(Operation::Copy, &[90_000, 4_096, 64])
        .operation(Operation::Nest, &[12])
        .host(Function::GasLeft, Vec::new());
    vec![
        site.paid("pays the drivers", 0, (&readings(), 1_000_000)),
        site.paid("pays the second driver", 1, (&readings(), 1_000)),
        site.paid("pays the last driver", 3, (&readings(), 1_000)),
        site.script("reads in two frames", 0, &nested),
        site.script("balances", 0, &balances),
        site.script("hashes of early blocks", 0, &early),
        site.script("operators", 0, &work),
        site.script("the longest log that is kept", 0, &log(65_536)),
        site.script("a longer log", 0, &log(65_537).then(log(1))),
    ]
}

/// Hashes at the edges of the window, on the chain as it is.
pub(super) fn window(site: &Site, height: u64) -> Probe {
    let heights = DISTANCES
        .into_iter()
        .map(|back| height.saturating_sub(back));
    let heights = heights.chain([height, height.saturating_add(1)]);
    let script = heights.fold(Script::default(), |script, height| {
        let twice = script.host(Function::BlockHash, hash_of(height));
        twice.host(Function::BlockHash, hash_of(height))
    });
    site.script(&format!("hashes of blocks before {height}"), 0, &script)
}

fn hash_of(height: u64) -> Vec<Slot> {
    vec![Slot::Number(height), Slot::Room(32)]
}
