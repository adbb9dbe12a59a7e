//! Grows random trees of blocks, makes one branch final, and compares it with a straight run.

use super::{Random, compare_with_straight_run, misuse};
use crate::faults::ExpectedChain;
use node::chain::{At, Chain, Misuse, Options, Proposal, Subject, Verdict};
use node::mempool::{MempoolOptions, SourceId, Submission};
use node::prove::ProveError;
use node::{Block, BlockResult, LogStore, Signed, Tip};
use node_sim::disk::{Loss, SimulatedDisk};
use std::collections::{BTreeMap, BTreeSet};
use vm::{Address, Height, key};

type Hash = [u8; 32];

/// What a chain must know: a model of its blocks that are not final.
struct Tree<'a> {
    expected: &'a ExpectedChain,
    random: Random,
    options: Options,
    disk: SimulatedDisk,
    chain: Option<Chain>,
    /// Every block that was ever proposed, with the result that was found first.
    seen: Vec<(Block, BlockResult)>,
    /// Blocks that are not final, with their parents, in the order of verification.
    kept: Vec<(Hash, Hash)>,
    last: Vec<Block>,
    tip: Tip,
    deepest: usize,
    /// Values of [`keys`](Tree::keys) after the final blocks whose state can be read.
    values: BTreeMap<u64, Vec<Option<Vec<u8>>>>,
    /// Numbers of proofs, of reads of earlier states, and of admitted transactions.
    proofs: usize,
    reads: usize,
    admitted: usize,
}

impl<'a> Tree<'a> {
    fn new(expected: &'a ExpectedChain, seed: u64, options: Options) -> Self {
        let disk = SimulatedDisk::new(seed);
        let mut tree = Self {
            expected,
            random: Random(seed),
            options,
            disk,
            chain: None,
            seen: Vec::new(),
            kept: Vec::new(),
            last: Vec::new(),
            tip: Tip {
                height: Height(0),
                hash: expected.genesis.chain_id(),
                time_ms: expected.genesis.time_ms(),
                result: expected.results[0],
            },
            deepest: 0,
            values: BTreeMap::new(),
            proofs: 0,
            reads: 0,
            admitted: 0,
        };
        tree.open();
        tree
    }

    fn open(&mut self) {
        let store = LogStore::open(self.disk.clone()).unwrap();
        let chain = self.expected.chain(Box::new(store), &self.options);
        self.chain = Some(chain.unwrap());
        self.kept.clear();
        self.values.clear();
        self.note_values();
    }

    /// Keys that the blocks change, and one that is always absent.
    fn keys(&self) -> Vec<Vec<u8>> {
        let blocks = self.expected.blocks.iter();
        let signers = blocks.flat_map(|block| &block.transactions).map(|signed| {
            let address = signed.transaction.signer.address();
            key::account(&address)
        });
        let hashes = (1..24).map(|height| key::block_hash(Height(height)));
        let others = [key::account(&Address([0x50; 32])), vec![2, 2, 2]];
        signers.step_by(9).chain(hashes).chain(others).collect()
    }

    fn values_at(&self, at: At) -> Vec<Option<Vec<u8>>> {
        let keys = self.keys();
        let values = keys.iter().map(|key| self.chain().read(at, key).unwrap());
        values.collect()
    }

    /// Notes the state of the last final block, and forgets the one that can no longer be read.
    fn note_values(&mut self) {
        let height = self.tip.height.0;
        self.values.insert(height, self.values_at(At::Final));
        while self.values.len() > self.options.query_blocks_max + 1 {
            self.values.pop_first();
        }
    }

    /// Reads the state after a final block, which the blocks since have changed.
    fn query(&mut self) {
        let height = self.random.below(self.tip.height.0 as usize + 2) as u64;
        let at = At::Height(Height(height));
        match self.values.get(&height) {
            Some(values) => {
                assert_eq!(self.values_at(at), *values);
                self.reads += usize::from(height < self.tip.height.0);
            }
            None => {
                let refused = Misuse::Height {
                    found: Height(height),
                    first: Height(*self.values.first_key_value().unwrap().0),
                    last: self.tip.height,
                };
                assert_eq!(misuse(self.chain().read(at, &[0])), refused);
            }
        }
    }

