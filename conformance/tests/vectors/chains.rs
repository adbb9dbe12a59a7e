//! Makes a vector of a simulated chain; simulates one only if the frozen archive does not replay.

use crate::{Draft, data};
use conformance::golden::blesses;
use node::Genesis;
use node::archive::{ArchiveWriter, ArchivedBlock};
use node_sim::simulate::{Plan, Progress, Progressed, run, standard};
use reference::Reference;
use std::fs;
use vectors::format::{Chain, VectorCase};
use vectors::replay::replay;

const FILE: &str = "chains/simulated.bin";
const PLAN: Plan = Plan {
    blocks: 200,
    seed: 7,
    transactions: 4,
};

/// A vector of blocks of `lockstep sim`, with their receipts and roots.
pub(crate) fn draft() -> Draft {
    let about = "Blocks of real transactions from a genesis: receipts and roots of each.";
    let mut draft = Draft::new(about);
    let frozen = fs::read(data().join(FILE)).ok();
    let usable = frozen.filter(|bytes| !blesses() || replays(bytes));
    draft.file(FILE, usable.unwrap_or_else(simulate));
    let archive = FILE.to_owned();
    draft.add(
        "chain of 200 simulated blocks",
        VectorCase::Chain(Chain { archive }),
    );
    draft
}

fn replays(bytes: &[u8]) -> bool {
    let fields = replay(bytes, Box::new(Reference::new()), &node::rules::rulebook());
    fields.is_ok_and(|fields| {
        fields.contains_key("block.0200.state_root")
            && fields.keys().all(|name| !name.ends_with("invalid"))
    })
}

/// Writes the blocks of a simulation to an archive.
struct ArchivingObserver(Option<ArchiveWriter<Vec<u8>>>);

impl Progress for ArchivingObserver {
    fn block(&mut self, _: &Progressed) {}

    fn begin(&mut self, genesis: &Genesis) {
        self.0 = Some(ArchiveWriter::new(Vec::new(), genesis).unwrap());
    }

    fn archive(&mut self, block: &ArchivedBlock) {
        self.0.as_mut().unwrap().push(block).unwrap();
    }
}

fn simulate() -> Vec<u8> {
    let mut writing = ArchivingObserver(None);
    assert!(run(&PLAN, standard(1), &mut writing).unwrap().agreed);
    writing.0.unwrap().finish().unwrap()
}
