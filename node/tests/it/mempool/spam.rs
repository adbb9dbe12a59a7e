//! Submits a million times what does not pay, and counts memory and verified signatures.

use super::{Pool, SOURCE, account, address, transfer};
use node::Signed;
use node::mempool::{MempoolOptions, MempoolSizes, SourceId};

const SUBMITS: u64 = 1_000_000;
/// Submits in a millisecond: ten times the rate of a source by default.
const PER_MS: u64 = 50;
const SECONDS: u64 = SUBMITS / PER_MS / 1_000;

fn source(number: u64) -> SourceId {
    let mut id = [5; 32];
    id[..8].copy_from_slice(&number.to_le_bytes());
    SourceId(id)
}

/// An encoding whose sender, nonce and price are written over another's, which is cheap.
struct Template {
    encoded: Vec<u8>,
}

impl Template {
    const KEY: usize = 33;
    const NONCE: usize = 65;
    const PRICE: usize = 81;

    fn new(is_right: bool) -> Self {
        let mut signed = transfer(0, 0, 1);
        signed.signature[0] = u8::from(is_right);
        Self {
            encoded: signed.encode(),
        }
    }

    fn fill(&mut self, sender: u64, nonce: u64, price: u64) -> &[u8] {
        let parts = [
            (Self::KEY, sender),
            (Self::NONCE, nonce),
            (Self::PRICE, price),
        ];
        for (start, value) in parts {
            self.encoded[start..start + 8].copy_from_slice(&value.to_le_bytes());
        }
        &self.encoded
    }
}

#[test]
fn a_template_has_its_fields_where_the_encoding_has_them() {
    let mut template = Template::new(true);
    let signed = Signed::decode(template.fill(3, 4, 5), 1_000).unwrap();
    let mut expected = transfer(0, 4, 5);
    if let node::PublicKey::Ed25519(key) = &mut expected.transaction.signer {
        key[..8].copy_from_slice(&3_u64.to_le_bytes());
    }
    assert_eq!(signed, expected);
}

fn check_sizes(sizes: &MempoolSizes, options: &MempoolOptions) {
    assert!(sizes.transactions <= options.transactions_max);
    assert!(sizes.bytes <= options.bytes_max);
    assert!(sizes.senders <= sizes.transactions);
    assert!(sizes.limited_sources <= options.limited_sources_max);
    assert!(sizes.limited_senders <= options.limited_senders_max);
}

#[test]
fn a_million_false_signatures_of_one_peer_are_verified_at_its_rate() {
    let options = MempoolOptions::default();
    let mut pool = Pool::new(options);
    let mut template = Template::new(false);
    for number in 0..SUBMITS {
        pool.now_ms = number / PER_MS;
        let refused = pool.submit_bytes(template.fill(number, 0, number + 1), SOURCE);
        assert!(refused.is_err());
    }
    let rate = options.source_rate;
    let tokens = u64::from(rate.burst) + u64::from(rate.per_second) * SECONDS;
    let verified_max = tokens / u64::from(options.false_signature_tokens);
    let verified = pool.accounts.verified.get();
    assert!(verified <= verified_max, "{verified} of {verified_max}");
    // A flood that uses up its tokens as they come back gets nothing verified but the burst.
    let burst = rate.burst / (options.false_signature_tokens + 1);
    assert!(verified >= u64::from(burst), "{verified} of {burst}");
    assert!(pool.accounts.reads.get() <= verified_max);
    let sizes = pool.mempool.sizes();
    check_sizes(&sizes, &options);
    assert_eq!((sizes.transactions, sizes.limited_senders), (0, 0));
    assert_eq!(sizes.limited_sources, 1);
}

#[test]
fn a_million_replacements_of_one_sender_are_verified_at_its_rate() {
    let options = MempoolOptions::default();
    let mut pool = Pool::new(options);
    pool.accounts.balance = u128::MAX;
    let mut template = Template::new(true);
    let slots = options.sender_transactions_max as u64;
    for number in 0..SUBMITS {
        pool.now_ms = number / PER_MS;
        let (nonce, price) = (number % slots, 1 << (number / slots % 40));
        let _ = pool.submit_bytes(template.fill(7, nonce, price), source(number % 1_000));
    }
    let rate = options.sender_rate;
    let verified_max = u64::from(rate.burst) + u64::from(rate.per_second) * SECONDS;
    let verified = pool.accounts.verified.get();
    assert!(verified <= verified_max, "{verified} of {verified_max}");
    assert!(verified > verified_max / 2, "{verified} of {verified_max}");
    let sizes = pool.mempool.sizes();
    check_sizes(&sizes, &options);
    assert_eq!(sizes.transactions, options.sender_transactions_max);
    assert_eq!(sizes.senders, 1);
}

#[test]
fn a_million_senders_from_many_peers_are_verified_at_the_nodes_rate() {
    let options = MempoolOptions {
        transactions_max: 5_000,
        ..MempoolOptions::default()
    };
    let mut pool = Pool::new(options);
    let mut template = Template::new(true);
    for number in 0..SUBMITS {
        pool.now_ms = number / PER_MS;
        // The price rises, so that all of them would be admitted.
        let encoded = template.fill(number, 0, 1 + number / 100);
        let _ = pool.submit_bytes(encoded, source(number % 10_000));
        if number % 10_000 == 0 {
            check_sizes(&pool.mempool.sizes(), &options);
        }
    }
    let rate = options.node_rate;
    let verified_max = u64::from(rate.burst) + u64::from(rate.per_second) * SECONDS;
    let verified = pool.accounts.verified.get();
    assert!(verified <= verified_max, "{verified} of {verified_max}");
    assert!(verified > verified_max / 4, "{verified} of {verified_max}");
    assert!(pool.accounts.reads.get() <= verified_max);
    let sizes = pool.mempool.sizes();
    check_sizes(&sizes, &options);
    assert_eq!(sizes.transactions, options.transactions_max);
}

#[test]
fn an_account_that_spends_what_its_pending_transactions_need_gains_one_queue() {
    let options = MempoolOptions::default();
    let mut pool = Pool::new(options);
    for round in 0..20 {
        pool.now_ms = round * 1_000;
        let nonce = 1 + round;
        pool.commit(&[(address(1), account(nonce, super::BALANCE))]);
        for ahead in 0..100 {
            let _ = pool.submit(&transfer(1, nonce + ahead, 5));
        }
        assert!(pool.mempool.sizes().transactions <= options.sender_transactions_max);
        // The next block contains one of them, which leaves nothing for the others.
        pool.commit(&[(address(1), account(nonce + 1, 0))]);
        assert_eq!(pool.mempool.sizes().transactions, 0);
    }
    let rate = options.sender_rate;
    let verified_max = u64::from(rate.burst) + u64::from(rate.per_second) * 19;
    assert!(pool.accounts.verified.get() <= verified_max);
}
