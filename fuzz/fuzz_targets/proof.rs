//! Decodes any bytes as a proof and verifies it: no panic, one encoding, within the bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::{Expected, Header, MAGIC, Proof, verify};

fuzz_target!(|bytes: &[u8]| {
    // Without its first line most inputs would end there.
    let bytes = [MAGIC, bytes].concat();
    let Ok(decoded) = Proof::decode(&bytes) else {
        return;
    };
    assert_eq!(decoded.encode(), bytes);
    // Under its own last header, so that the claim is reached.
    let trusted = decoded.headers.last().map(Header::hash);
    let _ = verify(&bytes, &trusted.unwrap_or_default(), &Expected::Any);
});
