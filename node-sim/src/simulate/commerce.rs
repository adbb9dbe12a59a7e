//! Draws calls of the samples that hold value, call each other and list what they hold.

use super::drawn_call::{Act, Stage};
use super::samples::{AMM, COUNTER, ESCROW, MULTISIG, NAMES, NFT, POLL, TOKEN, VAULT};
use contract_types::{Address, Invocation, amm, counter, escrow, multisig, names, nft, token};

/// Owners of the wallet: the first accounts.
pub(super) const OWNERS: usize = 3;
/// How many of them have to confirm.
pub(super) const THRESHOLD: u32 = 2;
/// Price of a name for a period.
pub(super) const NAME_PRICE: u64 = 10;
/// Blocks of a period.
pub(super) const NAME_PERIOD: u64 = 20;

/// What is registered, and one name that is refused.
const NAME_CHOICES: [&str; 9] = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "Not A Name",
];

/// A deal: opened, paid out, paid back, or looked at.
pub(super) fn escrow(stage: &mut Stage<'_>) -> Act {
    let contract = stage.cast.contract(&ESCROW, 0);
    let id = stage.recent(stage.numbers.deals);
    match stage.random.below(10) {
        0..5 => {
            let (seller, arbiter) = (stage.account(), stage.account());
            let deadline = stage.time_ms.saturating_add(stage.random.below(10_000));
            // Sometimes nothing is paid, and the deal is refused.
            let value = stage.random.below(1_000).saturating_sub(50);
            stage.numbers.deals = stage.numbers.deals.saturating_add(u64::from(value > 0));
            Act::new(contract, escrow::open(seller, arbiter, deadline)).paying(value)
        }
        5 | 6 => Act::new(contract, escrow::release(id)),
        7 | 8 => Act::new(contract, escrow::refund(id)),
        _ => Act::new(contract, escrow::deal(id)),
    }
}

/// A trade through two tokens, liquidity, or a look.
pub(super) fn amm(stage: &mut Stage<'_>) -> Act {
    let contract = stage.cast.contract(&AMM, 0);
    let owner = stage.account();
    let random = &mut stage.random;
    let amount = u128::from(random.below(100_000));
    let first_in = random.below(2) == 0;
    let height_max = stage.height.saturating_add(1);
    let invocation = match random.below(14) {
        0 => amm::quote(first_in, amount),
        1 => amm::reserves(),
        2 => amm::shares_of(owner),
        3 => amm::total_shares(),
        4 | 5 => amm::add_liquidity(amount, u128::from(random.below(100_000)), 0),
        6 => amm::remove_liquidity(u128::from(random.below(1_000)), 0, 0),
        7 => amm::swap(first_in, amount, u128::MAX, height_max),
        8 => amm::swap(first_in, amount, 0, stage.height.saturating_sub(1)),
        // More than anybody has: the token refuses, and the pool passes that on.
        9 => amm::swap(first_in, 1 << 100, 0, height_max),
        _ => amm::swap(first_in, amount, 0, height_max),
    };
    Act::new(contract, invocation)
}

/// What an owner proposes: a payment, or a call of another sample or of the wallet itself.
fn proposal(stage: &mut Stage<'_>) -> Invocation {
    let own = stage.cast.contract(&MULTISIG, 0);
    let value = u128::from(stage.random.below(100));
    let number = stage.recent(stage.numbers.proposals);
    let owners: Vec<Address> = (0..OWNERS)
        .map(|owner| Address(stage.cast.account(owner).0))
        .collect();
    let (to, value, call) = match stage.random.below(7) {
        0 => (
            stage.cast.contract(&COUNTER, 0),
            0,
            counter::increment(stage.random.below(9)),
        ),
        1 => (
            stage.cast.contract(&TOKEN, 0),
            0,
            token::transfer(stage.account(), value),
        ),
        2 => (own, 0, multisig::set_owners(&owners, THRESHOLD)),
        // Re-entry: the wallet is no owner of itself.
        3 => (own, 0, multisig::execute(number)),
        4 => (
            stage.cast.contract(&NAMES, 0),
            u128::from(NAME_PRICE),
            names::register("wallet", 1),
        ),
        _ => {
            let to = stage.account();
            return multisig::propose(to, value, "", &[]);
        }
    };
    multisig::propose(Address(to.0), value, call.entry, &call.input)
}