    /// Proves a value after a final or a verified block, if a header has its result.
    fn prove(&mut self) {
        let known = self.known();
        let keys = self.keys();
        let key = &keys[self.random.below(keys.len())];
        let height = self.random.below(self.tip.height.0 as usize + 1) as u64;
        let (at, next) = match self.random.below(2) {
            0 if height < self.tip.height.0 && self.values.contains_key(&height) => {
                let next = self.last[height as usize].header.hash();
                (At::Height(Height(height)), Some(next))
            }
            _ => {
                let hash = known[self.random.below(known.len())];
                let children = self.kept.iter().filter(|(_, parent)| *parent == hash);
                (At::Block(hash), children.map(|(hash, _)| *hash).next())
            }
        };
        let value = self.chain().read(at, key).unwrap();
        match (self.chain().prove(at, &Subject::State { key }), next) {
            (Ok(proven), Some(next)) => {
                let (key, height) = (key.as_slice(), proven.height.0);
                let expected = proof::Expected::State { height, key };
                let proved = proof::verify(&proven.proof.encode(), &next, &expected).unwrap();
                let key = key.to_vec();
                let statement = match value {
                    Some(value) => proof::Statement::Present { key, value },
                    None => proof::Statement::Absent { key },
                };
                assert_eq!(proved.statement, statement);
                self.proofs += 1;
            }
            (Err(ProveError::NotInHeader { .. }), None) => {}
            (found, next) => panic!("{found:?} {next:?}"),
        }
    }

    /// Submits transactions of a block, most of which are refused.
    fn submit(&mut self) {
        let blocks = &self.expected.blocks;
        let next = blocks.get(self.tip.height.0 as usize + self.random.below(2));
        for signed in next.map_or(&[][..], |block| &block.transactions) {
            let submission = Submission {
                encoded: &signed.encode(),
                source: SourceId([1; 32]),
                now_ms: 0,
            };
            let admitted = self.chain().submit(&submission).unwrap();
            self.admitted += usize::from(admitted.is_ok());
        }
    }

    fn chain(&self) -> &Chain {
        self.chain.as_ref().unwrap()
    }

    /// The hashes of the blocks that can be built on.
    fn known(&self) -> Vec<Hash> {
        let kept = self.kept.iter().map(|(hash, _)| *hash);
        kept.chain([self.tip.hash]).collect()
    }

    fn ancestors(&self, hash: Hash) -> Vec<Hash> {
        let parents: BTreeMap<Hash, Hash> = self.kept.iter().copied().collect();
        let mut at = hash;
        core::iter::from_fn(|| {
            at = *parents.get(&at)?;
            Some(at)
        })
        .filter(|hash| *hash != self.tip.hash)
        .collect()
    }

    fn drop_with_dependents(&mut self, hash: Hash) -> usize {
        let mut dropped = BTreeSet::from([hash]);
        let before = self.kept.len();
        self.kept.retain(|(hash, parent)| {
            let depends = dropped.contains(hash) || dropped.contains(parent);
            if depends {
                dropped.insert(*hash);
            }
            !depends
        });
        before - self.kept.len()
    }

    /// What the chain does with a block that it executed.
    fn keep(&mut self, hash: Hash, parent: Hash) {
        self.kept.push((hash, parent));
        let ancestors = self.ancestors(hash);
        self.deepest = self.deepest.max(ancestors.len() + 1);
        if ancestors.len() >= self.options.unfinalized_blocks_max {
            self.kept.pop();
            return;
        }
        while self.kept.len() > self.options.unfinalized_blocks_max {
            let oldest = self.kept.iter().map(|(hash, _)| *hash);
            let mut oldest = oldest.filter(|other| !ancestors.contains(other));
            let oldest = oldest.next().unwrap();
            self.drop_with_dependents(oldest);
        }
    }

    fn transactions(&mut self, height: u64) -> Vec<Signed> {
        let blocks = &self.expected.blocks;
        let next = blocks.get(height as usize).or(blocks.last()).unwrap();
        let mut transactions = next.transactions.clone();
        if self.random.below(3) == 0 {
            // Others are skipped for their nonce, or find contracts that do not exist yet.
            let other = &blocks[self.random.below(blocks.len())];
            transactions.extend(other.transactions.clone());
            transactions.remove(self.random.below(transactions.len()));
        }
        transactions
    }

    fn propose(&mut self) {
        let known = self.known();
        // Often on the last one, so that the tree grows deep.
        let parent = match self.random.below(2) {
            0 => known[self.random.below(known.len())],
            _ => known[known.len().saturating_sub(2)],
        };
        let of = |(block, _): &&(Block, BlockResult)| block.header.hash() == parent;
        let (height, time_ms) = match self.seen.iter().find(of) {
            Some((block, _)) => (block.header.height.0, block.header.time_ms),
            None => (self.tip.height.0, self.tip.time_ms),
        };
        let transactions = self.transactions(height);
        let time_ms = time_ms + 1_000 + self.random.below(2) as u64;
        let mut proposal = Proposal::new(transactions, time_ms, Address([0x50; 32]));
        proposal.from_pool = self.options.mempool.is_some() && self.random.below(3) == 0;
        if proposal.from_pool && self.random.below(2) == 0 {
            proposal.candidates.clear();
        }
        let block = self.chain().propose(&parent, proposal).unwrap();
        self.verify(block);
    }

