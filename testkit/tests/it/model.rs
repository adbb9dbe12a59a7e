//! Compares random call trees with a simple model, on every engine: state, events, gas, the result
//! of each step, at any gas limit.
//!
//! The model (`model_execution`) uses the ledger of the tests of `vm`, which has no journal, frames
//! or overlay.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "tests compute with known numbers"
)]

use crate::ledger::{FrameEnd, Ledger, ModelEffects, ModelFrame, ModelGasMeter, ModelState};
use crate::model_execution::{Model, ModelSetup};
use crate::model_script::{PLENTY, ScriptStep, actor, costs, deployed_world, scripts};
use crate::setup::ALL_ENGINES;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use testkit::{Address, Call, Cause};
use vm::unstable::frames::frame_price;
use vm::unstable::state::Account;
use vm::{CodeHash, Rules, key};

static SETUP: LazyLock<ModelSetup> = LazyLock::new(|| {
    let (world, participants) = deployed_world(ALL_ENGINES.clone());
    let rules = Rules::v1();
    let module = vm::check(&actor(0), &rules).expect("accepted");
    let frame_gas = frame_price(&module, &rules);
    let costs = costs();
    ModelSetup {
        world,
        participants,
        costs,
        rules,
        frame_gas,
    }
});

/// Result of a call.
#[derive(Debug, PartialEq, Eq)]
struct CallResult {
    end: FrameEnd,
    gas_used: u64,
    effects: ModelEffects,
    log: Vec<u8>,
}

/// Accounts and values of all participants, by state key.
fn state(setup: &ModelSetup) -> ModelState {
    let (world, participants) = (&setup.world, &setup.participants);
    let mut state = ModelState::new();
    for who in participants.contracts.iter().chain([&participants.sender]) {
        let address = vm::Address(who.0);
        let account = Account {
            nonce: 0,
            balance: world.balance(*who),
            code_hash: world.code_hash(*who),
        };
        let value = account.encode().expect("not the default");
        state.insert(key::account(&address), value);
        for (raw, value) in world.values(*who) {
            state.insert(key::value(&address, &raw), value);
        }
    }
    state
}

fn by_model(setup: &ModelSetup, script: &[ScriptStep], limit: u64) -> CallResult {
    let own = setup.participants.contract(0);
    let old = state(setup);
    let codes = setup.participants.codes.iter();
    let mut model = Model {
        setup,
        ledger: Ledger {
            rules: &setup.rules,
            codes: codes
                .map(|code| (CodeHash(*code), setup.frame_gas))
                .collect(),
            now: old.clone(),
            old,
            events: Vec::new(),
            touched: BTreeSet::from([
                key::account(&vm::Address(setup.participants.sender.0)),
                key::account(&own),
                key::code(&CodeHash(setup.participants.code(0))),
            ]),
        },
        log: Vec::new(),
    };
    let mut meter = ModelGasMeter { left: limit };
    let current = ModelFrame::of(own);
    let end = match meter.charge(setup.frame_gas) {
        Ok(()) => model.frame(script, current, &mut meter, &mut vec![(own, false)]),
        Err(end) => end,
    };
    if end == FrameEnd::OutOfGas {
        meter.left = 0;
    }
    CallResult {
        effects: model.ledger.effects(&end),
        gas_used: limit - meter.left,
        end,
        log: model.log,
    }
}

/// Runs the script on every engine of the world, which compares them.
fn by_engines(setup: &ModelSetup, script: &[ScriptStep], limit: u64) -> CallResult {
    let participants = &setup.participants;
    let call = Call::raw(
        Address(participants.contract(0).0),
        "act",
        participants.encode(script),
    );
    match setup
        .world
        .query(&call.from(participants.sender).gas(limit))
    {
        Ok(receipt) => CallResult {
            end: FrameEnd::Return(receipt.output),
            gas_used: receipt.gas_used,
            effects: ModelEffects {
                changed: receipt.diff,
                events: receipt
                    .events
                    .into_iter()
                    .map(|event| (event.address, event.data))
                    .collect(),
            },
            log: receipt.log.into_bytes(),
        },
        Err(failure) => CallResult {
            end: match failure.cause() {
                Cause::Reverted { output, .. } => FrameEnd::Revert(output.clone()),
                Cause::Trapped { trap, .. } => FrameEnd::Trap(*trap),
                Cause::OutOfGas { .. } => FrameEnd::OutOfGas,
                _ => panic!("{failure}"),
            },
            gas_used: failure.gas_used(),
            effects: ModelEffects::default(),
            log: failure.log().as_bytes().to_vec(),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(256)
    })]
    #[test]
    fn a_tree_of_calls_behaves_as_the_model(
        script in scripts(),
        parts in prop::collection::vec(0_u64..=1000, 10)
    ) {
        let setup = &*SETUP;
        // Bounded, since endless loops at sixteen depths each use 63/64 of the remaining gas.
        let whole = by_model(setup, &script, PLENTY);
        prop_assert_eq!(&by_engines(setup, &script, PLENTY), &whole);
        let total = whole.gas_used.min(30_000_000);
        let near = [total.saturating_sub(1), total, total + 1];
        for limit in parts.iter().map(|part| total / 1000 * part).chain(near) {
            prop_assert_eq!(
                by_engines(setup, &script, limit),
                by_model(setup, &script, limit),
                "{}",
                limit
            );
        }
    }
}

/// The contract calls itself with re-entry allowed, up to the depth limit.
#[test]
fn a_chain_of_calls_to_the_depth_limit_behaves_as_the_model() {
    let mut script = vec![ScriptStep::Write(6, 9), ScriptStep::Scan(0, 4)];
    for _ in 0..18 {
        let call = ScriptStep::Call {
            flags: 1,
            to: 0,
            value: 1,
            gas: u64::MAX,
            script,
        };
        script = vec![
            ScriptStep::Emit(1),
            call,
            ScriptStep::Returned,
            ScriptStep::Remove(1),
        ];
    }
    let setup = &*SETUP;
    let whole = by_model(setup, &script, PLENTY);
    assert_eq!(by_engines(setup, &script, PLENTY), whole);
    assert_eq!(whole.effects.events.len(), 16);
    for part in 0..64 {
        let limit = whole.gas_used / 64 * part;
        assert_eq!(
            by_engines(setup, &script, limit),
            by_model(setup, &script, limit)
        );
    }
}
