//! Makes the lengths and hashes inside a file right again after a mutation.

use node::digest::sha256;

/// The file with the right length and SHA-256 in each record; a record is `mark`, length (u32 LE),
/// hash, payload. A length beyond the end becomes that of the rest. `head` bytes are before the
/// first record.
#[must_use]
pub fn records(bytes: &[u8], head: usize, mark: &[u8]) -> Vec<u8> {
    let (start, mut rest) = bytes.split_at_checked(head).unwrap_or((bytes, &[]));
    let mut file = start.to_vec();
    while let Some(after) = rest.get(mark.len()..) {
        let Some((length, after)) = after.split_first_chunk::<4>() else {
            break;
        };
        let Some((_, after)) = after.split_first_chunk::<32>() else {
            break;
        };
        let stated = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (payload, next) = after.split_at(stated.min(after.len()));
        file.extend(record(mark, payload));
        rest = next;
    }
    file.extend(rest);
    file
}

/// One record.
#[must_use]
pub fn record(mark: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [mark, &length.to_le_bytes(), &sha256(&[payload]), payload].concat()
}

/// The bytes with their last 32 replaced by the SHA-256 of `before` and those in front of them.
#[must_use]
pub fn sealed(before: &[u8], bytes: &[u8]) -> Vec<u8> {
    let body = bytes
        .split_last_chunk::<32>()
        .map_or(bytes, |(body, _)| body);
    [body, &sha256(&[before, body])].concat()
}
