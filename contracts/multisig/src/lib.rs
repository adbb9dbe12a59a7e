//! Executes what N of M owners have confirmed.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod multisig {
    use sdk::{Address, Item, Map, Request, String, Vec, call, env};

    /// Maximum number of owners: an execution reads the confirmation of each.
    pub const OWNERS_MAX: usize = 32;
    /// Maximum length of an entry's name in bytes, which is that of the host.
    pub const ENTRY_BYTES_MAX: usize = 64;
    /// Maximum length of an input in bytes: a proposal is stored until it is executed.
    pub const INPUT_BYTES_MAX: usize = 4_096;

    const OWNERS: Item<Vec<Address>> = Item::new(b"o");
    const THRESHOLD: Item<u32> = Item::new(b"t");
    const LAST_ID: Item<u64> = Item::new(b"i");
    const PROPOSALS: Map<u64, Proposal> = Map::new(b"p");
    /// By proposal, then owner; the value is [`CONFIRMED`].
    const CONFIRMATIONS: Map<(u64, Address), u8> = Map::new(b"c");
    /// The value of a confirmation: one byte, because an ICS 23 proof cannot cover an empty value.
    const CONFIRMED: u8 = 1;

    /// A payment, or a call with or without one.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Proposal {
        /// The account that is paid, or the contract that is called.
        pub to: Address,
        /// The value that is paid.
        pub value: u128,
        /// The entry that is called; empty for a plain payment.
        pub entry: String,
        /// The arguments of the call.
        pub input: Vec<u8>,
    }

    /// The owners or the threshold changed.
    #[sdk::event]
    pub struct OwnersChanged {
        /// The new owners.
        pub owners: Vec<Address>,
        /// The new threshold.
        pub threshold: u32,
    }

    /// An owner made a proposal.
    #[sdk::event]
    pub struct Proposed {
        /// The proposal.
        #[topic]
        pub id: u64,
        /// The owner.
        #[topic]
        pub by: Address,
    }

    /// An owner confirmed a proposal, or withdrew the confirmation.
    #[sdk::event]
    pub struct Confirmed {
        /// The proposal.
        #[topic]
        pub id: u64,
        /// The owner.
        #[topic]
        pub by: Address,
        /// False if the confirmation was withdrawn.
        pub confirmed: bool,
    }

    /// A proposal was executed.
    #[sdk::event]
    pub struct Executed {
        /// The proposal.
        #[topic]
        pub id: u64,
    }

    /// Errors of the wallet.
    #[sdk::error]
    pub enum MultisigError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// No owners, too many, one of them twice, or a threshold that they cannot reach.
        BadOwners = 2,
        /// The caller is not an owner; for `set_owners`, not the wallet itself.
        NotOwner = 3,
        /// No such pending proposal.
        UnknownProposal = 4,
        /// The caller has confirmed already, or has not.
        NoChange = 5,
        /// Too few of the present owners have confirmed.
        TooFewConfirmations = 6,
        /// The payment or the call failed; the proposal is still pending.
        CallFailed = 7,
        /// The entry's name or the input is too long.
        TooLong = 8,
        /// The numbers are used up.
        Overflow = 9,
    }

    /// Sets the owners, and how many of them must confirm. Works once.
    ///
    /// # Errors
    /// [`MultisigError::AlreadyInitialised`], [`MultisigError::BadOwners`].
    pub fn init(owners: Vec<Address>, threshold: u32) -> Result<(), MultisigError> {
        if OWNERS.exists() {
            return Err(MultisigError::AlreadyInitialised);
        }
        change_owners(owners, threshold)
    }

    /// Accepts value, from any account.
    #[payable]
    pub fn deposit() {}

    /// Makes a proposal and confirms it; returns its number.
    ///
    /// # Errors
    /// [`MultisigError::NotOwner`], [`MultisigError::TooLong`].
    pub fn propose(proposal: Proposal) -> Result<u64, MultisigError> {
        let by = owner()?;
        if proposal.entry.len() > ENTRY_BYTES_MAX || proposal.input.len() > INPUT_BYTES_MAX {
            return Err(MultisigError::TooLong);
        }
        let id = LAST_ID.get().unwrap_or_default().checked_add(1);
        let id = id.ok_or(MultisigError::Overflow)?;
        LAST_ID.set(&id);
        PROPOSALS.set(&id, &proposal);
        env::emit(&Proposed { id, by });
        record(id, by, true);
        Ok(id)
    }

    /// Confirms a proposal.
    ///
    /// # Errors
    /// [`MultisigError::NotOwner`], [`MultisigError::UnknownProposal`],
    /// [`MultisigError::NoChange`].
    pub fn confirm(id: u64) -> Result<(), MultisigError> {
        change_confirmation(id, true)
    }

    /// Withdraws a confirmation.
    ///
    /// # Errors
    /// As [`confirm`].
    pub fn revoke(id: u64) -> Result<(), MultisigError> {
        change_confirmation(id, false)
    }

    /// Executes a proposal that enough of the present owners have confirmed; returns the output of
    /// its call.
    ///
    /// # Errors
    /// [`MultisigError::NotOwner`], [`MultisigError::UnknownProposal`],
    /// [`MultisigError::TooFewConfirmations`], [`MultisigError::CallFailed`].
    pub fn execute(id: u64) -> Result<Vec<u8>, MultisigError> {
        owner()?;
        let proposal = PROPOSALS.get(&id).ok_or(MultisigError::UnknownProposal)?;
        if confirmations(id) < THRESHOLD.get().unwrap_or(u32::MAX) {
            return Err(MultisigError::TooFewConfirmations);
        }
        // Removed before anything runs, so that the callee cannot cause a second execution.
        PROPOSALS.remove(&id);
        for owner in OWNERS.get().unwrap_or_default() {
            CONFIRMATIONS.remove(&(id, owner));
        }
        env::emit(&Executed { id });
        perform(&proposal)
    }

    /// Replaces the owners. Only the wallet itself may call it, by a proposal.
    ///
    /// # Errors
    /// [`MultisigError::NotOwner`], [`MultisigError::BadOwners`].
    pub fn set_owners(owners: Vec<Address>, threshold: u32) -> Result<(), MultisigError> {
        if env::caller() != env::self_address() {
            return Err(MultisigError::NotOwner);
        }
        change_owners(owners, threshold)
    }

    /// The owners, and the threshold of confirmations.
    pub fn owners() -> (Vec<Address>, u32) {
        let owners = OWNERS.get().unwrap_or_default();
        (owners, THRESHOLD.get().unwrap_or_default())
    }

    /// A pending proposal.
    pub fn proposal(id: u64) -> Option<Proposal> {
        PROPOSALS.get(&id)
    }

    /// How many of the present owners have confirmed a proposal.
    pub fn confirmations(id: u64) -> u32 {
        let owners = OWNERS.get().unwrap_or_default();
        let confirmed = owners
            .iter()
            .filter(|owner| CONFIRMATIONS.exists(&(id, **owner)));
        confirmed.fold(0, |count, _| count.saturating_add(1))
    }

    fn owner() -> Result<Address, MultisigError> {
        let caller = env::caller();
        let owners = OWNERS.get().unwrap_or_default();
        if owners.contains(&caller) {
            Ok(caller)
        } else {
            Err(MultisigError::NotOwner)
        }
    }

    fn change_owners(owners: Vec<Address>, threshold: u32) -> Result<(), MultisigError> {
        let count = u32::try_from(owners.len()).map_err(|_| MultisigError::BadOwners)?;
        let is_repeated = |(index, owner)| owners.iter().take(index).any(|other| other == owner);
        let repeats = owners.iter().enumerate().any(is_repeated);
        if owners.len() > OWNERS_MAX || repeats || !(1..=count).contains(&threshold) {
            return Err(MultisigError::BadOwners);
        }
        OWNERS.set(&owners);
        THRESHOLD.set(&threshold);
        env::emit(&OwnersChanged { owners, threshold });
        Ok(())
    }

    fn change_confirmation(id: u64, confirmed: bool) -> Result<(), MultisigError> {
        let by = owner()?;
        if !PROPOSALS.exists(&id) {
            return Err(MultisigError::UnknownProposal);
        }
        if CONFIRMATIONS.exists(&(id, by)) == confirmed {
            return Err(MultisigError::NoChange);
        }
        record(id, by, confirmed);
        Ok(())
    }

    fn record(id: u64, by: Address, confirmed: bool) {
        if confirmed {
            CONFIRMATIONS.set(&(id, by), &CONFIRMED);
        } else {
            CONFIRMATIONS.remove(&(id, by));
        }
        env::emit(&Confirmed { id, by, confirmed });
    }

    /// Pays or calls. Only a call of the wallet to itself may re-enter it.
    fn perform(proposal: &Proposal) -> Result<Vec<u8>, MultisigError> {
        let Proposal { to, value, .. } = *proposal;
        let result = if proposal.entry.is_empty() {
            env::transfer(&to, value).map(|()| Vec::new())
        } else {
            let is_self = to == env::self_address();
            let request = Request {
                value,
                flags: if is_self { call::ALLOW_REENTRY } else { 0 },
                ..Request::to(to)
            };
            request.call(&proposal.entry, &proposal.input)
        };
        result.map_err(|_| MultisigError::CallFailed)
    }
}

#[cfg(test)]
mod tests;