/// The wallet, by an owner or by somebody else.
pub(super) fn multisig(stage: &mut Stage<'_>) -> Act {
    let contract = stage.cast.contract(&MULTISIG, 0);
    let id = stage.recent(stage.numbers.proposals);
    let account = stage.random.below(4);
    let act = match stage.random.below(12) {
        0 | 1 => Act::new(contract, multisig::deposit()).paying(stage.random.below(500)),
        2..5 => {
            let invocation = proposal(stage);
            let proposed = stage.numbers.proposals;
            stage.numbers.proposals = proposed.saturating_add(u64::from(account < 3));
            Act::new(contract, invocation)
        }
        5..8 => Act::new(contract, multisig::confirm(id)),
        8 => Act::new(contract, multisig::revoke(id)),
        9 => Act::new(contract, multisig::confirmations(id)),
        _ => Act::new(contract, multisig::execute(id)),
    };
    act.by(account)
}

/// The registry; listing is a scan.
pub(super) fn names(stage: &mut Stage<'_>) -> Act {
    let contract = stage.cast.contract(&NAMES, 0);
    let name = stage.random.pick(&NAME_CHOICES).copied();
    let name = name.unwrap_or_default();
    let periods = match stage.random.below(3) {
        0 => 2_u32,
        _ => 1,
    };
    // Sometimes one too much, which is refused.
    let fee = NAME_PRICE
        .saturating_mul(u64::from(periods))
        .saturating_add(stage.random.below(8).saturating_sub(6));
    let account = stage.account();
    match stage.random.below(14) {
        0..4 => Act::new(contract, names::register(name, periods)).paying(fee),
        4 => Act::new(contract, names::renew(name, periods)).paying(fee),
        5 => Act::new(contract, names::set_target(name, account)),
        6 => Act::new(contract, names::transfer(name, account)),
        7 => Act::new(contract, names::withdraw()).by(stage.random.below(2)),
        8 => Act::new(contract, names::resolve(name)),
        9 => Act::new(contract, names::record(name)),
        _ => Act::new(contract, names::list(name, 10)),
    }
}

/// Tokens that are one of a kind; listing is a scan.
pub(super) fn nft(stage: &mut Stage<'_>) -> Act {
    let contract = stage.cast.contract(&NFT, 0);
    let id = stage.recent(stage.numbers.tokens);
    let account = stage.account();
    match stage.random.below(12) {
        0..4 => {
            stage.numbers.tokens = stage.numbers.tokens.saturating_add(1);
            Act::new(contract, nft::mint(account, stage.random.bytes())).by(0)
        }
        4 => Act::new(contract, nft::mint(account, [0; 32])).by(1),
        5..7 => Act::new(contract, nft::transfer(id, account)),
        7 => Act::new(contract, nft::approve(id, Some(account))),
        8 => Act::new(contract, nft::token(id)),
        9 => Act::new(contract, nft::balance_of(account)),
        _ => Act::new(contract, nft::tokens_of(account, 0, 20)),
    }
}

/// The vault in C and the poll in AssemblyScript.
pub(super) fn kept(stage: &mut Stage<'_>) -> Act {
    let vault = stage.cast.contract(&VAULT, 0);
    let poll = stage.cast.contract(&POLL, 0);
    let random = &mut stage.random;
    match random.below(8) {
        0..2 => Act::new(vault, Invocation::new("deposit", &())).paying(random.below(300)),
        2..4 => {
            let amount = u128::from(random.below(200));
            Act::new(vault, Invocation::new("withdraw", &amount))
        }
        4 => {
            let owner = stage.account();
            Act::new(vault, Invocation::new("balance_of", &owner))
        }
        // Of eight choices; the ninth is refused, and so is a second vote.
        choice @ (5 | 6) => {
            let choice = choice.saturating_add(random.below(5)).to_le_bytes();
            let input = choice.into_iter().take(1).collect();
            Act::new(
                poll,
                Invocation {
                    entry: "vote",
                    input,
                },
            )
        }
        _ => Act::new(poll, Invocation::new("votes", &5_u8)),
    }
}
