//! Upgrades simulated chains at a height while transactions flow: on every kind of executor, on a
//! network whose validators crash, and in replays of archives.

use crate::activation::{both, second};
use node::archive::{ArchiveReader, ArchiveWriter, ArchivedBlock};
use node::rules::version_1;
use node::{CachePolicy, ChainSpec, Genesis, MemoryStore, Parts, SpecError, UpgradeDocument};
use node_sim::network::{self, NetworkReport, Scenario, Upgrade};
use node_sim::replay::{Replay, ReplayError};
use node_sim::simulate::injected::WrongGas;
use node_sim::simulate::{Executor, Plan, Progress, Progressed, Report, Restart};
use node_sim::simulate::{executor, run_across, standard};
use node_sim::versions::{Listing, Versions};
use vm::unstable::limits::{HostLimits, Limits};
use vm::unstable::rules::{FloatPolicy, Version};
use vm::{Engine, Height, Interpreter, Rulebook, Rules};

const PLAN: Plan = Plan {
    blocks: 8,
    seed: 5,
    transactions: 12,
};
/// Height of the first upgrade.
const FROM: u64 = 5;

/// Rules under which every sample is refused, and no value of a sample's storage may be written.
fn narrow() -> Rules {
    let version = Version {
        number: 3,
        limits: Limits {
            module_bytes_max: 64,
            functions_max: 1,
            memory_pages_initial_max: 0,
            memory_pages_max: 1,
            ..Limits::V1
        },
        host_limits: HostLimits {
            value_bytes_max: 4,
            ..HostLimits::V1
        },
        floats: FloatPolicy::Reject,
        schedule: version_1().schedule.clone(),
        host: Vec::new(),
        ..Version::v1()
    };
    Rules::of(version).unwrap()
}

fn versions(upgrades: &[(u64, Rules)], listing: Listing) -> Versions {
    let each = upgrades.iter();
    Versions {
        rulebook: both().with(narrow()),
        upgrades: each
            .map(|(height, rules)| (Height(*height), *rules.id()))
            .collect(),
        listing,
    }
}

/// Keeps the genesis and the blocks.
#[derive(Default)]
struct Kept {
    genesis: Option<Genesis>,
    blocks: Vec<ArchivedBlock>,
}

impl Progress for Kept {
    fn block(&mut self, _: &Progressed) {}

    fn begin(&mut self, genesis: &Genesis) {
        self.genesis = Some(genesis.clone());
    }

    fn archive(&mut self, block: &ArchivedBlock) {
        self.blocks.push(block.clone());
    }
}

impl Kept {
    fn genesis(&self) -> &Genesis {
        self.genesis.as_ref().unwrap()
    }

    fn archive(&self) -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Vec::new(), self.genesis()).unwrap();
        for block in &self.blocks {
            writer.push(block).unwrap();
        }
        writer.finish().unwrap()
    }
}

fn simulated(versions: &Versions, executors: Vec<Executor>) -> (Report, Kept) {
    let mut kept = Kept::default();
    let report = run_across(&PLAN, versions, executors, &mut kept).unwrap();
    (report, kept)
}

#[test]
fn executors_of_every_kind_agree_across_upgrades_by_genesis_and_by_document() {
    for upgrades in [
        vec![(FROM, second())],
        vec![(FROM, narrow())],
        vec![
            (FROM, second()),
            (FROM + 1, narrow()),
            (FROM + 2, version_1()),
        ],
    ] {
        for listing in [Listing::Document, Listing::Genesis] {
            let versions = versions(&upgrades, listing);
            // Two of the kinds restart after every block.
            let (report, kept) = simulated(&versions, standard(executor::KINDS));
            assert!(report.agreed, "{:?}", report.first_difference);
            assert_eq!(report.height.0, PLAN.blocks);
            let ids = kept.blocks.iter().map(|archived| {
                let header = &archived.block.header;
                (header.height.0, header.rules_id)
            });
            for (height, id) in ids {
                let last = upgrades.iter().rfind(|(from, _)| *from <= height);
                let expected = last.map_or(version_1(), |(_, rules)| rules.clone());
                assert_eq!(id, *expected.id(), "block {height}");
            }
        }
    }
}

#[test]
fn a_difference_behind_the_height_is_found_there() {
    let wrong = Executor::new(
        "wrong gas",
        Box::new(|| Box::new(WrongGas::default())),
        CachePolicy::Warm,
        Restart::EveryBlock,
    );
    let mut executors = standard(1);
    executors.push(wrong);
    let versions = versions(&[(2, narrow())], Listing::Document);
    let (report, _) = simulated(&versions, executors);
    let difference = report.first_difference.unwrap();
    assert_eq!(
        difference.height,
        Height(2),
        "block 2 runs the first frames"
    );
}

