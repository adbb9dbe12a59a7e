//! Passes a host call from a suspended guest to the frame loop, and its answer back.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use vm::unstable::execution::{HostCall, Value};

/// What the guest shows while it is suspended.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) call: HostCall,
    /// `$gas`.
    pub(crate) gas: i64,
    /// All of the linear memory.
    pub(crate) memory: Vec<u8>,
    /// Every exported global.
    pub(crate) globals: BTreeMap<String, Value>,
}

/// What the guest goes on with.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Result of the host function.
    pub(crate) result: Option<Value>,
    /// `$gas`.
    pub(crate) gas: i64,
    /// All of the linear memory.
    pub(crate) memory: Vec<u8>,
}

/// One question and one answer at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox(Arc<Mutex<Slots>>);

#[derive(Debug, Default)]
struct Slots {
    question: Option<Question>,
    answer: Option<Answer>,
}

impl Mailbox {
    /// Leaves `question` and waits until somebody has answered.
    pub(crate) fn ask(&self, question: Question) -> impl Future<Output = Answer> + Send + use<> {
        self.slots().question = Some(question);
        let mailbox = self.clone();
        poll_fn(move |_| match mailbox.slots().answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
    }

    /// The question, if one was left.
    pub(crate) fn take_question(&self) -> Option<Question> {
        self.slots().question.take()
    }

    /// Answers; the guest sees it when it is polled again.
    pub(crate) fn answer(&self, answer: Answer) {
        self.slots().answer = Some(answer);
    }

    /// A panicking holder leaves a slot that is full or empty, never half written.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
