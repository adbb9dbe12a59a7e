//! Tests who pays for work: the source for every submit, the sender for what it signed.

use super::{Pool, SOURCE, address, call, transfer, without_rates};
use node::InvalidTransaction;
use node::mempool::{MempoolOptions, RateLimit, Refused, SourceId};

const OTHER: SourceId = SourceId([2; 32]);
const FALSE: Refused = Refused::Invalid(InvalidTransaction::Signature);

fn forged(number: u32, gas_price: u64) -> node::Signed {
    let mut signed = transfer(number, 0, gas_price);
    signed.signature = [0; 64];
    signed
}

fn rate(per_second: u32, burst: u32) -> RateLimit {
    RateLimit { per_second, burst }
}

#[test]
fn a_source_pays_for_every_submit_and_others_do_not() {
    let mut pool = Pool::new(MempoolOptions {
        source_rate: rate(10, 3),
        false_signature_tokens: 1,
        ..without_rates()
    });
    let malformed = pool.submit_bytes(&[1], SOURCE);
    assert!(matches!(malformed, Err(Refused::Encoding(_))));
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
    let refused = Refused::SourceRate { retry_ms: 100 };
    // One token is left, and a false signature would need another.
    assert_eq!(pool.submit(&transfer(1, 1, 5)), Err(refused));
    assert_eq!(pool.submit(&transfer(1, 1, 5)), Err(refused));
    assert_eq!(pool.accounts.verified.get(), 1);
    assert!(
        pool.submit_bytes(&transfer(1, 1, 5).encode(), OTHER)
            .is_ok()
    );
    pool.now_ms = 200;
    assert!(pool.submit(&transfer(1, 2, 5)).is_ok());
}

#[test]
fn long_encodings_cost_a_source_more() {
    let mut pool = Pool::new(MempoolOptions {
        source_rate: rate(1, 4),
        token_bytes: 1_000,
        false_signature_tokens: 0,
        ..without_rates()
    });
    assert!(pool.submit(&call(1, 0, 5, 2_000)).is_ok());
    assert!(pool.submit(&transfer(2, 0, 5)).is_ok());
    let refused = Refused::SourceRate { retry_ms: 1_000 };
    assert_eq!(pool.submit(&transfer(3, 0, 5)), Err(refused));
}

#[test]
fn a_false_signature_costs_its_source_many_tokens_and_its_named_sender_none() {
    let mut pool = Pool::new(MempoolOptions {
        source_rate: rate(100, 50),
        false_signature_tokens: 20,
        sender_rate: rate(1, 2),
        ..without_rates()
    });
    let mut verified = 0;
    for price in 5..1_000 {
        let refused = pool.submit(&forged(1, price));
        verified += u64::from(refused == Err(FALSE));
    }
    assert_eq!((verified, pool.accounts.verified.get()), (2, 2));
    // The account that was named is not hindered.
    for nonce in 0..2 {
        let encoded = transfer(1, nonce, 5).encode();
        assert!(pool.submit_bytes(&encoded, OTHER).is_ok());
    }
    let encoded = transfer(1, 2, 5).encode();
    let refused = Refused::SenderRate { retry_ms: 1_000 };
    assert_eq!(pool.submit_bytes(&encoded, OTHER), Err(refused));
    // A second later the source has 50 tokens again: two false signatures, not 100.
    pool.now_ms = 1_000;
    for price in 5..1_000 {
        let refused = pool.submit(&forged(3, price));
        verified += u64::from(refused == Err(FALSE));
    }
    assert_eq!(verified, 4);
}

#[test]
fn a_sender_pays_for_replacing_what_is_pending() {
    let mut pool = Pool::new(MempoolOptions {
        sender_rate: rate(2, 3),
        ..without_rates()
    });
    for price in [10, 20, 40] {
        assert!(pool.submit(&transfer(1, 0, price)).is_ok());
    }
    let refused = Refused::SenderRate { retry_ms: 500 };
    assert_eq!(pool.submit(&transfer(1, 0, 80)), Err(refused));
    assert!(pool.submit(&transfer(2, 0, 10)).is_ok());
    pool.now_ms = 500;
    assert!(pool.submit(&transfer(1, 0, 80)).is_ok());
    assert_eq!(pool.accounts.verified.get(), 5);
}

#[test]
fn the_node_reads_and_verifies_no_more_than_it_may_for_all_sources() {
    let mut pool = Pool::new(MempoolOptions {
        node_rate: rate(10, 5),
        ..without_rates()
    });
    for number in 0..100_u32 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_le_bytes());
        let submitted = pool.submit_bytes(&forged(number, 5).encode(), SourceId(id));
        if number >= 5 {
            assert_eq!(submitted, Err(Refused::NodeRate { retry_ms: 100 }));
        }
    }
    assert_eq!(pool.accounts.verified.get(), 5);
    assert_eq!(pool.accounts.reads.get(), 5);
}

#[test]
fn what_is_pending_already_costs_the_node_nothing() {
    let mut pool = Pool::new(MempoolOptions {
        node_rate: rate(1, 1),
        ..without_rates()
    });
    let signed = transfer(1, 0, 5);
    assert!(pool.submit(&signed).is_ok());
    for _ in 0..100 {
        assert_eq!(pool.submit(&signed), Err(Refused::Pending));
    }
    assert_eq!(pool.accounts.reads.get(), 1);
    pool.now_ms = 1_000;
    assert!(pool.submit(&transfer(1, 1, 5)).is_ok());
}

#[test]
fn a_table_without_a_full_bucket_admits_no_new_source_and_no_new_sender() {
    let mut pool = Pool::new(MempoolOptions {
        source_rate: rate(1, 10),
        limited_sources_max: 1,
        false_signature_tokens: 1,
        ..without_rates()
    });
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
    let encoded = transfer(2, 0, 5).encode();
    let refused = Refused::Sources { max: 1 };
    assert_eq!(pool.submit_bytes(&encoded, OTHER), Err(refused));
    pool.now_ms = 1_000;
    assert!(pool.submit_bytes(&encoded, OTHER).is_ok());

    let mut pool = Pool::new(MempoolOptions {
        sender_rate: rate(1, 10),
        limited_senders_max: 1,
        ..without_rates()
    });
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
    let refused = Refused::Senders { max: 1 };
    assert_eq!(pool.submit(&transfer(2, 0, 5)), Err(refused));
    assert!(pool.submit(&transfer(1, 1, 5)).is_ok());
    pool.now_ms = 2_000;
    assert!(pool.submit(&transfer(2, 0, 5)).is_ok());
    assert_eq!(pool.mempool.next_nonce(&address(1)), Some(2));
}

#[test]
fn time_that_goes_back_counts_as_stopped() {
    let mut pool = Pool::new(MempoolOptions {
        sender_rate: rate(1, 1),
        ..without_rates()
    });
    pool.now_ms = 10_000;
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
    pool.now_ms = 0;
    let refused = Refused::SenderRate { retry_ms: 1_000 };
    assert_eq!(pool.submit(&transfer(1, 1, 5)), Err(refused));
    pool.now_ms = 11_000;
    assert!(pool.submit(&transfer(1, 1, 5)).is_ok());
}
