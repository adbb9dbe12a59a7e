//! Draws calls of the samples that keep value, call each other and list entries.

use super::drawn_call::{DrawInputs, DrawnCall};
use super::samples::{AMM, COUNTER, ESCROW, MULTISIG, NAMES, NFT, POLL, TOKEN, VAULT};
use contract_types::{Address, Invocation, amm, counter, escrow, multisig, names, nft, token};

/// Number of owners of the wallet: the first accounts.
pub(super) const OWNERS: usize = 3;
/// Number of owners that must confirm.
pub(super) const THRESHOLD: u32 = 2;
/// Price of a name per period.
pub(super) const NAME_PRICE: u64 = 10;
/// Blocks per period.
pub(super) const NAME_PERIOD: u64 = 20;

/// Names to register; the last one is refused.
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

/// A deal: open, release, refund, or query.
pub(super) fn escrow(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let contract = draw.addresses.contract(&ESCROW, 0);
    let id = draw.recent(draw.issued.deals);
    match draw.random.below(10) {
        0..5 => {
            let (seller, arbiter) = (draw.account(), draw.account());
            let deadline = draw.time_ms.saturating_add(draw.random.below(10_000));
            // Sometimes the payment is 0, and the contract refuses the deal.
            let value = draw.random.below(1_000).saturating_sub(50);
            draw.issued.deals = draw.issued.deals.saturating_add(u64::from(value > 0));
            DrawnCall::new(contract, escrow::open(seller, arbiter, deadline)).paying(value)
        }
        5 | 6 => DrawnCall::new(contract, escrow::release(id)),
        7 | 8 => DrawnCall::new(contract, escrow::refund(id)),
        _ => DrawnCall::new(contract, escrow::deal(id)),
    }
}

/// A trade of two tokens, a change of liquidity, or a query.
pub(super) fn amm(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let contract = draw.addresses.contract(&AMM, 0);
    let owner = draw.account();
    let random = &mut draw.random;
    let amount = u128::from(random.below(100_000));
    let first_in = random.below(2) == 0;
    let height_max = draw.height.saturating_add(1);
    let invocation = match random.below(14) {
        0 => amm::quote(first_in, amount),
        1 => amm::reserves(),
        2 => amm::shares_of(owner),
        3 => amm::total_shares(),
        4 | 5 => amm::add_liquidity(amount, u128::from(random.below(100_000)), 0),
        6 => amm::remove_liquidity(u128::from(random.below(1_000)), 0, 0),
        7 => amm::swap(first_in, amount, u128::MAX, height_max),
        8 => amm::swap(first_in, amount, 0, draw.height.saturating_sub(1)),
        // More than any balance: the token reverts, and the pool forwards that.
        9 => amm::swap(first_in, 1 << 100, 0, height_max),
        _ => amm::swap(first_in, amount, 0, height_max),
    };
    DrawnCall::new(contract, invocation)
}

/// A proposal of an owner: a payment, or a call of another sample or of the wallet itself.
fn proposal(draw: &mut DrawInputs<'_>) -> Invocation {
    let own = draw.addresses.contract(&MULTISIG, 0);
    let value = u128::from(draw.random.below(100));
    let number = draw.recent(draw.issued.proposals);
    let owners: Vec<Address> = (0..OWNERS)
        .map(|owner| Address(draw.addresses.account(owner).0))
        .collect();
    let (to, value, call) = match draw.random.below(7) {
        0 => (
            draw.addresses.contract(&COUNTER, 0),
            0,
            counter::increment(draw.random.below(9)),
        ),
        1 => (
            draw.addresses.contract(&TOKEN, 0),
            0,
            token::transfer(draw.account(), value),
        ),
        2 => (own, 0, multisig::set_owners(&owners, THRESHOLD)),
        // Re-entry: the wallet is not one of its own owners.
        3 => (own, 0, multisig::execute(number)),
        4 => (
            draw.addresses.contract(&NAMES, 0),
            u128::from(NAME_PRICE),
            names::register("wallet", 1),
        ),
        _ => {
            let to = draw.account();
            return multisig::propose(to, value, "", &[]);
        }
    };
    multisig::propose(Address(to.0), value, call.entry, &call.input)
}