/// A run whose validators 0 and 3 are not prepared: one lacks the document, one the rules.
fn unprepared(rules: Rules) -> Upgrade {
    Upgrade {
        versions: versions(&[(FROM, rules)], Listing::Document),
        late: vec![0],
        old: vec![3],
    }
}

fn twice(seed: u64, upgrade: &Upgrade) -> NetworkReport {
    let scenario = Scenario::new(seed);
    let run = || network::run_across(&scenario, upgrade, network::standard()).unwrap();
    let report = run();
    assert_eq!(report, run(), "seed {seed} is not repeatable");
    assert!(report.agreed, "seed {seed}: {:?}", report.first_difference);
    assert_eq!(report.height.0, 8);
    report
}

#[test]
fn validators_that_crash_agree_across_the_height() {
    let (mut crashes, mut behind) = (0, 0);
    for seed in 0..12 {
        let listing = match seed % 2 {
            0 => Listing::Document,
            _ => Listing::Genesis,
        };
        let upgrades = [(FROM, second()), (FROM + 2, narrow())];
        let prepared = Upgrade {
            versions: versions(&upgrades, listing),
            ..Upgrade::default()
        };
        let report = twice(seed, &prepared);
        crashes += report.crashes;
        behind += report.behind;
    }
    assert!(crashes > 12, "{crashes} crashes");
    assert_eq!(behind, 0);
}

#[test]
fn validators_without_the_document_or_the_rules_stop_before_the_height_and_catch_up() {
    for seed in 0..8 {
        for rules in [second(), narrow()] {
            let report = twice(seed, &unprepared(rules));
            assert_eq!(report.behind, 2, "seed {seed}");
        }
    }
}

#[test]
fn the_roots_are_those_of_a_network_that_was_prepared() {
    let rules = second();
    let prepared = Upgrade {
        versions: versions(&[(FROM, rules.clone())], Listing::Document),
        ..Upgrade::default()
    };
    let ours = twice(30, &prepared);
    assert_eq!(ours.behind, 0);
    let without = network::run(&Scenario::new(30), network::standard()).unwrap();
    assert_ne!(
        ours.state_root, without.state_root,
        "the upgrade has an effect"
    );
    assert_eq!(twice(30, &unprepared(rules)).behind, 2);
}

fn parts(rules: Rulebook) -> Parts {
    Parts {
        engine: Box::new(Interpreter::new()),
        rules,
        cache: CachePolicy::Warm,
    }
}

/// Replays an archive to its end or its first error.
fn replayed<'a>(
    archive: &'a [u8],
    documents: &[UpgradeDocument],
    rules: Rulebook,
) -> Result<Replay<&'a [u8]>, ReplayError> {
    let reader = ArchiveReader::new(archive)?;
    let store = Box::new(MemoryStore::new());
    let mut replay = Replay::upgrading(reader, documents, parts(rules), store)?;
    while replay.step()? {}
    Ok(replay)
}

#[test]
fn an_archive_replays_with_its_document_and_stops_at_the_height_without_it() {
    let versions = versions(&[(FROM, second())], Listing::Document);
    let (_, kept) = simulated(&versions, standard(1));
    let (archive, chain_id) = (kept.archive(), kept.genesis().chain_id());
    let document = UpgradeDocument::new(chain_id, versions.upgrades.clone()).unwrap();
    let replay = replayed(&archive, std::slice::from_ref(&document), both()).unwrap();
    assert_eq!(replay.replayed().first_difference, None);
    assert_eq!(replay.replayed().compared, PLAN.blocks);
    let (found, expected) = (*second().id(), *version_1().id());
    match replayed(&archive, &[], both()).map(|_| ()).unwrap_err() {
        ReplayError::OtherRules {
            height,
            found: header,
            expected: configured,
        } => assert_eq!(
            (height, header, configured),
            (Height(FROM), found, expected)
        ),
        other => panic!("{other}"),
    }
    // Without the document, a build that lacks the rules as well asks for the document first.
    let error = replayed(&archive, &[], node::rules::rulebook()).map(|_| ());
    assert!(error.unwrap_err().to_string().contains("--upgrade"));
    let error = replayed(&archive, &[document], node::rules::rulebook()).map(|_| ());
    match error.unwrap_err() {
        ReplayError::Rules(unknown) => {
            assert_eq!((unknown.height, unknown.rules_id), (Height(FROM), found));
        }
        other => panic!("{other}"),
    }
    let other = UpgradeDocument::new([1; 32], versions.upgrades).unwrap();
    let error = replayed(&archive, &[other], both())
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(
        error,
        ReplayError::Spec(SpecError::OtherChain { .. })
    ));
}

