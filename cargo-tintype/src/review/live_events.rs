//! Sends the events of the record as server-sent events.
//!
//! The events of a run come from its stream and have the ids of the stream: a
//! browser that reconnects sends the last one in `Last-Event-ID`. `listening`
//! is sent first, and again after a `problem` is over. A stream ends with the
//! session of its user.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{Stream, StreamExt as _, unfold};
use serde::Deserialize;
use tintype::internals::model::RunId;
use tintype::internals::record::{RecordError, StreamEntry};
use tokio::time::{sleep, timeout};

use super::authentication::User;
use super::connections::{ActiveConnection, ConnectionUse};
use super::error::ApiError;
use super::event_streams::{Notification, Notifications};
use super::state::App;
use crate::record_access::record_error;

/// How often a record that is unavailable is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How often the events of a run are read without a notification, as
/// notifications can be missed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many events one request reads.
const PAGE: usize = 500;

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    /// Id of the last known event. Without it all events are sent.
    after: Option<String>,
}

pub(super) async fn of_run(
    State(app): State<App>,
    Extension(user): Extension<User>,
    Extension(connection): Extension<ConnectionUse>,
    Path(run): Path<String>,
    Query(from): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = last.or(from.after.as_deref()).unwrap_or("0").to_owned();
    if !is_id(&after) {
        return Err(ApiError::invalid(format!("`{after}` is not an event id")));
    }
    let follower = RunFollower {
        run: RunId(run),
        after,
        page: VecDeque::new(),
        connection: RecordConnection::New,
        notifications: open(&app)?,
        app: App::clone(&app),
    };
    let events = unfold(follower, |mut follower| async move {
        Some((follower.next().await, follower))
    });
    Ok(respond(events, app, user, connection.begin()))
}

/// The events of all runs as they are published, for lists. Some may be missed,
/// so a list reloads at any of them, and at `listening`: data that was read
/// before may be outdated.
pub(super) async fn of_all(
    State(app): State<App>,
    Extension(user): Extension<User>,
    Extension(connection): Extension<ConnectionUse>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let events = unfold(open(&app)?, |mut notifications| async move {
        let event = match notifications.next().await {
            Notification::Listening => listening(),
            Notification::Problem(text) => problem(&text),
            Notification::Event(event) => Event::default().data(event.as_ref()),
        };
        Some((event, notifications))
    });
    Ok(respond(events, app, user, connection.begin()))
}

fn open(app: &App) -> Result<Notifications, ApiError> {
    app.streams.open().ok_or_else(|| {
        let text = "too many pages are open: close some of them";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, text)
    })
}

/// Sends events until the user's session ends.
fn respond(
    events: impl Stream<Item = Event> + Send + 'static,
    app: App,
    user: User,
    connection: ActiveConnection,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let end = async move { user.wait_for_end(&app).await };
    let events = events.take_until(Box::pin(end)).map(move |event| {
        let _ = &connection;
        Ok(event)
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Follows the events of a run in order and without gaps.
struct RunFollower {
    app: App,
    run: RunId,
    /// The id of the last event that was sent.
    after: String,
    page: VecDeque<StreamEntry>,
    connection: RecordConnection,
    notifications: Notifications,
}

/// State of the connection to the record.
#[derive(PartialEq)]
enum RecordConnection {
    New,
    Good,
    Away,
}

impl RunFollower {
    async fn next(&mut self) -> Event {
        let next = match self.connection {
            RecordConnection::Good => self.next_entry().await.map(|entry| sent(&entry)),
            // The next event may take long; this detects a failure at once.
            RecordConnection::New => self.check().await,
            RecordConnection::Away => {
                sleep(RETRY_INTERVAL).await;
                self.check().await
            }
        };
        self.connection = match &next {
            Ok(_) => RecordConnection::Good,
            Err(_) => RecordConnection::Away,
        };
        next.unwrap_or_else(|error| problem(&format!("{:#}", record_error(error))))
    }

    async fn check(&self) -> Result<Event, RecordError> {
        let events = self.app.source.records.events(&self.run, "0", 1).await;
        events.map(|_| listening())
    }

    async fn next_entry(&mut self) -> Result<StreamEntry, RecordError> {
        loop {
            if let Some(entry) = self.page.pop_front() {
                self.after.clone_from(&entry.id);
                return Ok(entry);
            }
            let records = &self.app.source.records;
            let page = records.events(&self.run, &self.after, PAGE).await?;
            if page.is_empty() {
                let wait = self.notifications.wait_for(self.run.as_str());
                let _ = timeout(POLL_INTERVAL, wait).await;
            }
            self.page = page.into();
        }
    }
}

fn sent(entry: &StreamEntry) -> Event {
    Event::default().id(&entry.id).data(entry.message())
}

fn listening() -> Event {
    Event::default().event("listening").data("{}")
}

fn problem(text: &str) -> Event {
    let text = text.replace(['\n', '\r'], " ");
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
