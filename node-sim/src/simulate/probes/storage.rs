//! Probes of storage and scans: lengths, room, order, and keys that are gone.

use super::calls::{Asked, asks};
use super::script::{Script, Slot};
use super::{Probe, Site};
use host_api::Function;

pub(super) fn write(key: Vec<u8>, value: &[u8]) -> Script {
    let slots = vec![Slot::Bytes(key), Slot::Bytes(value.to_vec())];
    Script::default().host(Function::StorageWrite, slots)
}

pub(super) fn read(key: &[u8], room: u64) -> Script {
    let slots = vec![Slot::Bytes(key.to_vec()), Slot::Buffer(room)];
    Script::default().host(Function::StorageRead, slots)
}

pub(super) fn remove(key: &[u8]) -> Script {
    Script::default().host(Function::StorageRemove, vec![Slot::Bytes(key.to_vec())])
}

fn has(key: &[u8]) -> Script {
    Script::default().host(Function::StorageHas, vec![Slot::Bytes(key.to_vec())])
}

fn scan(start: &[u8], end: &[u8], (limit, room): (u64, u64)) -> Script {
    let slots = vec![
        Slot::Bytes(start.to_vec()),
        Slot::Bytes(end.to_vec()),
        Slot::Number(limit),
        Slot::Buffer(room),
    ];
    Script::default().host(Function::StorageScan, slots)
}

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let all = || scan(b"", b"", (64, 512));
    vec![
        site.script("values", 1, &values()),
        site.script("values again", 1, &read(b"four", 8).then(remove(b"gone"))),
        site.script("keys in order", 3, &filled()),
        site.script("pages", 3, &pages()),
        site.script("removes before a scan", 3, &remove(b"k2").then(all()))
            .joined(),
        site.script("scans past a hidden key", 3, &all()).joined(),
        site.script("adds before a scan", 3, &write(b"k22".to_vec(), b"x"))
            .joined(),
        site.script(
            "removes what the block added",
            3,
            &remove(b"k22").then(all()),
        )
        .joined(),
        site.script("scans past nothing", 3, &all()),
        site.script("scans after the block", 3, &all()),
        site.script("a key that comes and goes", 3, &passing()),
        site.script("keys of two contracts", 3, &shared(site)),
    ]
}

fn values() -> Script {
    read(b"four", 8)
        .then(write(b"four".to_vec(), b"1234"))
        .then(read(b"four", 3))
        .then(read(b"four", 4))
        .then(read(b"four", 5))
        .then(read(b"four", 0))
        .then(has(b"four"))
        .then(write(b"empty".to_vec(), b""))
        .then(read(b"empty", 4))
        .then(has(b"empty"))
        .then(has(b"never"))
        .then(remove(b"never"))
        .then(write(b"gone".to_vec(), b"value"))
        .then(remove(b"gone"))
        .then(read(b"gone", 8))
        .then(remove(b"gone"))
        .then(write(b"gone".to_vec(), b"back"))
}

fn filled() -> Script {
    let keys: [&[u8]; 6] = [b"k1", b"k", b"k3", b"k2", b"l", &[0xff]];
    keys.into_iter().fold(Script::default(), |script, key| {
        script.then(write(key.to_vec(), key))
    })
}

/// Ranges, limits and rooms: what fits exactly, and one byte less.
fn pages() -> Script {
    scan(b"", b"", (64, 512))
        .then(scan(b"k", b"k2", (64, 512)))
        .then(scan(b"k2", b"k2", (64, 512)))
        .then(scan(b"k3", b"k2", (64, 512)))
        .then(scan(b"k2\x00", b"", (64, 512)))
        .then(scan(b"absent", b"", (1, 512)))
        .then(scan(b"", b"", (0, 512)))
        .then(scan(b"", b"", (2, 512)))
        .then(scan(b"", b"", (u64::from(u32::MAX), 14)))
        .then(scan(b"", b"", (64, 13)))
        .then(scan(b"", b"", (64, 4)))
        .then(scan(b"", b"", (64, 3)))
        .then(scan(b"x", b"y", (64, 4)))
        .then(scan(b"x", b"y", (64, 3)))
        .then(scan(b"", b"", (0, 3)))
        // Scanned keys are not touched.
        .then(read(b"k1", 8))
        .then(read(b"k1", 8))
}

/// A key that is made and removed in one transaction leaves no trace in a walk.
fn passing() -> Script {
    let walk = || scan(b"k", b"l", (64, 512));
    walk()
        .then(write(b"k5".to_vec(), b"short"))
        .then(walk())
        .then(remove(b"k5"))
        .then(walk())
        .then(remove(b"k3"))
        .then(walk())
        .then(write(b"k3".to_vec(), b"k3"))
        .then(walk())
}

/// A frame sees what frames below it wrote, of its own keys alone.
fn shared(site: &Site) -> Script {
    let other = write(b"k25".to_vec(), b"other");
    let own = Asked::of(site, 3, &other).with_flags(super::calls::ALLOW_REENTRY);
    let script = asks(scan(b"k", b"", (64, 512)), &Asked::of(site, 2, &other));
    let script = script.then(scan(b"k", b"", (64, 512)));
    asks(script, &own).then(scan(b"k", b"", (64, 512)))
}
