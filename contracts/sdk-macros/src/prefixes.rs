//! Rejects storage prefixes of which one begins with another.
//!
//! Two values could then share a storage key, and one would overwrite the other. Only `const` and
//! `static` items of the module with a literal prefix are checked.

use syn::{Error, Expr, Item, Lit, LitByteStr, Result};

pub(crate) fn check(items: &[Item]) -> Result<()> {
    let prefixes: Vec<LitByteStr> = items.iter().filter_map(prefix).collect();
    for (index, second) in prefixes.iter().enumerate() {
        if second.value().is_empty() {
            return Err(Error::new_spanned(
                second,
                "a storage prefix cannot be empty",
            ));
        }
        for first in prefixes.iter().take(index) {
            let (a, b) = (first.value(), second.value());
            if a.starts_with(&b) || b.starts_with(&a) {
                let text = format!(
                    "storage prefixes b\"{}\" and b\"{}\" collide: one begins with the other",
                    a.escape_ascii(),
                    b.escape_ascii()
                );
                return Err(Error::new_spanned(second, text));
            }
        }
    }
    Ok(())
}

/// The literal of `const NAME: .. = Item::new(b"..")`, or of a `Map`.
fn prefix(item: &Item) -> Option<LitByteStr> {
    let value = match item {
        Item::Const(constant) => &*constant.expr,
        Item::Static(global) => &*global.expr,
        _ => return None,
    };
    let Expr::Call(call) = value else { return None };
    let Expr::Path(function) = &*call.func else {
        return None;
    };
    let mut segments = function.path.segments.iter().rev();
    let is_new = segments.next().is_some_and(|last| last.ident == "new");
    let is_storage = segments
        .next()
        .is_some_and(|kind| kind.ident == "Item" || kind.ident == "Map");
    match call.args.first() {
        Some(Expr::Lit(literal)) if is_new && is_storage => match &literal.lit {
            Lit::ByteStr(bytes) => Some(bytes.clone()),
            _ => None,
        },
        _ => None,
    }
}
