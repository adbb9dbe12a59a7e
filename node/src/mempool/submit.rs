//! Decides whether a transaction is admitted: cheap checks first, the signature last.

use super::evict::{self, Incoming};
use super::rate::Limited;
use super::refused::{Admission, Refused};
use super::sender_queue::{PendingTransaction, SenderQueue};
use super::{Mempool, SourceId, Submission, TipState};
use crate::block::{InvalidTransaction, ValidTransaction, ValidationContext};
use crate::digest::{length, sha256};
use crate::transaction::{DecodeError, Signed};
use vm::unstable::state::Account;
use vm::{Address, Fault, Height};

/// A transaction that is valid but for its signature, with its place.
struct Arrival {
    transaction: PendingTransaction,
    sender: Address,
    /// Account of the sender at the tip.
    account: Account,
    /// Place among the pending transactions of the sender.
    position: usize,
    /// True if the node's tokens were taken already.
    is_paid: bool,
}

impl Mempool {
    /// Admits a transaction, or says why not. `context` is that of the block above the tip, and
    /// `state` that of the tip.
    ///
    /// Cheap checks are first; the signature is verified last.
    ///
    /// # Errors
    /// [`Fault`] if the store fails; nothing pending has changed. The inner one is [`Refused`].
    pub fn submit(
        &mut self,
        submission: &Submission<'_>,
        context: &ValidationContext<'_>,
        state: &dyn TipState,
    ) -> Result<Result<Admission, Refused>, Fault> {
        let read = self.read(submission, context).and_then(|read| {
            self.check_rates(&read.1, &submission.source)?;
            Ok(read)
        });
        let arrival = match read {
            Ok(read) => self.place(read, state)?,
            Err(refused) => Err(refused),
        };
        Ok(arrival.and_then(|arrival| self.admit(arrival, submission, state)))
    }

    /// Charges the source, decodes, and checks all but signature and state.
    fn read(
        &mut self,
        submission: &Submission<'_>,
        context: &ValidationContext<'_>,
    ) -> Result<(PendingTransaction, Address), Refused> {
        if context.parent.hash != self.tip_hash || *context.rules.id() != self.rules_id {
            return Err(Refused::Tip {
                pool: self.height,
                given: context.parent.height,
            });
        }
        self.now_ms = self.now_ms.max(submission.now_ms);
        let encoded_bytes = length(submission.encoded);
        let bytes_max = context.limits.transaction_bytes;
        let is_long = encoded_bytes > u64::from(bytes_max);
        // Bytes that are not looked at cost nothing.
        let tokens = self.options.tokens(if is_long { 0 } else { encoded_bytes });
        self.sources
            .take(&submission.source, tokens, self.now_ms)
            .map_err(|limited| self.source_limited(limited))?;
        if is_long {
            return Err(Refused::Encoding(DecodeError::TooLong(bytes_max)));
        }
        let signed = Signed::decode(submission.encoded, bytes_max).map_err(Refused::Encoding)?;
        let (gas_price, min) = (signed.transaction.gas_price, self.options.gas_price_min);
        if gas_price < min {
            return Err(Refused::GasPrice { gas_price, min });
        }
        let cost_max = signed.transaction.cost_max().ok_or(Refused::Cost)?;
        let valid = ValidTransaction::without_signature(signed, encoded_bytes, context)
            .map_err(Refused::Invalid)?;
        let (id, sender) = (*valid.id(), *valid.sender());
        let lifetime = self.options.lifetime_blocks.max(1);
        let transaction = PendingTransaction {
            signed: valid.into_signed(),
            hash: sha256(&[submission.encoded]),
            id,
            encoded_bytes,
            cost_max,
            expires: Height(self.height.0.saturating_add(lifetime)),
        };
        Ok((transaction, sender))
    }

    /// Checks that sender and source have the tokens that verifying may cost, and takes none.
    fn check_rates(&mut self, sender: &Address, source: &SourceId) -> Result<(), Refused> {
        let false_tokens = u64::from(self.options.false_signature_tokens);
        self.senders
            .check(sender, 1, self.now_ms)
            .map_err(|limited| self.sender_limited(limited))?;
        self.sources
            .check(source, false_tokens, self.now_ms)
            .map_err(|limited| self.source_limited(limited))
    }

    /// Finds the place of a transaction and checks what its sender may have pending.
    fn place(
        &mut self,
        (transaction, sender): (PendingTransaction, Address),
        state: &dyn TipState,
    ) -> Result<Result<Arrival, Refused>, Fault> {
        let known = self.pending.queue(&sender).map(SenderQueue::account);
        let is_paid = known.is_none();
        let account = match known {
            Some(account) => account,
            None => match self.charge_node(&transaction) {
                Ok(()) => state.account(&sender)?,
                Err(refused) => return Ok(Err(refused)),
            },
        };
        let position = self.check_sender(&transaction, &sender, &account);
        Ok(position.map(|position| Arrival {
            transaction,
            sender,
            account,
            position,
            is_paid,
        }))
    }

