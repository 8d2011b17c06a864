//! The events of a run as they are stored and published.

/// One entry of a run's event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// The entry's id; later events are read from it on.
    pub id: String,
    /// The event's JSON, without `id`.
    pub event: String,
}

impl StreamEntry {
    /// The event as it is published: with `id`.
    pub fn message(&self) -> String {
        let body = self.event.strip_suffix('}').unwrap_or(&self.event);
        format!("{body},\"id\":\"{}\"}}", self.id)
    }
}

/// Published events. Messages can be missed: a reader that needs all of them
/// reads the stream when one arrives.
pub type EventNotifications = tokio::sync::mpsc::Receiver<String>;
