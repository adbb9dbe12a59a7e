//! Moves amounts between accounts and sets their code, in the journal.
//!
//! A payment to the payer itself moves nothing, but requires the amount.

use crate::fault::Fault;
use crate::identity::{Address, CodeHash};
use crate::state::{Journal, StateView};

impl Journal {
    /// True if `payer` has `amount`.
    ///
    /// # Errors
    /// As [`Journal::account`].
    pub fn has(
        &mut self,
        view: &dyn StateView,
        payer: &Address,
        amount: u128,
    ) -> Result<bool, Fault> {
        Ok(self.account(view, payer)?.balance >= amount)
    }

    /// True if the balance of `payee` stays below 2^128 with `amount` from `payer`.
    ///
    /// # Errors
    /// As [`Journal::account`].
    pub fn can_receive(
        &mut self,
        view: &dyn StateView,
        payer: &Address,
        payee: &Address,
        amount: u128,
    ) -> Result<bool, Fault> {
        let balance = self.account(view, payee)?.balance;
        Ok(payer == payee || balance.checked_add(amount).is_some())
    }

    /// Moves `amount`, which [`Journal::has`] and [`Journal::can_receive`] allow.
    ///
    /// # Errors
    /// As [`Journal::account`]; [`Fault::Invariant`] if the amount cannot be moved.
    pub fn pay(
        &mut self,
        view: &dyn StateView,
        payer: &Address,
        payee: &Address,
        amount: u128,
    ) -> Result<(), Fault> {
        if amount == 0 || payer == payee {
            return Ok(());
        }
        let unpayable = || Fault::invariant("a value that was checked cannot be moved");
        let mut account = self.account(view, payer)?;
        account.balance = account.balance.checked_sub(amount).ok_or_else(unpayable)?;
        self.set_account(view, payer, &account)?;
        let mut account = self.account(view, payee)?;
        account.balance = account.balance.checked_add(amount).ok_or_else(unpayable)?;
        self.set_account(view, payee, &account)
    }

    /// Makes `code_hash` the code of `address`; nonce and balance stay.
    ///
    /// # Errors
    /// As [`Journal::account`].
    pub fn set_code(
        &mut self,
        view: &dyn StateView,
        address: &Address,
        code_hash: &CodeHash,
    ) -> Result<(), Fault> {
        let mut account = self.account(view, address)?;
        account.code_hash = Some(*code_hash);
        self.set_account(view, address, &account)
    }
}
