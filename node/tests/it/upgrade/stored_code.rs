//! Calls contracts that were stored under earlier rules, which the rules in force refuse.

use super::{FROM, first};
use crate::chain::{BALANCE, GAS, TIME_MS, alice, call};
use contract_types::counter;
use engine_wasmi::Wasmi;
use node::limits::Limits;
use node::rules::{Prices, version_1};
use node::{
    CachePolicy, Executed, Genesis, MemoryStore, Node, Observer, Parts, Payload, ReceiptExit,
    Transaction,
};
use node_sim::simulate::samples::COUNTER;
use reference::Reference;
use vm::unstable::frames::contract_address;
use vm::unstable::limits::{HostLimits, Limits as ModuleLimits};
use vm::unstable::rules::{FloatPolicy, Version};
use vm::{Address, CodeHash, Engine, Height, Interpreter, Rules, Trap};

/// Version 3 of these tests: it refuses every sample, in each way in which a version can be
/// narrower, and has the prices of version 1.
fn narrow() -> Rules {
    let version = Version {
        number: 3,
        limits: ModuleLimits {
            module_bytes_max: 64,
            functions_max: 1,
            globals_max: 0,
            memory_pages_initial_max: 0,
            memory_pages_max: 1,
            operators_max: 4,
            ..ModuleLimits::V1
        },
        floats: FloatPolicy::Reject,
        schedule: version_1().schedule.clone(),
        host: Vec::new(),
        ..Version::v1()
    };
    Rules::of(version).unwrap()
}

/// Rules under which a value of a contract has at most 4 bytes.
fn short() -> Rules {
    let version = Version {
        number: 3,
        host_limits: HostLimits {
            value_bytes_max: 4,
            ..HostLimits::V1
        },
        schedule: version_1().schedule.clone(),
        ..Version::v1()
    };
    Rules::of(version).unwrap()
}

struct Run {
    node: Option<Node>,
    engine: fn() -> Box<dyn Engine>,
    cache: CachePolicy,
    genesis: Genesis,
}

#[derive(Default)]
struct ExecutedCollector(Vec<Executed>);

impl Observer for ExecutedCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.clone());
    }
}

impl Run {
    /// A chain that changes to these rules at a height.
    fn new(engine: fn() -> Box<dyn Engine>, cache: CachePolicy, rules: Option<Rules>) -> Self {
        let balances = [(alice().address(), BALANCE)].into();
        let genesis = Genesis::new("test", TIME_MS, first(), Limits::v1(), &balances).unwrap();
        let genesis = match rules {
            Some(rules) => genesis
                .with_upgrades(vec![(Height(FROM), *rules.id())])
                .unwrap(),
            None => genesis,
        };
        let mut run = Self {
            node: None,
            engine,
            cache,
            genesis,
        };
        run.open(Box::new(MemoryStore::new()));
        run
    }

    fn open(&mut self, store: Box<dyn node::Store>) {
        let parts = Parts {
            engine: (self.engine)(),
            rules: node::rules::rulebook().with(narrow()).with(short()),
            cache: self.cache,
        };
        self.node = Some(Node::open(parts, self.genesis.clone(), store).unwrap());
    }

    fn restart(&mut self) {
        let store = self.node.take().unwrap().into_store();
        self.open(store);
    }

    fn node(&self) -> &Node {
        self.node.as_ref().unwrap()
    }

    /// Applies a block of these transactions.
    fn apply(&mut self, payloads: Vec<Payload>) -> Vec<Executed> {
        let (key, node) = (alice(), self.node());
        let nonce = node.account(&key.address()).unwrap().nonce;
        let prices = Prices::of(&version_1()).unwrap();
        let signed = payloads.into_iter().zip(nonce..).map(|(payload, nonce)| {
            let mut transaction = Transaction {
                chain_id: *node.chain_id(),
                signer: key.public(),
                nonce,
                gas_limit: 0,
                gas_price: 1,
                payload,
            };
            let bytes = key.sign(transaction.clone()).encode().len() as u64;
            let intrinsic = node::intrinsic_gas(&transaction, bytes, &prices).unwrap();
            transaction.gas_limit = intrinsic + GAS;
            key.sign(transaction)
        });
        let transactions = signed.collect();
        let time_ms = node.tip().time_ms + 1;
        let block = node.propose(transactions, time_ms, Address([0xee; 32]));
        let valid = node.validate(block).unwrap();
        let mut collected = ExecutedCollector::default();
        let node = self.node.as_mut().unwrap();
        node.apply(&valid, &mut collected).unwrap();
        node.scrub().unwrap();
        collected.0
    }

    fn upload() -> Payload {
        Payload::Upload(COUNTER.bytes.to_vec())
    }

    fn deploy(salt: u8) -> (Payload, Address) {
        let code_hash = CodeHash(vm::unstable::host::crypto::sha256(COUNTER.bytes));
        let address = contract_address(&alice().address(), &code_hash, &[salt; 32]);
        let (salt, value) = ([salt; 32], 0);
        let (entry, input) = ("increment".to_owned(), counter::increment(7).input);
        let payload = Payload::Deploy {
            code_hash,
            salt,
            entry,
            input,
            value,
        };
        (payload, address)
    }

