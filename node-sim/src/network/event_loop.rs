//! Handles events in order and compares every validator with the first one that has a value.

use super::ordering::Ordering;
use super::proposal::{Behaviour, ProposalInputs};
use super::schedule::{BlockBytes, NetworkEvent, ROUND_MS, Schedule, TICK_MS};
use super::validator::{ApplyResult, Refusal, Validator};
use super::{NetworkDifference, NetworkReport, Scenario, Upgrade};
use crate::disk::Loss;
use crate::rerun::MakeEngine;
use crate::simulate::Plan;
use crate::simulate::random::Random;
use crate::simulate::workload::Workload;
use node::digest::sha256;
use node::{BlockResult, ChainSpec};
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Fault, Height};

/// Events per block and validator after which a run counts as stuck.
const EVENTS_MAX_EACH: u64 = 2_000;
/// Maximum time without power, in milliseconds.
const DOWN_MS_MAX: u64 = 1_000;

/// All validators, the ordering and the schedule of one run.
pub(super) struct EventLoop {
    scenario: Scenario,
    random: Random,
    workload: Workload,
    validators: Vec<Validator>,
    ordering: Ordering,
    schedule: Schedule,
    /// First verdict on some bytes at some tip.
    verdicts: BTreeMap<([u8; 32], [u8; 32]), bool>,
    /// First result at a height.
    results: BTreeMap<Height, BlockResult>,
    /// Number of crashes that may still be injected, so that a run ends.
    crashes_left: u64,
    report: NetworkReport,
}

impl EventLoop {
    pub(super) fn new(
        scenario: &Scenario,
        upgrade: &Upgrade,
        engines: Vec<MakeEngine>,
    ) -> Result<Self, Fault> {
        if engines.is_empty() {
            return Err(Fault::invariant("a network needs a validator"));
        }
        let plan = Plan {
            transactions: scenario.transactions,
            ..Plan::new(scenario.blocks, scenario.seed)
        };
        let workload = Workload::new(&plan, &Arc::new(node::rules::version_1()))?;
        let workload = workload.across(&upgrade.versions)?;
        let mut random = Random::new(!scenario.seed);
        let chain = upgrade.versions.spec(workload.genesis())?;
        let start = |(number, engine)| {
            let whole = (upgrade.versions.rulebook.clone(), chain.clone());
            let mut begun = whole.clone();
            if upgrade.old.contains(&number) {
                begun.0 = node::rules::rulebook();
            }
            if upgrade.late.contains(&number) {
                begun.1 = ChainSpec::from(workload.genesis().clone());
            }
            let missing =
                (upgrade.old.contains(&number) || upgrade.late.contains(&number)).then_some(whole);
            Validator::new(engine, begun, missing, random.number())
        };
        let validators: Vec<Validator> = (0_u32..)
            .zip(engines)
            .map(start)
            .collect::<Result<_, Fault>>()?;
        // More than two thirds, so that two quorums share an honest validator.
        let quorum = validators
            .len()
            .saturating_mul(2)
            .div_euclid(3)
            .saturating_add(1);
        Ok(Self {
            scenario: *scenario,
            random,
            workload,
            validators,
            ordering: Ordering::new(quorum),
            schedule: Schedule::default(),
            verdicts: BTreeMap::new(),
            results: BTreeMap::new(),
            crashes_left: scenario.blocks,
            report: empty_report(),
        })
    }