    /// Checks nonce, number, bytes, replacement and balance; returns the place in the queue.
    fn check_sender(
        &self,
        transaction: &PendingTransaction,
        sender: &Address,
        account: &Account,
    ) -> Result<usize, Refused> {
        let empty = SenderQueue::new(account);
        let queue = self.pending.queue(sender).unwrap_or(&empty);
        let (nonce, next) = (transaction.signed.transaction.nonce, queue.next_nonce());
        let Some(position) = queue.position(nonce) else {
            return Err(Refused::NonceUsed { nonce, next });
        };
        if position > queue.len() {
            return Err(Refused::NonceGap { nonce, next });
        }
        if nonce == u64::MAX {
            return Err(Refused::NonceLast);
        }
        let replaced = queue.get(position);
        let max = self.options.own_transactions_max();
        match replaced {
            Some(pending) => self.check_replacement(transaction, pending)?,
            None if queue.len() >= max => return Err(Refused::SenderTransactions { max }),
            None => {}
        }
        let replaced_bytes = replaced.map_or(0, PendingTransaction::bytes);
        let others = queue.bytes().saturating_sub(replaced_bytes);
        let bytes = others.saturating_add(transaction.bytes());
        let max = self.options.own_bytes_max();
        if bytes > max {
            return Err(Refused::SenderBytes { bytes, max });
        }
        let replaced_cost = replaced.map_or(0, |replaced| replaced.cost_max);
        let others = queue.cost_max().saturating_sub(replaced_cost);
        let required = others.checked_add(transaction.cost_max);
        let balance = account.balance;
        if required.is_none_or(|required| required > balance) {
            return Err(Refused::Balance { required, balance });
        }
        Ok(position)
    }

    fn check_replacement(
        &self,
        transaction: &PendingTransaction,
        pending: &PendingTransaction,
    ) -> Result<(), Refused> {
        if transaction.hash == pending.hash {
            return Err(Refused::Pending);
        }
        let gas_price = transaction.gas_price();
        let required = self.options.replacement_price(pending.gas_price());
        if required.is_none_or(|required| gas_price < required) {
            return Err(Refused::Replacement {
                gas_price,
                pending: pending.gas_price(),
                required,
            });
        }
        Ok(())
    }

    /// Makes sure of the room and of the signature; then, and not before, changes what is pending.
    fn admit(
        &mut self,
        arrival: Arrival,
        submission: &Submission<'_>,
        state: &dyn TipState,
    ) -> Result<Admission, Refused> {
        let incoming = Incoming {
            sender: &arrival.sender,
            position: arrival.position,
            gas_price: arrival.transaction.gas_price(),
            bytes: arrival.transaction.bytes(),
        };
        let victims = evict::plan(&self.pending, &incoming, &self.options)?;
        self.verify(&arrival, &submission.source, state)?;

        let mut evicted = Vec::with_capacity(victims.len());
        for victim in &victims {
            let last = self.pending.edit(victim, SenderQueue::pop_last).flatten();
            evicted.extend(last.map(|last| last.hash));
        }
        let Arrival {
            mut transaction,
            sender,
            account,
            position,
            ..
        } = arrival;
        transaction.shrink();
        let (hash, id) = (transaction.hash, transaction.id);
        let replaced = self.pending.put(&sender, &account, position, transaction);
        Ok(Admission {
            hash,
            id,
            sender,
            replaced: replaced.map(|replaced| replaced.hash),
            evicted,
        })
    }

    /// Verifies the signature: a right one is charged to the sender, a false one to the source.
    fn verify(
        &mut self,
        arrival: &Arrival,
        source: &SourceId,
        state: &dyn TipState,
    ) -> Result<(), Refused> {
        let PendingTransaction {
            signed, hash, id, ..
        } = &arrival.transaction;
        if !arrival.is_paid {
            self.charge_node(&arrival.transaction)?;
        }
        if state.verify(signed, id, hash) {
            self.senders
                .take(&arrival.sender, 1, self.now_ms)
                .map_err(|limited| self.sender_limited(limited))
        } else {
            let false_tokens = u64::from(self.options.false_signature_tokens);
            self.sources
                .take(source, false_tokens, self.now_ms)
                .map_err(|limited| self.source_limited(limited))?;
            Err(Refused::Invalid(InvalidTransaction::Signature))
        }
    }

    /// Takes the node's tokens for reading an account and verifying a signature.
    fn charge_node(&mut self, transaction: &PendingTransaction) -> Result<(), Refused> {
        let tokens = self.options.tokens(transaction.encoded_bytes);
        self.node
            .take(&(), tokens, self.now_ms)
            .map_err(|limited| Refused::NodeRate {
                retry_ms: match limited {
                    Limited::Wait { retry_ms } => retry_ms,
                    // The table has room for the node's only bucket.
                    Limited::Table => 0,
                },
            })
    }

    const fn source_limited(&self, limited: Limited) -> Refused {
        match limited {
            Limited::Wait { retry_ms } => Refused::SourceRate { retry_ms },
            Limited::Table => Refused::Sources {
                max: self.options.limited_sources_max,
            },
        }
    }

    const fn sender_limited(&self, limited: Limited) -> Refused {
        match limited {
            Limited::Wait { retry_ms } => Refused::SenderRate { retry_ms },
            Limited::Table => Refused::Senders {
                max: self.options.limited_senders_max,
            },
        }
    }
}