    /// Verifies a block, new or old, and compares the verdict with the model.
    fn verify(&mut self, block: Block) {
        let (hash, parent) = (block.header.hash(), block.header.parent);
        let (height, is_known) = (block.header.height, self.known().contains(&hash));
        let verdict = self.chain().verify(block.clone()).unwrap();
        if !is_known && !self.known().contains(&parent) {
            let expected = match height <= self.tip.height {
                true => Verdict::Stale,
                false => Verdict::UnknownParent,
            };
            assert_eq!(verdict, expected);
            return;
        }
        let Verdict::Valid(result) = verdict else {
            panic!("{verdict:?}");
        };
        match self.seen.iter().find(|(seen, _)| *seen == block) {
            Some((_, first)) => assert_eq!(result, *first, "executed again"),
            None => self.seen.push((block, result)),
        }
        if !is_known {
            self.keep(hash, parent);
        }
    }

    fn finalize(&mut self) {
        let before = self.tip;
        let children = self
            .kept
            .iter()
            .filter(|(_, parent)| *parent == before.hash);
        let children: Vec<Hash> = children.map(|(hash, _)| *hash).collect();
        if children.is_empty() {
            return;
        }
        let hash = children[self.random.below(children.len())];
        let (block, result) = self
            .seen
            .iter()
            .find(|(block, _)| block.header.hash() == hash)
            .cloned()
            .unwrap();
        assert_eq!(self.chain().finalize(&hash).unwrap(), result);
        // As an engine that crashed before it noted the first call.
        assert_eq!(self.chain().finalize(&hash).unwrap(), result);
        for other in children.into_iter().filter(|other| *other != hash) {
            self.drop_with_dependents(other);
        }
        self.kept.retain(|(kept, _)| *kept != hash);
        self.tip = Tip {
            height: block.header.height,
            hash,
            time_ms: block.header.time_ms,
            result,
        };
        self.last.push(block);
        self.note_values();
    }

    fn misuse(&mut self) {
        let at = |index: usize| self.kept.get(index).copied();
        let drawn = self.kept.len().max(1);
        let hash = match at(Random(self.random.below(1_000) as u64).below(drawn)) {
            Some((hash, parent)) if parent != self.tip.hash => {
                let error = misuse(self.chain().finalize(&hash));
                assert_eq!(error, Misuse::ParentNotFinal);
                return;
            }
            _ => [9; 32],
        };
        assert_eq!(misuse(self.chain().finalize(&hash)), Misuse::UnknownBlock);
    }

    fn step(&mut self) {
        match self.random.below(22) {
            0..=6 => self.propose(),
            7..=9 if !self.seen.is_empty() => {
                let again = self.random.below(self.seen.len());
                self.verify(self.seen[again].0.clone());
            }
            10 if !self.kept.is_empty() => {
                let (hash, _) = self.kept[self.random.below(self.kept.len())];
                let dropped = self.drop_with_dependents(hash);
                assert_eq!(self.chain().discard(&hash).unwrap(), dropped);
                assert_eq!(self.chain().discard(&hash).unwrap(), 0);
            }
            11 if self.random.below(3) == 0 => {
                self.chain = None;
                self.disk.crash(Loss::Subset);
                self.open();
            }
            12 => self.misuse(),
            16 | 17 => self.query(),
            18 | 19 => self.prove(),
            20 | 21 if self.options.mempool.is_some() => self.submit(),
            _ => self.finalize(),
        }
        assert_eq!(self.chain().tip().unwrap(), self.tip);
        assert_eq!(self.chain().unfinalized().unwrap(), self.kept.len());
    }
}

#[test]
fn one_branch_of_a_random_tree_is_final_and_equals_a_straight_run() {
    let expected = ExpectedChain::new(20);
    let mut deepest = 0;
    let (mut proofs, mut reads, mut admitted) = (0, 0, 0);
    for seed in 0..12 {
        let blocks_max = [64, 64, 5, 2, 1][seed as usize % 5];
        let options = Options {
            unfinalized_blocks_max: blocks_max,
            workers: seed as usize % 3,
            query_blocks_max: [32, 2, 0][seed as usize % 3],
            mempool: (seed % 4 > 0).then(MempoolOptions::default),
            ..Options::default()
        };
        let mut tree = Tree::new(&expected, seed, options);
        for _ in 0..120 {
            tree.step();
        }
        assert!(tree.last.len() >= 5, "{} blocks are final", tree.last.len());
        deepest = deepest.max(tree.deepest);
        proofs += tree.proofs;
        reads += tree.reads;
        admitted += tree.admitted;
        let store = tree.chain.take().unwrap().into_store();
        compare_with_straight_run(&expected, &tree.last, store.as_ref());
    }
    assert!(deepest >= 4, "{deepest}");
    assert!(
        proofs > 20 && reads > 5 && admitted > 5,
        "{proofs} {reads} {admitted}"
    );
}
