//! Iterates over the sections of a module, as far as they decode.

use wasmparser::{Encoding, Parser, Payload};

/// Payloads of a module up to the first one that does not decode; none for a component.
pub(crate) fn payloads(bytes: &[u8]) -> impl Iterator<Item = Payload<'_>> {
    let is_module = |payload: &Payload<'_>| {
        !matches!(
            payload,
            Payload::Version {
                encoding: Encoding::Component,
                ..
            }
        )
    };
    let decoded = Parser::new(0).parse_all(bytes).map_while(Result::ok);
    decoded.take_while(is_module)
}