    pub(super) fn run(
        mut self,
        watch: &mut dyn FnMut(Height, u64),
    ) -> Result<NetworkReport, Fault> {
        self.schedule.after(0, NetworkEvent::Tick);
        self.schedule.after(
            1,
            NetworkEvent::Round {
                height: Height(1),
                round: 0,
            },
        );
        let validators = u64::from(self.count());
        let events_max = EVENTS_MAX_EACH
            .saturating_mul(self.scenario.blocks)
            .saturating_mul(validators);
        while !self.is_done() && self.report.first_difference.is_none() {
            let Some(event) = self
                .schedule
                .next()
                .filter(|_| self.report.events < events_max)
            else {
                self.stuck();
                break;
            };
            let outcome = self.handle(&event)?;
            self.record(&event, &outcome);
            watch(self.ordering.height(), self.report.events);
        }
        self.report.height = self.ordering.height();
        self.report.state_root = self
            .results
            .get(&self.report.height)
            .map_or([0; 32], |result| result.state_root);
        self.report.agreed = self.report.first_difference.is_none();
        Ok(self.report)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.validators.len()).unwrap_or(u32::MAX)
    }

    fn validator(&mut self, number: u32) -> Result<&mut Validator, Fault> {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.validators.get_mut(index))
            .ok_or_else(|| Fault::invariant("a message to an unknown validator"))
    }

    fn is_done(&self) -> bool {
        let last = Height(self.scenario.blocks);
        self.validators
            .iter()
            .all(|one| one.node().is_some_and(|node| node.tip().height == last))
    }

    /// Handles an event; returns its outcome, as hashed into the run.
    fn handle(&mut self, event: &NetworkEvent) -> Result<String, Fault> {
        match event {
            NetworkEvent::Round { height, round } => self.round(*height, *round),
            NetworkEvent::Proposal {
                to,
                height,
                round,
                bytes,
            } => self.proposal(*to, (*height, *round), bytes),
            NetworkEvent::Vote {
                from,
                height,
                round,
                hash,
            } => Ok(self.vote(*from, (*height, *round), *hash)),
            NetworkEvent::Decided { to, .. } => self.catch_up(*to),
            NetworkEvent::Tick => self.tick(),
            NetworkEvent::Crash { validator, loss } => self.crash(*validator, *loss),
            NetworkEvent::Restart { validator } => self.restart(*validator),
        }
    }

    fn round(&mut self, height: Height, round: u64) -> Result<String, Fault> {
        if height.0 > self.scenario.blocks || self.ordering.height() >= height {
            return Ok("over".to_owned());
        }
        self.report.rounds = self.report.rounds.saturating_add(1);
        self.ordering.begin(height, round);
        let next = NetworkEvent::Round {
            height,
            round: round.saturating_add(1),
        };
        self.schedule.after(ROUND_MS, next);
        let turn = height.0.saturating_add(round);
        let proposer = turn
            .checked_rem(u64::from(self.count()))
            .unwrap_or_default();
        self.propose(u32::try_from(proposer).unwrap_or_default(), height, round)
    }

    fn propose(&mut self, proposer: u32, height: Height, round: u64) -> Result<String, Fault> {
        let honest = proposer < self.count().saturating_sub(self.scenario.byzantine);
        let behaviour = if honest {
            Behaviour::Honest
        } else {
            *self
                .random
                .pick(&Behaviour::ALL)
                .unwrap_or(&Behaviour::Honest)
        };
        let validators = self.count();
        let index = usize::try_from(proposer).unwrap_or_default();
        let node = self.validators.get(index).and_then(Validator::node);
        let Some(node) = node.filter(|node| node.tip().height.next() == height) else {
            return Ok(format!("{proposer} cannot propose"));
        };
        if node.rules_at(height).is_err() {
            return self.behind(proposer);
        }
        let inputs = ProposalInputs {
            block: self.workload.next_block(node)?,
            node,
            stale: self.ordering.decided(Height(height.0.saturating_sub(1))),
            validators,
        };
        let proposals = inputs.proposals(behaviour, &mut self.random);
        for sent in proposals {
            self.ordering.propose(sha256(&[&sent.bytes]), &sent.bytes);
            let event = NetworkEvent::Proposal {
                to: sent.to,
                height,
                round,
                bytes: sent.bytes,
            };
            if sent.delay == 0 {
                self.schedule.send(&mut self.random, &event);
            } else {
                self.schedule.after(sent.delay, event);
            }
        }
        if let Some(counter) = self.report.proposals.get_mut(behaviour.index()) {
            *counter = counter.saturating_add(1);
        }
        Ok(format!("{proposer} {behaviour:?}"))
    }

    fn proposal(
        &mut self,
        to: u32,
        at: (Height, u64),
        bytes: &BlockBytes,
    ) -> Result<String, Fault> {
        let validator = self.validator(to)?;
        let Some(node) = validator.node() else {
            return Ok("no power".to_owned());
        };
        if node.tip().height.next() != at.0 {
            return Ok("elsewhere".to_owned());
        }
        let (tip, hash) = (node.tip().hash, sha256(&[bytes]));
        let Some(verdict) = validator.validate(bytes) else {
            return Ok("no power".to_owned());
        };
        let accepted = verdict.is_ok();
        let (votes, is_lacking) = (accepted && validator.may_vote(at), validator.is_lacking());
        if let Err(Refusal {
            is_behind: true, ..
        }) = verdict
        {
            return self.behind(to);
        }
        // One that lacks the document decides by other rules from its height on.
        if !is_lacking {
            self.compare_verdict(to, at.0, (tip, hash), accepted);
        }
        if votes {
            let vote = NetworkEvent::Vote {
                from: to,
                height: at.0,
                round: at.1,
                hash,
            };
            self.schedule.send(&mut self.random, &vote);
        }
        Ok(match verdict {
            Ok(_) => format!("valid {}", hex::encode(hash)),
            Err(Refusal { reason, .. }) => {
                self.report.refused = self.report.refused.saturating_add(1);
                format!("refused {}: {reason}", hex::encode(hash))
            }
        })
    }

    fn compare_verdict(
        &mut self,
        validator: u32,
        height: Height,
        key: ([u8; 32], [u8; 32]),
        accepted: bool,
    ) {
        let first = *self.verdicts.entry(key).or_insert(accepted);
        if first != accepted {
            let word = |accepted| if accepted { "valid" } else { "invalid" }.to_owned();
            let words = (word(first), word(accepted));
            self.differ(height, validator, "verdict", words);
        }
    }

    fn vote(&mut self, from: u32, at: (Height, u64), hash: [u8; 32]) -> String {
        if !self.ordering.vote(from, at, hash) {
            return hex::encode(hash);
        }
        let height = at.0;
        for to in 0..self.count() {
            let decided = NetworkEvent::Decided { to, height };
            self.schedule.send(&mut self.random, &decided);
        }
        let next = NetworkEvent::Round {
            height: height.next(),
            round: 0,
        };
        self.schedule.after(ROUND_MS.div_euclid(4), next);
        format!("decides {}", hex::encode(hash))
    }

    /// Applies all decided blocks that this validator does not have.
    fn catch_up(&mut self, to: u32) -> Result<String, Fault> {
        loop {
            let Some(node) = self.validator(to)?.node() else {
                return Ok("no power".to_owned());
            };
            let height = node.tip().height.next();
            let Some(bytes) = self.ordering.decided(height).map(BlockBytes::clone) else {
                return Ok(format!("at {}", height.0.saturating_sub(1)));
            };
            match self.validator(to)?.apply(&bytes)? {
                Some(ApplyResult::Result(result)) => self.compare_result(to, height, &result),
                Some(ApplyResult::Crashed) => {
                    let loss = self.loss();
                    return self.crash(to, loss);
                }
                Some(ApplyResult::Behind) => return self.behind(to),
                Some(ApplyResult::Refused) => {
                    let words = ("valid".to_owned(), "invalid".to_owned());
                    self.differ(height, to, "verdict", words);
                }
                None => {}
            }
            if self.report.first_difference.is_some() {
                return Ok("differs".to_owned());
            }
        }
    }

    fn compare_result(&mut self, validator: u32, height: Height, result: &BlockResult) {
        let first = *self.results.entry(height).or_insert(*result);
        let fields = [
            (
                "result.gas_used",
                first.gas_used.to_string(),
                result.gas_used.to_string(),
            ),
            (
                "result.receipts_root",
                hex::encode(first.receipts_root),
                hex::encode(result.receipts_root),
            ),
            (
                "result.state_root",
                hex::encode(first.state_root),
                hex::encode(result.state_root),
            ),
        ];
        for (field, expected, found) in fields {
            if expected != found {
                self.differ(height, validator, field, (expected, found));
            }
        }
    }

    /// Lets validators that lag catch up, and sometimes cuts the power of one.
    fn tick(&mut self) -> Result<String, Fault> {
        self.schedule.after(TICK_MS, NetworkEvent::Tick);
        let decided = self.ordering.height();
        for number in 0..self.count() {
            let chance = self.random.below(40);
            let operations = self.random.below(4);
            let loss = self.loss();
            let validator = self.validator(number)?;
            let Some(height) = validator.node().map(|node| node.tip().height) else {
                continue;
            };
            match chance {
                0 | 1 if self.crashes_left > 0 => {
                    self.crashes_left = self.crashes_left.saturating_sub(1);
                    if chance == 0 {
                        let validator = number;
                        self.schedule
                            .after(1, NetworkEvent::Crash { validator, loss });
                    } else {
                        self.validator(number)?.plan_failure(operations);
                    }
                }
                _ if height < decided => {
                    let height = decided;
                    let decided = NetworkEvent::Decided { to: number, height };
                    self.schedule.send(&mut self.random, &decided);
                }
                _ => {}
            }
        }
        Ok(String::new())
    }

    fn loss(&mut self) -> Loss {
        match self.random.below(2) {
            0 => Loss::Suffix,
            _ => Loss::Subset,
        }
    }

    fn crash(&mut self, number: u32, loss: Loss) -> Result<String, Fault> {
        let down = self.random.below(DOWN_MS_MAX);
        let validator = self.validator(number)?;
        if validator.node().is_none() {
            return Ok("without power already".to_owned());
        }
        validator.crash(loss);
        self.report.crashes = self.report.crashes.saturating_add(1);
        let validator = number;
        self.schedule
            .after(down, NetworkEvent::Restart { validator });
        Ok("crashed".to_owned())
    }

    /// A validator stops, since it lacks rules or the upgrade document: its operator stops the
    /// process, installs what is missing and starts it again.
    fn behind(&mut self, number: u32) -> Result<String, Fault> {
        let loss = self.loss();
        self.report.behind = self.report.behind.saturating_add(1);
        self.validator(number)?.equip();
        self.crash(number, loss)?;
        Ok("behind".to_owned())
    }

    fn restart(&mut self, number: u32) -> Result<String, Fault> {
        let validator = self.validator(number)?;
        let height = validator.restart()?;
        let acknowledged = validator.acknowledged();
        if height < acknowledged {
            let heights = (acknowledged.to_string(), height.to_string());
            self.differ(acknowledged, number, "acknowledged", heights);
        }
        Ok(format!("at {height}"))
    }

    fn stuck(&mut self) {
        let expected = self.scenario.blocks.to_string();
        let found = format!(
            "block {} after {} events",
            self.ordering.height(),
            self.report.events
        );
        self.differ(self.ordering.height(), 0, "progress", (expected, found));
    }

    fn differ(
        &mut self,
        height: Height,
        validator: u32,
        field: &'static str,
        (expected, found): (String, String),
    ) {
        let difference = NetworkDifference {
            height,
            validator,
            field,
            expected,
            found,
        };
        self.report.first_difference.get_or_insert(difference);
    }

    /// Adds the event and its outcome to the hash of the run.
    fn record(&mut self, event: &NetworkEvent, outcome: &str) {
        let line = format!("{} {event}: {outcome}", self.schedule.now());
        self.report.events = self.report.events.saturating_add(1);
        self.report.events_hash = sha256(&[&self.report.events_hash, line.as_bytes()]);
    }
}

const fn empty_report() -> NetworkReport {
    NetworkReport {
        agreed: true,
        height: Height(0),
        state_root: [0; 32],
        events: 0,
        events_hash: [0; 32],
        rounds: 0,
        crashes: 0,
        refused: 0,
        behind: 0,
        proposals: [0; Behaviour::ALL.len()],
        first_difference: None,
    }
}
