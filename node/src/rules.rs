//! Defines the rules that a node knows: those of the VM, with the prices that the node charges.

use std::sync::Arc;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{Rulebook, Rules};

macro_rules! prices {
    ($($(#[$doc:meta])* $field:ident $name:literal;)*) => {
        /// Prices of what the node charges before a payload runs. The rules contain each price
        /// under its published name, so their id covers it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Prices {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl Prices {
            /// The prices under their published names, in the order of hashing.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, self.$field),)*]
            }

            /// The prices in `rules`; `None` if one is missing, which no rules of a chain may have.
            #[must_use]
            pub fn of(rules: &Rules) -> Option<Self> {
                Some(Self {
                    $($field: rules.schedule.embedder($name)?,)*
                })
            }
        }
    };
}

prices! {
    /// Gas per upload, for check, translation and first commit of any module.
    upload_base "upload.base";
    /// Gas per byte of an uploaded module, which is checked, translated and stored permanently.
    upload_per_byte "upload.per_byte";
    /// Gas per transaction, for nonce, fee and receipt.
    tx_base "tx.base";
    /// Gas per byte of a signed transaction, which is sent, hashed and archived.
    tx_per_byte "tx.per_byte";
    /// Gas per verified Ed25519 signature.
    tx_signature_ed25519 "tx.signature.ed25519";
    /// Gas per verified secp256k1 signature.
    tx_signature_secp256k1 "tx.signature.secp256k1";
}

impl Prices {
    /// Prices of version 1.
    #[must_use]
    pub const fn version_1() -> Self {
        Self {
            upload_base: 1_000_000,
            upload_per_byte: 1_000,
            tx_base: 500_000,
            tx_per_byte: 40,
            tx_signature_ed25519: 800_000,
            tx_signature_secp256k1: 1_500_000,
        }
    }
}

/// Rules of version 1, with the prices of transactions and uploads.
#[must_use]
pub fn version_1() -> Rules {
    let schedule = Schedule::v1().with_embedder(&Prices::version_1().named());
    // A schedule without these prices is refused by every node; a test pins the id.
    let schedule = schedule.unwrap_or_else(|_| Schedule::v1());
    Rules::new(FloatPolicy::Lower, schedule)
}

/// The rules that this build knows.
#[must_use]
pub fn rulebook() -> Rulebook {
    Rulebook::default().with(Arc::new(version_1()))
}

#[cfg(test)]
mod tests {
    use super::{Prices, rulebook, version_1};
    use vm::Rules;

    /// Version 1 was published under this id; no change to the tables may change it.
    #[test]
    fn version_1_has_the_id_that_it_was_published_under() {
        let rules = version_1();
        assert_eq!(
            hex::encode(rules.id()),
            "9269391d1ac0853d1e5e1573a422ba261791500e29ea05aacb320a90093305ab"
        );
        assert!(rulebook().get(rules.id()).is_some());
    }

    #[test]
    fn the_rules_contain_the_prices_and_those_of_the_vm_do_not() {
        assert_eq!(Prices::of(&version_1()), Some(Prices::version_1()));
        assert_eq!(Prices::of(&Rules::v1()), None);
    }
}
