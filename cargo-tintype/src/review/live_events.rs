//! Events as they happen, as server-sent events.
//!
//! A run's events come from its stream: each has the stream's id, and a
//! browser that was cut off says in `Last-Event-ID` where it was. `listening`
//! comes first, and when a `problem` is over.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use tintype::model::RunId;
use tintype::record::{EventNotifications, StreamEntry};
use tokio::time::sleep;

use super::App;
use super::error::ApiError;

/// When the record is away it is tried again this often.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    /// The id of the last event that is known; all of them without it.
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
        return Err(ApiError::unclear(format!("`{after}` is no id of an event")));
    }
    let run = RunId(run);
    let follow = app.source.records.follow(run.clone(), after);
    let events = unfold(
        (app, run, follow, RecordConnection::New),
        |(app, run, mut follow, line)| async move {
            if line == RecordConnection::Away {
                sleep(AGAIN).await;
            }
            let next = match line {
                RecordConnection::Good => follow.next().await.map(|entry| sent(&entry)),
                // The next event may be long in coming: this tells at once.
                RecordConnection::New | RecordConnection::Away => {
                    let asked = app.source.records.events(&run, "0", 1).await;
                    asked.map(|_| listening())
                }
            };
            Some(match next {
                Ok(event) => (Ok(event), (app, run, follow, RecordConnection::Good)),
                Err(error) => (
                    Ok(problem(&error)),
                    (app, run, follow, RecordConnection::Away),
                ),
            })
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// How the record is reached.
#[derive(PartialEq)]
enum RecordConnection {
    New,
    Good,
    Away,
}

/// The events of all runs as they are published, for lists: some may be
/// missed, and a list that hears of any looks again. `listening` tells that
/// from now on all are heard: what was read before may be out of date.
pub(super) async fn of_all(
    State(app): State<App>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = unfold(
        (app, None::<EventNotifications>, false),
        |(app, bell, away)| async move {
            if away {
                sleep(AGAIN).await;
            }
            let Some(mut bell) = bell else {
                return Some(match app.source.records.subscribe().await {
                    Ok(bell) => (Ok(listening()), (app, Some(bell), false)),
                    Err(error) => (Ok(problem(&error)), (app, None, true)),
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

fn problem(error: &tintype::record::RecordError) -> Event {
    let text = error.to_string().replace(['\n', '\r'], " ");
    Event::default().event("problem").data(text)
}

/// Whether this is the id of an entry in a stream: `1730000000000-0`.
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
    fn ids_are_two_numbers() {
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
