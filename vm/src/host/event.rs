//! Emits events into the journal, within the limits of the transaction.

use crate::event::Event;
use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply};
use crate::trap::Trap;

pub(super) fn emit(host: &mut Host<'_>, call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    let topics_bytes = call.length(0)?;
    let limits = &host.rules.host_limits;
    let topics_bytes_max =
        u64::from(limits.event_topics_max).saturating_mul(u64::from(limits.topic_bytes));
    let bytes = topics_bytes.saturating_add(call.length(1)?);
    let total = host.journal.event_bytes().saturating_add(bytes);
    let has_room =
        u32::try_from(host.journal.events().len()).is_ok_and(|count| count < limits.events_max);
    if topics_bytes > topics_bytes_max || !has_room || total > u64::from(limits.event_bytes_max) {
        return Err(Trap::EventLimit.into());
    }
    let (topics, _) = call.bytes(0)?.as_chunks();
    let event = Event {
        address: host.address,
        topics: topics.to_vec(),
        data: call.bytes(1)?.to_vec(),
    };
    host.journal.emit(event, bytes);
    Ok(Reply::Resume(None))
}
