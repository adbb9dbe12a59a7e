//! Example of a property test: no sequence of calls changes the token's supply, on every engine.

use crate::setup::{call_by, deploy, world_on_all_engines};
use contract_types::token;
use proptest::prelude::*;
use std::sync::OnceLock;
use testkit::{Address, World};

const SUPPLY: u128 = 1_000;

/// A world that is deployed once; each case starts with a clone, which is cheap.
fn token() -> (World, Address, [Address; 3]) {
    static DEPLOYED: OnceLock<(World, Address, [Address; 3])> = OnceLock::new();
    let made = DEPLOYED.get_or_init(|| {
        let mut world = world_on_all_engines();
        let people = ["alice", "bob", "carol"].map(|name| world.account(name, 0));
        let token = deploy(&mut world, people[0], "token", &token::init(SUPPLY));
        (world, token, people)
    });
    made.clone()
}

#[derive(Clone, Debug)]
enum TokenCall {
    Transfer(usize, usize, u128),
    Approve(usize, usize, u128),
    TransferFrom(usize, usize, usize, u128),
}

fn calls() -> impl Strategy<Value = Vec<TokenCall>> {
    let who = || 0..3_usize;
    let amount = || prop_oneof![4 => 0..1_200_u128, 1 => Just(u128::MAX)];
    let call = prop_oneof![
        (who(), who(), amount()).prop_map(|(by, to, much)| TokenCall::Transfer(by, to, much)),
        (who(), who(), amount()).prop_map(|(by, to, much)| TokenCall::Approve(by, to, much)),
        (who(), who(), who(), amount())
            .prop_map(|(by, from, to, much)| TokenCall::TransferFrom(by, from, to, much)),
    ];
    proptest::collection::vec(call, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn calls_do_not_change_the_supply(calls in calls()) {
        let (mut world, token, people) = token();
        for call in calls {
            let (caller, invocation) = match call {
                TokenCall::Transfer(by, to, much) => (by, token::transfer(people[to], much)),
                TokenCall::Approve(by, to, much) => (by, token::approve(people[to], much)),
                TokenCall::TransferFrom(by, from, to, much) => {
                    (by, token::transfer_from(people[from], people[to], much))
                }
            };
            let before = world.values(token);
            if world.call(&call_by(people[caller], token, invocation)).is_err() {
                prop_assert_eq!(world.values(token), before);
            }
            let sum: u128 = people
                .iter()
                .map(|of| {
                    let balance = world.query(&call_by(*of, token, token::balance_of(*of)));
                    balance.unwrap().decode::<u128>().unwrap()
                })
                .sum();
            prop_assert_eq!(sum, SUPPLY);
        }
    }
}
