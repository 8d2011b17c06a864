//! Sends the events of the record as server-sent events.
//!
//! The events of a run come from its stream and have the ids of the stream: a
//! browser that reconnects sends the last one in `Last-Event-ID`. `listening`
//! is sent first, and again after a `problem` is over.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use tintype::internals::model::RunId;
use tintype::internals::record::{EventNotifications, RecordError, StreamEntry};
use tokio::time::sleep;

use super::error::ApiError;
use super::state::App;
use crate::record_access::record_error;

/// How often a record that is unavailable is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    /// Id of the last known event. Without it all events are sent.
    after: Option<String>,
}

pub(super) async fn of_run(
    State(app): State<App>,
    Path(run): Path<String>,
    Query(from): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = last.or(from.after.as_deref()).unwrap_or("0").to_owned();
    if !is_id(&after) {
        return Err(ApiError::invalid(format!("`{after}` is not an event id")));
    }
    let run = RunId(run);
    let follow = app.source.records.follow(run.clone(), after);
    let events = unfold(
        (app, run, follow, RecordConnection::New),
        |(app, run, mut follow, line)| async move {
            if line == RecordConnection::Away {
                sleep(RETRY_INTERVAL).await;
            }
            let next = match line {
                RecordConnection::Good => follow.next().await.map(|entry| sent(&entry)),
                // The next event may take long; this detects a failure at once.
                RecordConnection::New | RecordConnection::Away => {
                    let asked = app.source.records.events(&run, "0", 1).await;
                    asked.map(|_| listening())
                }
            };
            Some(match next {
                Ok(event) => (Ok(event), (app, run, follow, RecordConnection::Good)),
                Err(error) => (
                    Ok(problem(error)),
                    (app, run, follow, RecordConnection::Away),
                ),
            })
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// State of the connection to the record.
#[derive(PartialEq)]
enum RecordConnection {
    New,
    Good,
    Away,
}

/// The events of all runs as they are published, for lists. Some may be missed,
/// so a list reloads at any of them, and at `listening`: data that was read
/// before may be outdated.
pub(super) async fn of_all(
    State(app): State<App>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = unfold(
        (app, None::<EventNotifications>, false),
        |(app, bell, away)| async move {
            if away {
                sleep(RETRY_INTERVAL).await;
            }
            let Some(mut bell) = bell else {
                return Some(match app.source.records.subscribe().await {
                    Ok(bell) => (Ok(listening()), (app, Some(bell), false)),
                    Err(error) => (Ok(problem(error)), (app, None, true)),
                });
            };
            match bell.recv().await {
                Some(message) => {
                    Some((Ok(Event::default().data(message)), (app, Some(bell), false)))
                }
                None => Some((Ok(Event::default().comment("again")), (app, None, true))),
            }
        },
    );
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn sent(entry: &StreamEntry) -> Event {
    Event::default().id(&entry.id).data(entry.message())
}

fn listening() -> Event {
    Event::default().event("listening").data("{}")
}

fn problem(error: RecordError) -> Event {
    let text = format!("{:#}", record_error(error)).replace(['\n', '\r'], " ");
    Event::default().event("problem").data(text)
}

/// Whether `text` is the id of a stream entry: `1730000000000-0`.
fn is_id(text: &str) -> bool {
    let number = |text: &str| {
        !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
    };
    match text.split_once('-') {
        Some((ms, nth)) => number(ms) && number(nth),
        None => number(text),
    }
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn stream_ids_are_one_or_two_numbers() {
        for good in ["0", "1730000000000-0", "1-2"] {
            assert!(is_id(good), "{good}");
        }
        for bad in [
            "",
            "-",
            "1-",
            "-1",
            "$",
            "1-2-3",
            "a",
            "1 COUNT 5",
            "99999999999999999999999",
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
