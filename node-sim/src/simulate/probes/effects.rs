//! Probes of effects that are kept or restored: storage, value, code, events, touched keys.

use super::calls::{ALLOW_REENTRY, Asked, Created, asks, call, creates};
use super::script::{Ending, Script, Slot};
use super::storage::{read, remove, write};
use super::{Probe, Site, variant_hash};
use crate::simulate::samples::DRIVER;
use host_api::Function;
use vm::unstable::frames::contract_address;

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let key = || b"effect".to_vec();
    let set = write(key(), b"before");
    vec![
        site.script("a value that changes are made to", 1, &set),
        site.script("changes that a callee loses", 0, &lost(site)),
        site.script("touched keys after a revert", 0, &touched(site)),
        site.script("events that a callee loses", 0, &events(site)),
        site.script("code that a callee loses", 0, &code(site)),
        site.script("payments", 0, &payments(site)),
        site.script("code of later frames", 2, &later_code(site)),
        site.script("value before a deployment", 0, &prepaid(site)),
        site.script("after a code change", 2, &write(key(), b"new code")),
    ]
}

/// A callee changes, removes and adds, is called by one that fails, and fails itself.
fn lost(site: &Site) -> Script {
    let changes = write(b"effect".to_vec(), b"after")
        .then(write(b"added".to_vec(), b"new"))
        .then(remove(b"effect"));
    let look = read(b"effect", 16).then(read(b"added", 16));
    let endings = [Ending::Revert, Ending::Trap, Ending::Return];
    endings
        .into_iter()
        .fold(Script::default(), |script, ending| {
            let script = match ending {
                // The callee returns, and its caller reverts.
                Ending::Return => {
                    let inner = call(&Asked::of(site, 1, &changes));
                    let middle = Script::default().host(Function::Call, inner);
                    asks(script, &Asked::of(site, 2, &middle.ending(Ending::Revert)))
                }
                _ => {
                    let failing = changes.clone().ending(ending);
                    asks(script, &Asked::of(site, 1, &failing).with_gas(9_000_000))
                }
            };
            asks(script, &Asked::of(site, 1, &look))
        })
}

/// A key that a reverted frame touched first costs no cold price later.
fn touched(site: &Site) -> Script {
    let look = read(b"touched", 8);
    let reverted = look.clone().ending(Ending::Revert);
    let script = asks(Script::default(), &Asked::of(site, 1, &reverted));
    asks(script, &Asked::of(site, 1, &look))
}

/// Events of a reverted frame are not counted: 64 more fit.
fn events(site: &Site) -> Script {
    let emit = |count: u8| {
        (0..count).fold(Script::default(), |script, number| {
            let slots = vec![
                Slot::Fixed([number; 32].to_vec()),
                Slot::Number(1),
                Slot::Number(0),
                Slot::Number(u64::from(number)),
            ];
            script.host(Function::EmitEvent, slots)
        })
    };
    let reverted = emit(64).ending(Ending::Revert);
    let script = asks(Script::default(), &Asked::of(site, 1, &reverted));
    asks(script, &Asked::of(site, 2, &emit(2))).then(emit(62))
}

fn set_code(hash: &[u8; 32]) -> Script {
    Script::default().host(Function::SetCode, vec![Slot::Fixed(hash.to_vec())])
}

/// A code change that is reverted, and one to code that was never uploaded.
fn code(site: &Site) -> Script {
    let change = set_code(&variant_hash().0).ending(Ending::Revert);
    let script = asks(Script::default(), &Asked::of(site, 1, &change));
    let script = asks(script, &Asked::of(site, 1, &Script::default()));
    script.then(set_code(&[0x66; 32]))
}

/// The frame keeps its code; frames that begin later in the transaction have the new one.
fn later_code(site: &Site) -> Script {
    let again = Asked::of(site, 2, &Script::default()).with_flags(ALLOW_REENTRY);
    let script = asks(Script::default(), &again);
    let script = script.then(set_code(&variant_hash().0));
    let script = asks(script, &again).then(set_code(&DRIVER.code_hash().0));
    asks(script, &again)
}

/// Payments to an absent account, to itself, of nothing, of everything, and of one unit too much.
fn payments(site: &Site) -> Script {
    let pay = |script: Script, to: [u8; 32], amount: u128| {
        let amount = Slot::Fixed(amount.to_le_bytes().to_vec());
        script.host(Function::Transfer, vec![Slot::Fixed(to.to_vec()), amount])
    };
    let balance = |script: Script, of: [u8; 32]| {
        script.host(
            Function::Balance,
            vec![Slot::Fixed(of.to_vec()), Slot::Room(16)],
        )
    };
    let own = site.driver(0).0;
    let script = pay(Script::default(), [0x45; 32], 0);
    let script = balance(script, [0x45; 32]);
    let script = pay(balance(pay(script, [0x45; 32], 5), [0x45; 32]), own, 7);
    let script = pay(balance(script, own), own, u128::MAX);
    let script = pay(pay(script, [0x45; 32], u128::MAX), site.driver(1).0, 9);
    // The value returns from a callee that fails.
    let failing = Script::default().ending(Ending::Revert);
    let script = asks(script, &Asked::of(site, 1, &failing).paying(11));
    asks(
        balance(script, own),
        &Asked::of(site, 1, &Script::default()).paying(13),
    )
}

/// A balance alone does not take an address.
fn prepaid(site: &Site) -> Script {
    let hash = DRIVER.code_hash();
    let address = contract_address(&site.driver(0), &hash, &[0x50; 32]);
    let amount = Slot::Fixed(3_u128.to_le_bytes().to_vec());
    let payment = vec![Slot::Fixed(address.0.to_vec()), amount];
    let script = Script::default().host(Function::Transfer, payment);
    creates(script, &Created::of(hash, 0x50, &Script::default()))
}