    /// Uploads and deploys before the height, then calls, uploads and deploys again behind it.
    fn run(&mut self, restarts: bool) -> Vec<Executed> {
        let ((deploy, contract), (again, second)) = (Self::deploy(1), Self::deploy(2));
        let increment = |contract| call(contract, "increment", counter::increment(5).input);
        let mut executed = self.apply(vec![Self::upload()]);
        executed.extend(self.apply(vec![deploy]));
        while self.node().tip().height.0 + 1 < FROM {
            executed.extend(self.apply(vec![increment(contract)]));
        }
        if restarts {
            self.restart();
        }
        executed.extend(self.apply(vec![increment(contract)]));
        if restarts {
            self.restart();
        }
        executed.extend(self.apply(vec![Self::upload(), increment(contract), again]));
        executed.extend(self.apply(vec![increment(second), increment(contract)]));
        executed
    }
}

const ENGINES: [fn() -> Box<dyn Engine>; 3] = [
    || Box::new(Interpreter::new()),
    || Box::new(Reference::new()),
    || Box::new(Wasmi::new()),
];

const POLICIES: [CachePolicy; 4] = [
    CachePolicy::Warm,
    CachePolicy::Disabled,
    CachePolicy::Cold,
    CachePolicy::OneEntry,
];

#[test]
fn code_that_later_rules_refuse_runs_as_before_and_only_a_new_upload_is_refused() {
    assert!(vm::check(COUNTER.bytes, &narrow()).is_err());
    let straight = Run::new(ENGINES[0], CachePolicy::Warm, None).run(false);
    let crossed = Run::new(ENGINES[0], CachePolicy::Warm, Some(narrow())).run(false);
    assert_eq!(straight.len(), crossed.len());
    let mut refused = 0;
    for (one, other) in straight.iter().zip(&crossed) {
        assert_eq!(one.receipt.exit, ReceiptExit::Return);
        if other.receipt.exit == ReceiptExit::Rejected {
            refused += 1;
            continue;
        }
        // The chain id differs, and with it the ids of transactions.
        assert_eq!(one.receipt.exit, other.receipt.exit);
        assert_eq!(one.receipt.gas_used, other.receipt.gas_used);
        assert_eq!(one.output, other.output);
        assert_eq!(one.events, other.events);
    }
    assert_eq!(refused, 1, "the upload behind the height");
    for engine in ENGINES {
        for cache in POLICIES {
            for restarts in [false, true] {
                let again = Run::new(engine, cache, Some(narrow())).run(restarts);
                assert_eq!(again, crossed, "{cache:?}, restarts: {restarts}");
            }
        }
    }
}

#[test]
fn a_value_that_later_rules_find_too_long_can_be_read_and_not_written() {
    for engine in ENGINES {
        let mut run = Run::new(engine, CachePolicy::Warm, Some(short()));
        let (deploy, contract) = Run::deploy(1);
        run.apply(vec![Run::upload(), deploy]);
        while run.node().tip().height.0 + 1 < FROM {
            run.apply(Vec::new());
        }
        let get = counter::get();
        let increment = counter::increment(5);
        let executed = run.apply(vec![
            call(contract, get.entry, get.input),
            call(contract, increment.entry, increment.input),
        ]);
        assert_eq!(executed[0].receipt.exit, ReceiptExit::Return);
        assert_eq!(executed[0].output, 7_u64.to_le_bytes());
        assert_eq!(executed[1].receipt.exit, ReceiptExit::Trap);
        assert_eq!(executed[1].receipt.code, Trap::ValueLength.code());
    }
}

#[test]
fn nothing_is_checked_at_the_height_but_what_a_block_uses() {
    let mut run = Run::new(ENGINES[0], CachePolicy::Warm, Some(narrow()));
    let (deploy, contract) = Run::deploy(1);
    run.apply(vec![Run::upload()]);
    run.apply(vec![deploy]);
    while run.node().tip().height.0 + 1 < FROM {
        run.apply(Vec::new());
    }
    run.restart();
    run.apply(Vec::new());
    assert_eq!(run.node().tip().height.0, FROM);
    assert!(run.node().cache().is_empty());
    for _ in 0..2 {
        run.apply(vec![call(
            contract,
            "increment",
            counter::increment(5).input,
        )]);
        assert_eq!(run.node().cache().len(), 1);
        let code_hash = vm::unstable::host::crypto::sha256(COUNTER.bytes);
        let module = run.node().cache().get(&code_hash, narrow().id());
        // Kept for the rules in force, checked under those that it was stored under.
        assert_eq!(*module.unwrap().rules_id(), first());
    }
}

/// The list says under which rules code was stored; a build without them cannot load it.
#[test]
fn a_build_without_the_rules_that_took_the_code_stops_at_a_fault_that_names_them() {
    let mut run = Run::new(ENGINES[0], CachePolicy::Warm, Some(narrow()));
    let (deploy, contract) = Run::deploy(1);
    run.apply(vec![Run::upload()]);
    run.apply(vec![deploy]);
    while run.node().tip().height.0 < FROM {
        run.apply(Vec::new());
    }
    let signed = {
        let node = run.node();
        let transaction = Transaction {
            chain_id: *node.chain_id(),
            signer: alice().public(),
            nonce: node.account(&alice().address()).unwrap().nonce,
            gas_limit: 2 * GAS,
            gas_price: 1,
            payload: call(contract, "increment", counter::increment(5).input),
        };
        alice().sign(transaction)
    };
    let store = run.node.take().unwrap().into_store();
    let parts = Parts {
        engine: ENGINES[0](),
        rules: vm::Rulebook::default().with(narrow()),
        cache: CachePolicy::Warm,
    };
    let mut node = Node::open(parts, run.genesis.clone(), store).unwrap();
    let block = node.propose(vec![signed], node.tip().time_ms + 1, Address([0; 32]));
    let valid = node.validate(block).unwrap();
    let fault = node.apply(&valid, &mut node::NoObserver).unwrap_err();
    assert!(fault.to_string().contains(&hex::encode(first())), "{fault}");
}