#[test]
fn a_replay_goes_on_from_a_store_on_either_side_of_the_height() {
    let versions = versions(&[(FROM, narrow())], Listing::Document);
    let (_, kept) = simulated(&versions, standard(1));
    let archive = kept.archive();
    let chain_id = kept.genesis().chain_id();
    let document = UpgradeDocument::new(chain_id, versions.upgrades.clone()).unwrap();
    let rules = || both().with(narrow());
    for first in FROM - 2..=FROM + 1 {
        let mut part = Kept {
            genesis: kept.genesis.clone(),
            blocks: kept.blocks[..first as usize].to_vec(),
        }
        .archive();
        let documents = [document.clone()];
        let node = replayed(&part, &documents, rules()).unwrap().into_node();
        part.clear();
        let (tip, store) = (node.tip().height, node.into_store());
        assert_eq!(tip, Height(first));
        // Behind the height the store knows the rules.
        let documents = if first < FROM { &documents[..] } else { &[] };
        let reader = ArchiveReader::new(archive.as_slice()).unwrap();
        let mut replay = Replay::upgrading(reader, documents, parts(rules()), store).unwrap();
        while replay.step().unwrap() {}
        let replayed = replay.replayed();
        assert_eq!(replayed.first_difference, None, "from block {first}");
        assert_eq!((replayed.compared, replayed.stored), (PLAN.blocks, first));
        // A document that the store contradicts is refused, and names both rules.
        let node = replay.into_node();
        let upgrades = vec![(Height(FROM), *second().id())];
        let contradicts = UpgradeDocument::new(chain_id, upgrades).unwrap();
        let spec = ChainSpec::from(kept.genesis().clone());
        let error = spec.with(&contradicts).unwrap().check(node.store());
        let text = error.unwrap_err().to_string();
        for rules in [second(), narrow()] {
            assert!(text.contains(&hex::encode(rules.id())), "{text}");
        }
    }
}

/// Both sides of the height, with code that the rules behind it refuse.
#[test]
fn a_difference_in_an_archive_is_traced_on_both_sides_of_the_height() {
    let versions = versions(&[(FROM, narrow())], Listing::Document);
    let (_, kept) = simulated(&versions, standard(1));
    let chain_id = kept.genesis().chain_id();
    let document = UpgradeDocument::new(chain_id, versions.upgrades).unwrap();
    let rules = both().with(narrow());
    for height in [FROM - 1, FROM, FROM + 1] {
        let mut blocks = kept.blocks[..height as usize].to_vec();
        let last = blocks.last_mut().unwrap();
        let gas: Vec<u64> = last
            .entries
            .iter()
            .map(|entry| entry.receipt.gas_used)
            .collect();
        let dearest = (0..gas.len()).max_by_key(|index| gas[*index]).unwrap();
        last.entries[dearest].receipt.gas_used += 1;
        let genesis = kept.genesis.clone();
        let archive = Kept { genesis, blocks }.archive();
        let reader = ArchiveReader::new(archive.as_slice()).unwrap();
        let store = Box::new(MemoryStore::new());
        let documents = [document.clone()];
        let replay = Replay::upgrading(reader, &documents, parts(rules.clone()), store);
        let make = || -> Box<dyn Engine> { Box::new(Interpreter::new()) };
        let mut replay = replay.unwrap().bisecting(Box::new(make));
        while replay.step().unwrap() {}
        let difference = replay.replayed().first_difference.clone().unwrap();
        assert_eq!(difference.height, Height(height));
        assert_eq!(difference.field, "receipt.gas_used");
        let traced = replay.traced().unwrap();
        assert_eq!(traced.divergence, None, "the archive is wrong");
        let mut file = Vec::new();
        traced.case.write(&mut file).unwrap();
        let case = node_sim::case::Case::read(file.as_slice(), &rules).unwrap();
        let valid = case.validate(&rules).unwrap();
        let again = case.replay(&Interpreter::new(), &rules, &valid).unwrap();
        let node_sim::case::CaseReplay::Ran { outcome, .. } = again else {
            panic!("a key is missing");
        };
        assert_eq!(outcome.receipt, case.found.receipt);
        assert_eq!(outcome.diff_hash, case.found.diff_hash);
    }
}
