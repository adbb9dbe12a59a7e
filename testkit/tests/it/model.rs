//! Compares random trees of calls with a plain model, on every engine: state, events, gas, what
//! each step saw, at any limit of gas.
//!
//! The model (`model_execution`) stands on the ledger of the tests of `vm`, which keeps no journal, no
//! frames and no overlay.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::ledger::{Effects, End, Ledger, Player, State, Tank};
use crate::model_execution::{Model, Theatre};
use crate::model_script::{PLENTY, Step, actor, costs, scripts, stage};
use crate::setup::EVERY;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use testkit::{Address, Call, Cause};
use vm::unstable::frames::frame_price;
use vm::unstable::state::Account;
use vm::{CodeHash, Rules, key};

static THEATRE: LazyLock<Theatre> = LazyLock::new(|| {
    let (world, cast) = stage(EVERY.clone());
    let rules = Rules::v1();
    let module = vm::check(&actor(0), &rules).expect("accepted");
    let frame_gas = frame_price(&module, &rules);
    let costs = costs();
    Theatre {
        world,
        cast,
        costs,
        rules,
        frame_gas,
    }
});

/// What a message came to.
#[derive(Debug, PartialEq, Eq)]
struct Played {
    end: End,
    gas_used: u64,
    effects: Effects,
    log: Vec<u8>,
}

/// Accounts and values of everybody in the cast, as state keys.
fn state(theatre: &Theatre) -> State {
    let (world, cast) = (&theatre.world, &theatre.cast);
    let mut state = State::new();
    for who in cast.contracts.iter().chain([&cast.sender]) {
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

fn by_model(theatre: &Theatre, script: &[Step], limit: u64) -> Played {
    let own = theatre.cast.contract(0);
    let old = state(theatre);
    let codes = theatre.cast.codes.iter();
    let mut model = Model {
        theatre,
        ledger: Ledger {
            rules: &theatre.rules,
            codes: codes
                .map(|code| (CodeHash(*code), theatre.frame_gas))
                .collect(),
            now: old.clone(),
            old,
            events: Vec::new(),
            touched: BTreeSet::from([
                key::account(&vm::Address(theatre.cast.sender.0)),
                key::account(&own),
                key::code(&CodeHash(theatre.cast.code(0))),
            ]),
        },
        log: Vec::new(),
    };
    let mut tank = Tank { left: limit };
    let player = Player::of(own);
    let end = match tank.pay(theatre.frame_gas) {
        Ok(()) => model.frame(script, player, &mut tank, &mut vec![(own, false)]),
        Err(end) => end,
    };
    if end == End::OutOfGas {
        tank.left = 0;
    }
    Played {
        effects: model.ledger.effects(&end),
        gas_used: limit - tank.left,
        end,
        log: model.log,
    }
}

/// On every engine of the world, which compares them.
fn by_engines(theatre: &Theatre, script: &[Step], limit: u64) -> Played {
    let cast = &theatre.cast;
    let call = Call::raw(Address(cast.contract(0).0), "act", cast.encode(script));
    match theatre.world.query(&call.from(cast.sender).gas(limit)) {
        Ok(receipt) => Played {
            end: End::Return(receipt.output),
            gas_used: receipt.gas_used,
            effects: Effects {
                changed: receipt.diff,
                events: receipt
                    .events
                    .into_iter()
                    .map(|event| (event.address, event.data))
                    .collect(),
            },
            log: receipt.log.into_bytes(),
        },
        Err(failure) => Played {
            end: match failure.cause() {
                Cause::Reverted { output, .. } => End::Revert(output.clone()),
                Cause::Trapped { trap, .. } => End::Trap(*trap),
                Cause::OutOfGas { .. } => End::OutOfGas,
                _ => panic!("{failure}"),
            },
            gas_used: failure.gas_used(),
            effects: Effects::default(),
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
    fn a_tree_of_calls_is_its_model(script in scripts(),
                                    parts in prop::collection::vec(0_u64..=1000, 10)) {
        let theatre = &*THEATRE;
        // Not all there is: 63/64 of it, sixteen times over, would be spun away.
        let whole = by_model(theatre, &script, PLENTY);
        prop_assert_eq!(&by_engines(theatre, &script, PLENTY), &whole);
        let total = whole.gas_used.min(30_000_000);
        let near = [total.saturating_sub(1), total, total + 1];
        for limit in parts.iter().map(|part| total / 1000 * part).chain(near) {
            prop_assert_eq!(
                by_engines(theatre, &script, limit),
                by_model(theatre, &script, limit),
                "{}",
                limit
            );
        }
    }
}

/// A call of the contract itself that is allowed to come back, so deep: the model's own limits.
#[test]
fn a_chain_of_calls_to_the_depth_limit_is_its_model() {
    let mut script = vec![Step::Write(6, 9), Step::Scan(0, 4)];
    for _ in 0..18 {
        let call = Step::Call {
            flags: 1,
            to: 0,
            value: 1,
            gas: u64::MAX,
            script,
        };
        script = vec![Step::Emit(1), call, Step::Returned, Step::Remove(1)];
    }
    let theatre = &*THEATRE;
    let whole = by_model(theatre, &script, PLENTY);
    assert_eq!(by_engines(theatre, &script, PLENTY), whole);
    assert_eq!(whole.effects.events.len(), 16);
    for part in 0..64 {
        let limit = whole.gas_used / 64 * part;
        assert_eq!(
            by_engines(theatre, &script, limit),
            by_model(theatre, &script, limit)
        );
    }
}
