//! Calls between registered contracts, by the rules of the host's frame loop.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::state::{Frame, Ledger, with};
use crate::call::{ALLOW_REENTRY, Deployment, Request, STATIC};
use crate::entry::{self, Adapter};

/// Maximum number of contract frames on one stack.
const DEPTH_MAX: usize = 16;

const REVERT: i32 = 1;
const TRAP: i32 = 2;
const DEPTH: i32 = 16;
const REENTRY: i32 = 17;
const BALANCE: i32 = 18;
const NO_CODE: i32 = 19;
const NO_ENTRY: i32 = 20;
const TAKEN: i32 = 21;

pub(crate) fn call(request: &Request, name: &str, input: &[u8]) -> i32 {
    let is_static = request.flags & STATIC != 0;
    assert!(
        request.flags & !(ALLOW_REENTRY | STATIC) == 0,
        "trap UnknownFlag: {}",
        request.flags
    );
    let inherited = with(|host| host.frame().is_static);
    assert!(
        request.value == 0 || !(is_static || inherited),
        "trap StaticViolation: a call with value"
    );
    let found = with(|host| {
        host.frame_mut().returned.clear();
        host.frame_mut().allows_reentry = request.flags & ALLOW_REENTRY != 0;
        find(host, request, name)
    });
    let adapter = match found {
        Ok(adapter) => adapter,
        Err(status) => return status,
    };
    let before = with(|host| host.ledger.clone());
    let frame = Frame {
        address: request.address.0,
        value: request.value,
        input: input.to_vec(),
        is_static: is_static || inherited,
        ..Frame::default()
    };
    run(frame, adapter, before)
}

/// Finds the callee, or the first failed condition in the order of the host.
fn find(host: &super::state::Host, request: &Request, name: &str) -> Result<Adapter, i32> {
    if host.frames.len() >= DEPTH_MAX {
        return Err(DEPTH);
    }
    let address = request.address.0;
    // The test itself is a frame if it acts as a contract, and not if it acts as an account.
    let base = Some(&host.base).filter(|base| host.ledger.contracts.contains_key(&base.address));
    let mut active = host.frames.iter().chain(base);
    if active.any(|frame| frame.address == address && !frame.allows_reentry) {
        return Err(REENTRY);
    }
    if host.balance(host.frame().address) < request.value {
        return Err(BALANCE);
    }
    let entries = *host.ledger.contracts.get(&address).ok_or(NO_CODE)?;
    adapter(entries, name)
}

fn adapter(entries: super::EntryTable, name: &str) -> Result<Adapter, i32> {
    let found = entries.iter().find(|(entry, _)| *entry == name);
    found.map(|(_, adapter)| *adapter).ok_or(NO_ENTRY)
}

/// Moves the value, runs a frame, and restores `before` unless the frame returns.
fn run(mut frame: Frame, adapter: Adapter, before: Ledger) -> i32 {
    let input = frame.input.clone();
    with(|host| {
        frame.caller = host.frame().address;
        if host.frames.is_empty() {
            host.events_before = host.ledger.events.len();
        }
        host.pay(frame.caller, frame.address, frame.value);
        host.frames.push(frame);
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| adapter(&input)));
    with(|host| {
        host.frames.pop();
        let reverting = host.reverting.take();
        let (status, output) = match (outcome, reverting) {
            (Ok(Ok(output)), _) => (0, output),
            (Ok(Err(revert)), _) => (REVERT, entry::encode(&revert)),
            (Err(_), Some(bytes)) => (REVERT, bytes),
            (Err(_), None) => (TRAP, Vec::new()),
        };
        if status != 0 {
            host.ledger = before;
        }
        host.frame_mut().returned = output;
        host.frame_mut().allows_reentry = false;
        status
    })
}

pub(crate) fn deploy(deployment: &Deployment, name: &str, input: &[u8]) -> (i32, [u8; 32]) {
    let creator = with(|host| {
        assert!(!host.frame().is_static, "trap StaticViolation: deploy");
        host.frame_mut().returned.clear();
        host.frame().address
    });
    let address = deployment.address(&creator.into()).0;
    let found = with(|host| {
        if host.frames.len() >= DEPTH_MAX {
            return Err(DEPTH);
        }
        if host.balance(creator) < deployment.value {
            return Err(BALANCE);
        }
        let entries = *host.code.get(&deployment.code_hash).ok_or(NO_CODE)?;
        if host.ledger.contracts.contains_key(&address) {
            return Err(TAKEN);
        }
        Ok((entries, adapter(entries, name)?))
    });
    let (entries, adapter) = match found {
        Ok(found) => found,
        Err(status) => return (status, [0; 32]),
    };
    let before = with(|host| {
        let before = host.ledger.clone();
        host.ledger.contracts.insert(address, entries);
        before
    });
    let frame = Frame {
        address,
        value: deployment.value,
        input: input.to_vec(),
        ..Frame::default()
    };
    match run(frame, adapter, before) {
        0 => (0, address),
        status => (status, [0; 32]),
    }
}

pub(crate) fn set_code(code_hash: &[u8; 32]) -> i32 {
    with(|host| {
        assert!(!host.frame().is_static, "trap StaticViolation: set_code");
        let Some(entries) = host.code.get(code_hash).copied() else {
            return NO_CODE;
        };
        let address = host.frame().address;
        host.ledger.contracts.insert(address, entries);
        0
    })
}

pub(crate) fn transfer(to: &[u8; 32], value: u128) -> i32 {
    with(|host| {
        assert!(!host.frame().is_static, "trap StaticViolation: transfer");
        let from = host.frame().address;
        if host.pay(from, *to, value) {
            0
        } else {
            BALANCE
        }
    })
}
