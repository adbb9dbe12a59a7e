//! Lists the bounds of a mempool, each with its unit and default.

use super::rate::RateLimit;

/// Bytes that a pending transaction takes besides its encoding: hashes, costs, its places in the
/// ordered sets. Counted with the encoding wherever a bound is in bytes.
pub const PENDING_OVERHEAD_BYTES: u64 = 512;

/// Bounds of a mempool. They are this node's own: no result, no block and no other node depends on
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MempoolOptions {
    /// Pending transactions, at least 1. Default 65,536: about eight blocks of transfers.
    pub transactions_max: usize,
    /// Bytes of pending transactions, [`PENDING_OVERHEAD_BYTES`] each included. Default 128 MiB.
    pub bytes_max: u64,
    /// Pending transactions of one sender, at least 1. Default 64.
    pub sender_transactions_max: usize,
    /// Bytes of the pending transactions of one sender, counted as in `bytes_max`. Default 9 MiB:
    /// two of the largest size.
    pub sender_bytes_max: u64,
    /// Least gas price of a transaction, in the chain's smallest unit per gas. Default 1: at 0 a
    /// transaction costs its sender nothing.
    pub gas_price_min: u64,
    /// Rise of the gas price at which a transaction replaces a pending one with its nonce, in
    /// percent of the pending one's price, rounded up; at least 1 unit. Default 10.
    pub replacement_rise_percent: u32,
    /// Transactions that one submit may evict. Default 256; it bounds the work before a signature
    /// is verified.
    pub evictions_max: usize,
    /// Blocks after which a pending transaction expires, at least 1. Default 1,000.
    pub lifetime_blocks: u64,
    /// Senders of which one block lets transactions expire, at least 1; the others follow with the
    /// next blocks. Default 4,096; it bounds the time of one commit.
    pub expiries_max: usize,
    /// Senders whose next transaction does not fit a proposal before the selection ends, at least
    /// 1. Default 256; it bounds the work of one selection.
    pub misfits_max: usize,
    /// Bytes of an encoding that are worked on for one token, at least 1. Default 16,384: to decode
    /// and hash them takes about as long as to verify a signature.
    pub token_bytes: u32,
    /// Tokens by source. Each submit costs one, and one more for each whole `token_bytes` of its
    /// encoding. Default 5,000 per second, burst 10,000.
    pub source_rate: RateLimit,
    /// Tokens that a false signature costs its source on top. Of a source that does not have them
    /// nothing is looked up or verified. Default 100: at most 50 false signatures per second.
    pub false_signature_tokens: u32,
    /// Sources whose bucket is not full. Default 4,096.
    pub limited_sources_max: usize,
    /// Transactions whose signature is right, by sender. Default 32 per second, burst 128.
    pub sender_rate: RateLimit,
    /// Senders whose bucket is not full. Default 16,384.
    pub limited_senders_max: usize,
    /// Submits of all sources together for which an account is read or a signature verified, in
    /// tokens as in `source_rate`. Default 10,000 per second, burst 10,000: about one core.
    pub node_rate: RateLimit,
}

impl Default for MempoolOptions {
    fn default() -> Self {
        Self {
            transactions_max: 65_536,
            bytes_max: 128 * 1024 * 1024,
            sender_transactions_max: 64,
            sender_bytes_max: 9 * 1024 * 1024,
            gas_price_min: 1,
            replacement_rise_percent: 10,
            evictions_max: 256,
            lifetime_blocks: 1_000,
            expiries_max: 4_096,
            misfits_max: 256,
            token_bytes: 16_384,
            source_rate: RateLimit {
                per_second: 5_000,
                burst: 10_000,
            },
            false_signature_tokens: 100,
            limited_sources_max: 4_096,
            sender_rate: RateLimit {
                per_second: 32,
                burst: 128,
            },
            limited_senders_max: 16_384,
            node_rate: RateLimit {
                per_second: 10_000,
                burst: 10_000,
            },
        }
    }
}

impl MempoolOptions {
    /// Pending transactions of one sender: within its own bound and that of all.
    pub(super) fn own_transactions_max(&self) -> usize {
        let own = self.sender_transactions_max.min(self.transactions_max);
        own.max(1)
    }

    /// Bytes of the pending transactions of one sender: within its own bound and that of all.
    pub(super) fn own_bytes_max(&self) -> u64 {
        self.sender_bytes_max.min(self.bytes_max)
    }

    /// Least gas price that replaces a pending transaction of this one; `None` above a u64.
    pub(super) fn replacement_price(&self, pending: u64) -> Option<u64> {
        let percent = u128::from(self.replacement_rise_percent);
        let rise = u128::from(pending).saturating_mul(percent).div_ceil(100);
        let price = u128::from(pending).saturating_add(rise.max(1));
        u64::try_from(price).ok()
    }

    /// Tokens of work on an encoding of this many bytes.
    pub(super) fn tokens(&self, bytes: u64) -> u64 {
        let whole = bytes.checked_div(u64::from(self.token_bytes));
        whole.unwrap_or(bytes).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_rises_by_the_percentage_rounded_up_and_by_one_unit_at_least() {
        let options = MempoolOptions::default();
        let cases = [
            (0, Some(1)),
            (1, Some(2)),
            (10, Some(11)),
            (11, Some(13)),
            (100, Some(110)),
            (u64::MAX, None),
        ];
        for (pending, required) in cases {
            assert_eq!(options.replacement_price(pending), required, "{pending}");
        }
        let without = MempoolOptions {
            replacement_rise_percent: 0,
            ..options
        };
        assert_eq!(without.replacement_price(100), Some(101));
    }

    #[test]
    fn a_token_pays_for_a_submit_and_one_more_for_each_whole_unit_of_bytes() {
        let options = MempoolOptions::default();
        for (bytes, tokens) in [(0, 1), (16_383, 1), (16_384, 2), (4_198_400, 257)] {
            assert_eq!(options.tokens(bytes), tokens, "{bytes}");
        }
    }
}
