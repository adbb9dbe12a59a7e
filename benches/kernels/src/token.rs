//! Transfers tokens between accounts: five host calls each, two reads, two writes and an event.

use crate::env;

const TOPIC: &[u8; 32] = b"a transfer of the kernel `token`";
/// Balance of an account before its first transfer.
const GRANT: u64 = 1_000_000;

/// A storage key: the map's prefix, then the address.
type Key = [u8; 33];

fn key(account: u8) -> Key {
    let mut key = [account ^ 0x5a; 33];
    key[0] = b'b';
    key[1] = account;
    key
}

fn balance(key: &Key) -> u64 {
    let mut value = [0_u8; 8];
    if env::storage_read(key, &mut value) == 8 {
        u64::from_le_bytes(value)
    } else {
        GRANT
    }
}

#[inline(never)]
fn transfer(from: &Key, to: &Key, amount: u64) -> bool {
    let (payer, payee) = (balance(from), balance(to));
    let Some(left) = payer.checked_sub(amount) else {
        return false;
    };
    env::storage_write(from, &left.to_le_bytes());
    env::storage_write(to, &payee.wrapping_add(amount).to_le_bytes());
    let mut data = [0_u8; 72];
    data[..32].copy_from_slice(&from[1..]);
    data[32..64].copy_from_slice(&to[1..]);
    data[64..].copy_from_slice(&amount.to_le_bytes());
    env::emit_event(TOPIC, &data);
    true
}

/// Makes `n` transfers among 32 accounts; returns a checksum of the balances of two of them.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut done = 0_u64;
    for i in 0..n {
        let (from, to) = (key(i as u8 & 15), key(16 + ((i >> 3) as u8 & 15)));
        done = done.rotate_left(1) ^ u64::from(transfer(&from, &to, u64::from(i % 100)));
    }
    done ^ (balance(&key(3)) << 20) ^ balance(&key(20))
}

#[cfg(test)]
mod tests {
    use super::{GRANT, balance, env, key, transfer};

    #[test]
    fn a_transfer_moves_what_is_there() {
        env::reset();
        assert!(transfer(&key(1), &key(2), 10));
        assert!(!transfer(&key(1), &key(2), GRANT));
        assert_eq!(balance(&key(1)), GRANT - 10);
        assert_eq!(balance(&key(2)), GRANT + 10);
    }
}
