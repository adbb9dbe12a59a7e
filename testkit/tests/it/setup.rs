//! Sets up worlds for the tests: engines, sample contracts, calls.

use contract_types::Invocation;
use engine_wasmi::Wasmi;
use reference::Reference;
use std::sync::{Arc, LazyLock};
use testkit::{Address, Call, Engines, Failure, Receipt, World};
use vm::CodeHash;

/// All engines, shared by the tests so that each module is compiled once.
pub(crate) static ALL_ENGINES: LazyLock<Engines> = LazyLock::new(|| {
    Engines::interpreter()
        .and(Arc::new(Reference::new()))
        .and(Arc::new(Wasmi::new()))
});

/// A world in which each call runs on the interpreter, on R, and on wasmi with the instrumented
/// module.
pub(crate) fn world_on_all_engines() -> World {
    World::new().on(ALL_ENGINES.clone())
}

/// The module of a sample.
pub(crate) fn wasm(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/wasm");
    std::fs::read(format!("{folder}/{name}.wasm")).expect("built and committed")
}

/// Assembles a module in the text format.
pub(crate) fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module")
}

/// Deploys a sample; returns the address of the contract.
pub(crate) fn deploy(world: &mut World, from: Address, name: &str, call: &Invocation) -> Address {
    deploy_bytes(world, from, &wasm(name), call)
}

pub(crate) fn deploy_bytes(
    world: &mut World,
    from: Address,
    bytes: &[u8],
    call: &Invocation,
) -> Address {
    let code_hash = world.upload(bytes).expect("accepted");
    let deployment = Call::deployment(
        CodeHash(code_hash),
        world.salt(),
        call.entry,
        call.input.clone(),
    );
    let receipt = world.call(&deployment.from(from)).expect("deployed");
    receipt.contract
}

/// A call from an [`Invocation`].
pub(crate) fn call_by(from: Address, contract: Address, invocation: Invocation) -> Call {
    Call::raw(contract, invocation.entry, invocation.input).from(from)
}

/// Makes a call that must return.
pub(crate) fn call_ok(world: &mut World, call: &Call) -> Receipt {
    world
        .call(call)
        .unwrap_or_else(|failure| panic!("{failure}"))
}

/// Makes a call that must fail.
pub(crate) fn call_err(world: &mut World, call: &Call) -> Failure {
    match world.call(call) {
        Ok(receipt) => panic!("returned: {receipt:?}"),
        Err(failure) => failure,
    }
}

/// Makes a call that must revert with a code of the SDK; returns the code.
pub(crate) fn revert_code(world: &mut World, call: &Call) -> u32 {
    let failure = call_err(world, call);
    failure.code().unwrap_or_else(|| panic!("{failure}"))
}
