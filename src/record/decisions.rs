//! Marks decisions on snapshots of past runs in the record.

use super::documents::parse_result;
use super::error::RecordError;
use super::operation::event_fields;
use super::records::Records;
use super::store::{MarkOutcome, MarkRequest};
use crate::model::{RecordedEvent, RunId, StoryIdentifier, now_ms};

/// The result of marking a decision on a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkResult {
    /// The document is marked and the event is published.
    Marked,
    /// The document has changed since it was read, and is not marked.
    Changed,
}

impl Records {
    /// Marks a snapshot of a run as accepted (`acceptedAt`, in milliseconds
    /// since the Unix epoch) and publishes `baseline:accepted`.
    ///
    /// # Errors
    /// When there is no such snapshot, or the store cannot be reached.
    pub async fn mark_accepted(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<MarkResult, RecordError> {
        let event = RecordedEvent::BaselineAccepted {
            run_id: id.clone(),
            story_identifier: story.clone(),
        };
        self.mark(id, story, Some("acceptedAt"), Some(&event)).await
    }

    /// Marks a snapshot of a run as rejected (`rejectedAt`, in milliseconds
    /// since the Unix epoch) and publishes `test:updated`.
    ///
    /// # Errors
    /// When there is no such snapshot, or the store cannot be reached.
    pub async fn mark_rejected(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<MarkResult, RecordError> {
        self.mark(id, story, Some("rejectedAt"), None).await
    }

    /// Removes the mark of an acceptance or a rejection and publishes
    /// `test:updated`.
    ///
    /// # Errors
    /// When there is no such snapshot, or the store cannot be reached.
    pub async fn clear_decision(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<MarkResult, RecordError> {
        self.mark(id, story, None, None).await
    }

    /// Sets or removes the mark of a decision. Without an event, publishes
    /// `test:updated`.
    async fn mark(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
        field: Option<&str>,
        event: Option<&RecordedEvent>,
    ) -> Result<MarkResult, RecordError> {
        let expected = self.document_of(id, story).await?;
        // A forged document must not be marked, nor its event published.
        let result = parse_result(id, story, &expected)?;
        let now = now_ms();
        let updated = match event {
            Some(_) => None,
            None => Some(RecordedEvent::TestUpdated {
                result: Box::new(result),
                changes: field
                    .map(|field| (field.to_owned(), now.into()))
                    .into_iter()
                    .collect(),
            }),
        };
        let event = event.or(updated.as_ref());
        let mark = MarkRequest {
            story: story.clone(),
            marked: with_decision(&expected, field, now),
            expected,
            kind: event.map_or("test:updated", RecordedEvent::kind),
            fields: event.map(event_fields).unwrap_or_default(),
        };
        match self.store().mark(id, &mark).await? {
            MarkOutcome::Marked | MarkOutcome::AlreadyMarked => Ok(MarkResult::Marked),
            MarkOutcome::Changed => Ok(MarkResult::Changed),
            MarkOutcome::NoRun => Err(self.no_run(id)),
        }
    }
}

/// Sets or removes the mark of a decision in a document. Only the end of the
/// text changes, so that the fields of other programs and their order stay.
fn with_decision(text: &str, field: Option<&str>, at: i64) -> String {
    let mut body = text.trim_end().strip_suffix('}').unwrap_or(text);
    for mark in ["acceptedAt", "rejectedAt"] {
        if let Some((before, number)) = body.rsplit_once(&format!(",\"{mark}\":"))
            && number.bytes().all(|b| b.is_ascii_digit())
        {
            body = before;
        }
    }
    match field {
        Some(field) => format!("{body},\"{field}\":{at}}}"),
        None => format!("{body}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_decision;

    #[test]
    fn the_last_decision_replaces_the_one_before() {
        let accepted = with_decision(r#"{"a":1}"#, Some("acceptedAt"), 7);
        assert_eq!(accepted, r#"{"a":1,"acceptedAt":7}"#);
        let rejected = with_decision(&accepted, Some("rejectedAt"), 8);
        assert_eq!(rejected, r#"{"a":1,"rejectedAt":8}"#);
        assert_eq!(with_decision(&rejected, None, 9), r#"{"a":1}"#);
    }
}
