//! Passes a host call from a suspended guest to the frame loop, and its result back.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use vm::unstable::execution::{HostCall, Value};

/// The pending host call and the state of the suspended guest.
#[derive(Debug)]
pub(crate) struct HostRequest {
    pub(crate) call: HostCall,
    /// `$gas`.
    pub(crate) gas: i64,
    /// A copy of the whole linear memory.
    pub(crate) memory: Vec<u8>,
    /// Values of all exported globals.
    pub(crate) globals: BTreeMap<String, Value>,
}

/// The result of the host call and the state with which the guest continues.
#[derive(Debug)]
pub(crate) struct HostReply {
    /// Result of the host function.
    pub(crate) result: Option<Value>,
    /// `$gas`.
    pub(crate) gas: i64,
    /// A copy of the whole linear memory.
    pub(crate) memory: Vec<u8>,
}

/// At most one request and one reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox(Arc<Mutex<Slots>>);

#[derive(Debug, Default)]
struct Slots {
    request: Option<HostRequest>,
    reply: Option<HostReply>,
}

impl Mailbox {
    /// Stores `request` and waits for the reply.
    pub(crate) fn request(
        &self,
        request: HostRequest,
    ) -> impl Future<Output = HostReply> + Send + use<> {
        self.slots().request = Some(request);
        let mailbox = self.clone();
        poll_fn(move |_| match mailbox.slots().reply.take() {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
    }

    /// The stored request, if there is one.
    pub(crate) fn take_request(&self) -> Option<HostRequest> {
        self.slots().request.take()
    }

    /// Stores `reply`; the guest receives it when it is polled again.
    pub(crate) fn reply(&self, reply: HostReply) {
        self.slots().reply = Some(reply);
    }

    /// A thread that panics with the lock leaves each slot full or empty, never half written.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
