//! Executes what N of M owners have confirmed.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod multisig {
    use sdk::{Address, Item, Map, Request, String, Vec, call, env};

    /// Owners of one wallet: a confirmation costs a look at each.
    pub const OWNERS_MAX: usize = 32;
    /// Bytes of an entry's name, as the host takes it.
    pub const ENTRY_BYTES_MAX: usize = 64;
    /// Bytes of an input: a proposal is stored until it is executed.
    pub const INPUT_BYTES_MAX: usize = 4_096;

    const OWNERS: Item<Vec<Address>> = Item::new(b"o");
    const THRESHOLD: Item<u32> = Item::new(b"t");
    const LAST_ID: Item<u64> = Item::new(b"i");
    const PROPOSALS: Map<u64, Proposal> = Map::new(b"p");
    const CONFIRMATIONS: Map<(u64, Address), ()> = Map::new(b"c");

    /// A payment, or a call with or without one.
    #[sdk::data]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Proposal {
        /// Who is paid or called.
        pub to: Address,
        /// How much is paid.
        pub value: u128,
        /// What is called; empty for a payment alone.
        pub entry: String,
        /// The arguments of the call.
        pub input: Vec<u8>,
    }

    /// The owners are these from now on.
    #[sdk::event]
    pub struct OwnersChanged {
        /// Who may confirm.
        pub owners: Vec<Address>,
        /// How many have to.
        pub threshold: u32,
    }

    /// An owner proposed something.
    #[sdk::event]
    pub struct Proposed {
        /// The proposal.
        #[topic]
        pub id: u64,
        /// By whom.
        #[topic]
        pub by: Address,
    }

    /// An owner confirmed, or took a confirmation back.
    #[sdk::event]
    pub struct Confirmed {
        /// The proposal.
        #[topic]
        pub id: u64,
        /// By whom.
        #[topic]
        pub by: Address,
        /// False if it was taken back.
        pub stands: bool,
    }

    /// A proposal was executed.
    #[sdk::event]
    pub struct Executed {
        /// The proposal.
        #[topic]
        pub id: u64,
    }

    /// What the wallet refuses.
    #[sdk::error]
    pub enum MultisigError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// No owners, too many, one of them twice, or a threshold that they cannot reach.
        BadOwners = 2,
        /// The caller is not an owner; for `set_owners`, not the wallet itself.
        NotOwner = 3,
        /// No such proposal waits.
        UnknownProposal = 4,
        /// The caller has confirmed already, or has not.
        NoChange = 5,
        /// Too few of the present owners have confirmed.
        TooFewConfirmations = 6,
        /// The payment or the call failed; the proposal still waits.
        CallFailed = 7,
        /// The entry's name or the input is too long.
        TooLong = 8,
        /// The numbers are used up.
        Overflow = 9,
    }

    /// Sets the owners, and how many of them have to confirm. Works once.
    ///
    /// # Errors
    /// [`MultisigError::AlreadyInitialised`], [`MultisigError::BadOwners`].
    pub fn init(owners: Vec<Address>, threshold: u32) -> Result<(), MultisigError> {
        if OWNERS.exists() {
            return Err(MultisigError::AlreadyInitialised);
        }
        change_owners(owners, threshold)
    }

    /// Takes value in, from anybody.
    #[payable]
    pub fn deposit() {}

    /// Proposes something and confirms it; answers its number.
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

    /// Takes a confirmation back.
    ///
    /// # Errors
    /// As [`confirm`].
    pub fn revoke(id: u64) -> Result<(), MultisigError> {
        change_confirmation(id, false)
    }

    /// Executes a proposal that enough of the present owners have confirmed; answers what the
    /// call returned.
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
        // Gone before anything runs: whatever the callee does, this is executed once.
        PROPOSALS.remove(&id);
        for owner in OWNERS.get().unwrap_or_default() {
            CONFIRMATIONS.remove(&(id, owner));
        }
        env::emit(&Executed { id });
        perform(&proposal)
    }

    /// Replaces the owners. The wallet alone may call it: by a proposal.
    ///
    /// # Errors
    /// [`MultisigError::NotOwner`], [`MultisigError::BadOwners`].
    pub fn set_owners(owners: Vec<Address>, threshold: u32) -> Result<(), MultisigError> {
        if env::caller() != env::self_address() {
            return Err(MultisigError::NotOwner);
        }
        change_owners(owners, threshold)
    }

    /// Who may confirm, and how many have to.
    pub fn owners() -> (Vec<Address>, u32) {
        let owners = OWNERS.get().unwrap_or_default();
        (owners, THRESHOLD.get().unwrap_or_default())
    }

    /// A proposal that waits.
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

    fn change_confirmation(id: u64, stands: bool) -> Result<(), MultisigError> {
        let by = owner()?;
        if !PROPOSALS.exists(&id) {
            return Err(MultisigError::UnknownProposal);
        }
        if CONFIRMATIONS.exists(&(id, by)) == stands {
            return Err(MultisigError::NoChange);
        }
        record(id, by, stands);
        Ok(())
    }

    fn record(id: u64, by: Address, stands: bool) {
        if stands {
            CONFIRMATIONS.set(&(id, by), &());
        } else {
            CONFIRMATIONS.remove(&(id, by));
        }
        env::emit(&Confirmed { id, by, stands });
    }

    /// Pays or calls. The wallet lets nobody back in but itself.
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
