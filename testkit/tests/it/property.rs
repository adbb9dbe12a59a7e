//! Shows the world under proptest: any calls of the token keep its supply, on every engine.

use crate::setup::{by, deploy, everywhere};
use contract_types::token;
use proptest::prelude::*;
use std::sync::OnceLock;
use testkit::{Address, World};

const SUPPLY: u128 = 1_000;

/// Deployed once; each case begins with a clone, which is as cheap as a save.
fn token() -> (World, Address, [Address; 3]) {
    static STAGE: OnceLock<(World, Address, [Address; 3])> = OnceLock::new();
    let made = STAGE.get_or_init(|| {
        let mut world = everywhere();
        let people = ["alice", "bob", "carol"].map(|name| world.account(name, 0));
        let token = deploy(&mut world, people[0], "token", &token::init(SUPPLY));
        (world, token, people)
    });
    made.clone()
}

#[derive(Clone, Debug)]
enum Step {
    Transfer(usize, usize, u128),
    Approve(usize, usize, u128),
    TransferFrom(usize, usize, usize, u128),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..3_usize;
    let amount = || prop_oneof![4 => 0..1_200_u128, 1 => Just(u128::MAX)];
    let step = prop_oneof![
        (who(), who(), amount()).prop_map(|(by, to, much)| Step::Transfer(by, to, much)),
        (who(), who(), amount()).prop_map(|(by, to, much)| Step::Approve(by, to, much)),
        (who(), who(), who(), amount())
            .prop_map(|(by, from, to, much)| Step::TransferFrom(by, from, to, much)),
    ];
    proptest::collection::vec(step, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_calls_make_or_lose_tokens(steps in steps()) {
        let (mut world, token, people) = token();
        for step in steps {
            let (caller, invocation) = match step {
                Step::Transfer(by, to, much) => (by, token::transfer(people[to], much)),
                Step::Approve(by, to, much) => (by, token::approve(people[to], much)),
                Step::TransferFrom(by, from, to, much) => {
                    (by, token::transfer_from(people[from], people[to], much))
                }
            };
            let before = world.values(token);
            if world.call(&by(people[caller], token, invocation)).is_err() {
                prop_assert_eq!(world.values(token), before);
            }
            let sum: u128 = people
                .iter()
                .map(|of| {
                    let balance = world.query(&by(*of, token, token::balance_of(*of)));
                    balance.unwrap().decode::<u128>().unwrap()
                })
                .sum();
            prop_assert_eq!(sum, SUPPLY);
        }
    }
}
