//! The events of a run as they are stored and published.

use serde::Deserialize;

use crate::model::RunId;

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

/// Checks that a text is an event, of `run` if that is known: one JSON object
/// on one line, with its type and its run.
///
/// # Errors
/// The reason why it is not.
pub(crate) fn check_event(text: &str, run: Option<&RunId>) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct EventHead {
        #[serde(rename = "type")]
        _kind: String,
        run_id: RunId,
    }
    if text.contains(char::is_control) {
        return Err("it contains control characters".to_owned());
    }
    let head: EventHead = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match run {
        Some(run) if head.run_id != *run => Err(format!("it names the run `{}`", head.run_id)),
        _ => Ok(()),
    }
}

/// Published events. Messages can be missed: a reader that needs all of them
/// reads the stream when one arrives.
pub type EventNotifications = tokio::sync::mpsc::Receiver<String>;
