//! Makes the archive of a simulated chain, unless there is one that still replays.

use crate::{Draft, data};
use conformance::golden::blesses;
use node::Genesis;
use node::archive::{ArchiveWriter, ArchivedBlock};
use node_sim::simulate::{Plan, Progress, Progressed, run, standard};
use reference::Reference;
use std::fs;
use vectors::format::{Case, Chain};
use vectors::replay::replay;

const FILE: &str = "chains/simulated.bin";
const PLAN: Plan = Plan {
    blocks: 200,
    seed: 7,
    transactions: 4,
};

/// The blocks of `lockstep sim`, with their receipts and roots.
pub(crate) fn draft() -> Draft {
    let about = "Blocks of real transactions from a genesis: receipts and roots of each.";
    let mut draft = Draft::new(about);
    let frozen = fs::read(data().join(FILE)).ok();
    let kept = frozen.filter(|bytes| !blesses() || replays(bytes));
    draft.file(FILE, kept.unwrap_or_else(simulate));
    let archive = FILE.to_owned();
    draft.add(
        "chain of 200 simulated blocks",
        Case::Chain(Chain { archive }),
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

/// Writes the blocks of a simulation.
struct Writing(Option<ArchiveWriter<Vec<u8>>>);

impl Progress for Writing {
    fn block(&mut self, _: &Progressed) {}

    fn begin(&mut self, genesis: &Genesis) {
        self.0 = Some(ArchiveWriter::new(Vec::new(), genesis).unwrap());
    }

    fn archive(&mut self, block: &ArchivedBlock) {
        self.0.as_mut().unwrap().push(block).unwrap();
    }
}

fn simulate() -> Vec<u8> {
    let mut writing = Writing(None);
    assert!(run(&PLAN, standard(1), &mut writing).unwrap().agreed);
    writing.0.unwrap().finish().unwrap()
}
