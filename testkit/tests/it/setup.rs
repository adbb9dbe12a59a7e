//! Sets up worlds for the tests: every engine, the built samples, calls by their invocation.

use contract_types::Invocation;
use engine_wasmi::Wasmi;
use reference::Reference;
use std::sync::{Arc, LazyLock};
use testkit::{Address, Call, Engines, Failure, Receipt, World};
use vm::CodeHash;

/// Engines that all tests share, so that each module is compiled once.
pub(crate) static EVERY: LazyLock<Engines> = LazyLock::new(|| {
    Engines::interpreter()
        .and(Arc::new(Reference::new()))
        .and(Arc::new(Wasmi::new()))
});

/// A world in which each call runs on the interpreter, R and the emitted module.
pub(crate) fn everywhere() -> World {
    World::new().on(EVERY.clone())
}

/// A built sample.
pub(crate) fn wasm(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/wasm");
    std::fs::read(format!("{folder}/{name}.wasm")).expect("built and committed")
}

/// Text format to bytes.
pub(crate) fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module")
}

/// A contract of a sample.
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

/// A call as `contract-types` spells it.
pub(crate) fn by(from: Address, contract: Address, invocation: Invocation) -> Call {
    Call::raw(contract, invocation.entry, invocation.input).from(from)
}

/// Makes a call that has to return.
pub(crate) fn done(world: &mut World, call: &Call) -> Receipt {
    world
        .call(call)
        .unwrap_or_else(|failure| panic!("{failure}"))
}

/// Makes a call that has to fail.
pub(crate) fn refused(world: &mut World, call: &Call) -> Failure {
    match world.call(call) {
        Ok(receipt) => panic!("returned: {receipt:?}"),
        Err(failure) => failure,
    }
}

/// Makes a call that the contract has to refuse with a code.
pub(crate) fn code(world: &mut World, call: &Call) -> u32 {
    let failure = refused(world, call);
    failure.code().unwrap_or_else(|| panic!("{failure}"))
}