/// A call of the wallet, by an owner or by another account.
pub(super) fn multisig(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let contract = draw.addresses.contract(&MULTISIG, 0);
    let id = draw.recent(draw.issued.proposals);
    let account = draw.random.below(4);
    let call = match draw.random.below(12) {
        0 | 1 => DrawnCall::new(contract, multisig::deposit()).paying(draw.random.below(500)),
        2..5 => {
            let invocation = proposal(draw);
            let proposed = draw.issued.proposals;
            draw.issued.proposals = proposed.saturating_add(u64::from(account < 3));
            DrawnCall::new(contract, invocation)
        }
        5..8 => DrawnCall::new(contract, multisig::confirm(id)),
        8 => DrawnCall::new(contract, multisig::revoke(id)),
        9 => DrawnCall::new(contract, multisig::confirmations(id)),
        _ => DrawnCall::new(contract, multisig::execute(id)),
    };
    call.by(account)
}

/// A call of the name registry; listing is a scan.
pub(super) fn names(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let contract = draw.addresses.contract(&NAMES, 0);
    let name = draw.random.pick(&NAME_CHOICES).copied();
    let name = name.unwrap_or_default();
    let periods = match draw.random.below(3) {
        0 => 2_u32,
        _ => 1,
    };
    // Sometimes one unit too much, which is refused.
    let fee = NAME_PRICE
        .saturating_mul(u64::from(periods))
        .saturating_add(draw.random.below(8).saturating_sub(6));
    let account = draw.account();
    match draw.random.below(14) {
        0..4 => DrawnCall::new(contract, names::register(name, periods)).paying(fee),
        4 => DrawnCall::new(contract, names::renew(name, periods)).paying(fee),
        5 => DrawnCall::new(contract, names::set_target(name, account)),
        6 => DrawnCall::new(contract, names::transfer(name, account)),
        7 => DrawnCall::new(contract, names::withdraw()).by(draw.random.below(2)),
        8 => DrawnCall::new(contract, names::resolve(name)),
        9 => DrawnCall::new(contract, names::record(name)),
        _ => DrawnCall::new(contract, names::list(name, 10)),
    }
}

/// A call of the non-fungible tokens; listing is a scan.
pub(super) fn nft(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let contract = draw.addresses.contract(&NFT, 0);
    let id = draw.recent(draw.issued.tokens);
    let account = draw.account();
    match draw.random.below(12) {
        0..4 => {
            draw.issued.tokens = draw.issued.tokens.saturating_add(1);
            DrawnCall::new(contract, nft::mint(account, draw.random.bytes())).by(0)
        }
        4 => DrawnCall::new(contract, nft::mint(account, [0; 32])).by(1),
        5..7 => DrawnCall::new(contract, nft::transfer(id, account)),
        7 => DrawnCall::new(contract, nft::approve(id, Some(account))),
        8 => DrawnCall::new(contract, nft::token(id)),
        9 => DrawnCall::new(contract, nft::balance_of(account)),
        _ => DrawnCall::new(contract, nft::tokens_of(account, 0, 20)),
    }
}

/// A call of the vault in C or the poll in AssemblyScript.
pub(super) fn vault_and_poll(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let vault = draw.addresses.contract(&VAULT, 0);
    let poll = draw.addresses.contract(&POLL, 0);
    let random = &mut draw.random;
    match random.below(8) {
        0..2 => DrawnCall::new(vault, Invocation::new("deposit", &())).paying(random.below(300)),
        2..4 => {
            let amount = u128::from(random.below(200));
            DrawnCall::new(vault, Invocation::new("withdraw", &amount))
        }
        4 => {
            let owner = draw.account();
            DrawnCall::new(vault, Invocation::new("balance_of", &owner))
        }
        // The poll has eight choices; a ninth is refused, as is a second vote.
        choice @ (5 | 6) => {
            let choice = choice.saturating_add(random.below(5)).to_le_bytes();
            let input = choice.into_iter().take(1).collect();
            DrawnCall::new(
                poll,
                Invocation {
                    entry: "vote",
                    input,
                },
            )
        }
        _ => DrawnCall::new(poll, Invocation::new("votes", &5_u8)),
    }
}
