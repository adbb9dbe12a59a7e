//! Emits events into the journal, within the limits of the transaction.

use crate::event::Event;
use crate::host::call::Call;
use crate::host::{Halt, Host, Reply};
use crate::trap::Trap;
use host_api::limits::{EVENT_BYTES_MAX, EVENT_TOPICS_MAX, EVENTS_MAX, TOPIC_BYTES};

pub(super) fn emit(host: &mut Host<'_>, call: &Call<'_>) -> Result<Reply, Halt> {
    let topics_bytes = call.length(0)?;
    let topics_bytes_max = u64::from(EVENT_TOPICS_MAX).saturating_mul(u64::from(TOPIC_BYTES));
    let bytes = topics_bytes.saturating_add(call.length(1)?);
    let total = host.journal.event_bytes().saturating_add(bytes);
    let has_room = u32::try_from(host.journal.events().len()).is_ok_and(|count| count < EVENTS_MAX);
    if topics_bytes > topics_bytes_max || !has_room || total > u64::from(EVENT_BYTES_MAX) {
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
